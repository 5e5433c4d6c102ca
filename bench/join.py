#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What clients notice when a killed replica learns the state again and joins.

    bench/join.py [--sites 100000] [--times 5]

Three replicas with durability `disk`, filled with so many sites; four clients at the others write one request after another.
A replica is killed and started again with an empty disk, so that it learns everything. Printed: the longest pause between
two answers of any client while it learned, and around the view that took it in.
"""
import argparse
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "e2e"))
from harness import Cluster, wait_until  # noqa: E402
from load import Load  # noqa: E402
from writer import Writer  # noqa: E402

CLIENTS = 4
AROUND_S = 0.1


def longest(clients, since, until):
    return max(client.pause(since, until) for client in clients)


def join(cluster, clients):
    cluster.kill(2)
    cluster.wait_members([0, 1])
    shutil.rmtree(cluster.disk(2))
    cluster.ask("start 2", "is starting")
    began = time.monotonic()
    wait_until(lambda: len(cluster.status(0)["members"]) == 3, "it to join", 120, 0.01)
    joined = time.monotonic()
    cluster.wait_members(range(3))
    print(f"  joined after {joined - began:.2f} s; longest pause while it learned "
          f"{longest(clients, began, joined - AROUND_S):.1f} ms, around the new view "
          f"{longest(clients, joined - AROUND_S, joined + AROUND_S):.1f} ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sites", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with Cluster(3, patience=120) as cluster:
        with Load(cluster, 1, connections=16, in_flight=16, workload="set", sites=options.sites) as load:
            load.report()
        clients = [Writer([cluster.port(i % 2), cluster.port(1 - i % 2)], f"Waiting {i}") for i in range(CLIENTS)]
        print(f"{options.sites:,} sites, {CLIENTS} clients that write all the time")
        for client in clients:
            client.__enter__()
        for _ in range(options.times):
            join(cluster, clients)
        for client in clients:
            client.stop()


if __name__ == "__main__":
    main()
