#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""A disk that was put back to an earlier state (a machine's snapshot, a drive that lied): the members that have every
acknowledged write continue, and the one with the old disk learns from them.
"""
import os
import shutil
import unittest

import wire
from harness import Cluster, main, wait_until


class DiskBack(unittest.TestCase):
    def write(self, cluster, numbers):
        for number in numbers:
            self.link.request(number, wire.adjust("Elm", 1))
        cluster.wait_equal([0, 1, 2])

    def cluster_with_old_disk(self, cluster, replica, after):
        """50 writes, a snapshot of the replica's disk, `after` more; then all fail, and the snapshot is put back."""
        cluster.wait_members(range(3))
        snapshot = os.path.join(cluster.folder.name, "snapshot")
        with wire.Link(cluster.port(0)) as self.link:
            self.link.request(1, wire.add_site("Elm", "02139", 0))
            self.write(cluster, range(2, 52))
            wait_until(lambda: cluster.status(replica)["tables_position"] >= 51, "the tables to be written", 30)
            shutil.copytree(cluster.disk(replica), snapshot, ignore=shutil.ignore_patterns("*.sock", "*.new"))
            self.write(cluster, range(52, 52 + after))
            wait_until(lambda: all(s["tables_position"] >= 51 + after for s in cluster.statuses().values()),
                       "the tables to be written", 30)
            self.write(cluster, range(52 + after, 62 + after))
        cluster.crash()
        shutil.rmtree(cluster.disk(replica))
        shutil.copytree(snapshot, cluster.disk(replica))

    def test_the_others_continue_with_every_acknowledged_write(self):
        for replica in (0, 2):
            with self.subTest(replica=replica), Cluster(3, restarts=True) as cluster:
                self.cluster_with_old_disk(cluster, replica, after=200)
                cluster.begin()
                cluster.wait_members(range(3), 60)
                cluster.wait_equal([0, 1, 2])
                for index in range(3):
                    self.assertIn('"availability":260', cluster.ok("view", "Elm", "--json", at=cluster.at(index)))
                self.assertIn("its disk has gone back in time", cluster.said())
                self.assertNotIn("CHECK failed", cluster.replica_logs())


if __name__ == "__main__":
    main()
