#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The switch between hosts keeps its rules: what the tests of titer on several hosts stand on."""
import os
import socketserver
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from network import ME, Network, both_ways, in_own_world  # noqa: E402


class Echo(socketserver.BaseRequestHandler):
    """Sends back what it gets."""

    def handle(self):
        try:
            while data := self.request.recv(1 << 16):
                self.request.sendall(data)
        except OSError:  # the other side is gone
            pass


SCRIPT = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
times = []
for _ in range(int(sys.argv[3])):
    t = time.monotonic()
    s.sendall(b"x" * 100)
    got = b""
    while len(got) < 100: got += s.recv(100)
    times.append(time.monotonic() - t)
print(min(times), max(times))
"""


class Switch(unittest.TestCase):
    def setUp(self):
        self.net = Network(["a", "b", "c"])
        self.net.__enter__()
        self.addCleanup(self.net.__exit__)

    def round_trips(self, host, count=20):
        """Shortest and longest, in seconds, of small messages from that host to this one."""
        with socketserver.ThreadingTCPServer((self.net.addresses[ME], 0), Echo) as echo:
            threading.Thread(target=echo.serve_forever, args=(0.01,)).start()
            words = [sys.executable, "-c", SCRIPT, *echo.server_address, count]
            said = self.net.on(host, *words)
            echo.shutdown()
        return tuple(map(float, said.split()))

    def test_everybody_reaches_everybody(self):
        for source in ("a", "b", "c", ME):
            for target in ("a", "b", "c", ME):
                self.assertTrue(self.net.reachable(source, target), f"{source} {target}")

    def test_a_cut_takes_exactly_the_pairs_that_are_named(self):
        self.net.cut(["a"], ["b"])
        self.assertFalse(self.net.reachable("a", "b"))
        self.assertFalse(self.net.reachable("b", "a"))
        self.assertTrue(self.net.reachable("a", "c"))
        self.assertTrue(self.net.reachable("b", "c"))
        self.net.heal()
        self.assertTrue(self.net.reachable("a", "b"))

    def test_one_way_loses_what_goes_that_way_only(self):
        self.net.rules([("a", "b")], "cut")
        self.assertFalse(self.net.reachable("b", "a"))  # its question arrives, the answer does not
        counts = self.net.counts()
        self.assertGreater(counts["b", "a"][0], 0)
        self.assertEqual(counts["b", "a"][1], 0)
        self.assertEqual(counts["a", "b"][0], 0)
        self.assertGreater(counts["a", "b"][1], 0)

    def test_delay_is_added_each_way(self):
        self.net.rules(both_ways(["a"], [ME]), "delay 25000 jitter 5000")
        low, _ = self.round_trips("a")
        self.assertGreaterEqual(low, 0.040)
        self.assertLess(low, 0.120)
        self.assertLess(self.round_trips("b")[0], 0.020)

    def test_loss_is_repaired_by_tcp_and_is_as_frequent_as_said(self):
        self.net.rules(both_ways(["a"], [ME]), "loss 300")
        began = time.monotonic()
        self.round_trips("a", 10)
        self.assertLess(time.monotonic() - began, 60)
        counts = self.net.counts()
        passed, lost = (sum(counts[way][i] for way in (("a", ME), (ME, "a"))) for i in (0, 1))
        self.assertGreater(lost, 0.08 * (passed + lost))
        self.assertLess(lost, 0.6 * (passed + lost))


if __name__ == "__main__":
    in_own_world()
    unittest.main(verbosity=2)
