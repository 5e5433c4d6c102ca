# SPDX-License-Identifier: Apache-2.0

"""The activity around a cluster on several hosts while something fails: loads whose histories are checked in the end, and
clients that count, read, and measure how long nobody answers them."""
import contextlib
import os
import random
import struct
import threading
import time

import wire
from harness import wait_until
from reader import Reader
from tormented import Loads, wait_served
from torture import Plain, Tally, check_histories, last_reads
from writer import BUSY, UNAVAILABLE, Writer

PATIENCE = 1.0  # seconds for one answer; then a client goes to the next replica, as titer's own do
_clock = threading.Event()  # never set: a wait on it is how long a fault lasts


def last(seconds):
    """Lets a fault go on for so long."""
    _clock.wait(seconds)


class HostLoads(Loads):
    """One load that goes to any replica, and one for each replica that goes nowhere else."""

    CONNECTIONS, IN_FLIGHT = 2, 1

    def __init__(self, group, folder):
        super().__init__(group, _NoDoors, folder)
        self.ways = [(None, False)] + [(group.at(i), True) for i in group.hosts]


class _NoDoors:
    ports = ()


class Witnesses:
    """Four clients for one fault: one writes and one reads at the replica that it strikes first, and two at another one.
    And one reads at the struck replica only, whatever that answers: it must never be old."""

    def __init__(self, scene, name, struck):
        group = scene.group
        there, elsewhere = group.addresses(struck), group.addresses((struck + 1) % group.size)
        options = {"patience": 60, "answer_within": PATIENCE, "waits_for": (BUSY, UNAVAILABLE)}
        self.writers = {"there": Writer(there, f"{name} there", **options),
                        "elsewhere": Writer(elsewhere, f"{name} elsewhere", **options)}
        self.readers = {"there": Reader(there, self.writers["elsewhere"]),
                        "elsewhere": Reader(elsewhere, self.writers["elsewhere"])}
        self.loyal = Reader(there[:1], self.writers["elsewhere"], stays=True, patience=0.3)
        self.began = time.monotonic()

    def everybody(self):
        return [*self.writers.values(), *self.readers.values(), self.loyal]

    def all_served(self):
        wait_served(list(self.writers.values()))
        marks = {reader: reader.answered for reader in self.readers.values()}
        wait_until(lambda: all(r.error or r.answered > n for r, n in marks.items()), "the readers to be served", 25)

    def pauses(self, until):
        """In ms: how long no write, and no read, was answered, there and elsewhere."""
        return {(what, where): client.pause(self.began, until)
                for what, clients in (("writes", self.writers), ("reads", self.readers))
                for where, client in clients.items()}

    def check(self, group):
        for reader in [*self.readers.values(), self.loyal]:
            reader.check()
        for index in group.hosts:
            for writer in self.writers.values():
                writer.check(Plain, group, index)


class Scene:
    """A group under load, for as many faults as one likes. Use it in a with statement."""

    def __init__(self, group, chance, folder):
        self.group, self.network, self.etcd = group, group.network, group.etcd
        self.chance, self.folder, self.tally = chance, folder, Tally()
        self.faults, self.rows = 0, {}  # {fault: [pauses]}
        self.loads = HostLoads(group, folder)

    def __enter__(self):
        self.loads.__enter__()
        self.loads.keep_running()
        return self

    def __exit__(self, *problem):
        self.loads.__exit__(*problem)

    def strike(self, name, fault):
        """One fault, from a settled group to a settled group; its clients are checked."""
        self.loads.keep_running()
        self.group.wait_members(self.group.hosts, 60)
        self.faults += 1
        struck = self.chance.choice(sorted(self.group.hosts))
        witnesses = Witnesses(self, f"{name} {self.faults}", struck)
        with contextlib.ExitStack() as stack:
            for client in witnesses.everybody():
                stack.enter_context(client)
            witnesses.all_served()
            witnesses.began = time.monotonic()
            fault(self, struck, witnesses)
            self.group.wait_members(self.group.hosts, 90)
            witnesses.all_served()
            pauses = witnesses.pauses(time.monotonic())
        witnesses.check(self.group)
        self.rows.setdefault(name, []).append(pauses)
        return pauses

    def conclude(self):
        """After the last fault: everything that anybody saw fits together."""
        self.loads.stop()
        self.group.wait_equal(list(self.group.hosts), 30)
        last_path = os.path.join(self.folder, "last-reads")
        last_reads(self.group, last_path)
        check_histories([p for p in self.loads.histories if os.path.exists(p)] + [last_path], self.tally)
        self.group.check_logs()
        for what, count in self.tally.notes.items():
            print(f"  {what}: {count:,}", flush=True)


def queued_reads(group, struck, writer, count=20):
    """Questions that a replica finds when it wakes up: asked on connections that it had, while it stood still."""
    links = [wire.Link(group.address(struck), session=random.getrandbits(63) | 1, timeout=10) for _ in range(count)]

    def ask():
        floor = writer.position
        for link in links:
            link.send(wire.message(wire.QUERY, struct.pack("<Q", 1) + wire.get_site(writer.name)))
        return floor

    def judge(floor):
        """How many were answered; none may be old, and none must be."""
        answered = 0
        for link in links:
            try:
                payload = link.expect(wire.QUERY_ANSWER)
            except (OSError, wire.Closed):
                continue
            finally:
                link.close()
            position, at = wire.read_varint(payload, 8)
            if payload[at] == 0:
                answered += 1
                if position < floor:
                    raise AssertionError(f"an old answer to a queued question: position {position}, known was {floor}")
        return answered

    return ask, judge
