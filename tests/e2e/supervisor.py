#!/usr/bin/env python3
"""The supervisor is outside of the way of reads and writes: when it dies, service goes on; only views cannot change."""
import os
import signal
import unittest

from harness import Cluster, main, wait_until
from writer import Writer


class Supervisor(unittest.TestCase):
    def test_replicas_go_on_serving_reads_and_writes_without_it(self):
        with Cluster(3, ["--seed-site"], logs=True) as cluster:
            pids = cluster.pids()
            with Writer([cluster.port(1)], "Goes on") as writer:
                wait_until(lambda: writer.acknowledged > 10, "the writer to get going")
                cluster.supervisor.kill()
                cluster.supervisor.wait()
                wait_until(lambda: all(not s["register"]["reachable"] for s in cluster.statuses().values()),
                           "the replicas to say that their register is gone")
                served = writer.acknowledged
                wait_until(lambda: writer.acknowledged > served + 200 or writer.error, "writes without a supervisor")
                writer.stop()
                for index in range(3):
                    writer.check(self, cluster, index)
            for index in range(3):
                cluster.ok("reserve" if index else "set", "Harvard University", 2 - (index > 0), at=cluster.at(index))
            self.assertIn('"availability":0', cluster.ok("view", "Harvard University", "--json"))
            self.assertEqual(len(cluster.statuses()), 3)
            cluster.wait_equal([0, 1, 2])
            cluster.check_logs()
            # The test knows their pids and ends them itself, as an operator would.
            for pid in pids.values():
                self.assertTrue(cluster.signal(pid, signal.SIGTERM), "a replica has died with its supervisor")
            wait_until(lambda: not any(cluster.alive(pid) for pid in pids.values()), "SIGTERM to end the replicas")

    def test_a_failure_without_it_stops_writes_and_loses_nothing(self):
        """Nobody can exclude the dead one: writes wait, which is said; the others keep what they have."""
        with Cluster(3, ["--seed-site"]) as cluster:
            cluster.ok("set", "Harvard University", 5)
            pids = cluster.pids()
            cluster.supervisor.kill()
            cluster.supervisor.wait()
            cluster.signal(pids[2], signal.SIGKILL)
            wait_until(lambda: not cluster.alive(pids[2]), "the replica to die")
            done = cluster.titer("set", "Harvard University", 6, "--timeout", 2, at=cluster.at(0, 1))
            self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
            position, _ = cluster.wait_equal([0, 1])
            self.assertGreater(position, 0)

    def test_it_listens_to_its_console_after_it_was_stopped(self):
        """Which thread gets the signals that waited for it is chance; the one that reads the console once was ended by it."""
        with Cluster(3) as cluster:
            for n in range(20):
                os.kill(cluster.supervisor.pid, signal.SIGSTOP)
                cluster.kill(n % 3)
                os.kill(cluster.supervisor.pid, signal.SIGCONT)
                wait_until(lambda failed=n + 1: cluster.said().count("has failed") == failed, "it to notice the failure")
                cluster.ask(f"start {n % 3}", "is starting")
                cluster.wait_members(range(3))


if __name__ == "__main__":
    main()
