#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Somebody removes, renames or replaces the data directory of a cluster that runs, or the register in it: that is noticed, nothing
that was acknowledged is lost, and nothing is written into a directory that took the place of the old one.
"""
import os
import shutil
import unittest

from harness import Cluster, main, wait_until


class Directory(unittest.TestCase):
    def test_a_register_that_somebody_removes_or_changes_is_written_again(self):
        with Cluster(2, ["--seed-site"]) as cluster:
            path = os.path.join(cluster.data, "register")
            for number, change in enumerate((os.unlink, lambda p: shutil.copy(os.path.join(cluster.disk(0), "identity"), p)), 1):
                change(path)
                wait_until(lambda n=number: cluster.said().count("; it was written again.") == n, cluster.said)
            cluster.kill(1)
            cluster.wait_members([0])
            cluster.ok("set", "Harvard University", 4)
            cluster.quit()
            cluster.begin()
            self.assertIn('"availability":4', cluster.ok("view", "Harvard University", "--json"))

    def test_a_data_directory_that_is_removed_or_replaced_stops_the_cluster_with_a_sentence(self):
        for replaced in (False, True):
            with self.subTest(replaced=replaced), Cluster(2, ["--seed-site"]) as cluster:
                cluster.ok("set", "Harvard University", 4)
                moved = cluster.data + ".moved"
                os.rename(cluster.data, moved)
                if replaced:
                    os.mkdir(cluster.data)
                self.assertEqual(4, cluster.supervisor.wait(30), cluster.said())
                self.assertIn(f"{cluster.data} was removed or replaced while the cluster ran", cluster.said())
                wait_until(lambda: not any(map(cluster.alive, cluster.births)), "all replicas to end with it")
                self.assertEqual([], os.listdir(cluster.data) if replaced else [], "nothing was written into another's directory")
                if replaced:
                    os.rmdir(cluster.data)
                os.rename(moved, cluster.data)
                cluster.begin()
                self.assertIn('"availability":4', cluster.ok("view", "Harvard University", "--json"))

    def test_a_member_whose_journal_is_removed_acknowledges_nothing_more(self):
        with Cluster(2, ["--seed-site", "--no-restart"]) as cluster:
            os.rename(os.path.join(cluster.disk(1), "journal"), cluster.data + ".journal")
            cluster.wait_members([0])
            with open(os.path.join(cluster.data, "replica-1.log"), encoding="utf-8") as log:
                self.assertIn("the journal in it was removed", log.read())
            cluster.ok("set", "Harvard University", 4)
            shutil.rmtree(cluster.data + ".journal")

    def test_a_cluster_in_memory_makes_its_directory_again_and_goes_on(self):
        with Cluster(2, ["--seed-site", "--memory"]) as cluster:
            cluster.ok("set", "Harvard University", 4)
            shutil.rmtree(cluster.data)
            wait_until(lambda: "the register is in the new one." in cluster.said(), cluster.said)
            cluster.kill(1)
            cluster.wait_members([0])
            cluster.start(1)
            cluster.wait_members([0, 1])
            self.assertIn('"availability":4', cluster.ok("view", "Harvard University", "--json"))


if __name__ == "__main__":
    main()
