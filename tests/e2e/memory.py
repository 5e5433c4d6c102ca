#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What 100,000 sites cost in memory, per replica."""
import unittest

from harness import Cluster, main, wait_until
from load import Load

SITES = 100_000
GOAL_MIB, BOUND_MIB = 64, 80
TABLES_MIB = 8 + 16 + 36  # RocksDB's cache, its write buffers, and one batch of all sites in them, some 380 bytes each


class Memory(unittest.TestCase):
    def test_100_000_sites_fit_into_80_mib_per_replica(self):
        with Cluster(3, patience=120) as cluster:
            empty = self.resident(cluster)
            with Load(cluster, 3, connections=64, in_flight=16, workload="set", sites=SITES) as load:
                load.report()
            full = self.resident(cluster)
            statuses = cluster.statuses()
            self.assertTrue(all(s["sites"] >= SITES for s in statuses.values()), statuses)
            cluster.wait_equal([0, 1, 2])
            print(f"  MiB per replica: empty {empty}, with {SITES:,} sites and {statuses[0]['events']:,} events {full}; "
                  f"goal {GOAL_MIB}", flush=True)
            self.assertLess(max(full), BOUND_MIB)

    def test_a_learner_that_has_caught_up_takes_no_more_than_state_and_tables(self):
        with Cluster(2, patience=120) as cluster:
            with Load(cluster, 1, connections=16, in_flight=16, workload="set", sites=SITES) as load:
                load.report()
            cluster.kill(0)
            cluster.wait_members([1])
            cluster.start(0)
            cluster.wait_members([0, 1], 60)
            cluster.wait_equal([0, 1])
            wait_until(lambda: all(s["tables_written"] > 0 for s in cluster.statuses().values()), "both to write tables")
            resident = self.resident(cluster)
            print(f"  MiB per replica: revived {resident[0]}, its donor {resident[1]}", flush=True)
            self.assertLess(resident[0], BOUND_MIB + TABLES_MIB)

    def resident(self, cluster):
        """MiB of every replica, as the system counts them."""
        out = []
        for _, pid in sorted(wait_until(cluster.pids, "replicas").items()):
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                kib = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
            out.append(round(kib / 1024, 1))
        return out


if __name__ == "__main__":
    main()
