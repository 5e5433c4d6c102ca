#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What grows with the number of replicas and with the distance between them: bench/scale.py [--seconds 5] [t|distance]

Replicas on hosts of their own (tests/hosts: network namespaces, an etcd of three members), as root.

t: processor time that one replica spends per read and per write, with 1, 2, 3 and 5 replicas. On one machine they share the
processors, so what they do in a second says nothing about machines of their own; the time that each spends per operation
does: reads are answered by one replica without a message to another, writes are done by all.
distance: latency and throughput of writes and reads, with 0 to 50 ms each way between any two of three replicas.
"""
import argparse
import os
import sys
import tempfile

TESTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests")
sys.path[:0] = [os.path.join(TESTS, "e2e"), os.path.join(TESTS, "hosts")]
from etcd import Etcd  # noqa: E402
from group import Group  # noqa: E402
from load import Load  # noqa: E402
from network import Network, both_ways, in_own_world  # noqa: E402

REPLICAS, DELAYS_MS = (1, 2, 3, 5), (0, 1, 5, 10, 25, 50)
TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")


def processor_us(group):
    """Spent so far by all replicas."""
    ticks = 0
    for replica in group.running.values():
        with open(f"/proc/{replica.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * TICK_US


def load(group, seconds, workload, connections, in_flight=1):
    with Load(group, seconds, connections=connections, in_flight=in_flight, workload=workload, sites=1000) as one:
        return one.report()


def cost(group, seconds, workload):
    """(processor time of all replicas per operation in us, messages between replicas per operation)"""
    before = processor_us(group)
    report = load(group, seconds, workload, 16, 4)
    count = report["reads"] + report["writes"]
    return (processor_us(group) - before) / count, report["peer_messages"] / count


def with_t(size, seconds):
    def measure(group, _):
        load(group, 1, "set", 16, 4)  # the sites, and warm
        read, messages = cost(group, seconds, "view")
        write, _ = cost(group, seconds, "set")
        print(f"| {size} | {read:.1f} | {messages:.3f} | {size * 1e6 / read:,.0f} | {write / size:.1f} |", flush=True)
    in_group(size, measure)


def with_distance(seconds):
    def measure(group, network):
        hosts = list(group.hosts.values())
        load(group, 1, "set", 16, 4)
        for delay in DELAYS_MS:
            network.rules(both_ways(hosts, hosts), f"delay {delay * 1000}")
            alone = load(group, seconds, "set", 1)
            many = load(group, seconds, "set", 64, 16)
            reads = load(group, seconds, "view", 1)
            print(f"| {delay} ms | {alone['p50_us'] / 1000:.1f} ms | {many['per_second']:,.0f} | "
                  f"{many['p50_us'] / 1000:.1f} ms | {reads['p50_us'] / 1000:.2f} ms |", flush=True)
        network.heal()
    in_group(3, measure)


def in_group(size, measure):
    replicas, members = [f"r{i}" for i in range(size)], [f"e{i}" for i in range(3)]
    with tempfile.TemporaryDirectory(prefix="titer-scale-") as folder, Network([*replicas, *members]) as network, \
            Etcd(network, members, folder) as etcd, Group(network, etcd, replicas, folder) as group:
        measure(group, network)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("what", nargs="?", choices=("t", "distance"), help="default: both")
    parser.add_argument("--seconds", type=float, default=5, help="of each load")
    options = parser.parse_args()
    in_own_world()
    if options.what != "distance":
        print("| replicas | processor time per read, us | messages per read | reads/s, a processor each | processor time per "
              "write at each, us |\n|---|---|---|---|---|")
        for size in REPLICAS:
            with_t(size, options.seconds)
    if options.what != "t":
        print("\n| each way | one write after another | writes/s, 64 x 16 | their p50 | a read |\n|---|---|---|---|---|")
        with_distance(options.seconds)


if __name__ == "__main__":
    main()
