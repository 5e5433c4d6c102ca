# SPDX-License-Identifier: Apache-2.0

"""NATS JetStream: three servers, one stream with three replicas that keeps the last message of each subject, as a key-value
bucket does.
"""
import json
import os
import signal

from processes import free_ports, listens, load, run, tool, until, Trouble

NEEDS = (("nats-server", "nats-server"), ("g++", "g++"))
GAP_CLIENT_PATIENCE_S = 0.25
STREAM = "kv"


class JetStream:
    def __init__(self, processes, folder, storage):
        self.base, self.servers = free_ports(6), []
        routes = ", ".join(f"nats://127.0.0.1:{self.base + 3 + i}" for i in range(3))
        for i in range(3):
            path = os.path.join(folder, f"nats-{i}.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'server_name: n{i}\nlisten: 127.0.0.1:{self.base + i}\n'
                           f'jetstream {{ store_dir: "{folder}/nats-{i}", max_mem: 4G, max_file: 16G }}\n'
                           f'cluster {{ name: peers, listen: 127.0.0.1:{self.base + 3 + i}, routes: [{routes}] }}\n')
            self.servers.append(processes.serve(["nats-server", "-c", path], os.path.join(folder, f"nats-{i}.log"),
                                                lambda i=i: listens(self.base + i)))
        self.ports = ",".join(str(self.base + i) for i in range(3))
        wanted = {"name": STREAM, "subjects": [f"{STREAM}.>"], "retention": "limits", "discard": "old", "storage": storage,
                  "num_replicas": 3, "max_msgs_per_subject": 1, "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_age": 0,
                  "max_msg_size": -1, "duplicate_window": 1_000_000_000}
        until(lambda: "config" in self.ask(f"$JS.API.STREAM.CREATE.{STREAM}", wanted), "JetStream's stream")
        run(tool("nats_load"), "fill", self.base, STREAM)
        self.operations = [("write", "", self.write)]

    def ask(self, subject, body=None):
        """The answer of the JetStream API; {} without one."""
        try:
            return json.loads(run(tool("nats_load"), "request", 5, self.base, subject, json.dumps(body) if body else ""))
        except Trouble:
            return {}

    def write(self, connections, in_flight, seconds):
        return load("nats_load", "write", connections, in_flight, seconds, self.ports, STREAM)

    def cluster(self):
        return self.ask(f"$JS.API.STREAM.INFO.{STREAM}").get("cluster", {})

    def gap(self, clients, seconds):
        return json.loads(run(tool("nats_load"), "gap", clients, seconds, GAP_CLIENT_PATIENCE_S, self.ports, STREAM))

    def kill(self):
        """SIGKILL to the leader of the stream."""
        leader = until(lambda: self.cluster().get("leader"), "JetStream's leader")
        self.servers[int(leader.removeprefix("n"))].send_signal(signal.SIGKILL)
