#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Clients that never stop (floods.py) change no view, kill nobody, and hold up no client that counts.

A replica has to send heartbeats, tick and serve others meanwhile: its turns have an end, whatever is sent to it. Before they
had one, a single connection got a replica killed within a second. bench/flood.py measures the same with more connections.
"""
import csv
import json
import os
import tempfile
import unittest

import floods
from data import centroids
from harness import Cluster, main, titer, wait_until
from tls import Files
from writer import Writer

SECONDS, CONNECTIONS = 2.5, 8
SITES = 200_000
QUERIES = 60


class Flood(unittest.TestCase):
    def test_senders_that_never_stop_change_no_view_and_hold_nobody_up(self):
        with Cluster(3, ["--memory"], http=True) as cluster:
            cluster.ok("add", floods.SITE, "--zip", "02139", "--availability", 1000)
            for kind in floods.KINDS:
                with self.subTest(kind), Writer([cluster.address(2)], "counted by " + kind) as writer:
                    self.flood(cluster, kind, writer)

    def test_nor_do_they_under_tls_where_every_byte_and_every_connection_costs_more(self):
        files = Files()
        context = files.context()
        with Cluster(3, ["--memory"], http=True, tls=files.dir) as cluster:
            cluster.ok("add", floods.SITE, "--zip", "02139", "--availability", 1000)
            for kind in ("status", "request", "bulk", "hello", "junk", "http-put", "http-listen", "http-listen-again"):
                with self.subTest(kind), Writer([(*cluster.address(2), context)], "counted by " + kind) as writer:
                    self.flood(cluster, kind, writer)
        files.folder.cleanup()

    def flood(self, cluster, kind, writer):
        wait_until(lambda: writer.acknowledged > 20, "the writer to be served")
        view, before = cluster.status(2)["view"], writer.acknowledged
        process = floods.begin(kind, (cluster.port(1), cluster.http_base + 1), CONNECTIONS, SECONDS,
                               cluster.ca)
        output, _ = process.communicate(timeout=SECONDS + 20)
        done = json.loads(output)
        writer.stop()
        print(f"  {kind}: {done}; {writer.acknowledged - before} writes meanwhile", flush=True)
        self.assertGreater(done["sent"] + done["received"], 1_000 if kind in floods.ONCE else 10_000)
        self.assertGreater(writer.acknowledged, before)
        self.assertEqual(view, cluster.status(2)["view"], f"{kind}: no view changes: " + cluster.said())
        self.assertEqual(len(cluster.statuses()), 3)
        writer.check(self, cluster, 1)

    def test_queries_that_look_at_every_site_change_no_view(self):
        """60 at once: a few were enough to get a replica killed, because each was answered in one go, and again without a lease."""
        zips = list(centroids())
        with Cluster(3, ["--memory"], http=True) as cluster, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "sites.csv")
            with open(path, "w", encoding="utf-8", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(["site_id", "name", "zip", "product", "availability"])
                rows.writerows([f"site-{i}", f"Site {i}", zips[i % len(zips)], "208", i % 3] for i in range(SITES))
            titer("import", path, at=cluster.at(0), timeout=120).check_returncode()
            view = cluster.status(2)["view"]
            self.assertEqual(cluster.status(2)["sites"], SITES)
            for path in ("/api/v1/sites/near?zip=66441&within=500&product=999", "/api/v1/sites?q=nobody-has-this"):
                answers = floods.ask_at_once(cluster.http_base + 1, path, QUERIES)
                print(f"  {path}: {len(answers)} answers", flush=True)
                self.assertEqual([(status, body["sites"]) for status, body in answers], [(200, [])] * QUERIES)
                self.assertEqual(view, cluster.status(2)["view"], "no view changes: " + cluster.said())


if __name__ == "__main__":
    main()
