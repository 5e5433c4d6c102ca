#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""How quick reads over HTTP are, with 20,000 and with 1,000,000 sites: one site, the sites near a ZIP code, a page of the list.

    bench/http_reads.py [--sites 20000,1000000] [--connections 16] [--seconds 5]

Three replicas with durability `disk`, one is asked by wrk over so many connections at once, for another site or ZIP code every time.
Sites lie at all ZIP codes of the US in turn; 300 of these are asked about.
"""
import argparse
import csv
import gzip
import os
import subprocess
import sys
import tempfile
import time

from compare import TITER, until
from http_compare import load

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "e2e"))
from harness import ROOT, Cluster  # noqa: E402

ASKED = 300  # ZIP codes
READS = {
    "one site": '"/api/v1/sites/site-" .. (n * 7919 % SITES)',
    "near, 20 of 25 miles": '"/api/v1/sites/near?zip=" .. zips[n % #zips + 1]',
    "near, only available": '"/api/v1/sites/near?available=true&zip=" .. zips[n % #zips + 1]',
    "a page of 100": '"/api/v1/sites?zip=" .. zips[n % #zips + 1]',
}


def zip_codes():
    with gzip.open(os.path.join(ROOT, "data", "zip", "us_zip_centroids.csv.gz"), "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["postal_code"] for row in rows]


def fill(cluster, folder, sites, zips):
    path = os.path.join(folder, "sites.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("site_id,name,zip,product,availability\n")
        for i in range(sites):
            file.write(f"site-{i},Site {i},{zips[i % len(zips)]},208,{i % 3}\n")
    began = time.monotonic()
    subprocess.run([TITER, "import", path, "--at", cluster.at(0)], check=True, capture_output=True)
    return time.monotonic() - began


def measure(cluster, folder, sites, zips, options):
    port = cluster.http_base
    for what, path in READS.items():
        script = os.path.join(folder, "read.lua")
        with open(script, "w", encoding="utf-8") as file:
            file.write("local n = 0\nlocal zips = {" + ",".join(f'"{z}"' for z in zips) + "}\n" +
                       f'request = function()\n  n = n + 1\n  return wrk.format("GET", {path})\nend\n'
                       .replace("SITES", str(sites)))
        rate, latency = load(f"http://127.0.0.1:{port}", script, options.seconds, options.connections)
        print(f"  {what:22} {rate:8,.0f}/s   p50 {latency['50']:>8}  p99 {latency['99']:>8}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sites", default="20000,1000000")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    zips = zip_codes()
    for sites in map(int, options.sites.split(",")):
        with Cluster(3, http=True, patience=300) as cluster, tempfile.TemporaryDirectory() as folder:
            until(lambda c=cluster: len(c.statuses()) == 3, "the cluster")
            took = fill(cluster, folder, sites, zips)
            print(f"{sites:,} sites, imported in {took:.1f} s; {options.connections} connections")
            measure(cluster, folder, sites, zips[::len(zips) // ASKED], options)


if __name__ == "__main__":
    main()
