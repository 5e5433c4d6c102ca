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
import unittest

from disk import settle, writers
from harness import Cluster, main, seeded, titer, wait_until
from tormented import wait_served


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


if __name__ == "__main__":
    main()
