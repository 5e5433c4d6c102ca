#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""`titer serve` after the failure of all replicas, when the disk that returns first may be an old one.

A minority of the last view waits for the others, and says for whom; a majority restarts, and who has an old disk learns; an
operator's command resumes without the others. A disk that is older than the register knows it to be is refused alone.
"""
import json
import os
import shutil
import unittest

import harness
from harness import titer, wait_until
from serve import EXCLUDED, SITE, Group

REFUSED = 1


class Restart(unittest.TestCase):
    def begin(self, group):
        group.begin()
        group.ok("add", SITE, "--zip", "02139")
        group.write(1)

    def snapshot(self, group, index):
        """A copy of the replica's disk, as a virtual machine's host takes it."""
        position, _ = group.wait_equal()
        wait_until(lambda: group.status(index)["tables_position"] >= position, "the tables to be written", 30)
        shutil.rmtree(group.path("snapshot"), ignore_errors=True)
        shutil.copytree(group.path(f"data-{index}"), group.path("snapshot"), ignore=shutil.ignore_patterns("*.sock", "*.new"))

    def put_back(self, group, index):
        shutil.rmtree(group.path(f"data-{index}"))
        shutil.copytree(group.path("snapshot"), group.path(f"data-{index}"))

    def wait_for_warning(self, group, index):
        """It waits for others, and has done so for so long that it repeats it as a warning: the grace is over."""
        wait_until(lambda: " W it was a member of view" in group.log(index), lambda: group.log(index), 20)
        self.assertIn("to restart it waits for replicas that may hold newer writes", group.log(index))
        self.assertIsNone(group.status(index))

    def see(self, group, doses, indices):
        for index in indices:
            done = json.loads(group.ok("view", SITE, "--json", at=group.at(index)))
            self.assertEqual(doses, done["stock"][0]["availability"], f"replica {index}")

    def wait_all_members(self, group):
        def members():
            group.keep()
            now = group.statuses()
            return len(now) == 3 and all(s["full"] and len(s["members"]) == 3 for s in now.values())
        wait_until(members, lambda: "three members: " + group.log(2), 40, 0.2)
        group.wait_equal(range(3))

    def test_an_old_disk_that_starts_first_waits_and_the_writes_of_the_others_survive(self):
        for others in ((0,), (0, 1)):  # a majority with the old disk; all
            with self.subTest(others=others), Group() as group:
                self.begin(group)
                self.snapshot(group, 2)
                for doses in range(2, 60):
                    group.write(doses)
                group.wait_equal()
                group.kill(0, 1, 2)
                self.put_back(group, 2)
                group.start(2)
                self.wait_for_warning(group, 2)
                self.assertIn("replica 2 has returned with its disk", group.command("replica", "list"))
                group.start(*others)
                if others == (0,):
                    wait_until(lambda: group.keep() or (group.status(0) or {}).get("full"), lambda: group.log(0), 30, 0.2)
                    self.see(group, 59, [0])
                    group.start(1)
                self.wait_all_members(group)
                self.see(group, 59, range(3))

    def test_an_operator_resumes_without_the_others_and_that_is_on_record(self):
        with Group() as group:
            self.begin(group)
            group.wait_equal()
            group.kill(0, 1, 2)
            stopped = titer("recover", "--config", group.config(2))
            self.assertEqual(REFUSED, stopped.returncode, stopped)
            self.assertIn("nothing is lost as far as this disk shows", stopped.stderr)
            group.start(2)
            self.wait_for_warning(group, 2)
            shown = titer("recover", "--config", group.config(2))
            self.assertEqual(REFUSED, shown.returncode, shown)
            self.assertIn("replica 0 has not returned", shown.stdout)
            self.assertIn("replica 2 has returned with its disk", shown.stdout)
            self.assertIsNone(group.status(2))
            done = group.command("recover", "--accept-data-loss", on=2)
            self.assertIn("restarted from the disks of replicas 2", done)
            group.wait_members([2])
            self.see(group, 1, [2])
            group.write(2)
            group.start(0, 1)
            group.wait_members(range(3))
            self.see(group, 2, range(3))
            self.assertIn("loss of data accepted", group.command("replica", "list"))

    def test_an_old_disk_of_the_last_one_that_stayed_is_recognised_alone(self):
        with Group() as group:
            self.begin(group)
            self.snapshot(group, 2)
            for index in (0, 1):
                self.assertEqual(0, group.stop(index))
            group.wait_members([2])
            group.write(7)
            view = group.status(2)["view"]

            wait_until(lambda: self.mark(group, 2)["installed"] == view, "the register to know what the disk holds", 20)
            group.kill(2)
            os.rename(group.path("data-2"), group.path("newer"))
            shutil.copytree(group.path("snapshot"), group.path("data-2"))
            group.start(2)
            wait_until(lambda: "this disk has gone back in time" in group.log(2), lambda: group.log(2), 20)
            wait_until(lambda: "a learner" in group.log(2), lambda: group.log(2), 20)
            self.assertFalse((group.status(2) or {}).get("full"))
            group.kill(2)
            shutil.rmtree(group.path("data-2"))
            os.rename(group.path("newer"), group.path("data-2"))
            group.start(2)  # the disk that it had: it begins alone and at once
            group.wait_members([2])
            self.see(group, 7, [2])

    def mark(self, group, index):
        record = json.loads(group.etcd.value("/titer/tested/view"))
        return next((m for m in record["marks"] if m["id"] == index), {"installed": 0, "position": 0})

    def test_while_a_view_has_one_member_its_disk_is_marked_as_it_writes(self):
        with Group() as group:
            self.begin(group)
            for index in (0, 1):
                self.assertEqual(0, group.stop(index))
            group.wait_members([2])
            view = group.status(2)["view"]
            wait_until(lambda: self.mark(group, 2)["installed"] == view, "the mark of the view", 20)
            group.write(5)
            self.snapshot(group, 2)
            for doses in range(6, 9):
                group.write(doses)
            position = group.status(2)["position"]
            wait_until(lambda: self.mark(group, 2)["position"] >= position, lambda: self.mark(group, 2), 40)
            group.kill(2)
            self.put_back(group, 2)
            group.start(2)
            wait_until(lambda: "this disk has gone back in time" in group.log(2), lambda: group.log(2), 20)

    def test_when_lost_disks_have_been_replaced_nobody_waits_for_them(self):
        with Group() as group:
            self.begin(group)
            group.wait_equal()
            group.kill(0, 1, 2)
            for index in (0, 1):
                shutil.rmtree(group.path(f"data-{index}"))
            group.start(2)
            self.wait_for_warning(group, 2)
            group.start(0, 1)
            group.wait_members(range(3))
            self.see(group, 1, range(3))

    def test_when_one_of_a_restart_is_lost_before_anybody_was_answered_the_disk_of_the_third_counts(self):
        with Group() as group:
            self.begin(group)
            group.wait_equal()
            group.kill(0, 1, 2)
            group.start(1)
            self.wait_for_warning(group, 1)
            group.kill(1)  # what it announced stays in the record
            shutil.rmtree(group.path("data-1"))
            group.start(0)  # with what 1 announced it is a majority
            self.assertEqual(EXCLUDED, group.ends(0, 30), group.log(0))
            group.start(0, 2)
            group.wait_members([0, 2])
            self.see(group, 1, [0, 2])
            group.write(2)
            group.start(1)
            group.wait_members(range(3))
            self.see(group, 2, range(3))

    def test_when_the_only_one_of_a_restart_that_answered_is_lost_the_others_say_what_to_do(self):
        with Group() as group:
            group.cluster = 'restart_with = "any"\n'
            self.begin(group)
            group.wait_equal()
            group.kill(0, 1, 2)
            group.start(1)
            group.wait_members([1])
            group.write(2)
            group.kill(1)
            shutil.rmtree(group.path("data-1"))
            group.start(0, 2)
            for index in (0, 2):
                wait_until(lambda i=index: f"answers: 1 (127.0.0.1:{group.address(1)[1]})" in group.log(i),
                           lambda i=index: group.log(i), 20)
                self.assertIn("`titer recover --config` on its machine", group.log(index))
            group.kill(0, 2)
            shown = titer("recover", "--config", group.config(0))
            self.assertEqual(REFUSED, shown.returncode, shown)
            self.assertIn("loses what was acknowledged after that", shown.stdout)
            group.command("recover", "--accept-data-loss", on=0)
            group.start(0, 2)
            group.wait_members([0, 2])
            self.see(group, 1, [0, 2])

    def test_configured_so_any_one_disk_restarts_after_the_grace(self):
        with Group() as group:
            group.cluster = 'restart_with = "any"\n'
            self.begin(group)
            group.wait_equal()
            group.kill(0, 1, 2)
            group.start(1)
            group.wait_members([1])
            self.see(group, 1, [1])

    def test_a_member_of_a_restart_that_is_left_as_a_minority_begins_it_again(self):
        with Group() as group:
            self.begin(group)
            group.wait_equal()
            group.kill(0, 1, 2)
            group.start(1)
            self.wait_for_warning(group, 1)
            group.kill(1)  # what it announced stays in the record
            group.start(0)
            self.assertEqual(EXCLUDED, group.ends(0, 30), group.log(0))
            self.assertIn("the restart failed", group.log(0))
            group.start(0)
            self.wait_for_warning(group, 0)
            group.start(1)
            group.wait_members([0, 1])
            self.see(group, 1, [0, 1])


if __name__ == "__main__":
    if shutil.which("etcd") is None:
        raise SystemExit("there is no etcd; ./dev test installs Debian's etcd-server")
    harness.main()
