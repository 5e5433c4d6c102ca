# SPDX-License-Identifier: Apache-2.0

"""A client that counts: every request adds 1 to the count of one site, one at a time, each until it is answered.

When its replica dies it goes to the next one and says the same (session, number) again. So at the end the count must be
exactly the number of acknowledged requests: less is a lost write, more is one that was applied twice. The longest time
between two answers around a moment is the pause that its user has seen.
"""
import json
import random
import threading
import time

import wire

BUSY, UNAVAILABLE, READ_ONLY = 10, 11, 19


class Client(threading.Thread):
    """Asks and asks on a thread of its own until it is stopped: `_once` is one question. Use it in a with statement."""

    def __init__(self, ports, patience):
        super().__init__(daemon=True)
        self.ports, self.patience = list(ports), patience
        self.times, self.error = [], None  # of the answers; what ended it, which check() tells: this is another thread
        self._link, self._done, self._at = None, False, 0
        self._pause = threading.Event()  # never set

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._done = True
        if self.is_alive():
            self.join(self.patience + 5)

    def run(self):
        try:
            while not self._done:
                self._once()
        except Exception as error:
            self.error = error
        finally:
            self._hang_up()

    def _hang_up(self):
        if self._link is not None:
            self._link.close()
        self._link = None

    def pause(self, since, until=None):
        """The longest time without an answer that overlaps [since, until], in ms."""
        return longest_gap(self.times, since, until)


class Writer(Client):
    """It stops at the end, and `check` says whether it was served right."""

    def __init__(self, ports, name, patience=20.0, waits_for=(BUSY, UNAVAILABLE), answer_within=3.0):
        super().__init__(ports, patience)
        self.name = name
        self.waits_for, self.refused = waits_for, 0  # codes upon which it says the same again; read_only came so often
        self.answer_within = answer_within  # seconds; else it goes to the next replica
        self.position = 0  # of the last request that was answered
        self.session, self.born = random.getrandbits(63) | 1, 0
        self.acknowledged, self._number, self._body = 0, 0, wire.adjust(name, 1)

    def __enter__(self):
        code = self._execute(wire.add_site(self.name, "02139", 0))
        if code != 0:
            raise AssertionError(f"{self.name} could not be added: code {code}")
        return super().__enter__()

    def _once(self):
        code = self._execute(self._body)
        if code != 0:
            raise AssertionError(f"adjust was refused with code {code}")
        self.acknowledged += 1
        self.times.append(time.monotonic())

    def _execute(self, body):
        """The outcome's code; the same request goes to one replica after another until somebody answers."""
        self._number += 1
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            try:
                if self._link is None:
                    self._link = wire.Link(self.ports[self._at], session=self.session, born=self.born,
                                           timeout=self.answer_within)
                    self.born = self._link.born
                answer = self._link.request(self._number, body)
                code = wire.refusal(answer)
                if code not in self.waits_for:
                    self.position = wire.read_varint(answer, 1)[0]
                    return code
                if code == READ_ONLY:
                    self.refused += 1
                    self._pause.wait(0.02)
            except (OSError, wire.Closed):
                pass
            self._hang_up()
            self._at = (self._at + 1) % len(self.ports)
        raise TimeoutError(f"nobody answered for {self.patience} s")

    def check(self, test, cluster, index):
        """Exactly the acknowledged requests have had their effect, as replica `index` tells it."""
        if self.error:
            raise AssertionError(f"writer {self.name}: {self.error!r}") from self.error
        site = json.loads(cluster.ok("view", self.name, "--json", at=cluster.at(index)))
        test.assertEqual(site["stock"][0]["availability"], self.acknowledged,
                         f"{self.name}: the count at replica {index} against the acknowledged requests")


class Visitors(Writer):
    """Many clients, one after another: each begins a session of its own and adds 1, exactly once."""

    def __init__(self, ports, name, per_second, patience=20.0):
        super().__init__(ports, name, patience)
        self._pace = Pace(1 / per_second)

    def _once(self):
        self._hang_up()
        self.session, self.born, self._number = random.getrandbits(63) | 1, 0, 0
        self._at = random.randrange(len(self.ports))
        super()._once()
        self._pace.wait()


class Pace:
    """So many a second on average: what took longer is made up for, up to `debt` seconds of it."""

    def __init__(self, between, debt=5):
        self.between, self.debt, self.due = between, debt, time.monotonic()
        self.never = threading.Event()

    def wait(self):
        now = time.monotonic()
        self.due = max(self.due + self.between, now - self.debt)
        self.never.wait(max(0, self.due - now))


def longest_gap(answers, since, until=None):
    """The longest time between two of these moments that overlaps [since, until], in ms."""
    times = list(answers)
    until = time.monotonic() if until is None else until
    edges = [t for t in times if t < since][-1:] + [t for t in times if since <= t]
    gaps = [(b - a, a) for a, b in zip(edges, edges[1:]) if a <= until]
    if not edges or edges[-1] < until - 0.5:
        gaps.append((until - (edges[-1] if edges else since), 0))
    return max(gaps, default=(0, 0))[0] * 1000
