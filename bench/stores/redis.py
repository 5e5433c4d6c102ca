# SPDX-License-Identifier: Apache-2.0

"""Redis: a primary and two replicas; nothing on disk, or everything by `appendfsync always`. And one alone, for `near`."""
import os

from processes import SITES, free_ports, listens, load, resident_mib, run, tool, until

NEEDS = (("redis-server", "redis-server"), ("redis-cli", "redis-tools"), ("g++", "g++"))


def words(port, folder, durable=False):
    return ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly",
            "yes" if durable else "no", "--appendfsync", "always", "--appenddirname", f"redis-{port}", "--dbfilename",
            f"redis-{port}.rdb"]


class Redis:
    def __init__(self, processes, folder, durable=False):
        self.base, self.servers = free_ports(3), []
        for port in range(self.base, self.base + 3):
            replica = ["--replicaof", "127.0.0.1", self.base] if self.servers else []
            self.servers.append(processes.serve(words(port, folder, durable) + replica, os.path.join(folder, f"redis-{port}.log"),
                                                lambda port=port: listens(port)))
        until(lambda: run("redis-cli", "-p", self.base, "info", "replication").count("state=online") == 2, "Redis' replicas")
        run(tool("redis_load"), "fill", self.base)
        self.operations = [("write", "", self.write)] + ([] if durable else [("read", "", self.read)])

    def write(self, connections, in_flight, seconds):
        return load("redis_load", "write", connections, in_flight, seconds, self.base)

    def read(self, connections, in_flight, seconds):
        return load("redis_load", "read", connections, in_flight, seconds, self.base)

    def notes(self):
        resident = ", ".join(f"{resident_mib(server.pid):.1f}" for server in self.servers)
        yield f"Redis' processes have {resident} MiB resident with {SITES:,} keys"


class RedisPlaces:
    """One Redis with so many sites: their places in one sorted set, their fields in a hash each."""

    def __init__(self, processes, folder, sites):
        self.port = free_ports(1)
        processes.serve(words(self.port, folder), os.path.join(folder, "redis.log"), lambda: listens(self.port))
        run(tool("redis_load"), "fill_sites", sites, self.port)

    def near(self, connections, seconds):
        return load("redis_load", "near", connections, 1, seconds, self.port)
