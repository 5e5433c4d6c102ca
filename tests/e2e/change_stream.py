#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""A property of the change stream, over failures: every follower sees the events of the history, each once, in order.

Random requests of every kind that makes events go to random replicas, while replicas are killed and started again. Followers
listen meanwhile: over HTTP as Server-Sent Events, each at another replica whenever the stream breaks, and `titer watch` on the
wire. At the end each of them must have seen exactly the history (all pages, small and large, at every replica), and so must
everybody that begins at a random event, at any replica, in any of the forms. TITER_SEED repeats the requests and the faults.
"""
import http.client
import json
import os
import random
import subprocess
import threading
import unittest

import wire
from harness import TITER, Cluster, end, environment, main, seeded, wait_until

PRODUCTS = ("any", "208", "228")
BETWEEN_FAULTS = 150  # requests
STARTS = 20  # positions from which the whole stream is read again, at each replica


def place(event):
    return event["position"], event.get("part", 0)


def ask(port, method, path, body=None, headers=(), timeout=10):
    """(status, bytes); raises OSError or HTTPException when the replica dies."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        head = dict(headers)
        if body is not None and "Content-Type" not in head:
            head["Content-Type"] = "application/json"
        connection.request(method, path, body, head)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Requests(threading.Thread):
    """Random requests, one after another; one that fails is not repeated. The history says which of them were executed."""

    def __init__(self, seed, http_ports, wire_ports):
        super().__init__(daemon=True)
        self.random, self.http_ports, self.wire_ports = random.Random(seed), http_ports, wire_ports
        self.name_prefix, self.sites = f"s{seed % 100000}", 0
        self.last_position, self.done, self.answered = 0, threading.Event(), {}

    def run(self):
        ways = (self.add, self.set, self.set, self.adjust, self.reserve, self.release, self.edit, self.close, self.imports,
                self.undo, self.bulk)
        while not self.done.is_set():
            way = self.random.choice(ways) if self.sites > 3 else self.add
            try:
                if way():
                    self.answered[way.__name__] = self.answered.get(way.__name__, 0) + 1
            except (OSError, http.client.HTTPException, wire.Closed):
                pass  # its replica died

    def stop(self):
        self.done.set()
        self.join(30)

    def executed(self):
        return sum(self.answered.values())

    def name(self):
        return f"{self.name_prefix}-{self.random.randrange(max(1, self.sites))}"

    def stock(self):
        return f"/api/v1/sites/{self.name()}/stock/{self.random.choice(PRODUCTS)}"

    def send(self, method, path, body):
        status, answer = ask(self.random.choice(self.http_ports), method, path, None if body is None else json.dumps(body))
        if status in (200, 201):
            self.last_position = json.loads(answer).get("position", self.last_position)
        return status in (200, 201)

    def add(self):
        name = f"{self.name_prefix}-{self.sites}"
        self.sites += 1
        body = {"id": name, "name": name, "zip": "02139"}
        if self.random.random() < 0.7:  # two events in one request
            body["stock"] = [{"product": self.random.choice(PRODUCTS), "availability": self.random.randrange(100)}]
        return self.send("POST", "/api/v1/sites", body)

    def set(self):
        value = self.random.choice((self.random.randrange(100), True, False, "unknown"))
        return self.send("PUT", self.stock(), {"availability": value, "reason": "counted"})

    def adjust(self):
        return self.send("POST", self.stock() + "/adjust", {"by": self.random.choice((-2, -1, 1, 5))})

    def reserve(self):
        return self.send("POST", self.stock() + "/reserve", {"doses": self.random.randrange(1, 4)})

    def release(self):
        return self.send("POST", self.stock() + "/release", {"doses": self.random.randrange(1, 4)})

    def edit(self):
        return self.send("PATCH", f"/api/v1/sites/{self.name()}",
                         {"hours": f"Mo-Fr {self.random.randrange(1, 12)}", "phone": f"617-555-{self.random.randrange(9999):04}"})

    def close(self):
        if self.random.random() < 0.3:
            return self.send("DELETE", f"/api/v1/sites/{self.name()}", None)
        status = self.random.choice(("closed", "active", "active", "hidden"))
        return self.send("PATCH", f"/api/v1/sites/{self.name()}", {"status": status})

    def undo(self):
        return self.send("POST", f"/api/v1/events/{max(1, self.last_position - self.random.randrange(5))}/undo", {})

    def imports(self):
        rows = "".join(f"{name},{name},02139,{self.random.choice(PRODUCTS)},{self.random.randrange(100)}\n"
                       for name in (f"{self.name_prefix}-{self.random.randrange(self.sites + 3)}" for _ in range(4)))
        text = "site_id,name,zip,product,availability\n" + rows
        return ask(self.random.choice(self.http_ports), "POST", "/api/v1/import", text, {"Content-Type": "text/csv"})[0] == 200

    def bulk(self):
        """Several events at one position: only the wire has bulks. Each operation is a request without its first two bytes."""
        parts = [wire.set_count(self.name(), self.random.randrange(50)) for _ in range(3)]
        body = bytes([10, 0]) + wire.varint(len(parts)) + b"".join(part[:1] + part[2:] for part in parts)
        with wire.Link(self.random.choice(self.wire_ports), timeout=5) as link:
            return wire.refusal(link.request(1, body)) == 0


