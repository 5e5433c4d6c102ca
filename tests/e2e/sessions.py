#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Exactly once at its edges: numbers at the end of their range, keys that are retried, clients that come and go.

Volumes and variants are in the unit tests (machine/idempotency_test.cc, smr/session_table_test.cc); here real processes
show that they serve on.
"""
import http.client
import json
import os
import random
import signal
import threading
import unittest

import wire
from harness import Cluster, end, main, spawn, titer, wait_until

SESSION_EVICTED = 12  # src/base/result.h
HEADERS = {"Content-Type": "application/json"}


class Numbers(unittest.TestCase):
    def test_a_number_beyond_all_bounds_harms_nobody_nor_the_next_start(self):
        with Cluster(3) as cluster:
            before = cluster.pids()
            for number in (2**64 - 1, 2**62 + 1):
                with wire.Link(cluster.port(0)) as link:
                    self.assertEqual(wire.refusal(link.request(1, wire.add_site(f"Site {number}", "02139", 5))), 0)
                    with self.assertRaises(wire.Closed) as refused:
                        link.request(number, wire.set_count(f"Site {number}", 6))
                    self.assertIn("malformed request", refused.exception.goodbye[1])
            for number in (2**62, 258):
                with wire.Link(cluster.port(1)) as link:
                    self.assertEqual(wire.refusal(link.request(1, wire.add_site(f"Clinic {number}", "02139", 5))), 0)
                    self.assertEqual(wire.refusal(link.request(number, wire.set_count(f"Clinic {number}", 7))), 0)
                    self.assertEqual(wire.refusal(link.request(2, wire.set_count(f"Clinic {number}", 6))), SESSION_EVICTED)
            cluster.wait_equal([0, 1, 2])
            self.assertEqual(cluster.pids(), before)
            cluster.crash()
            cluster.begin()
            cluster.wait_members([0, 1, 2])
            self.assertIn('"availability":7', cluster.ok("view", "Clinic 258", "--json"))

    def goodbye_to(self, cluster, number, ahead):
        """Why a direct client is cut off. The client before it may have left a view change behind: then it tries again."""
        while True:
            with Direct(cluster) as client:
                try:
                    self.assertFalse(client.send(wire.adjust("Elm", 1), number=number, ahead=ahead), "it was answered")
                except wire.Closed as cut:
                    return cut.goodbye[1]

    def test_a_direct_clients_number_and_clock_are_held_to_their_range(self):
        with Cluster(3) as cluster:
            cluster.ok("add", "Elm", "--zip", "02139", "--availability", 0)
            for number, ahead, words in ((2**64 - 1, 1, "malformed"), (1, 2**20 + 10, "too far ahead"),
                                         (1, 2**63, "malformed")):
                self.assertIn(words, self.goodbye_to(cluster, number, ahead))
            cluster.wait_members([0, 1, 2])
            self.assertIn('"availability":0', cluster.ok("view", "Elm", "--json"))


class Direct:
    """A direct client for one frame, of which it is passive again."""

    def __init__(self, cluster):
        self.transmitter, self.session = random.getrandbits(63) | 1 << 63, random.getrandbits(63) | 1
        self.view = cluster.status(0)["view"]
        self.links = [wire.Link(cluster.port(i), role=wire.ROLE_DIRECT, session=self.session,
                                transmitter=self.transmitter) for i in range(cluster.size)]

    def send(self, body, number=1, ahead=1):
        """True: answered. False: the view is over."""
        for link in self.links:
            link.send(wire.message(wire.DIRECT_HELLO, wire.direct_hello(self.view)))
        welcomes = []
        for link in self.links:
            kind = payload = None
            while kind != wire.WELCOME:
                kind, payload = link.next()
                if kind == wire.VIEW_IS and wire.read_varint(payload, 0)[0] > self.view:
                    return False
            welcomes.append(wire.welcome(payload))
        clock = max(w[1] for w in welcomes)
        frame = wire.frame(self.view, self.transmitter, welcomes[0][2], clock + ahead, self.session, number, body,
                           born=self.links[0].born)
        for link in self.links:
            link.send(wire.message(wire.FRAME, bytes([1]) + frame[1:]))
        self.links[0].expect(wire.ANSWER)
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for link in self.links:
            link.close()


class Keys(unittest.TestCase):
    def ask(self, cluster, index, body, key, path="release", hears=None):
        connection = http.client.HTTPConnection("127.0.0.1", cluster.http_base + index, timeout=20)
        try:
            connection.request("POST", f"/api/v1/sites/elm/stock/any/{path}", json.dumps(body),
                               {**HEADERS, "Idempotency-Key": key})
            answer = connection.getresponse()
            got = answer.status, json.loads(answer.read())
            if hears is not None:
                hears.append(got)
            return got
        finally:
            connection.close()

    def test_a_key_is_executed_once_at_once_later_and_after_a_restart(self):
        with Cluster(3, http=True) as cluster:
            cluster.ok("add", "Elm", "--zip", "02139", "--availability", 100)
            for at in ([0] * 6, [0, 1, 2] * 2):  # at one replica, and at all of them
                answers = []
                key = f"double-{at}"
                threads = [threading.Thread(target=self.ask, args=(cluster, i, {"doses": 1}, key, "release", answers))
                           for i in at]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.assertEqual([status for status, _ in answers], [200] * 6)
                self.assertEqual(len({answer["position"] for _, answer in answers}), 1, answers)
            first = self.ask(cluster, 0, {"doses": 1}, "visit-17")
            cluster.crash()
            cluster.begin()
            cluster.wait_members([0, 1, 2])
            self.assertEqual(self.ask(cluster, 1, {"doses": 1}, "visit-17"), first)
            for body, path in (({"doses": 2}, "release"), ({"doses": 1}, "reserve")):
                status, problem = self.ask(cluster, 2, body, "visit-17", path)
                self.assertEqual((status, problem["code"]), (422, "idempotency_key_reused"))
            self.assertIn('"availability":103', cluster.ok("view", "Elm", "--json"))
            self.assertEqual(cluster.status(0)["idempotency"]["records"], 3)
            cluster.wait_equal([0, 1, 2])


class DirectClients(unittest.TestCase):
    def test_2000_come_one_after_another(self):
        with Cluster(3, ["--durability", "memory"]) as cluster:
            cluster.ok("add", "Elm", "--zip", "02139", "--availability", 0)
            first = cluster.status(0)["view"]
            served = 0
            while served < 2000:
                with Direct(cluster) as client:
                    served += client.send(wire.adjust("Elm", 1))
            now = cluster.wait_members([0, 1, 2])
            self.assertIn('"availability":2000', cluster.ok("view", "Elm", "--json"))
            self.assertLessEqual(now[0]["view"], first + 3, "a view for every 1,024 of them")
            done = titer("client", *[cluster.port(i) for i in range(3)], stdin="v\nElm\nq\n")
            self.assertIn("Availability at Elm (ZIP code 02139): 2000", done.stdout)

    def test_what_was_given_up_is_not_done_later(self):
        with Cluster(2, ["--durability", "memory"]) as cluster:
            cluster.ok("add", "Elm", "--zip", "02139", "--availability", 50)
            client = spawn("client", "--timeout", "1", *[cluster.port(i) for i in range(2)])
            os.set_blocking(client.stdout.fileno(), False)
            said = b""

            def says(words):
                nonlocal said
                said += client.stdout.read() or b""
                return words in said

            try:
                wait_until(lambda: says(b"[q] quit."), "the menu")
                cluster.supervisor.send_signal(signal.SIGSTOP)  # no view can change
                cluster.signal(cluster.pids()[1], signal.SIGKILL)
                client.stdin.write(b"e\nElm\n7\n")
                client.stdin.flush()
                wait_until(lambda: says(b"look before repeating") or says(b"it was not done"), "it to give up")
                self.assertFalse(b"Not done" in said and b"may or may not" in said, said)
                sent = b"it was not done" not in said
                cluster.supervisor.send_signal(signal.SIGCONT)
                cluster.wait_members([0])
                client.stdin.write(b"v\nElm\n")
                client.stdin.flush()
                wait_until(lambda: says(b"Availability at Elm"), "the client to go on")
                if not sent:
                    self.assertIn(b"Availability at Elm (ZIP code 02139): 50", said)
                    self.assertNotIn("set elm any 7", cluster.ok("history", "Elm", at=cluster.at(0)))
            finally:
                cluster.supervisor.send_signal(signal.SIGCONT)
                end(client)


if __name__ == "__main__":
    main()
