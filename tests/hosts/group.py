# SPDX-License-Identifier: Apache-2.0

"""A cluster of titer on several hosts: one `titer serve` on each, an etcd as its view register.

Queries to the replicas are those of the other end-to-end tests (e2e/harness.py). Here are their lives: started, killed,
hung, stopped, replaced, and restarted as systemd would (exit code 3: start it again).
"""
import os
import signal
import ssl
import subprocess
import threading

from harness import TITER, Replicas, end, environment, titer, wait_until

WIRE, HTTP = 8892, 8080
EXCLUDED = 3


class ReplicaProcess:
    """One process of one replica."""

    def __init__(self, words, log, env):
        with open(log, "ab") as output:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env)

    def alive(self):
        return self.process.poll() is None


class Group(Replicas):
    """Use it in a with statement. `replicas`: names of their hosts; `spares`: hosts that may take over the place of one.
    `clocks`: {index: permille of the true speed}. `tls`: everything between the hosts under TLS, but for etcd.
    `insecure`: clients need no keys."""

    NAME = "vaccines"

    def __init__(self, network, etcd, replicas, folder, spares=(), clocks=None, tls=False, insecure=True):
        self.network, self.etcd, self.folder = network, etcd, folder
        self.hosts = dict(enumerate(replicas))  # index -> host; a replaced replica changes it
        self.spares, self.clocks, self.size = list(spares), clocks or {}, len(replicas)
        self.logs = os.path.join(folder, "executions")
        self.insecure = insecure
        self._tls = self._certificates([*replicas, *spares]) if tls else None  # what the ssl module makes of it
        self.running, self.kept = {}, set()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep_alive, daemon=True)
        self._lock = threading.Lock()

    def __enter__(self):
        os.makedirs(self.logs)
        try:
            self.command("init", *map(self.seat, self.hosts))
            for index in self.hosts:
                self.start(index)
            self._keeper.start()
            self.wait_members(self.hosts, 60)
        except BaseException:
            self.show_logs()
            self.stop()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.show_logs()
        self.stop()

    def stop(self):
        self._over.set()
        for replica in list(self.running.values()):
            end(replica.process)

    # --- where they are

    def _ip(self, index):
        return self.network.addresses[self.hosts[index]]

    def address(self, index):
        return (self._ip(index), WIRE, self._tls) if self._tls else (self._ip(index), WIRE)

    def seat(self, index):
        """As `titer init` and `titer replica` take it."""
        ip = self._ip(index)
        return f"{ip}:{WIRE}=http{'s' if self._tls else ''}://{ip}:{HTTP}"

    def addresses(self, first=0):
        """All of them as clients name them, beginning with that one."""
        order = sorted(self.hosts)
        at = order.index(first)
        return [self.address(i) for i in order[at:] + order[:at]]

    def disk(self, index):
        return os.path.join(self.folder, self.hosts[index])

    def config(self, index):
        """Writes its configuration and returns the path."""
        ends = ", ".join(f'"{url}"' for url in self.etcd.endpoints())
        path = self.disk(index) + ".toml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'insecure = {str(self.insecure).lower()}\n[cluster]\nname = "{self.NAME}"\n[replica]\nindex = {index}\n'
                       f'data = "{self.disk(index)}"\nwire = "{self._ip(index)}:{WIRE}"\nhttp = "{self._ip(index)}:{HTTP}"\n'
                       f'execution_log = "{self.logs}/{self.hosts[index]}.log"\n[register]\nendpoints = [{ends}]\n')
            file.write("[limits]\nrequests_per_key = 0\nrequests_per_address = 0\n")  # loads come from other hosts
            if self._tls:
                file.write(f'[tls]\nca = "{self.ca}"\ncertificate = "{self.folder}/tls/replica.pem"\n'
                           f'key = "{self.folder}/tls/replica-key.pem"\n')
        return path

    def _certificates(self, hosts):
        """Of an authority of its own, and one for all hosts."""
        there, names = os.path.join(self.folder, "tls"), ",".join(self.network.addresses[host] for host in hosts)
        for words in (("ca", "--out", there), ("issue", "--ca", there, "--out", there, "--name", names)):
            done = titer("cert", *words)
            if done.returncode != 0:
                raise AssertionError(f"no certificates: {done.stderr}")
        self.ca = os.path.join(there, "ca.pem")
        return ssl.create_default_context(cafile=self.ca)

    def command(self, *words, timeout=30):
        """`titer init`, `titer replica …`: what is for the register."""
        verbs = 2 if words[0] == "replica" else 1
        done = titer(*words[:verbs], "--config", self.config(min(self.hosts)), *words[verbs:], timeout=timeout)
        if done.returncode != 0:
            raise AssertionError(f"titer {' '.join(map(str, words))}: exit {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout

    # --- lives

    def start(self, index, keep=True):
        """Begins a life of this replica. `keep`: when it ends by exclusion, another one begins, as under systemd."""
        words = [*self.network.entering(self.hosts[index]), TITER, "serve", "--config", self.config(index)]
        env = environment()
        if index in self.clocks:
            env.update(LD_PRELOAD=os.environ["TITER_SLEWED_CLOCK"], SLEWED_CLOCK_PERMILLE=str(self.clocks[index]))
        with self._lock:
            self.running[index] = ReplicaProcess(words, self.disk(index) + ".out", env)
            (self.kept.add if keep else self.kept.discard)(index)

    def _keep_alive(self):
        while not self._over.wait(0.05):
            for index in list(self.kept):
                replica = self.running[index]
                if replica.process.poll() == EXCLUDED:
                    self.start(index)

    def kill(self, index):
        with self._lock:
            self.kept.discard(index)
        self.running[index].process.send_signal(signal.SIGKILL)
        self.running[index].process.wait(5)

    def signal(self, index, number):
        self.running[index].process.send_signal(number)

    def leave(self, index, seconds=20):
        """A clean stop, as systemd asks for it; it must end by itself."""
        with self._lock:
            self.kept.discard(index)
        self.signal(index, signal.SIGTERM)
        code = self.running[index].process.wait(seconds)
        if code != 0:
            raise AssertionError(f"replica {index} ended with {code} upon SIGTERM")

    def wait_view_without(self, index, others, seconds=20):
        """Until these agree on a view in which that one is not."""
        def excluded():
            now = self.statuses(others)
            return len(now) == len(others) and all(
                not s["wedged"] and index not in [m["id"] for m in s["members"]] for s in now.values())

        wait_until(excluded, lambda: f"a view without {index}: " + str(
            {i: (s["view"], s["wedged"], [m["id"] for m in s["members"]]) for i, s in self.statuses(others).items()}), seconds)

    def show_logs(self, lines=25):
        for index in self.hosts:
            try:
                with open(self.disk(index) + ".out", errors="replace", encoding="utf-8") as file:
                    print(f"--- replica {index}:\n" + "".join(file.readlines()[-lines:]), flush=True)
            except FileNotFoundError:
                pass
