#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""An operator's tools when disks fail: verify finds the damage, recover resumes and accepts the loss, backup and restore
bring back the data.
"""
import contextlib
import glob
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import unittest
import urllib.error
import urllib.request

from cuts import Doors
from disk import settle, writers
from harness import SAMPLES, Cluster, end, main, seeded, spawn, titer, wait_until
from tormented import wait_served
from writer import Writer


def fingerprint(folder):
    """Every file below it with a digest of its bytes, and every directory."""
    found = {}
    for where, folders, names in os.walk(folder):
        found.update((os.path.join(where, name), None) for name in folders)
        for path in (os.path.join(where, name) for name in names):
            if os.path.isfile(path):  # and no socket
                with open(path, "rb") as file:
                    found[path] = hashlib.sha256(file.read()).hexdigest()
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


def copy(path, content):
    """`path`, which has this content now."""
    with open(path, "wb") as file:
        file.write(content)
    return path


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
            done = titer("cluster", 1, "--base-port", cluster.base + 100, "--http-port", 0, "--data", cluster.data)
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
                self.assertIn(f"move {cluster.disk(replica)} away", found["damages"][0])
                verify(cluster, "--replica", 1)
                verify(cluster, "--replica", replica, code=1)
                flip(path, at, mask)
            self.assertTrue(verify(cluster)["sound"])
            cluster.begin()
            wait_served(counting)
            settle(self, cluster, counting)


class Recover(unittest.TestCase):
    @staticmethod
    def copy(cluster, index, name):
        """Of a disk as it is now, while its replica runs: what a snapshot of a machine has."""
        pid, to = cluster.pids()[index], os.path.join(cluster.folder.name, name)
        cluster.signal(pid, signal.SIGSTOP)
        shutil.copytree(cluster.disk(index), to, ignore=lambda _, names: [n for n in names if n.endswith((".sock", ".new"))])
        cluster.signal(pid, signal.SIGCONT)
        return to

    def test_of_old_disks_it_names_the_one_that_reaches_further_and_listeners_to_the_lost_future_are_told(self):
        with Cluster(3, http=True) as cluster:
            cluster.ok("add", "Elm", "--zip", "02139", "--availability", 100)
            old = [self.copy(cluster, 0, "older")]
            for _ in range(12):
                cluster.ok("adjust", "Elm", 1)
            old.append(self.copy(cluster, 1, "newer"))
            held = cluster.status(1)["position"]
            cluster.crash()
            cluster.begin()
            for _ in range(5):
                cluster.ok("adjust", "Elm", 1)
            lost = self.last_id(cluster)
            position, stream = lost.split("-")[0].split(".")[0], lost.split("-")[1]
            watcher = spawn("watch", "--json", "--timeout", 300, at=cluster.at(), stderr=subprocess.PIPE)
            self.addCleanup(end, watcher)

            def watches():  # a change that comes before the watch is not shown
                cluster.ok("adjust", "Elm", 1)
                return select.select([watcher.stdout], [], [], 0.2)[0]
            wait_until(watches, "the watch to show a change")
            self.assertTrue(watcher.stdout.readline())
            cluster.crash()
            for index in range(3):
                shutil.rmtree(cluster.disk(index))
            for index, path in enumerate(old):
                shutil.copytree(path, cluster.disk(index))
            said = self.recover(cluster, code=1)
            self.assertIn(f"Resuming from replica 1 would lose what was acknowledged after position {held} of view", said)
            self.assertIn("--from 1", said)
            self.assertIn("Resuming from replica 0", self.recover(cluster, "--from", 0, code=1))
            self.recover(cluster, "--accept-data-loss", "--from", 1)
            cluster.begin()
            cluster.wait_members(range(3))
            self.assertIn('"availability":112', cluster.ok("view", "Elm", "--json"))
            for _ in range(9):
                cluster.ok("adjust", "Elm", 1)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.changes(cluster, lost)
            self.assertEqual(refused.exception.code, 410)
            refused.exception.close()
            self.assertEqual(watcher.wait(60), 1, "the one that watched all the time is told too")
            self.assertIn(b"loss of writes", watcher.stderr.read())
            done = cluster.titer("watch", "--since", f"{position}-{stream}")
            self.assertEqual((done.returncode, "loss of writes" in done.stderr), (1, True), done.stderr)

    @staticmethod
    def changes(cluster, after):
        asked = urllib.request.Request(f"http://127.0.0.1:{cluster.http_base}/api/v1/changes",
                                       headers={"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})})
        return urllib.request.urlopen(asked, timeout=10)

    def last_id(self, cluster):
        newest = cluster.status(0)["position"]
        with self.changes(cluster, "1") as stream:
            for line in stream:
                if line.startswith(b"id: %d." % newest):
                    return line.decode().removeprefix("id: ").strip()
        return None

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
            self.assertIn("Resuming from replica 2 would lose what was acknowledged after position", said)
            self.assertIn("replica 1 has no directory", self.recover(cluster, "--accept-data-loss", "--from", 1, code=1))
            self.recover(cluster, "--accept-data-loss", code=2)
            self.assertEqual(fingerprint(cluster.data), before)
            self.assertIn("On record", self.recover(cluster, "--accept-data-loss", "--from", 2))
            self.assertEqual(verify(cluster)["begins_with"], [2])
            cluster.begin()
            cluster.wait_members(range(3))
            for status in cluster.statuses().values():
                self.assertIn("resumed from replica 2 alone", status["data_losses"][0])
            self.assertIn("loss of data accepted", cluster.ask("status", "accepted"))
            count = json.loads(cluster.ok("view", "Counted", "--json"))["stock"][0]["availability"]
            self.assertLess(count, acknowledged)
            self.assertGreater(count, 0)
            with Writer([cluster.port(1)], "Goes on") as again:
                wait_served([again], 30)
            cluster.wait_equal(range(3))
            cluster.quit()
            self.assertIn("nothing is lost", self.recover(cluster, "--accept-data-loss", "--from", 2, code=1))
            self.assertIn("resumed from replica 2", verify(cluster)["register"]["data_losses"][0])

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


SAMPLE = os.path.join(SAMPLES, "hhs_therapeutics_2022-03-11.csv.gz")


def backup(cluster, target, *words):
    return json.loads(cluster.ok("backup", target, "--json", *words))


def damaged(test, path, reason, data):
    """Neither looked at nor restored is it good, and nothing is left behind."""
    for words in (("--check",), ("--data", data)):
        done = titer("restore", path, *words)
        test.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        test.assertRegex(done.stderr, reason)
    test.assertFalse(os.path.exists(data))


class Backup(unittest.TestCase):
    def test_under_load_it_has_every_write_acknowledged_before_it_began(self):
        with Cluster(options=["--import", SAMPLE]) as cluster, contextlib.ExitStack() as stack:
            counting = writers(stack, cluster, 4)
            file = os.path.join(cluster.folder.name, "one.backup")
            for index in range(3):
                wait_served(counting, 30)
                before = [writer.acknowledged for writer in counting]
                taken = backup(cluster, file, "--at", cluster.at(index))
                after = [writer.acknowledged for writer in counting]
                data = os.path.join(cluster.folder.name, f"restored-{index}")
                found = json.loads(titer("restore", file, "--data", data, "--json").stdout)
                self.assertEqual((found["position"], found["digest"]), (taken["position"], taken["digest"]))
                with Cluster(data=data) as restored:
                    restored.wait_members(range(3))
                    self.assertEqual(restored.wait_equal(range(3)), (taken["position"], taken["digest"]))
                    self.assertNotEqual(restored.status(0)["cluster"], taken["cluster"])
                    for writer, low, high in zip(counting, before, after):
                        site = json.loads(restored.ok("view", writer.name, "--json"))
                        count = site["stock"][0]["availability"]
                        self.assertGreaterEqual(count, low, "a write that was acknowledged before is not in the backup")
                        self.assertLessEqual(count, high + 1)
            settle(self, cluster, counting)

    def test_a_restored_cluster_exports_what_the_other_did_and_goes_on_by_itself(self):
        with Cluster(options=["--import", SAMPLE]) as cluster:
            taken = backup(cluster, cluster.folder.name)
            self.assertEqual(os.path.basename(taken["file"]), f"titer-{taken['cluster']}-{taken['position']}.backup")
            self.assertEqual(json.loads(titer("restore", taken["file"], "--check", "--json").stdout)["sites"],
                             taken["sites"])
            data = os.path.join(cluster.folder.name, "restored")
            self.assertEqual(titer("restore", taken["file"], "--data", data, "--replicas", 2).returncode, 0)
            self.assertIn("not empty", titer("restore", taken["file"], "--data", data).stderr)
            with Cluster(2, data=data) as restored:
                restored.wait_members(range(2))
                for words in (("export", "--format", "ndjson", "--closed"), ("history", "--limit", 500)):
                    self.assertEqual(restored.ok(*words), cluster.ok(*words))
                with Writer([restored.port(1)], "Goes on") as writer:
                    wait_served([writer], 20)
                restored.crash()
                restored.begin()
                writer.check(self, restored, 0)

    def test_replicas_of_the_one_before_cannot_join_it(self):
        with Cluster() as cluster:
            cluster.ok("add", "Elm", "--zip", "02139")
            file = backup(cluster, cluster.folder.name)["file"]
            cluster.quit()
            data = os.path.join(cluster.folder.name, "restored")
            self.assertEqual(titer("restore", file, "--data", data).returncode, 0)
            shutil.copytree(cluster.disk(1), os.path.join(data, "replica-1"))
            with Cluster(data=data) as restored:
                self.assertIn("replica-1 belongs to cluster", restored.said())
                restored.wait_members([0, 2])

    def test_damage_anywhere_in_the_file_is_found_and_leaves_nothing_behind(self):
        chance = seeded("damaged backups")
        with Cluster() as cluster:
            for name in ("Elm", "Oak", "Ash"):
                cluster.ok("add", name, "--zip", "02139", "--availability", 5)
            path = backup(cluster, cluster.folder.name)["file"]
            cluster.quit()
            data = os.path.join(cluster.folder.name, "restored")
            with open(path, "rb") as file:
                whole = file.read()

            ends = [0]  # of its messages: a header of 16 bytes has the length at 4
            while ends[-1] < len(whole):
                ends.append(ends[-1] + 16 + int.from_bytes(whole[ends[-1] + 4:ends[-1] + 8], "little"))
            for at in {*ends[1:-1], *(chance.randrange(1, len(whole)) for _ in range(20))}:
                damaged(self, copy(path, whole[:at]), "is incomplete|is not a backup", data)
            for at in {*range(20), *(chance.randrange(len(whole)) for _ in range(60))}:
                flip(copy(path, whole), at, 1 << chance.randrange(8))
                damaged(self, path, "is damaged|is incomplete|is not a backup|by another version of titer", data)
            good = json.loads(titer("restore", copy(path, whole), "--check", "--json").stdout)
            for at in range(1, len(ends) - 1):  # a message that is left out: it is missed, or said nothing new
                done = titer("restore", copy(path, whole[:ends[at]] + whole[ends[at + 1]:]), "--check", "--json")
                if done.returncode != 1:
                    self.assertEqual({**json.loads(done.stdout), "bytes": good["bytes"]}, good)
            damaged(self, copy(path, whole + whole), "there is more behind the end", data)
            for content in (b"", b"site_id,name\n", os.urandom(5000)):
                damaged(self, copy(path, content), "is not a backup of titer", data)
            self.assertEqual(titer("restore", copy(path, whole), "--check").returncode, 0)

    def test_when_its_replica_hangs_half_way_it_starts_over_at_another(self):
        with Cluster(options=["--import", SAMPLE]) as cluster, Doors([cluster.port(0)]) as doors:
            doors.hold_after = 1 << 20
            file = os.path.join(cluster.folder.name, "one.backup")
            taken = cluster.titer("backup", file, "--at", doors.ports[0], at=None)
            self.assertEqual(taken.returncode, 0, taken.stderr)
            self.assertIn("broke off", taken.stderr)
            self.assertEqual(titer("restore", file, "--check").returncode, 0)
            self.assertEqual(glob.glob(file + "*"), [file])

    def test_what_cannot_be_is_refused_and_leaves_the_file_before_alone(self):
        with Cluster() as cluster:
            file = os.path.join(cluster.folder.name, "one.backup")
            backup(cluster, file)
            before = fingerprint(cluster.folder.name)[file]
            cluster.quit()
            self.assertEqual(cluster.titer("backup", file, "--timeout", 1).returncode, 4)
            self.assertEqual(fingerprint(cluster.folder.name)[file], before)
            self.assertEqual(titer("backup", "/dev/null/x").returncode, 2)
            self.assertEqual(titer("restore", file).returncode, 2)
            self.assertEqual(titer("restore", file + ".no", "--check").returncode, 2)


if __name__ == "__main__":
    main()
