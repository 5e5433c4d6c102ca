#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Thousands of listeners of the change stream: how late each change comes, what they cost, and that none misses any.

    bench/listeners.py [--listeners 1000,5000] [--replicas 3] [--changes 500] [--rate 50] [--durability memory|disk]

Starts a cluster of its own, opens so many event streams, spread over the replicas, and then sets a count `--rate` times a
second. The delay of a change is from the moment at which its write is sent to the moment at which a listener has read it;
it is taken at every listener. All of it happens on this machine: the listeners' own reading is in the figures.
"""
import argparse
import http.client
import json
import os
import resource
import selectors
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "e2e"))
from harness import Cluster  # noqa: E402

EVENT = b"event: change"


def more_descriptors(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, wanted)), hard))
    if hard < wanted:
        raise SystemExit(f"{wanted} descriptors are needed here, {hard} are allowed: ulimit -n")


class Listeners:
    """So many streams, read by one thread. Counts events by their number of bytes that begin one."""

    def __init__(self, cluster, count):
        self.selector = selectors.DefaultSelector()
        self.seen = [0] * count
        self.tails = [b""] * count
        self.arrivals = []  # (change, time) of every listener
        self.sockets = []
        for i in range(count):
            one = socket.create_connection(("127.0.0.1", cluster.http_base + i % cluster.size), timeout=30)
            one.sendall(b"GET /api/v1/changes HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n")
            self.sockets.append(one)
        for i, one in enumerate(self.sockets):
            head = b""
            while b"\r\n\r\n" not in head:
                head += one.recv(4096)
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"listener {i} was refused: {head[:200]}")
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ, i)

    def read(self, until):
        """Reads until every listener has seen `until` changes."""
        while min(self.seen) < until:
            ready = self.selector.select(30)
            if not ready:
                raise SystemExit(f"silence: {sum(s < until for s in self.seen)} listeners lack changes")
            for key, _ in ready:
                data = key.fileobj.recv(1 << 16)
                if not data:
                    raise SystemExit(f"listener {key.data} was cut off after {self.seen[key.data]} changes")
                now = time.monotonic()
                text = self.tails[key.data] + data
                for _ in range(text.count(EVENT)):
                    self.arrivals.append((self.seen[key.data], now))
                    self.seen[key.data] += 1
                self.tails[key.data] = text[-(len(EVENT) - 1):]

    def close(self):
        for one in self.sockets:
            one.close()


def write(cluster, changes, rate, sent):
    connection = http.client.HTTPConnection("127.0.0.1", cluster.http_base, timeout=60)
    next_at = time.monotonic()
    for n in range(changes):
        pause = next_at - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        next_at += 1 / rate
        sent.append(time.monotonic())
        connection.request("PUT", "/api/v1/sites/clinic/stock/any", json.dumps({"availability": {"count": n}}),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"a write was refused: {answer.status}")


def memory(cluster):
    return [status["memory_bytes"] for _, status in sorted(cluster.statuses().items())]


def measure(cluster, count, options):
    before = memory(cluster)
    began = time.monotonic()
    listeners = Listeners(cluster, count)
    opened = time.monotonic() - began
    each = [(after - was) / 1024 / (count / cluster.size) for was, after in zip(before, memory(cluster))]
    sent = []
    writer = threading.Thread(target=write, args=(cluster, options.changes, options.rate, sent))
    began = time.monotonic()
    writer.start()
    listeners.read(options.changes)
    took = time.monotonic() - began
    writer.join()
    if len(listeners.arrivals) != count * options.changes:
        raise SystemExit(f"{len(listeners.arrivals)} arrivals instead of {count * options.changes}: a change came twice")
    delays = sorted((at - sent[change]) * 1e3 for change, at in listeners.arrivals)
    of = lambda share: delays[min(len(delays) - 1, int(len(delays) * share))]  # noqa: E731
    print(f"{count:6,} listeners: opened in {opened:.1f} s, {statistics.median(each):.0f} KiB each; "
          f"{len(delays):,} arrivals in {took:.1f} s, none missed, none twice; "
          f"delay p50 {of(.5):.1f} ms, p99 {of(.99):.1f} ms, longest {delays[-1]:.1f} ms", flush=True)
    listeners.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listeners", default="1000,5000")
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--rate", type=float, default=50, help="changes a second")
    parser.add_argument("--durability", choices=["memory", "disk"], default="disk")
    options = parser.parse_args()
    counts = [int(text) for text in options.listeners.split(",")]
    more_descriptors(max(counts) + 100)
    with Cluster(options.replicas, http=True, options=["--durability", options.durability]) as cluster:
        cluster.ok("add", "Clinic", "--id", "clinic", "--zip", "02138")
        for count in counts:
            measure(cluster, count, options)


if __name__ == "__main__":
    main()
