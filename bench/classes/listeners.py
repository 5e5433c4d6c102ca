# SPDX-License-Identifier: Apache-2.0

"""The class `listeners`: thousands of listeners of the change stream, how late each change comes, and that none misses any.

The delay of a change is from the moment at which its write is sent to the moment at which a listener has read it; it is taken at
every listener. All of it happens on this machine: the listeners' own reading is in the figures.
"""
import http.client
import json
import resource
import selectors
import socket
import statistics
import threading
import time

import wrk
from processes import Trouble
from results import OURS, Load, quantile
from stores import System
from stores.titer import Titer

NAME, TITLE = "listeners", "Listeners of the change stream"
COUNTS, RATE, REPLICAS = (1000, 5000), 50, 3
ABOUT = (f"Three durable replicas, {RATE} changes per second, each sent to every listener as a server-sent event. Per second: events that "
         "have arrived at listeners; p50 and p99: from sending the write to reading the event. A listener that misses a change, or gets "
         "one twice, fails the run. The load is the number of listeners.")
CHARTS = ()
EVENT = b"event: change"


def more_descriptors(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, wanted)), hard))
    if hard < wanted:
        raise Trouble(f"{wanted} descriptors are needed here, {hard} are allowed: ulimit -n")


class Listeners:
    """So many streams, read by one thread. Counts events by their number of bytes that begin one. Use it in a with statement."""

    def __init__(self, first_port, count):
        self.selector = selectors.DefaultSelector()
        self.seen = [0] * count
        self.tails = [b""] * count
        self.arrivals = []  # (change, time) of every listener
        self.sockets = []
        for i in range(count):
            one = socket.create_connection(("127.0.0.1", first_port + i % REPLICAS), timeout=30)
            one.sendall(b"GET /api/v1/changes HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n")
            self.sockets.append(one)
        for i, one in enumerate(self.sockets):
            head = b""
            while b"\r\n\r\n" not in head:
                head += one.recv(4096)
            if not head.startswith(b"HTTP/1.1 200"):
                raise Trouble(f"listener {i} was refused: {head[:200]}")
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ, i)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.sockets:
            one.close()
        self.selector.close()

    def read(self, until):
        """Reads until every listener has seen `until` changes."""
        while min(self.seen) < until:
            ready = self.selector.select(30)
            if not ready:
                raise Trouble(f"silence: {sum(s < until for s in self.seen)} listeners lack changes")
            for key, _ in ready:
                data = key.fileobj.recv(1 << 16)
                if not data:
                    raise Trouble(f"listener {key.data} was cut off after {self.seen[key.data]} changes")
                now = time.monotonic()
                text = self.tails[key.data] + data
                for _ in range(text.count(EVENT)):
                    self.arrivals.append((self.seen[key.data], now))
                    self.seen[key.data] += 1
                self.tails[key.data] = text[-(len(EVENT) - 1):]


class TiterStreams(Titer):
    def __init__(self, processes, folder):
        super().__init__(processes, folder, durable=True, http=True, more=("--seed-site",))
        wrk.wait_for(f"http://127.0.0.1:{self.http}/api/v1/sites/harvard-university")
        self.kib = []  # memory of one listener

    def memory(self):
        return [status["memory_bytes"] for status in sorted(self.statuses(), key=lambda status: status["replica"])]

    def write(self, changes, sent):
        """So many changes at RATE; notes when each was sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=60)
        next_at = time.monotonic()
        for n in range(changes):
            pause = next_at - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            next_at += 1 / RATE
            sent.append(time.monotonic())
            connection.request("PUT", "/api/v1/sites/harvard-university/stock/any", json.dumps({"availability": {"count": n + 1}}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise Trouble(f"a write was refused: {answer.status}")

    def listen(self, count, changes):
        before = self.memory()
        sent = []
        with Listeners(self.http, count) as listeners:
            self.kib += [(now - was) / 1024 / (count / REPLICAS) for was, now in zip(before, self.memory())]
            writer = threading.Thread(target=self.write, args=(changes, sent))
            began = time.monotonic()
            writer.start()
            listeners.read(changes)
            took = time.monotonic() - began
            writer.join()
        if len(listeners.arrivals) != count * changes:
            raise Trouble(f"{len(listeners.arrivals)} arrivals instead of {count * changes}: a change came twice")
        delays = sorted((at - sent[change]) * 1e6 for change, at in listeners.arrivals)
        return {"per_second": len(delays) / took, "p50_us": quantile(delays, .5), "p99_us": quantile(delays, .99)}

    def notes(self):
        yield f"a listener takes {statistics.median(self.kib):.0f} KiB"


def systems(_):
    return [System("titer", OURS, "Every listener has read the change", TiterStreams)]


def measure(store, options):
    more_descriptors(max(COUNTS) + 100)
    for count in COUNTS:
        yield "", Load("change", count), store.listen(count, max(1, round(options.seconds * RATE)))
