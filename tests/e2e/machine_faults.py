# SPDX-License-Identifier: Apache-2.0

"""Faults of machines, for a torture: clocks that jump, pauses during which they stand still, disks that are put back to an
earlier state, a bit that flips in memory, and the power failure of everything.
"""
import datetime
import json
import mmap
import os
import shutil
import signal
import struct
import time

from harness import TITER, wait_until

HELPER = os.environ.get("TITER_BENT_CLOCK") or os.path.join(os.path.dirname(TITER), "libtiter_bent_clock.so")
DAY_MS = 86_400_000
JUMPS_MS = (-20_000, 20_000, -3_600_000, 800 * DAY_MS, -3650 * DAY_MS)
TIME_OFF_MAX_S = 60  # of the state, after all clocks are right again
FLIPPED, FIRST_COUNT = "Flipped", 987_654_321


class BentClocks:
    """The clocks of a cluster's replicas, as bent_clock.cc shows them. Use it in a with statement, around the cluster."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "clocks")
        self.there = os.path.exists(HELPER)
        self.environment = {"LD_PRELOAD": HELPER, "BENT_CLOCK": self.path} if self.there else {}

    def __enter__(self):
        with open(self.path, "w+b") as file:
            file.write(bytes(16 * 16))
            file.flush()
            self._numbers = mmap.mmap(file.fileno(), 16 * 16)
        return self

    def __exit__(self, *_):
        self._numbers.close()

    def wall_is_off(self, index, milliseconds):
        struct.pack_into("<q", self._numbers, 16 * index, milliseconds)

    def stood_still(self, index, nanoseconds):
        """Call it while the process is stopped."""
        before = struct.unpack_from("<q", self._numbers, 16 * index + 8)[0]
        struct.pack_into("<q", self._numbers, 16 * index + 8, before - nanoseconds)


def flip_bits(pid, count):
    """Flips one bit of a count wherever the process's memory has it. How many places there were."""
    stored, places = struct.pack("<I", (count << 2 | 3) & 0xFFFFFFFF), 0
    bent = struct.pack("<I", (count << 2 | 3) & 0xFFFFFFFF ^ 4)
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        lines = [line.split() for line in maps]
    regions = [line[0] for line in lines if line[1].startswith("rw") and not (len(line) > 5 and line[5].startswith(("[v", "/dev")))]
    with open(f"/proc/{pid}/mem", "r+b", 0) as memory:
        for region in regions:
            begin, end = (int(text, 16) for text in region.split("-"))
            try:
                memory.seek(begin)
                bytes_there = memory.read(end - begin)
                at = bytes_there.find(stored)
                while at >= 0:
                    memory.seek(begin + at)
                    memory.write(bent)
                    places, at = places + 1, bytes_there.find(stored, at + 1)
            except OSError:
                continue  # the process has given this region back meanwhile
    return places


