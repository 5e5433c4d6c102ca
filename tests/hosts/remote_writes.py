#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Clients on another machine, without --insecure: all may read, and a key is needed to write, from the start on.

One `titer serve` and one etcd, each on a host of its own (network.py); this test is a client on a third one.
"""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from etcd import Etcd, there_is_one  # noqa: E402
from group import Group  # noqa: E402
from harness import titer  # noqa: E402
from network import Network, cannot, in_own_world  # noqa: E402

SENTENCE = "from another machine this needs a key"


class SecureGroup(Group):
    """Asked for its status at the local sockets."""

    def ask_at(self, index):
        return os.path.join(self.disk(index), "titer.sock")


class RemoteWrites(unittest.TestCase):
    def test_from_another_machine_a_write_needs_a_key_from_the_start(self):
        with tempfile.TemporaryDirectory(prefix="titer-remote-") as folder, Network(["r0", "e0"]) as network, \
                Etcd(network, ["e0"], folder) as etcd, \
                SecureGroup(network, etcd, ["r0"], folder, tls=True, insecure=False) as group:
            for words in (["add", "Elm", "--zip", "02139"], ["bench", "--seconds", 1],
                          ["key", "create", "--owner", "eve", "--role", "operator"]):
                done = group.titer(*words)
                self.assertEqual(done.returncode, 1, words)
                self.assertIn(SENTENCE, done.stderr, words)
            done = group.titer("backup", folder, "--timeout", 2)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(SENTENCE, done.stderr)
            done = group.titer("client", group.at(), "--timeout", 2, stdin="n\nElm\n02139\nq\n")
            self.assertIn(SENTENCE, done.stdout + done.stderr)
            group.ok("list")

            at = "unix:" + group.ask_at(0)
            self.assertEqual(titer("add", "At the machine", "--zip", "02139", at=at).returncode, 0)
            made = titer("key", "create", "--owner", "ann", "--role", "operator", at=at)
            key = ["--key", made.stdout.strip()]
            group.ok("add", "Elm", "--zip", "02139", *key)
            load = group.ok("bench", "--seconds", 0.5, "--sites", 8, "--connections", 4, "--json", *key)
            self.assertIn('"check":"passed"', load)
            done = group.titer("client", group.at(), *key, stdin="e\nElm\n7\nq\n")
            self.assertIn("updated to 7", done.stdout)
            group.ok("backup", folder, *key)
            self.assertIn("Elm", group.ok("list"))


if __name__ == "__main__":
    in_own_world()
    if not there_is_one():
        cannot("there is no etcd (Debian: etcd-server)")
    unittest.main(verbosity=2)
