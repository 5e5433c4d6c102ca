#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""`titer serve` without TLS: the secret of the replicas, and what keys are worth without one."""
import os
import stat
import unittest

from harness import main, titer, wait_until
from serve import USAGE, Group


class Secret(unittest.TestCase):
    def refused(self, group, index, why):
        group.start(index)
        self.assertEqual(USAGE, group.ends(index), group.log(index))
        self.assertIn(why, group.log(index))

    def first_key(self, group):
        return titer("key", "create", "--owner", "ann", "--role", "operator", at=f"unix:{group.path('data-0', 'titer.sock')}")

    def test_init_makes_it_once_for_its_owner_alone_and_a_file_that_everybody_may_read_is_refused(self):
        with Group() as group:
            self.assertEqual(0o600, stat.S_IMODE(os.stat(group.secret).st_mode))
            with open(group.secret, encoding="ascii") as file:
                before = file.read()
            group.command("init", *(group.machine(i) for i in range(3)), "--if-absent")
            with open(group.secret, encoding="ascii") as file:
                self.assertEqual(before, file.read())
            os.chmod(group.secret, 0o644)
            self.refused(group, 0, f"chmod 600 {group.secret}")
            checked = titer("serve", "--check", "--config", group.config(0))
            self.assertEqual(USAGE, checked.returncode)
            self.assertIn("chmod 600", checked.stderr)
            os.unlink(group.secret)
            self.refused(group, 0, "`titer init` makes the file")

    def test_an_init_that_cannot_write_it_has_done_nothing_and_can_be_run_again(self):
        with Group(1) as group:
            group.etcd.ask("deleterange", key="/titer/tested/view")
            group.secret = group.path("none", "secret")
            words = ("init", "--config", group.config(0), group.machine(0))
            self.assertIn(group.secret, titer(*words).stderr)
            os.mkdir(group.path("none"))
            again = titer(*words)
            self.assertEqual(0, again.returncode, again.stderr)
            group.begin()

    def test_a_replica_with_another_secret_or_none_gets_no_link_and_both_sides_say_what_to_do(self):
        with Group() as group:
            group.start(0, 1)
            group.wait_members([0, 1])
            right = group.secret
            for wrong, why in ((group.path("other"), "do not know this cluster's secret"), (None, "have no secret of this cluster")):
                if wrong:
                    with open(wrong, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                        file.write("5" * 64 + "\n")
                group.secret = wrong
                group.start(2)
                wait_until(lambda told=why: told in group.log(2) and "secret_file" in group.log(0),
                           lambda: group.log(0)[-1000:] + group.log(2)[-1000:])
                self.assertEqual([0, 1], [m["id"] for m in group.status(0)["members"]])
                group.ok("status")
                group.kill(2)
            group.secret = right
            group.start(2)
            group.wait_members([0, 1, 2])

    def test_without_tls_and_without_a_secret_no_key_is_made_and_data_with_keys_is_not_served(self):
        with Group(1) as group:
            group.secret = None
            group.begin()
            refused = self.first_key(group)
            self.assertNotEqual(0, refused.returncode)
            self.assertIn("secret_file", refused.stderr)
            self.assertIn("--insecure", refused.stderr)
            self.assertEqual(0, group.stop(0))

            group.secret = group.path("secret")
            group.start(0)
            group.wait_members([0])
            made = self.first_key(group)
            self.assertEqual(0, made.returncode, made.stderr)
            group.kill(0)

            group.secret = None
            self.refused(group, 0, "the data has keys")
            group.start(0, words=["--insecure"])  # the word that it is meant
            group.wait_members([0])


if __name__ == "__main__":
    main()
