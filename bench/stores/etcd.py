# SPDX-License-Identifier: Apache-2.0

"""etcd: three members, everything as it comes."""
import json
import os
import signal

from processes import free_ports, listens, load, run, tool, until

SERVER = (("etcd", "etcd-server"),)
NEEDS = (*SERVER, ("etcdctl", "etcd-client"), ("go", "golang-go"),
         ("/usr/share/gocode/src/go.etcd.io/etcd/clientv3", "golang-etcd-server-dev"))
GAP_CLIENT_PATIENCE_S = 0.25


class Etcd:
    def __init__(self, processes, folder, fill=True):
        self.base, self.members = free_ports(6), []
        self.urls = [f"http://127.0.0.1:{self.base + i}" for i in range(3)]
        peers = [f"http://127.0.0.1:{self.base + 3 + i}" for i in range(3)]
        cluster = ",".join(f"m{i}={peer}" for i, peer in enumerate(peers))
        for i in range(3):
            self.members.append(processes.start(
                ["etcd", "--name", f"m{i}", "--data-dir", f"{folder}/etcd-{i}", "--listen-client-urls", self.urls[i],
                 "--advertise-client-urls", self.urls[i], "--listen-peer-urls", peers[i], "--initial-advertise-peer-urls", peers[i],
                 "--initial-cluster", cluster, "--log-level", "error", "--logger", "zap"], os.path.join(folder, f"etcd-{i}.log")))
        until(lambda: all(listens(self.base + i) for i in range(3)), "etcd")
        self.endpoints = ",".join(url.removeprefix("http://") for url in self.urls)
        if fill:
            run(tool("etcd_load"), "fill", self.endpoints)
        self.operations = [("write", "", self.write)]

    def write(self, connections, in_flight, seconds):
        # Its clients have no pipelining of their own: as many calls at once.
        return load("etcd_load", "write", connections * in_flight, seconds, self.endpoints)

    def gap(self, clients, seconds):
        return json.loads(run(tool("etcd_load"), "gap", clients, seconds, GAP_CLIENT_PATIENCE_S, self.endpoints))

    def kill(self):
        """SIGKILL to the leader."""
        states = json.loads(run("etcdctl", "--endpoints", self.endpoints, "endpoint", "status", "-w", "json",
                                env=dict(os.environ, ETCDCTL_API="3")))
        leader = next(i for i, url in enumerate(self.urls) for one in states
                      if one["Endpoint"] == url.removeprefix("http://") and
                      one["Status"]["leader"] == one["Status"]["header"]["member_id"])
        self.members[leader].send_signal(signal.SIGKILL)
