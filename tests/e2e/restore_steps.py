#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""A `titer restore` that is killed before any of its steps on the disk: the directory is known for what it is, and the same command
completes it.

The disk is a library that is preloaded (failing_disk.cc): the process is killed before the Nth call that changes something at or
below the data directory, for each N until the command ends by itself.
"""
import os
import subprocess
import tempfile
import unittest

from disk_fails import LIBRARY
from harness import TITER, Cluster, environment, free_ports, main, titer
from serve import Group

KILLED = -9


class Steps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="titer-steps-"))
        cls.backup = os.path.join(cls.folder, "one.backup")
        with Cluster(1) as cluster:
            cluster.ok("add", "Elm", "--zip", "02139", "--availability", 5)
            cluster.ok("backup", cls.backup)

    def killed(self, data, step, *words):
        """False: it ended before it came so far."""
        done = subprocess.run([TITER, "restore", self.backup, *words], capture_output=True, text=True, timeout=60, check=False,
                              env=environment() | {"LD_PRELOAD": LIBRARY, "FAILING_DISK": data, "FAILING_DISK_STEP": str(step)})
        self.assertIn(done.returncode, (0, KILLED), done.stderr)
        return done.returncode == KILLED

    def is_known_as_unfinished(self, data, step, start):
        """A mark is beside all that is there; now and then it is tried that no start takes the directory."""
        if not os.path.exists(data) or not os.listdir(data):
            return self.assertLess(step, 3, "nothing is there but the directory")
        self.assertIn("restoring", os.listdir(data), step)
        if step % 20 == 3:
            refused = titer(*start)
            self.assertEqual(2, refused.returncode, (step, refused.stderr))
            self.assertIn("restore into it was interrupted", refused.stderr, step)
        return None

    def restore_in_spite_of_all(self, data, words, start, verify):
        """Each one finds what was left of the one before, and comes a step further."""
        step = 1
        while self.killed(data, step, *words):
            if os.path.exists(data) and os.listdir(data) and "restoring" not in os.listdir(data):
                break  # its last step is to sync the removal of the mark
            self.is_known_as_unfinished(data, step, start)
            step += 1
        self.assertGreater(step, 20, "the library was not used")
        self.assertNotIn("restoring", os.listdir(data))
        verified = titer("verify", *verify)
        self.assertEqual(0, verified.returncode, verified.stdout + verified.stderr)

    def test_on_one_machine(self):
        data = os.path.join(self.folder, "one")
        start = ("cluster", 1, "--base-port", free_ports(1), "--http-port", 0, "--data", data)
        self.restore_in_spite_of_all(data, ("--data", data, "--replicas", "1"), start, (data,))
        with Cluster(1, data=data) as cluster:
            self.assertEqual(1, cluster.status(0)["sites"])

    def test_on_several_machines(self):
        with Group(1) as group:
            data, config = group.path("data-0"), ("--config", group.config(0))
            self.restore_in_spite_of_all(data, config, ("serve", *config), config)
            group.start(0)
            group.wait_members([0])
            self.assertEqual(1, group.status(0)["sites"])


if __name__ == "__main__":
    main()
