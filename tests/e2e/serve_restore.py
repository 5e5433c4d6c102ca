#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""A backup as the beginning of a cluster on several machines: `titer restore --config`, then `titer serve`.

With a real etcd. Afterwards the data is what was backed up, history and keys included. Wherever the restore is cut off, and
whichever process starts meanwhile, nothing is mixed and no second cluster is bootstrapped.
"""
import glob
import json
import os
import shutil
import unittest

import harness
from harness import SAMPLES, Cluster, spawn, titer, wait_until
from keyed import first_key
from serve import USAGE, Group

SAMPLE = os.path.join(SAMPLES, "hhs_therapeutics_2022-03-11.csv.gz")
REFUSED = 1


class Restore(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A backup of a cluster with sites, closed ones too, a history, and keys; and what that cluster answered."""
        cls.cluster = Cluster(1, ["--import", SAMPLE])
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.key = first_key(cls.cluster)
        for words in (("add", "Elm", "--zip", "02139"), ("set", "Elm", 7, "--reason", "delivered"), ("reserve", "Elm", 2),
                      ("add", "Oak", "--zip", "02140"), ("close", "Oak")):
            cls.cluster.ok(*words, "--key", cls.key)
        cls.answers = cls.all_answers(cls.cluster)
        cls.taken = json.loads(cls.cluster.ok("backup", cls.cluster.folder.name, "--json", "--key", cls.key))
        cls.file = cls.taken["file"]

    @classmethod
    def all_answers(cls, replicas):
        return [replicas.ok(*words, "--key", cls.key) for words in (
            ("export", "--format", "ndjson", "--closed"), ("history", "--limit", 2000), ("history", "Elm"), ("key", "list"))]

    def restore(self, group, on, *words, code=0):
        done = titer("restore", "--config", group.config(on), self.file, *words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def data(self, group, index):
        return group.path(f"data-{index}")

    def is_the_backup(self, group, indices=range(3)):
        group.wait_members(indices)
        group.wait_state((self.taken["position"], self.taken["digest"]), indices)

    def is_refused(self, group, index, why):
        """`titer serve` there ends at once."""
        group.start(index)
        self.assertEqual(USAGE, group.ends(index), group.log(index))
        self.assertIn(why, group.log(index))

    def test_sites_history_and_keys_are_those_of_the_backup_and_it_goes_on(self):
        with Group() as group:
            self.assertIn("begins with this backup, at replica 1", self.restore(group, 1))
            self.assertIn("1 of 3 replicas are members", group.command("replica", "list"))
            group.start(0, 2)  # they found nothing beside it
            wait_until(lambda: all("a learner" in group.log(i) for i in (0, 2)), "the others to learn")
            group.start(1)
            self.is_the_backup(group)
            self.assertNotEqual(group.status(0)["cluster"], self.taken["cluster"])
            self.assertEqual(self.answers, self.all_answers(group))
            self.assertNotEqual(0, group.titer("set", "Elm", 1).returncode)  # without a key
            group.ok("set", "Elm", 9, "--key", self.key)
            position, digest = group.wait_equal(range(3))
            self.assertGreater(position, self.taken["position"])

            group.kill(0, 1, 2)
            group.start(0, 1, 2)
            group.wait_members(range(3))
            group.wait_state((position, digest), range(3))
            group.kill(1)  # the others do not need the one that began
            group.wait_members([0, 2])
            group.ok("reserve", "Elm", 2, "--key", self.key)

    def test_where_it_cannot_be_it_is_refused_and_nothing_is_left_behind(self):
        with Group() as group:
            def variant(name, *change):
                with open(group.config(1), encoding="utf-8") as file:
                    text = file.read().replace(*change)
                with open(group.path(name), "w", encoding="utf-8") as file:
                    file.write(text)
                return group.path(name)

            def refused(config, why, code=REFUSED, file=self.file):
                done = titer("restore", "--config", config, file)
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                self.assertIn(why, done.stderr)
                self.assertEqual([], glob.glob(self.data(group, "[0-9]") + "/*"))
                self.assertIn("View 0, 0 of 3 replicas are members", group.command("replica", "list"))

            refused(variant("other.toml", "tested", "untold"), "titer init")
            refused(group.config(3), "not in the cluster's roster")
            refused(variant("moved.toml", f":{group.address(1)[1]}", f":{group.address(3)[1]}"), "roster has replica 1 at 127.0.0.1")
            refused(variant("memory.toml", "[replica]", '[replica]\ndurability = "memory"'), "no disk", USAGE)
            refused(group.path("none.toml"), "none.toml", USAGE)
            with open(self.file, "rb") as file:
                whole = file.read()
            with open(group.path("half"), "wb") as file:
                file.write(whole[:len(whole) // 2])
            refused(group.config(1), "is incomplete", file=group.path("half"))
            self.assertEqual(USAGE, titer("restore", "--config", group.config(1), "--data", "x", self.file).returncode)

            os.makedirs(self.data(group, 1), exist_ok=True)
            with open(os.path.join(self.data(group, 1), "mine"), "w", encoding="utf-8"):
                self.assertIn("is not empty", self.restore(group, 1, code=USAGE))
            self.assertEqual(["mine"], os.listdir(self.data(group, 1)))
            shutil.rmtree(self.data(group, 1))
            group.etcd.stop()
            self.restore(group, 1, code=4)
            self.assertFalse(os.path.exists(self.data(group, 1)))
            group.etcd.start()

            group.start(0)
            group.wait_members([0])
            self.assertIn("has begun already", self.restore(group, 1, code=REFUSED))
            self.assertFalse(os.path.exists(self.data(group, 1)))

    def test_a_restore_that_ended_before_the_record_knew_of_it_is_neither_founded_on_nor_mixed_in(self):
        with Group() as group:
            before = group.etcd.value("/titer/tested/view")
            self.restore(group, 1)
            group.etcd.put("/titer/tested/view", before)
            self.is_refused(group, 1, "a `titer restore` ended before the record knew of it")
            self.assertIn("is not empty", self.restore(group, 1, code=USAGE))
            group.start(0)  # another replica bootstraps
            group.wait_members([0])
            self.is_refused(group, 1, "a backup was restored on this disk")
            shutil.rmtree(self.data(group, 1))
            group.start(1, 2)
            group.wait_members(range(3))
            self.assertEqual(0, group.status(1)["sites"])

    def test_of_two_at_once_one_is_the_beginning(self):
        with Group() as group:
            both = {i: spawn("restore", "--config", group.config(i), self.file) for i in (1, 2)}
            codes = {i: process.wait(60) for i, process in both.items()}
            for process in both.values():
                harness.end(process)
            self.assertEqual([0, REFUSED], sorted(codes.values()), codes)
            first, other = sorted(codes, key=codes.get)
            if os.path.exists(self.data(group, other)):  # it was slower by little, and says that this is to be removed
                group.start(first)
                group.wait_members([first])
                self.is_refused(group, other, "a backup was restored on this disk")
                shutil.rmtree(self.data(group, other))
                group.start(0, other)
            else:
                group.start(0, 1, 2)
            self.is_the_backup(group)


if __name__ == "__main__":
    if shutil.which("etcd") is None:
        raise SystemExit("there is no etcd; ./dev test installs Debian's etcd-server")
    harness.main()
