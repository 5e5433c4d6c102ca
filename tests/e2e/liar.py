#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Direct clients that lie, keep a frame from some replicas, answer late or never: no replica ends, and writes go on.

A direct client's frame goes to all replicas. One that sent different frames under one name made their states differ, and
replicas stopped; one that sent a frame to some replicas only stopped all writes for good; five that never answered left two
writes a second. Each now costs a view, and one that does it again and again is not welcomed for a while.
"""
import select
import struct
import threading
import time
import unittest

import wire
from clients import greet
from harness import Cluster, main, wait_until
from keyed import ROLES, WithRoles, authenticate
from writer import Writer

SECONDS = 20  # of an attack
SOLICIT = 32


class Direct:
    """A direct client; each replica gets what the test says."""

    number = 0

    def __init__(self, cluster, key=None):
        Direct.number += 1
        self.transmitter, self.session = 1 << 63 | 5000 + Direct.number, 1 << 41 | Direct.number
        self.cluster, self.links, self.codes, self.seq, self.ts = cluster, [], [], 1, 0
        for i in range(cluster.size):
            link = wire.Link(cluster.port(i), role=wire.ROLE_DIRECT, transmitter=self.transmitter, session=self.session)
            self.links.append(link)
            if key:
                self.codes.append(authenticate(link, key))
        self.view = cluster.status(0)["view"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for link in self.links:
            link.close()

    def hello(self):
        """Greets all replicas, is welcomed by all, in one view."""
        welcomes = greet(self.cluster, self.links)
        self.view, self.ts, self.seq = welcomes[0][0], max(w[1] for w in welcomes), welcomes[0][2]
        for link in self.links:
            link.socket.settimeout(10)
        return self

    def frame(self, body, stamp=None, session=None):
        return wire.message(wire.FRAME, wire.frame(self.view, self.transmitter, self.seq, self.ts + 1,
                                                   self.session if session is None else session, 1, body, stamp=stamp,
                                                   born=self.links[0].born))

    def null(self, after):
        """A frame without requests, later than `after`."""
        self.ts = max(self.ts, after) + 1
        rotated = (self.transmitter << 1 | self.transmitter >> 63) & (1 << 64) - 1
        payload = (b"\0" + wire.varint(self.view) + wire.varint(rotated) + wire.varint(self.seq) + wire.varint(self.ts) +
                   wire.signed(int(time.time() * 1000)) + wire.varint(0) + wire.varint(0))
        self.seq += 1
        return wire.message(wire.FRAME, payload)


def goodbye(link, seconds=5):
    link.socket.settimeout(seconds)
    try:
        while True:
            link.next()
    except wire.Closed as end:
        return end.goodbye[1] if end.goodbye else ""
    except (OSError, TimeoutError):
        return None


class Liar(unittest.TestCase):
    def setUp(self):
        self.cluster = self.enterContext(Cluster(3, ["--seed-site"]))
        self.before = self.cluster.pids()
        self.writer = self.enterContext(Writer([self.cluster.port(2)], "counted"))
        wait_until(lambda: self.writer.acknowledged > 50, "some writes")

    def assert_settled(self, liar, told, why):
        """Somebody cuts it off and says why; or the next view came first, in which its frames are settled."""
        said = any(t and why in t for t in told)
        self.assertTrue(said or self.cluster.status(0)["view"] > liar.view, told)

    def finish(self, began, what):
        mark = self.writer.acknowledged
        wait_until(lambda: self.writer.error or self.writer.acknowledged > mark + 50, "writes to go on", 10)
        print(f"  {what}: longest pause of writes {self.writer.pause(began):.0f} ms", flush=True)
        self.writer.stop()
        self.writer.check(self, self.cluster, 0)
        self.cluster.wait_equal([0, 1, 2])
        self.assertEqual(self.before, self.cluster.pids(), "no replica has ended")
        self.assertEqual([0, 1, 2], [m["id"] for m in self.cluster.status(0)["members"]])

    def test_different_requests_under_one_name_count_nowhere(self):
        began = time.monotonic()
        for lie in range(3):
            with Direct(self.cluster) as liar:
                liar.hello()
                for i, link in enumerate(liar.links):
                    link.send(liar.frame(wire.set_count("Harvard University", 100 + (i if lie < 2 else i == 0))))
                told = [goodbye(link) for link in liar.links]
                self.assert_settled(liar, told, "different frames under one name")
        self.assertIn('"availability":0', self.cluster.ok("view", "Harvard University", "--json"))
        self.finish(began, "three lies about requests")

    def test_the_same_request_under_different_clocks_or_sessions_counts_nowhere(self):
        began, now = time.monotonic(), int(time.time() * 1000)
        for stamps, sessions in (((now, now + 1, now), None), (None, (1 << 42, 1 << 42 | 1, 1 << 42 | 2))):
            with Direct(self.cluster) as liar:
                liar.hello()
                for i, link in enumerate(liar.links):
                    link.send(liar.frame(wire.set_count("Harvard University", 7), stamps and stamps[i], sessions and sessions[i]))
                told = [goodbye(link) for link in liar.links]
                self.assert_settled(liar, told, "different frames")
        self.assertIn('"availability":0', self.cluster.ok("view", "Harvard University", "--json"))
        self.finish(began, "lies about clocks and sessions")

    def test_a_frame_that_is_kept_from_some_holds_writes_up_for_a_moment_and_counts_for_all_or_none(self):
        for to in ((0,), (1, 2)):
            began = time.monotonic()
            with Direct(self.cluster) as liar:
                liar.hello()
                for i in to:
                    liar.links[i].send(liar.frame(wire.set_count("Harvard University", 50)))
                told = [goodbye(link, 3) for link in liar.links]
                self.assert_settled(liar, told, "")
            self.assertLess(self.writer.pause(began), 3000)
        self.cluster.ok("adjust", "Harvard University", "+1")
        self.finish(began, "a frame that two of three get")


class Stall(unittest.TestCase):
    def attacked(self, cluster, attack, clients):
        """Runs it from threads of its own, while one writer writes; its acknowledged writes, and what the attackers met."""
        stop, met = threading.Event(), {"rounds": 0, "refused": 0}

        def run():
            while not stop.is_set():
                try:
                    with Direct(cluster) as direct:
                        direct.hello()
                        met["rounds"] += 1
                        attack(direct, stop)
                except (wire.Closed, OSError, struct.error) as end:
                    met["refused"] += "again and again" in str(end)
                    stop.wait(0.05)
        with Writer([cluster.port(2)], "counted") as writer:
            wait_until(lambda: writer.acknowledged > 50, "some writes")
            first, began = writer.acknowledged, time.monotonic()
            threads = [threading.Thread(target=run, daemon=True) for _ in range(clients)]
            for thread in threads:
                thread.start()
            stop.wait(SECONDS)
            served, pause = writer.acknowledged - first, writer.pause(began)
            stop.set()
            for thread in threads:
                thread.join(10)
            writer.stop()
            writer.check(self, cluster, 0)
        return served, pause, met

    def test_silent_and_late_ones_are_sent_away_for_longer_and_longer(self):
        def heard(direct, link):
            """The next message; a new view is greeted again."""
            kind, payload = link.next()
            view = wire.read_varint(payload, 0)[0] if kind == wire.VIEW_IS else 0
            if view > direct.view:
                direct.view, direct.seq = view, 1
                for each in direct.links:
                    each.send(wire.message(wire.DIRECT_HELLO, wire.direct_hello(view)))
            return kind, payload

        def ready(direct):
            found = select.select([link.socket for link in direct.links], [], [], 0.1)[0]
            return [link for link in direct.links if link.socket in found]

        def silent(direct, stop):
            while not stop.is_set():
                for link in ready(direct):
                    heard(direct, link)

        def late(direct, stop):
            while not stop.is_set():
                for link in ready(direct):
                    kind, payload = heard(direct, link)
                    if kind == SOLICIT:
                        stop.wait(0.9)
                        null = direct.null(wire.read_varint(payload, wire.read_varint(payload, 0)[1])[0])
                        for each in direct.links:
                            each.send(null)

        for what, attack in (("silent", silent), ("late", late)):
            with self.subTest(what), Cluster(3, ["--memory"]) as cluster:
                before = cluster.pids()
                served, pause, met = self.attacked(cluster, attack, 5)
                print(f"  5 {what} direct clients for {SECONDS} s: {served} writes, longest pause {pause:.0f} ms, {met}", flush=True)
                cluster.wait_equal([0, 1, 2])
                self.assertEqual(before, cluster.pids(), "no replica has ended")
                self.assertGreater(met["refused"], 0, "they are sent away")
                self.assertGreater(served, 1000)
                cluster.ok("adjust", "counted", "+1")  # through a gateway, which nobody is refused


class ByRole(WithRoles):
    def test_only_an_operator_is_a_direct_client_and_one_that_lies_ends_no_replica(self):
        before = self.cluster.pids()
        for role in (None, *ROLES):
            key = self.keys.get(role) if role else None
            with self.subTest(role), Direct(self.cluster, key) as liar:
                if role != "operator":
                    liar.links[0].send(wire.message(wire.DIRECT_HELLO, wire.direct_hello(liar.view)))
                    self.assertIn("to be a direct client", goodbye(liar.links[0]) or "")
                    continue
                liar.hello()
                number = int(key.split("_")[1], 16)
                for i, link in enumerate(liar.links):
                    body = wire.set_count("alpha", 100 + i)
                    link.send(liar.frame(bytes([body[0], body[1] | 16]) + struct.pack("<Q", number) + body[2:]))
                told = [goodbye(link) for link in liar.links]
                self.assertTrue(any(t and "different frames" in t for t in told), told)
        self.cluster.ok("set", "alpha", 5, "--key", self.operator)
        self.cluster.wait_equal([0, 1, 2])
        self.assertEqual(before, self.cluster.pids())


if __name__ == "__main__":
    main()
