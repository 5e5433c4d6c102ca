#!/usr/bin/env python3
"""What an operator has when disks fail: verify finds the damage, recover goes on without what is lost, backup and restore
bring back what was there.
"""
import contextlib
import glob
import hashlib
import json
import os
import shutil
import signal
import unittest

from disk import settle, writers
from harness import Cluster, main, seeded, titer, wait_until
from tormented import wait_served
from writer import Writer


def fingerprint(folder):
    """Every file below it with a digest of its bytes, and every directory."""
    found = {}
    for where, folders, names in os.walk(folder):
        found.update((os.path.join(where, name), None) for name in folders)
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                found[os.path.join(where, name)] = hashlib.sha256(file.read()).hexdigest()
    return found


def flip(path, at, mask=0x10):
    """Turns one bit over."""
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ mask]))


def verify(cluster, *words, code=0):
    done = titer("verify", cluster.data, "--json", *words)
    if done.returncode != code:
        raise AssertionError(f"verify: exit {done.returncode}, not {code}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


class Verify(unittest.TestCase):
    def test_a_sound_directory_is_sound_and_not_a_byte_is_changed(self):
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            counting = writers(stack, cluster, 3)
            wait_served(counting, 50)
            cluster.crash()
            before = fingerprint(cluster.data)
            found = verify(cluster)
            self.assertEqual(fingerprint(cluster.data), before)
            self.assertTrue(found["sound"])
            self.assertEqual(found["begins_with"], [0, 1, 2])
            self.assertEqual([one["state"] for one in found["replicas"]], ["whole"] * 3)
            self.assertIn("All that is here is sound.", titer("verify", cluster.data).stdout)
            cluster.begin()
            wait_served(counting)
            settle(self, cluster, counting)
            cluster.quit()
            found = verify(cluster)
            self.assertEqual(len({(one["position"], one["digest"]) for one in found["replicas"]}), 1)

    def test_it_looks_at_nothing_that_is_in_use(self):
        with Cluster() as cluster:
            for words in ((cluster.data,), (os.path.join(cluster.data, "nowhere"),)):
                self.assertEqual(titer("verify", *words).returncode, 2)
            self.assertIn("is in use", titer("verify", cluster.data).stderr)
            pids = cluster.pids()
            cluster.supervisor.kill()
            cluster.supervisor.wait()
            self.assertIn("in use by a replica that runs", titer("verify", cluster.data).stderr)
            for pid in pids.values():
                cluster.signal(pid, 9)
            wait_until(lambda: not any(cluster.alive(pid) for pid in pids.values()), "the death of all")
            self.assertTrue(verify(cluster)["sound"])

    def test_a_second_cluster_on_the_same_directory_is_refused(self):
        with Cluster() as cluster:
            done = titer("cluster", 1, "--base-port", cluster.base + 100, "--data", cluster.data)
            self.assertEqual(done.returncode, 2)
            self.assertIn("is in use", done.stderr)

    def test_a_flipped_bit_in_journal_or_tables_is_found(self):
        chance = seeded("flipped bits")
        with Cluster() as cluster, contextlib.ExitStack() as stack:
            counting = writers(stack, cluster, 3)
            for _ in range(2):  # what RocksDB has in its log when it opens goes into a table file
                wait_served(counting, 100)
                cluster.crash()
                cluster.begin()
            wait_served(counting, 50)
            cluster.crash()
            journal = sorted(glob.glob(os.path.join(cluster.disk(0), "journal", "*.journal")))[0]
            table = max(glob.glob(os.path.join(cluster.disk(2), "tables", "*.sst")), key=os.path.getsize)
            for path, size, replica in ((journal, 20_000, 0), (table, os.path.getsize(table) - 64, 2)):
                at, mask = chance.randrange(4096 if replica == 0 else 0, size), 1 << chance.randrange(8)
                flip(path, at, mask)
                found = verify(cluster, code=1)
                self.assertEqual([one["state"] == "DAMAGED" for one in found["replicas"]],
                                 [one == replica for one in range(3)], f"{path} at {at}, mask {mask}")
                self.assertIn(f"Move {cluster.disk(replica)} away", found["damages"][0])
                verify(cluster, "--replica", 1)
                verify(cluster, "--replica", replica, code=1)
                flip(path, at, mask)
            self.assertTrue(verify(cluster)["sound"])
            cluster.begin()
            wait_served(counting)
            settle(self, cluster, counting)


class Recover(unittest.TestCase):
    def recover(self, cluster, *words, code=0):
        done = titer("recover", cluster.data, *words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_it_goes_on_from_one_that_was_excluded_when_nobody_of_the_last_view_is_left(self):
        with Cluster() as cluster:
            with Writer([cluster.port(0)], "Counted") as counting:
                wait_served([counting], 30)
                cluster.ask("2", "was killed")
                cluster.wait_members([0, 1])
                wait_served([counting], 30)
                acknowledged = counting.acknowledged
            self.assertIn("is in use", self.recover(cluster, "--accept-data-loss", "--from", 2, code=2))
            cluster.quit()
            self.assertIn("Nothing is lost", self.recover(cluster, code=1))
            self.assertIn("nothing is lost", self.recover(cluster, "--accept-data-loss", "--from", 2, code=1))
            for index in (0, 1):
                os.rename(cluster.disk(index), os.path.join(cluster.folder.name, f"gone-{index}"))
            self.assertIn("nobody is here with its data (replicas 0, 1 were in it)", cluster.refused())
            for index in (0, 1):  # what the refused start has made
                shutil.rmtree(cluster.disk(index), ignore_errors=True)
            before = fingerprint(cluster.data)
            said = self.recover(cluster, "--from", 2, code=1)
            self.assertIn("Going on from replica 2 would lose what was acknowledged after position", said)
            self.assertIn("replica 1 has no directory", self.recover(cluster, "--accept-data-loss", "--from", 1, code=1))
            self.recover(cluster, "--accept-data-loss", code=2)
            self.assertEqual(fingerprint(cluster.data), before)
            self.assertIn("On record", self.recover(cluster, "--accept-data-loss", "--from", 2))
            self.assertEqual(verify(cluster)["begins_with"], [2])
            cluster.begin()
            cluster.wait_members(range(3))
            for status in cluster.statuses().values():
                self.assertIn("went on from replica 2 alone", status["data_losses"][0])
            self.assertIn("loss of data accepted", cluster.ask("status", "accepted"))
            count = json.loads(cluster.ok("view", "Counted", "--json"))["stock"][0]["availability"]
            self.assertLess(count, acknowledged)
            self.assertGreater(count, 0)
            with Writer([cluster.port(1)], "Goes on") as again:
                wait_served([again], 30)
            cluster.wait_equal(range(3))
            cluster.quit()
            self.assertIn("nothing is lost", self.recover(cluster, "--accept-data-loss", "--from", 2, code=1))
            self.assertIn("went on from replica 2", verify(cluster)["register"]["data_losses"][0])

    def test_a_register_that_is_gone_or_damaged_is_made_again(self):
        with Cluster() as cluster:
            cluster.ok("add", "Elm", "--zip", "02139")
            for spoil in (os.remove, lambda path: flip(path, 40)):
                cluster.quit()
                spoil(os.path.join(cluster.data, "register"))
                self.assertIn("titer recover", cluster.refused())
                self.assertIn("replica 0", self.recover(cluster, code=1))
                self.recover(cluster, "--accept-data-loss", "--from", 0)
                cluster.begin()
                cluster.wait_members(range(3))
                cluster.ok("view", "Elm")
                self.assertIn("the view register was gone", cluster.status(1)["data_losses"][0])
            self.assertEqual(len(cluster.status(1)["data_losses"]), 2)

    def test_half_a_state_or_a_damaged_one_is_nothing_to_go_on_from(self):
        with Cluster() as cluster:
            for name in ("Elm", "Oak", "Ash"):
                cluster.ok("add", name, "--zip", "02139")
            for index in (1, 2):
                cluster.ask(str(index), "was killed")
            cluster.wait_members([0])
            shutil.rmtree(cluster.disk(1))
            cluster.signal(cluster.pids()[0], signal.SIGSTOP)  # it would give its state to the learner
            cluster.ask("start 1", "is starting")
            wait_until(lambda: cluster.status(1), "the learner to be there")
            cluster.crash()
            shutil.rmtree(cluster.disk(0))
            flip(os.path.join(cluster.disk(2), "journal", "00000001.journal"), 4096 + 100)
            self.assertIn("only learned a part", self.recover(cluster, "--accept-data-loss", "--from", 1, code=1))
            self.assertIn("is damaged", self.recover(cluster, "--accept-data-loss", "--from", 2, code=1))
            self.assertIn("No whole state is left here", self.recover(cluster, code=1))


if __name__ == "__main__":
    main()
