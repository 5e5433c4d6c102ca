# SPDX-License-Identifier: Apache-2.0

"""The class `failover`: how long clients wait when one of three servers is killed with SIGKILL."""
import threading
from functools import partial

from results import OURS, RIVAL, Load
from stores import System, etcd, galera, nats
from stores.titer import Titer

NAME, TITLE = "failover", "One server is killed"
CLIENTS, SECONDS, KILL_AFTER = 16, 14, 3
ABOUT = (f"{CLIENTS} clients at all three servers write one request after another. After {KILL_AFTER} s one server gets SIGKILL: the "
         "leader of etcd and of JetStream's stream, any one of titer and Galera. `longest gap`: the longest time in which no client "
         "got an answer; `of one client`: the longest that one of them waited, including its way to another server.")
CHARTS = ("gaps",)


def systems(_):
    return [
        System("titer", OURS, "In memory; a client asks another replica after 0.25 s", Titer),
        System("etcd", RIVAL, "Durable; a client tries again after 0.25 s", etcd.Etcd, etcd.NEEDS),
        System("NATS JetStream", RIVAL, "R3 in memory; a client tries another server after 0.25 s",
               partial(nats.JetStream, storage="memory"), nats.NEEDS),
        System("MariaDB Galera", RIVAL, "flush at commit 0; writes wait until the group has excluded the node",
               partial(galera.Galera, flush=0), galera.NEEDS),
    ]


def measure(store, options):
    seconds = max(SECONDS, options.seconds)
    killer = threading.Timer(KILL_AFTER, store.kill)
    killer.start()
    answer = store.gap(CLIENTS, seconds)
    killer.join()
    yield "", Load("write", CLIENTS), answer
