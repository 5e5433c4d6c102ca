#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""160,000 updates through HTTP in one import, and what other users notice of it.

    bench/bulk.py [--rows 160000] [--replicas 3] [--durability memory|disk]

Starts a cluster of its own, fills it (20,000 sites, 8 products each), then imports a file in which every count is another,
while two users work at their own pace, one at the replica that imports and one at another: each reads a site and sets a
count, in turn. Prints the time of both imports and the users' latencies, with and without the import beside them.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import sys
import tempfile
import time

from results import quantile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "e2e"))
from harness import Cluster  # noqa: E402

PRODUCTS = ["207", "208", "210", "211", "212", "309", "310", "any"]
PACE_S = 0.005  # a user asks 200 times a second


def write_file(path, rows, shift):
    with open(path, "w", encoding="utf-8") as file:
        file.write("site_id,name,zip,product,availability,valid_at,source\n")
        for i in range(rows):
            site, product = divmod(i, len(PRODUCTS))
            file.write(f"bulk-{site},Bulk site {site},02108,{PRODUCTS[product]},{(i + shift) % 1000},"
                       f"2026-01-05T12:{shift:02}:00Z,bulk\n")


def upload(port, path):
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    with open(path, "rb") as file:
        connection.request("POST", "/api/v1/import", file, {"Content-Length": str(os.path.getsize(path))})
    answer = connection.getresponse()
    report = json.loads(answer.read())
    if answer.status != 200:
        raise SystemExit(f"the import was refused: {report}")
    return time.monotonic() - began, report


def user(port, name, stop, results):
    """Reads and writes one site at a steady pace; latencies in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = {"get": [], "put": []}
    path = f"/api/v1/sites/user-{name}"
    n = 0
    while not stop.is_set():
        for kind in ("get", "put"):
            n += 1
            began = time.monotonic()
            if kind == "get":
                connection.request("GET", path)
            else:
                connection.request("PUT", path + "/stock/any", json.dumps({"availability": {"count": n % 100}}),
                                   {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"{kind}: {answer.status}")
            taken[kind].append((time.monotonic() - began) * 1000)
            stop.wait(PACE_S)
    results.put((name, taken))


def with_users(cluster, work):
    """Runs `work` while users work: its result, and their latencies."""
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    users = [multiprocessing.Process(target=user, args=(cluster.http_base + i, i, stop, results)) for i in (0, 1)]
    for one in users:
        one.start()
    done = work()
    stop.set()
    all_taken = dict(results.get(timeout=30) for _ in users)
    for one in users:
        one.join()
    return done, all_taken


def show(when, taken):
    for name, kinds in sorted(taken.items()):
        for kind, values in kinds.items():
            took = sorted(values)
            print(f"  {when}, replica {name}, {kind}: p50 {quantile(took, .5):.2f} ms, p99 {quantile(took, .99):.2f} ms, "
                  f"max {took[-1]:.2f} ms ({len(took)} requests)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=160_000)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--durability", choices=["memory", "disk"], default="memory")
    options = parser.parse_args()
    more = ["--memory"] if options.durability == "memory" else []
    with Cluster(options.replicas, more, http=True) as cluster, tempfile.TemporaryDirectory() as folder:
        for name in (0, 1):
            connection = http.client.HTTPConnection("127.0.0.1", cluster.http_base, timeout=10)
            connection.request("POST", "/api/v1/sites", json.dumps({"id": f"user-{name}", "name": f"User {name}"}),
                               {"Content-Type": "application/json"})
            if connection.getresponse().status != 201:
                raise SystemExit("a site could not be added")
        paths = [os.path.join(folder, f"{shift}.csv") for shift in (1, 2)]
        for shift, path in enumerate(paths, 1):
            write_file(path, options.rows, shift)
        print(f"{options.replicas} replicas, {options.durability}, {options.rows} rows")
        seconds, report = upload(cluster.http_base, paths[0])
        print(f"  new: {seconds:.2f} s, {options.rows / seconds:.0f} rows/s, {report['added']} sites added")
        _, quiet = with_users(cluster, lambda: time.sleep(3))
        show("alone", quiet)
        (seconds, report), busy = with_users(cluster, lambda: upload(cluster.http_base, paths[1]))
        if report["updated"] != options.rows:
            raise SystemExit(f"not all rows were updated: {report}")
        print(f"  updates: {seconds:.2f} s, {options.rows / seconds:.0f} rows/s")
        show("beside the import", busy)


if __name__ == "__main__":
    main()
