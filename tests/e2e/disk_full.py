#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Disks that really fill up: the data lie on small file systems in memory, and a file beside them takes the space.

A disk that is full is no failure: its replica leaves as long as others stay, the last one refuses writes and goes on
reading, and when there is room again all goes on. The file systems are mounted in a name space of this process's own, so
that nothing of them is left; where that is not permitted the tests are skipped, and say so.
"""
import contextlib
import ctypes
import errno
import os
import shutil
import subprocess
import sys
import unittest

from disk import settle, writers
from harness import SAMPLES, Cluster, main, titer, wait_until
from tormented import wait_served
from wire import Closed, Link
from writer import BUSY, READ_ONLY, UNAVAILABLE, Writer

NEW_NAME_SPACE = 0x20000  # CLONE_NEWNS
NATIONAL = os.path.join(SAMPLES, "national_cdc_sites_2024-08-01.csv.gz")
SMALL = 64 << 20  # bytes: two segments of the journal, RocksDB's log, and half of it free


def own_mounts():
    """From here on what this process mounts is its own and its children's. Why not, or None."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NAME_SPACE) != 0:
        return f"unshare: {os.strerror(ctypes.get_errno())}"
    done = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, text=True, check=False)
    return done.stderr.strip() or None if done.returncode else None


class SmallDisk:
    """A file system of so many bytes at `path`; use it in a with statement."""

    def __init__(self, path, size=SMALL):
        self.path, self.size = path, size

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.path], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.path], check=True)

    def fill(self):
        """A file takes all the room that there is, at the moment."""
        with open(os.path.join(self.path, "ballast"), "ab", buffering=0) as ballast:
            for piece in (1 << 20, 4096):
                with contextlib.suppress(OSError):
                    while ballast.write(b"\0" * piece) == piece:
                        pass

    def grow(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.path], check=True)

    def free(self):
        os.remove(os.path.join(self.path, "ballast"))


def keep_full(disk, condition, what, seconds=60):
    """Until the condition holds; whatever room comes up meanwhile is taken at once."""
    def look():
        disk.fill()
        return condition()

    return wait_until(look, what, seconds, 0.05)


def on_small_disk(stack, cluster, path, size=SMALL):
    """Starts the cluster from scratch, with a small file system instead of the directory."""
    cluster.quit()
    shutil.rmtree(path)
    disk = stack.enter_context(SmallDisk(path, size))
    cluster.begin()
    cluster.wait_members(range(3))
    return disk


def start_again(cluster, index):
    """Of a replica that ends: as often as needed, since the supervisor learns of the end a moment later."""
    before = len(cluster.said())

    def is_starting():
        if f"Replica {index} is starting" in cluster.said()[before:]:
            return True
        cluster.start(index)
        return False

    wait_until(is_starting, lambda: cluster.said()[before:])


