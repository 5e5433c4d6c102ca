# SPDX-License-Identifier: Apache-2.0

"""The class `memory`: writes and reads of three replicas without a disk, or as near to that as a store comes."""
import json
from functools import partial

from processes import SITES, run, tool
from results import BOUND, OURS, RIVAL, Load
from stores import System, galera, nats, redis, tarantool
from stores.titer import Titer

NAME, TITLE = "memory", "Writes and reads in memory"
ABOUT = (f"Three replicas, {SITES:,} sites, keys or rows of 100 bytes. Load: connections × requests in flight on each; a connection "
         "sends its next request when one is answered. `titer` has its clients at all three replicas, `titer, at one replica` all "
         "of them at the same one. titer's reads are linearizable at any replica, those of Redis come from its primary.")
CHARTS = ("latency", "connections")
CONNECTIONS = ((1, 1), (16, 1), (64, 1), (256, 1), (64, 16))


class Echoes:
    """One client sends each request to three echo servers and waits for all: only the cost of the sockets."""

    def __init__(self, _processes, _folder):
        self.tool = tool("floors")
        self.operations = [("write", "", self.write)]

    def write(self, connections, in_flight, seconds):
        return json.loads(run(self.tool, connections * in_flight, seconds))


def systems(_):
    return [
        System("titer", OURS, "All three replicas have the write in memory, and its place in the order is fixed",
               partial(Titer, fill=True)),
        System("Redis", RIVAL, "SET and WAIT 2: both replicas have the write in memory. There is no order among replicas, and "
               "promoting one after a crash may lose the write", redis.Redis, redis.NEEDS),
        System("NATS JetStream", RIVAL, "R3, storage memory: a majority, two of three, has the write in memory",
               partial(nats.JetStream, storage="memory"), nats.NEEDS),
        System("Tarantool", RIVAL, "Synchronous space, quorum 3, wal_mode write: all three have written it to a file, without a "
               "sync. It cannot replicate without a log. No failover by itself", partial(tarantool.Tarantool, wal="write"),
               tarantool.NEEDS),
        System("MariaDB Galera", RIVAL, "flush at commit 0: the write is ordered and certified in the group, the other two have "
               "received it in memory and apply it later. Logs are written once a second", partial(galera.Galera, flush=0),
               galera.NEEDS),
        System("three echoes", BOUND, "Three servers have echoed the request: no order, no state, no other clients",
               Echoes, (("g++", "g++"),)),
    ]


def measure(store, options):
    for connections, in_flight in CONNECTIONS:
        for operation, addition, ask in store.operations:
            answer = ask(connections, in_flight, options.seconds)
            if answer is not None:
                yield addition, Load(operation, connections, in_flight), answer
