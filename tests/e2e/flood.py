# SPDX-License-Identifier: Apache-2.0

"""Clients that never stop sending: small, valid messages as fast as they go, from several connections, without a key.

A replica has to send heartbeats, tick and serve others meanwhile: no view changes, nobody is killed, and a client that counts
is served all the time. Before turns had an end, one such connection got a replica killed within a second. Requests are not
among these messages yet: they take places in the order, and a flood of them can still cost a replica on two processors.
"""
import struct
import threading
import time
import unittest

import wire
from harness import Cluster, main, wait_until
from writer import Writer

SECONDS, CONNECTIONS = 3, 8

MESSAGES = {
    "questions for the status": wire.message(wire.STATUS_ASK),
    "watches from the far future": wire.message(wire.WATCH, wire.varint(1 << 40)),
    "questions about one site": wire.message(wire.QUERY, struct.pack("<Q", 1) + wire.get_site("nobody")),
}


class Flooder(threading.Thread):
    """Sends until it is over or cut off, and reads what comes, so that it is not cut off for not reading."""

    def __init__(self, where, message):
        super().__init__(daemon=True)
        self.socket, self.blob, self.sent = wire.connected(where, 10), message * (65536 // len(message)), 0
        self.socket.sendall(wire.hello())
        self.until = time.monotonic() + SECONDS

    def run(self):
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        try:
            while time.monotonic() < self.until:
                self.socket.sendall(self.blob)
                self.sent += len(self.blob)
        except OSError:
            pass  # cut off: that is an answer, too
        self.socket.close()

    def _read(self):
        try:
            while self.socket.recv(1 << 20):
                pass
        except OSError:
            pass


class Flood(unittest.TestCase):
    def test_senders_that_never_stop_kill_no_replica_and_hold_nobody_up(self):
        for what, message in MESSAGES.items():
            with self.subTest(what), Cluster(3, ["--memory"]) as cluster, Writer([cluster.address(2)], "counted") as writer:
                wait_until(lambda: writer.acknowledged > 50, "the writer to be served")
                view, began = cluster.status(2)["view"], time.monotonic()
                floods = [Flooder(cluster.address(1), message) for _ in range(CONNECTIONS)]
                for flood in floods:
                    flood.start()
                for flood in floods:
                    flood.join(SECONDS + 10)
                writer.stop()
                sent = sum(flood.sent for flood in floods)
                print(f"  {what}: {sent / 1e6:.0f} MB; longest pause of writes {writer.pause(began):.0f} ms", flush=True)
                self.assertGreater(sent, 1 << 20)
                self.assertEqual(view, cluster.status(2)["view"], "no view changes: " + cluster.said())
                writer.check(self, cluster, 1)


if __name__ == "__main__":
    main()