class MachineFaults:
    """What a Torment does with them. Each ends with a cluster that serves."""

    def __init__(self, torment, clocks, folder):
        self.torment, self.clocks, self.folder = torment, clocks, folder
        self.cluster, self.chance, self.tally = torment.cluster, torment.chance, torment.tally
        self.copies = {}  # index -> a copy of its disk
        self.flipped = False
        self.count = FIRST_COUNT
        self.cluster.ok("add", FLIPPED, "--zip", "02139", "--availability", self.count)
        self.ways = [(1, self.flip_bit), (1, self.power_failure)]
        if clocks.there:
            self.ways += [(2, self.jump_clock), (3, self.pause_machine)]
        else:
            self.tally.note(f"faults of clocks: there is no {HELPER}", 0)
        if not torment.unattended:
            self.ways.append((2, self.disk_back))

    def jump_clock(self):
        since = time.monotonic()
        index, jump = self.chance.choice(sorted(self.cluster.pids())), self.chance.choice(JUMPS_MS)
        self.clocks.wall_is_off(index, jump)
        self.torment.wait(0.3, 1.5)
        self.torment.served("jumps of a wall clock", since)
        self.clocks.wall_is_off(index, 0)
        self.tally.fault("jumps of a wall clock")

    def pause_machine(self):
        """The replica does not run, and none of its clocks shows that. Now and then nobody can exclude it meanwhile."""
        since, victims = time.monotonic(), self.torment.victims()
        register_too = self.chance.random() < 0.4
        if register_too:
            os.kill(self.cluster.supervisor.pid, signal.SIGSTOP)
        began = time.monotonic_ns()
        stopped = {i: pid for i, pid in victims.items() if self.cluster.signal(pid, signal.SIGSTOP)}
        self.torment.wait(0.05, 2)
        for index, pid in stopped.items():
            self.clocks.stood_still(index, time.monotonic_ns() - began)
            self.cluster.signal(pid, signal.SIGCONT)
        if register_too:
            self.torment.wait(0, 0.3)
            os.kill(self.cluster.supervisor.pid, signal.SIGCONT)
        self.torment.served("machines paused", since)
        self.tally.fault("machines paused, with their clocks", len(stopped))

    def disk_back(self):
        """A replica that was killed returns with its disk of an earlier time; or its disk is copied for a later one."""
        index, pid = next(iter(self.torment.victims(members_only=True).items()), (None, None))
        if index is None:
            return
        self.cluster.signal(pid, signal.SIGKILL)
        wait_until(lambda: not self.cluster.alive(pid), "its death")
        self.exchange(index)
        self.torment.revive(index)

    def exchange(self, index):
        if index not in self.copies or self.chance.random() < 0.3:
            self.copies[index] = os.path.join(self.folder, f"disk-{index}")
            shutil.rmtree(self.copies[index], ignore_errors=True)
            shutil.copytree(self.cluster.disk(index), self.copies[index], ignore=shutil.ignore_patterns("*.sock", "*.new"))
            return
        shutil.rmtree(self.cluster.disk(index))
        shutil.copytree(self.copies[index], self.cluster.disk(index))
        self.tally.fault("disks put back")

    def power_failure(self):
        """Everything is killed, and returns from its disks; one of them may be an old one, if another member is intact."""
        full = wait_until(self.torment.healthy, "a settled view", 20)
        self.cluster.crash()
        if len(full) > 1:
            self.exchange(self.chance.choice(full))
        self.cluster.begin()
        self.torment.wait_served()
        self.tally.fault("power failures of everything")

    def flip_bit(self):
        """The others agree, so the replica that differs stops. It takes three: of two, nobody knows which is right."""
        full = wait_until(self.torment.healthy, "a settled view", 20)
        if len(full) < 3:
            return
        since, index = time.monotonic(), self.chance.choice(full)
        pid, others = self.cluster.pids()[index], [i for i in full if i != index]
        try:
            places = flip_bits(pid, self.count)
        except PermissionError:
            return self.tally.note("attempts to flip a bit: this machine forbids it", 1)
        self.count += 8
        self.cluster.ok("set", FLIPPED, self.count, at=self.cluster.at(*others))
        if places == 0:
            return self.tally.note("attempts to flip a bit that found none", 1)
        wait_until(lambda: not self.cluster.alive(pid), f"replica {index}, whose state differs, to stop")
        self.flipped = True
        self.tally.fault("bits flipped in memory")
        self.torment.served("bits flipped in memory", since)

    def check_logs(self):
        """Not where a bit was flipped: that replica's log tells of it, and so does that of one that learned from it before it
        stopped. The states are compared nevertheless (wait_equal)."""
        if self.flipped:
            return self.tally.note("clusters whose execution logs tell of a flipped bit", 1)
        self.cluster.check_logs()

    def check(self, index):
        """Nothing of a wrong bit or clock is left: the count is right, no history is lost, and it is the time that it is."""
        at = self.cluster.at(index)
        if f'"availability":{self.count}' not in self.cluster.ok("view", FLIPPED, "--json", at=at):
            raise AssertionError(f"replica {index} does not have {self.count} at {FLIPPED}")
        if "add_site" not in self.cluster.ok("history", FLIPPED, at=at):
            raise AssertionError(f"replica {index} has lost history")
        self.cluster.ok("set", FLIPPED, "unknown", at=at)
        self.cluster.ok("set", FLIPPED, self.count, at=at)
        stamp = json.loads(self.cluster.ok("history", FLIPPED, "--limit", 1, "--json", at=at))[0]["time"]
        ahead = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() - time.time()
        if abs(ahead) > TIME_OFF_MAX_S:
            raise AssertionError(f"the time of the state is {ahead:.0f} s ahead")
