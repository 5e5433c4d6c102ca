# SPDX-License-Identifier: Apache-2.0

"""An etcd of three members, each on a host of its own: the view register of the clusters that are tested here."""
import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

from harness import end, wait_until

CLIENTS, PEERS = 2379, 2380


class Etcd:
    """Use it in a with statement. `hosts`: where its members run."""

    def __init__(self, network, hosts, folder):
        self.network, self.hosts, self.folder = network, list(hosts), folder
        self.members = {}

    def __enter__(self):
        for host in self.hosts:
            self.start(host)
        try:
            wait_until(self.serves, lambda: "etcd to serve: " + self.said(), 30, 0.1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for member in self.members.values():
            end(member)

    def url(self, host, port=CLIENTS):
        return f"http://{self.network.addresses[host]}:{port}"

    def endpoints(self):
        return [self.url(host) for host in self.hosts]

    def start(self, host):
        """Starts the member on this host, or starts it again with its data."""
        peers = ",".join(f"{h}={self.url(h, PEERS)}" for h in self.hosts)
        data = os.path.join(self.folder, host)
        words = ["etcd", "--name", host, "--data-dir", data, "--listen-client-urls", self.url(host),
                 "--advertise-client-urls", self.url(host), "--listen-peer-urls", self.url(host, PEERS),
                 "--initial-advertise-peer-urls", self.url(host, PEERS), "--initial-cluster", peers,
                 "--logger", "zap", "--log-level", "warn"]
        with open(data + ".log", "ab") as log:
            self.members[host] = subprocess.Popen([*self.network.entering(host), *words], stdout=log, stderr=log,
                                                  stdin=subprocess.DEVNULL)

    def kill(self, host):
        self.members[host].send_signal(signal.SIGKILL)
        self.members[host].wait(5)

    def ask(self, path, body, hosts=None):
        """The answer of the first member that gives one, or None."""
        for host in hosts or self.hosts:
            request = urllib.request.Request(self.url(host) + path, json.dumps(body).encode(),
                                             {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=1.0) as answer:
                    return json.load(answer)
            except (OSError, urllib.error.URLError, ValueError):
                continue
        return None

    def serves(self):
        """A linearizable read, which needs a majority."""
        return self.ask("/v3/kv/range", {"key": "YQ=="}) is not None

    def said(self):
        text = []
        for host in self.hosts:
            with open(os.path.join(self.folder, host + ".log"), errors="replace", encoding="utf-8") as file:
                text.append(f"--- {host}:\n" + "".join(file.readlines()[-10:]))
        return "".join(text)


def there_is_one():
    return shutil.which("etcd") is not None
