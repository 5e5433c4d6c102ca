#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""t replicas survive t-1 real failures, crashes and hangs, in any order, under load: nothing acknowledged is lost, nothing
is applied twice, the survivors are equal, and what was killed comes back as a full replica.

The pause of service at every failure is measured by a client that is waiting all the time, and printed.
"""
import os
import signal
import time
import unittest

from harness import Cluster, main, seeded, wait_until
from load import Load
from writer import Writer

# How many replicas. The largest and those between need minutes: ./dev test --long.
CRASHES, HANGS = ((1, 2, 3, 5, 7), (2, 3, 5)) if os.environ.get("TITER_LONG") else ((1, 3, 5), (3,))
CRASH_PAUSE_MS, HANG_PAUSE_MS = 500, 2500  # bounds for any machine; the goals are 20 and 1000


def crash(cluster, index):
    return cluster.kill(index)


def hang(cluster, index):
    """Stopped, not dead: the supervisor must notice and kill it."""
    pid = cluster.pids()[index]
    since = time.monotonic()
    cluster.signal(pid, signal.SIGSTOP)
    wait_until(lambda: not cluster.alive(pid), f"the supervisor to kill the hung replica {index}", 5)
    print(f"    hung replica {index} was killed after {(time.monotonic() - since) * 1000:.0f} ms", flush=True)
    return since


class Failures(unittest.TestCase):
    def fail_down_to(self, cluster, order, how, writers, bound):
        """All of `order` but the last fail, one after another; the rest goes on each time."""
        for n, victim in enumerate(order[:-1]):
            rest = order[n + 1:]
            since = how(cluster, victim)
            cluster.wait_members(rest)
            for writer in writers:
                served = writer.acknowledged
                wait_until(lambda w=writer, s=served: w.acknowledged > s + 3 or w.error, "the writers to be served")
            pauses = [writer.pause(since) for writer in writers]
            print(f"    replica {victim} failed, {len(rest)} left: pause " +
                  " and ".join(f"{p:.1f}" for p in pauses) + " ms", flush=True)
            self.assertLess(max(pauses), bound)

    def check(self, cluster, live, writers, load=None):
        """Everything is at every live replica, once. The writers have stopped."""
        if load:
            report = load.report()
            print("    bench: " + ", ".join(f"{k} {v}" for k, v in report.items() if not isinstance(v, (list, dict))))
        cluster.wait_members(live)
        cluster.wait_equal(live)
        for writer in writers:
            for index in live:
                writer.check(self, cluster, index)
        sizes = cluster.check_logs()
        self.assertEqual(len(sizes), cluster.size)
        self.assertGreater(min(sizes.values()), 0)

    def writers(self, cluster, order, round_):
        """One whose replica is the last to fail, and one whose replica is the first."""
        ports = [cluster.port(i) for i in order]
        return (Writer(ports[::-1], f"At the last {round_}"), Writer(ports, f"At the first {round_}"))

    def run_with(self, t, how, bound):
        chance = seeded(self.id())
        order = chance.sample(range(t), t)
        with Cluster(t, logs=True) as cluster:
            print(f"  {t} replicas fail in the order {order}", flush=True)
            writers = self.round(cluster, order, how, bound, "in round 1")
            if t == 1:
                return
            revived = order[:-1]
            order2 = [*chance.sample(revived[1:] + order[-1:], t - 1), revived[0]]
            with Load(cluster, 3 + t, connections=4) as load, self.writers(cluster, order2, "in between")[0] as extra:
                for index in revived:
                    cluster.start(index)
                cluster.wait_members(range(t), 60)
                extra.stop()
                self.check(cluster, range(t), [*writers, extra], load)
            print(f"  all are back; now they fail in the order {order2}", flush=True)
            writers += self.round(cluster, order2, how, bound, "in round 2")
            self.check(cluster, order2[-1:], writers)

    def round(self, cluster, order, how, bound, name):
        seconds = 3 + len(order) * (1.5 if how is hang else 0.7)
        first, second = self.writers(cluster, order, name)
        with Load(cluster, seconds, connections=4) as load, first, second:
            wait_until(lambda: min(first.acknowledged, second.acknowledged) > 10, "the writers to get going")
            self.fail_down_to(cluster, order, how, [first, second], bound)
            self.assertTrue(load.running(), "the load ended before the last failure")
            first.stop()
            second.stop()
            self.check(cluster, order[-1:], [first, second], load)
        return [first, second]


def add_tests():
    for t in CRASHES:
        def crashes(self, t=t):
            self.run_with(t, crash, CRASH_PAUSE_MS)
        setattr(Failures, f"test_{t}_replicas_survive_crashes_down_to_the_last_and_come_back", crashes)
    for t in HANGS:
        def hangs(self, t=t):
            self.run_with(t, hang, HANG_PAUSE_MS)
        setattr(Failures, f"test_{t}_replicas_survive_hangs_down_to_the_last_and_come_back", hangs)


add_tests()
if __name__ == "__main__":
    main()