def server_sent(stream):
    """(id, event) of each change in a text/event-stream."""
    fields = {}
    for raw in stream:
        name, _, value = raw.decode().rstrip("\r\n").partition(":")
        if name:
            fields[name] = value.lstrip()
        elif fields:
            if fields.get("event") == "change":
                yield fields["id"], json.loads(fields["data"])
            fields = {}


class Listener(threading.Thread):
    """Follows from the first event on; each time the stream breaks it resumes at the next replica, with the last id."""

    def __init__(self, ports):
        super().__init__(daemon=True)
        self.ports, self.events, self.last_id, self.breaks = ports, [], None, 0
        self.error, self.done = None, threading.Event()

    def run(self):
        turn = 0
        while not self.done.is_set() and self.error is None:
            try:
                self.listen(self.ports[turn % len(self.ports)])
            except (OSError, http.client.HTTPException):
                pass
            turn, self.breaks = turn + 1, self.breaks + 1
            self.done.wait(0.02)

    def listen(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": self.last_id} if self.last_id else {})
            connection.request("GET", "/api/v1/changes" + ("" if self.last_id else "?since=0"), headers=headers)
            answer = connection.getresponse()
            if answer.status == 503:
                return
            if answer.status != 200:
                self.error = f"{answer.status} with {self.last_id}: {answer.read()}"
                return
            for self.last_id, event in server_sent(answer):
                self.events.append(event)
                if self.last_id.partition("-")[0] != "{}.{}".format(*place(event)):
                    self.error = f"the id {self.last_id} is not that of {event}"
        finally:
            connection.close()


class Watch(threading.Thread):
    """`titer watch`, which resumes at another replica by itself."""

    def __init__(self, at, since=0):
        super().__init__(daemon=True)
        self.process = subprocess.Popen([TITER, "watch", "--since", str(since), "--json"], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment(at))
        self.events = []

    def run(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))


