# SPDX-License-Identifier: Apache-2.0

"""A client that reads what a counting writer writes, one question after another, and never accepts an old answer.

Every answer says at which position it was read. It must be at or above the last position that the writer had been told
before the question was asked: below it, the answer misses a write that somebody knows to be done. The longest time between
two answers around a moment is the pause that its user has seen.
"""
import random
import struct
import time

import wire
from writer import Client


class Reader(Client):
    """With `stays` it asks its one replica only, and takes no answer for an answer, too."""

    def __init__(self, ports, writer, stays=False, patience=1.0):
        super().__init__(ports, patience)
        self.writer, self.stays = writer, stays
        self.answered, self.refused, self._token = 0, 0, 0

    def _once(self):
        floor = self.writer.position  # before the question is asked
        try:
            if self._link is None:
                self._link = wire.Link(self.ports[self._at], session=random.getrandbits(63) | 1, timeout=self.patience)
            self._token += 1
            self._link.send(wire.message(wire.QUERY, struct.pack("<Q", self._token) + wire.get_site(self.writer.name)))
            position, code = self._answer()
        except (OSError, wire.Closed):
            self._next()
            return
        if code != 0:
            self.refused += 1
            self._next()
            return
        if position < floor:
            raise AssertionError(f"an old answer from {self.ports[self._at]}: read at position {position}, and the "
                                 f"write at {floor} had been answered before")
        self.answered += 1
        self.times.append(time.monotonic())

    def _answer(self):
        """(position, code) of the answer to the last question."""
        while True:
            payload = self._link.expect(wire.QUERY_ANSWER)
            if struct.unpack_from("<Q", payload)[0] == self._token:
                position, at = wire.read_varint(payload, 8)
                return position, payload[at]

    def _next(self):
        """A question of which no answer came may still be answered: on another connection it cannot be mixed up."""
        self._hang_up()
        if not self.stays:
            self._at = (self._at + 1) % len(self.ports)
        self._pause.wait(0.005)

    def check(self):
        if self.error:
            raise AssertionError(f"reader of {self.writer.name}: {self.error!r}") from self.error