class DiskFull(unittest.TestCase):
    def test_a_replica_whose_disk_is_full_leaves_and_comes_back_when_there_is_room(self):
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            disk = on_small_disk(stack, cluster, cluster.disk(1))
            counting = writers(stack, cluster, 6)
            wait_served(counting, 20)
            keep_full(disk, lambda: "Replica 1 leaves: its disk is almost full" in cluster.said(), cluster.said)
            wait_until(lambda: "Replica 1 has failed (exit code 3)" in cluster.said(), cluster.said)
            cluster.wait_members([0, 2])
            wait_served(counting, 50)
            self.assertEqual([writer.error for writer in counting], [None] * len(counting))
            self.assertLess(max(writer.pause(writer.times[0]) for writer in counting), 2000)
            disk.fill()
            before = len(cluster.said())
            cluster.start(1)
            wait_until(lambda: "room" in cluster.said()[before:].lower() or "space" in cluster.said()[before:],
                       lambda: "to be told why it does not start: " + cluster.said()[before:])
            disk.free()
            start_again(cluster, 1)
            cluster.wait_members(range(3))
            wait_served(counting, 20)
            settle(self, cluster, counting)
            cluster.quit()
            self.assertEqual(titer("verify", cluster.data).returncode, 0)

    # Whatever the disk is too small for: the journal, RocksDB's log, or the files that it writes in the background.
    def test_a_learner_whose_disk_is_too_small_waits_for_room_says_so_and_joins_when_there_is_some(self):
        for size in (24 << 20, 26 << 20):
            with self.subTest(size=size), Cluster(3, ["--import", NATIONAL]) as cluster, contextlib.ExitStack() as stack:
                cluster.ask("1", "was killed")
                cluster.wait_members([0, 2])
                shutil.rmtree(cluster.disk(1))
                disk = stack.enter_context(SmallDisk(cluster.disk(1), size))
                before = len(cluster.said())
                cluster.start(1)
                wait_until(lambda: "room" in cluster.said()[before:] or "space" in cluster.said()[before:] or
                           (cluster.status(1) or {}).get("disk_full"), cluster.said, 60)
                self.assertNotIn("signal", cluster.said())
                disk.grow(1 << 30)
                if 1 not in cluster.pids():
                    cluster.ask("start 1", "is starting")
                cluster.wait_members(range(3))
                cluster.wait_equal([0, 1, 2])

    def test_the_last_one_refuses_writes_and_goes_on_reading_until_there_is_room(self):
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            disk = on_small_disk(stack, cluster, cluster.disk(0))
            for index in (1, 2):
                cluster.ask(str(index), "was killed")
            cluster.wait_members([0])
            counting = [stack.enter_context(Writer([cluster.port(0)], f"Counted {i}", 120,
                                                   (BUSY, UNAVAILABLE, READ_ONLY))) for i in range(6)]
            wait_served(counting, 20)
            keep_full(disk, lambda: all(writer.refused > 0 for writer in counting), "writes to be refused")
            done = cluster.titer("set", "Counted 0", 7, at=cluster.at(0))
            self.assertEqual(done.returncode, 1)
            self.assertIn("the disk of this replica is full", done.stderr)
            self.assertTrue(cluster.status(0)["disk_full"])
            for _ in range(5):
                cluster.ok("view", "Counted 0", at=cluster.at(0))
            self.assertEqual(cluster.pids().keys(), {0})
            disk.free()
            wait_served(counting, 50)
            self.assertFalse(cluster.status(0)["disk_full"])
            for index in (1, 2):
                cluster.ask(f"start {index}", "is starting")
            settle(self, cluster, counting)

    def test_when_the_disk_of_all_is_full_nothing_is_lost_and_room_is_all_it_takes(self):
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            disk = on_small_disk(stack, cluster, cluster.data, 3 * SMALL)
            counting = writers(stack, cluster, 6, 120, waits_for=(BUSY, UNAVAILABLE, READ_ONLY))
            wait_served(counting, 20)
            keep_full(disk, lambda: all(writer.refused > 0 for writer in counting), "writes to be refused")
            self.assertGreater(len(cluster.pids()), 0)
            index = next(iter(cluster.pids()))
            cluster.ok("view", "Counted 0", at=cluster.at(index))
            disk.free()
            wait_served(counting, 20)

            # One that was about to leave may still do so.
            def all_are_back():
                for missing in set(range(3)) - cluster.pids().keys():
                    cluster.start(missing)
                now = cluster.statuses().values()
                return len(now) == 3 and all(s["full"] and len(s["members"]) == 3 for s in now)

            wait_until(all_are_back, cluster.said, 60, 0.2)
            settle(self, cluster, counting)


if __name__ == "__main__":
    reason = own_mounts()
    if reason:
        print(f"SKIPPED: no file systems can be mounted here ({reason}); disks that run full are not tested", file=sys.stderr)
        DiskFull = unittest.skip(reason)(DiskFull)
    main()
