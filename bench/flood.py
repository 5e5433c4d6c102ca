#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What other clients notice of senders that never stop: p99 of their reads and writes, changes of view, and memory.

    bench/flood.py [--connections 64] [--seconds 10] [--rounds 1] [--kinds status,request] [--everywhere] [--disk] [--tls]

Three replicas on this machine. Replica 1 (with --everywhere: each) gets one kind of message (tests/e2e/floods.py) over so many
connections. A reader and a writer ask it one question after the other, each in a process of its own; first without a flood. Goals: p99 of reads below 50 ms, of writes below 100 ms, no view changes, memory bounded. The senders run on
the same processors: with two of them this is also a test of who gets processor time.
"""
import argparse
import json
import os
import ssl
import subprocess
import sys
import threading
import time

from results import quantile

TESTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "e2e")
sys.path.insert(0, TESTS)
import floods  # noqa: E402
from harness import Cluster  # noqa: E402
from reader import Reader  # noqa: E402
from tls import Files  # noqa: E402
from writer import Writer  # noqa: E402


class Timed:
    """Notes how long each question took."""

    def _once(self):
        before, count = time.monotonic(), len(self.times)
        super()._once()
        if len(self.times) > count:
            self.took.append(time.monotonic() - before)


class TimedWriter(Timed, Writer):
    pass


class TimedReader(Timed, Reader):
    pass


class Nobody:
    """For a reader that is not measured against a writer."""

    def __init__(self, name):
        self.name, self.position = name, 0


def measure(what, port, seconds, authority=None):
    """One client for so long: {"answers", "p99_ms", "max_ms"}."""
    name = f"probe {os.getpid()}"
    address = [("127.0.0.1", port, *([ssl.create_default_context(cafile=authority)] if authority else []))]
    client = TimedWriter(address, name, answer_within=20) if what == "writer" else TimedReader(address, Nobody(floods.SITE), True, 20)
    client.took = []
    with client:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not client.error:
            time.sleep(0.05)
    took = sorted(client.took) or [float("inf")]
    return {"answers": len(client.took), "p50_ms": 1000 * quantile(took, .5), "p99_ms": 1000 * quantile(took, .99),
            "max_ms": 1000 * took[-1], "error": repr(client.error) if client.error else None}


def probe(what, port, seconds, authority):
    words = [sys.executable, "-B", os.path.abspath(__file__), "--measure", what, "--port", str(port), "--seconds", str(seconds),
             *(["--authority", authority] if authority else [])]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def resident_mib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmRSS")), 0) / 1024
    except OSError:
        return 0


class Memory(threading.Thread):
    """The most that any replica has had."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.pids, self.most, self.over = list(cluster.pids().values()), 0, threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            self.most = max(self.most, *map(resident_mib, self.pids))


def one(cluster, kind, options):
    view = cluster.status(1)["view"]
    memory = Memory(cluster)
    before = max(map(resident_mib, memory.pids))
    memory.start()
    senders = [] if kind == "nothing" else [
        floods.begin(kind, (cluster.port(i), cluster.http_base + i), options.connections, options.seconds + 1, cluster.ca)
        for i in (range(cluster.size) if options.everywhere else [1])]
    probes = [probe(what, cluster.port(1), options.seconds, cluster.ca) for what in ("reader", "writer")]
    reads, writes = (json.loads(p.communicate()[0]) for p in probes)
    sent = sum(json.loads(s.communicate()[0])["sent"] for s in senders)
    memory.over.set()
    statuses = cluster.statuses()
    views = max((s["view"] for s in statuses.values()), default=-1) - view
    print(f"{kind:10} {sent / 1e6:7.0f} MB   reads p50 {reads['p50_ms']:7.1f} p99 {reads['p99_ms']:7.1f} ({reads['answers']:6,})"
          f"   writes p50 {writes['p50_ms']:7.1f} p99 {writes['p99_ms']:7.1f} ({writes['answers']:6,})   views {views}, replicas "
          f"{len(statuses)}   MiB {before:5.0f} -> {memory.most:5.0f} {reads['error'] or writes['error'] or ''}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(floods.KINDS))
    parser.add_argument("--everywhere", action="store_true", help="flood all replicas; else replica 1")
    parser.add_argument("--disk", action="store_true", help="durability disk; else memory")
    parser.add_argument("--tls", action="store_true", help="everything under TLS")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--authority", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.port, options.seconds, options.authority)))
        return
    print(f"{options.connections} connections to {'each replica' if options.everywhere else 'replica 1'}, {options.seconds:g} s each; "
          f"times in ms{', under TLS' if options.tls else ''}")
    files = Files() if options.tls else None  # kept: the directory ends with it
    for _ in range(options.rounds):
        for kind in ["nothing", *options.kinds.split(",")]:
            with Cluster(3, [] if options.disk else ["--memory"], http=True, tls=files.dir if files else None) as cluster:
                cluster.ok("add", floods.SITE, "--zip", "02139", "--availability", 1000)
                one(cluster, kind, options)


if __name__ == "__main__":
    main()
