#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""False alarms: python3 calm.py [--seconds N] [--seed N] [--replicas 3]. `./dev torture --calm` runs it.

Replicas of `titer serve` with an etcd, under load, on a machine whose processors are all busy with something else. Now and then a
replica stands still, for less than anybody may suspect it (smr/suspicion.h: 0.3 s when its heartbeats have come on time). No
process fails, so nobody may be suspected, nobody excluded, and the view stays. Replicas of `titer cluster` would not do: they
share a machine, and so they have the longer patience.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import harness
from harness import end, seeded, spawn, wait_until
from serve import Group
from writer import Writer

PROBATION = 12  # seconds: a link has to be 10 s old before the short patience counts
PAUSE = (0.02, 0.15)  # seconds; with a heartbeat (0.05 s) before it, and a machine that is late, still below 0.3 s
BETWEEN = (1, 4)  # seconds
ASKS, EXCLUDED = "asking for a view after", 3
_clock = threading.Event()  # never set


class BusyLoops:
    """As many as there are processors: a replica that wants one has to wait for it."""

    def __enter__(self):
        self.processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=harness.end_with_parent)
                          for _ in range(os.cpu_count())]
        return self

    def __exit__(self, *_):
        for process in self.processes:
            end(process)


class Calm:
    def __init__(self, group, chance):
        self.group, self.chance = group, chance
        self.pauses, self.longest = 0, 0.0

    def log_sizes(self):
        return {i: len(self.group.log(i)) for i in self.group.processes}

    def pause_one(self):
        """A replica stands still, as long as this machine lets it: that is measured."""
        process = self.group.processes[self.chance.choice(sorted(self.group.processes))]
        began = time.monotonic()
        process.send_signal(signal.SIGSTOP)
        _clock.wait(self.chance.uniform(*PAUSE))
        process.send_signal(signal.SIGCONT)
        self.pauses += 1
        self.longest = max(self.longest, time.monotonic() - began)

    def run(self, seconds):
        """The alarms: {kind: how many}."""
        before, sizes = self.group.statuses(), self.log_sizes()
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.ended():
            self.pause_one()
            _clock.wait(self.chance.uniform(*BETWEEN))
        said = [self.group.log(i)[sizes[i]:] for i in self.group.processes]
        wait_until(lambda: self.ended() or len(self.group.statuses()) == self.group.size, "everybody to answer", 20)
        after = self.group.statuses()
        return {"suspicions": sum(text.count(ASKS) for text in said), "exclusions": len(self.ended()),
                "changes of the view": max(s["view"] for s in after.values()) - max(s["view"] for s in before.values())}

    def ended(self):
        return [i for i, process in self.group.processes.items() if process.poll() is not None]


def main():
    parser = argparse.ArgumentParser(description="counts false alarms of a group on a busy machine in which nothing fails")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, help="of the pauses")
    parser.add_argument("--replicas", type=int, default=3)
    options = parser.parse_args()
    if shutil.which("etcd") is None:
        raise SystemExit("there is no etcd; ./dev torture --calm installs Debian's etcd-server")
    if options.seed is not None:
        os.environ["TITER_SEED"] = str(options.seed)
    with Group(options.replicas) as group:
        group.begin()
        ports = [group.address(i)[1] for i in range(group.size)]
        calm = Calm(group, seeded("calm"))
        with BusyLoops() as loops, Writer(ports, "Counted one", 60) as one, Writer(ports[::-1], "Counted two", 60) as two:
            load = spawn("bench", "--connections", 16, "--seconds", options.seconds + PROBATION, "--workload", "mix", at=group.at(),
                         stdout=subprocess.DEVNULL)
            try:
                _clock.wait(PROBATION)
                since = time.monotonic()
                alarms = calm.run(options.seconds)
                longest = max(writer.pause(since) for writer in (one, two))
            finally:
                end(load)
        writes = one.acknowledged + two.acknowledged
        print(f"{options.seconds:.0f} s: {len(loops.processes)} busy loops, {calm.pauses} pauses of at most {1000 * calm.longest:.0f} ms; "
              f"{writes:,} counted writes, at most {longest:.0f} ms without an answer")
        print(", ".join(f"{count} {kind}" for kind, count in alarms.items()))
        for index in group.processes:
            for line in group.log(index).splitlines():
                if ASKS in line:
                    print(f"replica {index}: {line}")
    if any(alarms.values()):
        raise SystemExit("false alarms: nothing had failed")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main()
