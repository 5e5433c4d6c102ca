#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""A process of the same machine that poses as a replica, on a cluster without TLS.

It knows everything that a replica tells anybody: cluster, incarnations, view, clock. It lacks the secret that the supervisor
has handed its replicas. So it gets no state, no frame of its is taken, no death that it tells of is believed, and no replica
that it displaces loses its link. Before replicas had a secret, this made an operator's key on a cluster with keys.
"""
import hashlib
import re
import struct
import time
import unittest

import wire
from harness import Cluster, main, wait_until
from keyed import Web, first_key

PATIENCE = 6  # the replica cuts off after 5 s who proves nothing
KEY, SECRET = 0x1111222233334444, "e" * 64
ACTED = re.compile(r"its death watch says so|asking for a view|Replica \d was killed")


def pose(cluster, at, replica, incarnation, role=wire.ROLE_REPLICA):
    """A connection to replica `at` whose Hello says that it is of replica `replica`."""
    with wire.Link(cluster.port(at)) as guest:
        link = wire.Link(cluster.port(at), greet=False, timeout=PATIENCE)
        link.send(wire.hello(role, session=0, cluster=guest.cluster, tables=guest.tables, replica=replica,
                             incarnation=incarnation))
        return link


class Crowd(unittest.TestCase):
    def test_a_crowd_at_the_door_keeps_no_replica_out(self):
        with Cluster(3, ["--memory"]) as cluster:
            cluster.kill(2)
            cluster.wait_members([0, 1])
            crowd = [pose(cluster, at, 2, n) for n in range(1, 100) for at in (0, 1)]
            cluster.start(2)
            cluster.wait_members([0, 1, 2])
            for link in crowd:
                link.close()


class Impostor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(3, http=True)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.key = first_key(cls.cluster)
        cls.cluster.ok("add", "elm", "--zip", "02139", "--reason", "only auditors see this", "--key", cls.key)

    def setUp(self):
        self.view = self.cluster.status(0)["view"]

    def tearDown(self):
        self.cluster.wait_members([0, 1, 2])
        self.assertEqual(self.view, self.cluster.status(0)["view"], "no view has changed")
        self.assertIsNone(ACTED.search(self.cluster.replica_logs() + self.cluster.said()))
        self.cluster.ok("set", "elm", 1, "--key", self.key)
        self.cluster.wait_equal()

    def pose(self, at, replica, incarnation, role=wire.ROLE_REPLICA):
        return pose(self.cluster, at, replica, incarnation, role)

    def incarnation(self, index):
        return int(self.cluster.status(index)["incarnation"], 16)

    def all_that_it_says(self, link):
        """(the types of the messages until the end, the reason of the end)"""
        kinds = []
        try:
            while True:
                kinds.append(link.next()[0])
        except wire.Closed as end:
            return kinds, end.goodbye[1] if end.goodbye else ""
        finally:
            link.close()

    def test_who_poses_as_a_new_process_of_a_replica_gets_no_state(self):
        link = self.pose(0, 2, 12345)
        link.send(wire.message(wire.TRANSFER_WANT, bytes(4)))
        kinds, why = self.all_that_it_says(link)
        self.assertEqual([wire.HELLO_REPLY, wire.CHALLENGE], kinds)
        self.assertIn("expected the challenge", why)

    def test_who_poses_as_a_member_has_no_frame_taken_and_makes_no_key(self):
        key = struct.pack("<Q", KEY) + hashlib.sha256(SECRET.encode()).digest() + wire.text("eve") + b"\6" + bytes(2)
        body = bytes([11, 16 | 1]) + struct.pack("<Q", (1 << 64) - 1) + wire.text("eve") + key
        clock, victim = self.cluster.status(0)["clock"], self.incarnation(2)
        for at in (0, 1):
            link = self.pose(at, 2, victim)
            try:
                for seq in range(1, 60):
                    link.send(wire.message(wire.FRAME, wire.frame(self.view, 2, seq, clock + 1000 + seq, 0x777, 1, body)))
            except OSError:
                pass  # cut off
            self.assertNotIn(wire.FRAME, self.all_that_it_says(link)[0])
        self.assertNotIn("eve", self.cluster.ok("key", "list", "--key", self.key))
        forged = f"titer_{KEY:016x}_{SECRET}"
        self.assertEqual(401, Web(self.cluster).ask("GET", "/keys", forged)[0])

    def test_guesses_repetitions_and_reflections_prove_nothing(self):
        zero = bytes(32)
        for answer in (lambda nonce, proof: wire.message(wire.PROOF, zero), lambda nonce, proof: wire.message(wire.PROOF, proof),
                       lambda nonce, proof: wire.message(wire.PROOF, nonce), lambda nonce, proof: wire.message(wire.FRAME)):
            link = self.pose(0, 2, self.incarnation(2))
            link.send(wire.message(wire.CHALLENGE, zero))
            nonce, proof = link.expect(wire.CHALLENGE), link.expect(wire.PROOF)
            self.assertNotEqual(nonce, zero)
            link.send(answer(nonce, proof))
            self.assertIn("secret", self.all_that_it_says(link)[1])

    def test_two_links_that_are_played_against_one_another_prove_nothing(self):
        """The impostor has replica 1 answer the challenge of replica 0: each proof names the replica that it is for."""
        towards = [self.pose(0, 2, self.incarnation(2)), self.pose(1, 2, self.incarnation(2))]
        nonces = [link.expect(wire.CHALLENGE) for link in towards]
        for link, nonce in zip(towards, reversed(nonces)):
            link.send(wire.message(wire.CHALLENGE, nonce))
        proofs = [link.expect(wire.PROOF) for link in towards]
        for link, proof in zip(towards, reversed(proofs)):
            link.send(wire.message(wire.PROOF, proof))
            self.assertIn("do not know this cluster's secret", self.all_that_it_says(link)[1])

    def test_who_says_nothing_more_is_cut_off_and_told_why(self):
        began = time.monotonic()
        kinds, why = self.all_that_it_says(self.pose(0, 2, self.incarnation(2)))
        self.assertIn("have not proved", why)
        self.assertLess(time.monotonic() - began, PATIENCE)
        wait_until(lambda: "replica 2 was not let in" in self.cluster.replica_logs(), "replica 0 to say it")

    def test_a_death_that_nobody_proves_is_not_believed(self):
        for index in (1, 2):
            link = self.pose(0, index, self.incarnation(index), wire.ROLE_DEATH_NOTICE)
            link.send(wire.message(wire.PROOF, bytes(32)))
            self.assertIn("secret", self.all_that_it_says(link)[1])
        self.assertEqual([0, 0, 0], [self.cluster.status(i)["death_notices"] for i in range(3)])

    def test_the_secret_is_in_no_command_line_log_or_status(self):
        with open(f"/proc/{self.cluster.pids()[0]}/environ", "rb") as file:
            found = re.search(rb"TITER_REPLICA_SECRET=([0-9a-f]{64})\0", file.read())
        self.assertIsNotNone(found)
        secret = found.group(1).decode()
        for pid in self.cluster.pids().values():
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                self.assertNotIn(secret, file.read())
        said = self.cluster.replica_logs() + self.cluster.said() + str(self.cluster.statuses())
        said += str(Web(self.cluster).ask("GET", "/cluster/token")[1])
        self.assertNotIn(secret, said)


if __name__ == "__main__":
    main()