class ChangeStream(unittest.TestCase):
    def setUp(self):
        self.chance = seeded("change_stream")

    def history(self, cluster, index, limit):
        """All events of sites, oldest first. (Those of no site are for auditors, and in no stream.)"""
        events, path = [], f"/api/v1/events?limit={limit}"
        while path:
            status, body = ask(cluster.http_base + index, "GET", path)
            self.assertEqual(status, 200, body)
            page = json.loads(body)
            events += page["events"]
            path = page["links"].get("next")
        events.reverse()
        self.assertEqual([place(e) for e in events], sorted({place(e) for e in events}), "the history itself")
        return [e for e in events if e.get("site_id")]

    def same(self, seen, history, who):
        """Each once, in order, with the same content; the first difference is shown."""
        for one, other in zip(seen, history):
            self.assertEqual(one, other, who)
        self.assertEqual(len(seen), len(history), f"{who}: {seen[-2:]} against {history[-2:]}")

    def faults(self, cluster, requests, rounds):
        for _ in range(rounds):
            mark = sum(one.executed() for one in requests)
            wait_until(lambda m=mark: sum(one.executed() for one in requests) >= m + BETWEEN_FAULTS, "requests to be executed")
            for index in self.chance.sample(range(3), self.chance.choice((1, 1, 2))):
                cluster.kill(index)
                wait_until(lambda i=index: i not in cluster.pids(), f"the death of {index}")
            left = sorted(cluster.pids())
            cluster.wait_members(left)
            for index in set(range(3)) - set(left):
                wait_until(lambda i=index: i in cluster.pids() or "is starting" in cluster.ask(f"start {i}", "eplica"),
                           f"replica {index} to be started")
            cluster.wait_members(range(3))

    def test_everybody_sees_the_history_whatever_fails(self):
        memory = ["--memory"] if self.chance.random() < 0.5 else []
        with Cluster(3, memory, http=True) as cluster:
            cluster.wait_members(range(3))
            ports = [cluster.http_base + i for i in range(3)]
            requests = [Requests(self.chance.getrandbits(30), ports, [cluster.port(i) for i in range(3)]) for _ in range(2)]
            listeners = [Listener(ports[i:] + ports[:i]) for i in range(3)]
            watch = Watch(cluster.at())
            self.addCleanup(end, watch.process)
            for thread in (*requests, *listeners, watch):
                thread.start()
            self.faults(cluster, requests, 60 if os.environ.get("TITER_LONG") else 8)
            for one in requests:
                one.stop()
            cluster.wait_equal(range(3))
            history = self.history(cluster, 0, 2000)
            self.check_kinds(requests, history)
            for index in range(3):
                self.same(self.history(cluster, index, 2000), history, f"the history at {index}")
            self.same(self.history(cluster, 1, 7), history, "the history in small pages")
            for index, one in enumerate(listeners):
                wait_until(lambda o=one: o.error or (o.events and place(o.events[-1]) >= place(history[-1])),
                           lambda o=one: f"the end of the stream; it came to {o.events[-1:]} of {history[-1]}")
                one.done.set()
                self.assertIsNone(one.error)
                self.assertGreater(one.breaks, 0)
                self.same(one.events, history, f"listener {index}")
            wait_until(lambda: watch.events and place(watch.events[-1]) >= place(history[-1]), "the end of titer watch")
            self.same(watch.events, history, "titer watch")
            for index in range(3):
                self.check_starts(cluster, index, history, listeners[0].last_id.partition("-")[2])
            print(f"{len(history)} events, {sum(o.breaks for o in listeners)} streams broken, "
                  f"{'in memory' if memory else 'on disk'}; requests: {[one.answered for one in requests]}", flush=True)

    def check_kinds(self, requests, history):
        kinds = {e["kind"] for e in history}
        self.assertLessEqual({"add_site", "edit_site", "close_site", "set", "adjust", "reserve", "release", "import", "undo"}, kinds)
        self.assertGreater(sum(one.answered.get("bulk", 0) for one in requests), 0)
        self.assertTrue(any(e.get("part") for e in history), "several events at one position")

    def check_starts(self, cluster, index, history, cluster_id):
        """From random events: behind an id (also within a position), behind a position alone; in both forms, and on the wire."""
        for _ in range(STARTS):
            position, part = place(self.chance.choice(history[:-1]))
            behind = [e for e in history if place(e) > (position, part)]
            whole = [e for e in history if e["position"] > position]
            for since, expected in ((f"{position}.{part}-{cluster_id}", behind), (str(position), whole)):
                for kind in ("sse", "ndjson"):
                    self.same(self.read(cluster, index, since, kind, len(expected)), expected, f"{kind} at {index} since {since}")
            watch = Watch(cluster.at(index), position)
            try:
                watch.start()
                wait_until(lambda w=watch, n=len(whole): len(w.events) >= n, f"{len(whole)} events since {position}")
                self.same(watch.events, whole, f"titer watch at {index} since {position}")
            finally:
                end(watch.process)

    def read(self, cluster, index, since, kind, count):
        connection = http.client.HTTPConnection("127.0.0.1", cluster.http_base + index, timeout=10)
        try:
            connection.request("GET", f"/api/v1/changes?since={since}&format={kind}")
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            found = server_sent(answer) if kind == "sse" else ((None, json.loads(line)) for line in answer if line.strip())
            return [next(found)[1] for _ in range(count)]
        finally:
            connection.close()


if __name__ == "__main__":
    main()
