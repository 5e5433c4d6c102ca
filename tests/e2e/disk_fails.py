#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""A disk that fails: the replica stops at once and never tries again, the others go on, and it is rebuilt from them.

The disk is a library that is preloaded (failing_disk.cc): below one replica's directory every write, or every sync, fails
with EIO from the moment on that the test says so.
"""
import contextlib
import os
import shutil
import sys
import unittest

from disk import settle, writers
from harness import ROOT, Cluster, main, titer, wait_until
from tormented import wait_served

LIBRARY = os.environ.get("TITER_FAILING_DISK") or os.path.join(ROOT, "build", "release", "bin", "libtiter_failing_disk.so")


@contextlib.contextmanager
def preloaded(directory):
    """Processes that are started now have that disk."""
    os.environ.update(LD_PRELOAD=LIBRARY, FAILING_DISK=directory)
    try:
        yield
    finally:
        del os.environ["LD_PRELOAD"], os.environ["FAILING_DISK"]


class DiskFails(unittest.TestCase):
    def test_the_first_error_stops_the_replica_and_the_others_go_on(self):
        for kind in ("write", "sync"):
            with self.subTest(kind), Cluster() as cluster, contextlib.ExitStack() as stack:
                cluster.quit()
                disk = cluster.disk(1)
                with preloaded(disk):
                    cluster.begin()
                counting = writers(stack, cluster, 6)
                wait_served(counting, 20)
                with open(os.path.join(disk, f"fail-{kind}"), "wb"):
                    pass
                wait_until(lambda: "Replica 1 has failed (exit code 4): the disk failed:" in cluster.said(), cluster.said)
                self.assertIn("Input/output error", cluster.said())
                cluster.wait_members([0, 2])
                wait_served(counting, 50)
                self.assertEqual([writer.error for writer in counting], [None] * len(counting))
                with open(os.path.join(disk, "failed"), encoding="utf-8") as file:
                    tried = file.readlines()
                self.assertEqual(sum("/journal/" in line for line in tried), 1, f"it was tried again: {tried}")
                with open(os.path.join(cluster.data, "replica-1.log"), encoding="utf-8") as file:
                    self.assertIn("stopping: the disk failed:", file.read())
                # It is not trusted before somebody has looked: with the disk as it is it cannot even start.
                before = len(cluster.said())
                cluster.start(1)
                wait_until(lambda: "the disk takes nothing" in cluster.said()[before:], cluster.said)
                wait_until(lambda: 1 not in cluster.pids(), "it to end")
                shutil.rmtree(disk)  # another disk
                cluster.ask("start 1", "is starting")
                cluster.wait_members(range(3))
                settle(self, cluster, counting)
                cluster.quit()
                self.assertEqual(titer("verify", cluster.data).returncode, 0)


if __name__ == "__main__":
    if not os.path.exists(LIBRARY):
        sys.exit(f"there is no {LIBRARY}; ./dev test builds it")
    main()
