#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The scrub: a bit that flips in the memory of a replica is found by comparing with its disk, and the replica learns from the others."""
import unittest

from harness import Cluster, main, wait_until

ID = b"a-clinic-whose-row-flips"
# A row is 64 bytes, at a multiple of 64: its id is the last field, behind its length, and its version is at 28.
ROW, LENGTH_AT, VERSION_AT, ID_ROOM = 64, 36, 28, 27


def flip_row(pid):
    """Flips one bit in the site's version in the memory of this process."""
    wanted = bytes([len(ID)]) + ID + bytes(ID_ROOM - len(ID))
    found = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        areas = [line.split() for line in maps]
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        for area in areas:
            if area[1] != "rw-p" or len(area) > 5 and area[5] != "[heap]":
                continue
            begin, end = (int(text, 16) for text in area[0].split("-"))
            memory.seek(begin)
            content = memory.read(end - begin)
            at = content.find(wanted)
            while at >= 0:
                if (begin + at) % ROW == LENGTH_AT:
                    found.append(begin + at - LENGTH_AT)
                at = content.find(wanted, at + 1)
        if len(found) != 1:
            raise AssertionError(f"the row is at {found}")
        memory.seek(found[0] + VERSION_AT)
        version = memory.read(1)[0]
        memory.seek(found[0] + VERSION_AT)
        memory.write(bytes([version ^ 16]))


class Scrub(unittest.TestCase):
    def test_a_bit_that_flips_in_a_row_at_rest_is_found_and_the_replica_learns_again(self):
        with Cluster(3, restarts=True) as cluster:
            cluster.wait_members(range(3))
            cluster.ok("add", "A clinic whose row flips", "--zip", "02139")
            position, _ = cluster.wait_equal([0, 1, 2])
            wait_until(lambda: all(s["tables_position"] >= position for s in cluster.statuses().values()), "the tables to be written", 30)
            wait_until(lambda: all(s["scrub_rounds"] > 1 for s in cluster.statuses().values()), "a round of the scrub", 30)
            self.assertEqual([0, 0, 0], [s["scrub_mismatches"] for s in cluster.statuses().values()])
            shown = cluster.ok("view", ID.decode(), "--json", at=cluster.at(0))
            before = cluster.status(1)
            flip_row(before["pid"])
            seen = cluster.titer("view", ID.decode(), "--json", at=cluster.at(1))
            if seen.returncode == 0:  # else the scrub was quicker
                self.assertNotEqual(shown, seen.stdout, "the flip shows")
            wait_until(lambda: (cluster.status(1) or before)["incarnation"] != before["incarnation"], cluster.replica_logs, 30)
            cluster.wait_members(range(3), 60)
            cluster.wait_equal([0, 1, 2])
            self.assertIn("is not the one that the tables on disk have", cluster.replica_logs())
            wait_until(lambda: "1 of these differ: a-clinic-whose-row-flips" in cluster.replica_logs(), cluster.replica_logs, 30)
            self.assertEqual(shown, cluster.ok("view", ID.decode(), "--json", at=cluster.at(1)))


if __name__ == "__main__":
    main()
