#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Nothing is ever lost: everything is killed at the same time, and the cluster resumes from its disks.

The writers count (writer.py): each adds 1 to a site of its own and repeats what was not answered, over every death. So a
count that is too low is a lost write, one that is too high a write that was applied twice.
TITER_ROUNDS: how often everything is killed (12; 100 take five minutes).
"""
import contextlib
import os
import shutil
import unittest

from harness import Cluster, main, seeded, titer, wait_until
from tormented import wait_served
from writer import Writer

ROUNDS = int(os.environ.get("TITER_ROUNDS") or 12)


def writers(stack, cluster, count, patience=40, **options):
    ports = [cluster.port(i) for i in range(cluster.size)]
    return [stack.enter_context(Writer(ports[i % len(ports):] + ports[:i % len(ports)], f"Counted {i}", patience, **options))
            for i in range(count)]


def settle(test, cluster, counting, members=None):
    """All writers have stopped: what was acknowledged is there, once, at every replica."""
    for writer in counting:
        writer.stop()
    members = list(range(cluster.size)) if members is None else members
    cluster.wait_members(members)
    cluster.wait_equal(members)
    for index in members:
        for writer in counting:
            writer.check(test, cluster, index)


class EverythingKilled(unittest.TestCase):
    def test_every_acknowledged_write_is_there_once_after_every_crash_of_everything(self):
        chance = seeded("everything killed")
        with Cluster(logs=True) as cluster, contextlib.ExitStack() as stack:
            counting = writers(stack, cluster, 6)
            for number in range(ROUNDS):
                wait_served(counting, chance.randrange(1, 40))
                cluster.crash()
                lost = chance.sample(range(cluster.size), chance.choice((0, 0, 0, 1, 2)))
                for index in lost:
                    shutil.rmtree(cluster.disk(index))
                cluster.begin()
                wait_served(counting, 2)
                if lost or number % 5 == 4:
                    cluster.wait_members(range(cluster.size))
            acknowledged = sum(writer.acknowledged for writer in counting)
            settle(self, cluster, counting)
            print(f"  {ROUNDS} crashes of everything, {acknowledged} acknowledged writes", flush=True)

    def test_a_crash_of_all_replicas_is_survived_by_the_supervisor_too(self):
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            counting = writers(stack, cluster, 3)
            wait_served(counting)
            for pid in cluster.pids().values():
                cluster.signal(pid, 9)
            wait_until(lambda: "All replicas have failed" in cluster.said(), cluster.said)
            for index in range(cluster.size):
                cluster.ask(f"start {index}", "is starting")
            wait_served(counting)
            settle(self, cluster, counting)

    def test_a_clean_stop_loses_nothing_and_needs_no_replay(self):
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            counting = writers(stack, cluster, 3)
            wait_served(counting, 50)
            cluster.quit()
            cluster.begin()
            wait_served(counting)
            settle(self, cluster, counting)


class WhoBegins(unittest.TestCase):
    def test_the_last_ones_disk_carries_everything(self):
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            counting = writers(stack, cluster, 3)
            wait_served(counting)
            for index in (2, 0):
                cluster.ask(str(index), "was killed")
                cluster.wait_members([i for i in range(3) if i not in (2, index)][:2 if index == 2 else 1])
                wait_served(counting)
            cluster.crash()
            for index in (0, 2):
                shutil.rmtree(cluster.disk(index))
            cluster.begin()
            wait_served(counting)
            settle(self, cluster, counting)

    def test_who_was_excluded_never_wins_over_one_that_stayed(self):
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            counting = writers(stack, cluster, 2)
            wait_served(counting)
            cluster.ask("1", "was killed")
            cluster.wait_members([0, 2])
            wait_served(counting)
            cluster.crash()
            aside = [(cluster.disk(i), cluster.disk(i) + ".aside") for i in (0, 2)]
            for disk, away in aside:
                os.rename(disk, away)
            said = cluster.refused()
            self.assertIn("nobody is here with its data (replicas 0, 2 were in it)", said)
            self.assertIn("replica 1 has position", said)
            for disk, away in aside:
                shutil.rmtree(disk, ignore_errors=True)
                os.rename(away, disk)
            cluster.begin()
            wait_served(counting)
            settle(self, cluster, counting)

    def test_another_number_of_replicas_is_a_slip_unless_it_is_said(self):
        cluster = Cluster(5)
        cluster.size = 3
        with cluster:
            cluster.quit()
            for size in (5, 2):
                cluster.size = size
                said = cluster.refused()
                self.assertIn("`titer cluster 3` resumes it", said)
            cluster.size = 3
            cluster.begin()
            cluster.quit()
            cluster.size = 5
            cluster.begin("--grow")
            cluster.wait_members([0, 1, 2, 3, 4])
            cluster.quit()
            cluster.begin()

    def test_a_foreign_directory_is_refused(self):
        with Cluster() as one, Cluster() as other:
            one.quit()
            other.quit()
            for index, source in ((1, other.disk(1)), (2, one.disk(0))):
                shutil.rmtree(one.disk(index))
                shutil.copytree(source, one.disk(index))
            one.begin()  # replica 0 is enough
            self.assertIn("replica-1 belongs to cluster", one.said())
            self.assertIn("replica-2 is of replica 0, this is replica 2", one.said())

    def test_a_flipped_bit_is_found_and_the_replica_rebuilt_from_a_peer(self):
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            counting = writers(stack, cluster, 3)
            wait_served(counting, 100)
            cluster.crash()
            path = os.path.join(cluster.disk(1), "journal", "00000001.journal")
            with open(path, "r+b") as file:
                file.seek(4096 + 200)
                byte = file.read(1)
                file.seek(4096 + 200)
                file.write(bytes([byte[0] ^ 4]))
            cluster.begin()
            wait_until(lambda: "Replica 1 does not start" in cluster.said(), cluster.said)
            wait_served(counting)
            shutil.move(cluster.disk(1), cluster.disk(1) + ".damaged")
            cluster.ask("start 1", "is starting")
            settle(self, cluster, counting)


class Memory(unittest.TestCase):
    def test_after_the_failure_of_all_nobody_takes_an_empty_cluster_for_the_one_before(self):
        with Cluster(options=["--memory"]) as cluster:
            cluster.ok("add", "Elm", "--zip", "02139")
            cluster.crash()
            self.assertIn("its data is lost", cluster.refused())
            cluster.begin("--accept-data-loss")
            self.assertEqual(cluster.titer("view", "Elm").returncode, 1)

    def test_a_clean_stop_forgets_the_cluster(self):
        with Cluster(options=["--memory"]) as cluster:
            cluster.quit()
            cluster.begin()


if __name__ == "__main__":
    main()
