#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""A replica in memory comes back while an import changes the whole state, and writes go on; a replica that limps is
reported, and an operator can exclude it.
"""
import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from harness import TITER, Cluster, environment, main, titer, wait_until
from serve import Group
from writer import Writer

SITES, BYTES = int(os.environ.get("TITER_REJOIN_SITES") or 18_000), 2_000
PAUSE_MS = 3_000  # what a join under load may cost on a busy machine; it was more than this, again and again, without a join
LIMP_S = 0.5


class Import(threading.Thread):
    """Imports two files in turn, which differ in every row, until it is stopped."""

    def __init__(self, folder, at):
        super().__init__(daemon=True)
        self.at, self.files = at, []
        for letter in "ab":
            self.files.append(os.path.join(folder, letter + ".csv"))
            with open(self.files[-1], "w", encoding="utf-8") as file:
                file.write("site_id,name,street,zip\n")
                file.writelines(f"s{i},Site {i},{letter * BYTES},02139\n" for i in range(SITES))
        self.done, self.imports, self.failed = False, 0, []

    def once(self):
        words = [TITER, "import", self.files[self.imports % 2], "--timeout", "120"]
        done = subprocess.run(words, env=environment(self.at), capture_output=True, text=True, timeout=300, check=False)
        self.imports += 1
        if done.returncode != 0:
            self.failed.append(done.stderr or done.stdout)

    def run(self):
        while not self.done:
            self.once()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done = True
        self.join(300)


class Rejoin(unittest.TestCase):
    def come_back(self, cluster, writer, index=2):
        """Seconds until it is a member, and the longest pause of writes meanwhile, in ms."""
        began = time.monotonic()
        cluster.start(index)
        cluster.wait_members(range(3), 120)
        return time.monotonic() - began, writer.pause(began, time.monotonic())

    def test_a_replica_in_memory_comes_back_during_an_import_and_writes_go_on(self):
        with tempfile.TemporaryDirectory(prefix="titer-rejoin-") as folder, \
             Cluster(3, ["--durability", "memory"], patience=120) as cluster:
            load = Import(folder, cluster.at(0, 1))
            load.once()
            self.assertEqual(load.failed, [])
            with Writer([cluster.address(0), cluster.address(1)], "counted", answer_within=30) as writer:
                cluster.ask("2", "was killed")
                cluster.wait_members([0, 1])
                calm_s, calm_ms = self.come_back(cluster, writer)
                cluster.ask("2", "was killed")
                cluster.wait_members([0, 1])
                with load:
                    before = load.imports
                    wait_until(lambda: load.imports > before, "the first import to end", 120)
                    began = time.monotonic()
                    wait_until(lambda: time.monotonic() - began > 2, "the load to be there")
                    load_ms = writer.pause(began, time.monotonic())
                    seconds, ms = self.come_back(cluster, writer)
                    imports = load.imports
                print(f"  a join of {SITES * BYTES // 1_000_000} MB: calm {calm_s:.1f} s, longest pause of writes {calm_ms:.0f} ms; "
                      f"during imports {seconds:.1f} s ({imports} imports), longest pause {ms:.0f} ms; "
                      f"without a join {load_ms:.0f} ms", flush=True)
            self.assertEqual(load.failed, [])
            self.assertLess(ms, PAUSE_MS)
            cluster.wait_equal([0, 1, 2])
            for index in range(3):
                writer.check(self, cluster, index)
            self.assertNotIn("does not read", cluster.replica_logs(), "the donor cuts off nobody")
            self.assertNotIn("was killed: ", cluster.said(), "nobody was excluded")


class Limp:
    """Stops a process for nine tenths of the time."""

    def __init__(self, send):
        self.send, self.done = send, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.done.is_set():
            self.send(signal.SIGSTOP)
            self.done.wait(LIMP_S * 0.9)
            self.send(signal.SIGCONT)
            self.done.wait(LIMP_S * 0.1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join(5)


class Limping(unittest.TestCase):
    @staticmethod
    def limps(cluster, index, who):
        return any(lag["limps"] for lag in (cluster.status(index) or {}).get("lags", []) if lag["id"] == who)

    def reported(self, cluster, healthy, who):
        for index in healthy:
            wait_until(lambda i=index: self.limps(cluster, i, who), f"replica {index} to report that {who} limps", 40)
            for other in healthy:
                self.assertFalse(self.limps(cluster, index, other), f"replica {other} does not limp")

    def fast_again(self, writer):
        """Until 50 writes in a row take less than a tenth of the limp each."""
        def fast():
            times = writer.times[-51:]
            return len(times) == 51 and times[0] > began and max(b - a for a, b in zip(times, times[1:])) < LIMP_S / 10
        began = time.monotonic()
        wait_until(fast, "writes to be fast again", 30)

    def test_one_that_limps_is_reported_and_the_operator_excludes_it(self):
        with Cluster(3, http=True) as cluster, Writer([cluster.address(0), cluster.address(1)], "counted") as writer:
            pid = cluster.pids()[2]
            with Limp(lambda number: cluster.signal(pid, number)):
                began = time.monotonic()
                self.reported(cluster, [0, 1], 2)
                print(f"  reported after {time.monotonic() - began:.1f} s", flush=True)
                self.assertIn("replica 2 limps", cluster.replica_logs())
                self.assertIn("Replica 2 limps, says replica 0", cluster.ok("status"))
                with urllib.request.urlopen(f"http://127.0.0.1:{cluster.http_base}/metrics", timeout=10) as answer:
                    metrics = answer.read().decode()
                self.assertIn('titer_peer_limps{replica="2"} 1', metrics)
                self.assertIn('titer_peer_limps{replica="1"} 0', metrics)
                cluster.ask("2", "was killed")
                cluster.wait_members([0, 1])
                self.fast_again(writer)
            self.assertEqual([lag["id"] for lag in cluster.status(0)["lags"]], [1])
            writer.stop()
            writer.check(self, cluster, 0)

    def test_one_that_limps_on_another_machine_can_be_removed(self):
        with Group() as group:
            group.begin()
            with Writer([group.address(0), group.address(1)], "counted") as writer, Limp(group.processes[2].send_signal):
                self.reported(group, [0, 1], 2)
                group.command("replica", "remove", 2)
                group.wait_members([0, 1])
                self.fast_again(writer)
            writer.check(self, group, 0)


if __name__ == "__main__":
    main()
