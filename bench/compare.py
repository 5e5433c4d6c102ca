#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Titer, Redis and the floor of this machine, measured in turns; started by compare.sh, explained in README.md.

Everything runs once in every round, so that a slow minute of the machine is everybody's; the medians are shown.
"""
import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TITER, TOOLS = os.environ["TITER_BIN"], os.environ.get("TITER_BENCH_TOOLS", "")
SITES = 100_000


def run(*words, **options):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench: waited in vain for {what}")
        time.sleep(0.05)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Processes:
    """Ended at the end, by their pids, whatever happens."""

    def __init__(self):
        self.all = []

    def start(self, words, log):
        with open(log, "wb") as out:
            process = subprocess.Popen([str(w) for w in words], stdin=subprocess.PIPE, stdout=out,
                                       stderr=subprocess.STDOUT)
        self.all.append(process)
        return process

    def stop(self):
        for process in self.all:
            process.send_signal(signal.SIGTERM)
        for process in self.all:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Redis:
    """A primary and two replicas; nothing on disk, or everything by `appendfsync always`."""

    name = "Redis 7, SET + WAIT 2"

    def __init__(self, processes, folder, base=26379, durable=False):
        self.base, self.servers = base, []
        for i in range(3):
            words = ["redis-server", "--port", base + i, "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                     "--appendonly", "yes" if durable else "no", "--appendfsync", "always", "--appenddirname",
                     f"redis-{i}", "--dbfilename", f"redis-{i}.rdb"]
            if i > 0:
                words += ["--replicaof", "127.0.0.1", base]
            self.servers.append(processes.start(words, os.path.join(folder, f"redis-{i}.log")))
        until(lambda: listens(base), "Redis")
        until(lambda: run("redis-cli", "-p", base, "info", "replication").count("state=online") == 2, "Redis' replicas")
        run(f"{TOOLS}/redis_load", "fill", SITES, base)

    def write(self, connections, in_flight, seconds):
        return self.load("write", connections, in_flight, seconds)

    def read(self, connections, in_flight, seconds):
        return self.load("read", connections, in_flight, seconds)

    def load(self, mode, connections, in_flight, seconds):
        got = json.loads(run(f"{TOOLS}/redis_load", mode, connections, in_flight, seconds, SITES, self.base))
        if got["errors"]:
            sys.exit(f"bench: Redis answered {got['errors']} times with an error")
        return got

    def memory(self):
        return [resident_mib(server.pid) for server in self.servers]


class Titer:
    """Three replicas on ports of their own."""

    def __init__(self, processes, folder, base=18892, durable=False):
        self.base = base
        log = os.path.join(folder, "titer.log")
        self.supervisor = processes.start([TITER, "cluster", 3, "--base-port", base, "--http-port", 0, "--data", folder, "--durability",
                                           "disk" if durable else "memory"], log)

        def serves():
            with open(log, encoding="utf-8") as file:
                return "Type an index" in file.read()
        until(lambda: serves() or self.supervisor.poll() is not None, "titer")
        if self.supervisor.poll() is not None:
            sys.exit("bench: titer did not start: " + open(log, encoding="utf-8").read())

    def at(self, replicas=3):
        return ",".join(f"127.0.0.1:{self.base + i}" for i in range(replicas))

    def write(self, connections, in_flight, seconds, replicas=3):
        return self.load("set", connections, in_flight, seconds, replicas)

    def read(self, connections, in_flight, seconds, replicas=3):
        return self.load("view", connections, in_flight, seconds, replicas)

    def load(self, workload, connections, in_flight, seconds, replicas):
        return json.loads(run(TITER, "bench", "--workload", workload, "--connections", connections, "--in-flight",
                              in_flight, "--seconds", seconds, "--sites", SITES, "--json", "--at", self.at(replicas)))

    def status(self):
        return json.loads(run(TITER, "status", "--json", "--at", self.at()))

    def memory(self):
        with open(f"/proc/{self.supervisor.pid}/task/{self.supervisor.pid}/children", encoding="utf-8") as file:
            return [resident_mib(pid) for pid in file.read().split()]


def floor(connections, in_flight, seconds):
    return json.loads(run(f"{TOOLS}/floors", connections * in_flight, seconds))


LOADS = [(1, 1), (64, 1), (64, 16)]


def measure(options, redis, titer):
    """{(what, load): [result of each round]}"""
    rows = {}

    def note(what, load, result):
        rows.setdefault((what, load), []).append(result)
        print(f"  {what:32} {load:12} {result['per_second']:>10,.0f}/s  p50 {result['p50_us']:>7,.0f} us  "
              f"p99 {result['p99_us']:>7,.0f} us", file=sys.stderr, flush=True)

    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        for load in LOADS:
            name = f"{load[0]} x {load[1]}"
            if options.only in ("all", "writes"):
                note("floor: three echoes", name, floor(*load, options.seconds / 2))
                note("Redis 7: SET + WAIT 2", name, redis.write(*load, options.seconds))
                note("titer: set, at all three", name, titer.write(*load, options.seconds))
                note("titer: set, at one replica", name, titer.write(*load, options.seconds, replicas=1))
            if options.only in ("all", "reads"):
                note("Redis 7: GET at the primary", name, redis.read(*load, options.seconds / 2))
                note("titer: view, at all three", name, titer.read(*load, options.seconds / 2))
    return rows


def middle(results, key):
    return statistics.median(r[key] for r in results if key in r)


def table(rows):
    """The medians, and how many times Redis' figure titer's is."""
    print(f"\n{'':32} {'load':10} {'per second':>12} {'p50 us':>9} {'p99 us':>9}   against Redis")
    rivals = {"set": "Redis 7: SET + WAIT 2", "view": "Redis 7: GET at the primary"}
    for (what, load), results in sorted(rows.items(), key=lambda r: (LOADS.index(tuple(map(int, r[0][1].split(" x ")))),
                                                                     "set" not in r[0][0] and "titer" in r[0][0])):
        line = f"{what:32} {load:10} {middle(results, 'per_second'):>12,.0f} {middle(results, 'p50_us'):>9,.0f} " \
               f"{middle(results, 'p99_us'):>9,.0f}"
        rival = next((rows.get((r, load)) for word, r in rivals.items() if what.startswith(f"titer: {word}")), None)
        if rival:
            line += f"   {middle(results, 'per_second') / middle(rival, 'per_second'):.2f} x the throughput, " \
                    f"{middle(results, 'p50_us') / middle(rival, 'p50_us'):.2f} x the p50"
        print(line)


def main():
    parser = argparse.ArgumentParser(prog="bench/compare.sh", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["all", "writes", "reads"], default="all")
    options = parser.parse_args()
    processes = Processes()
    with tempfile.TemporaryDirectory(prefix="titer-bench-") as folder:
        try:
            redis, titer = Redis(processes, folder), Titer(processes, folder)
            rows = measure(options, redis, titer)
            print(f"\n{os.cpu_count()} processors; 3 replicas in memory; {SITES:,} sites or keys of 100 bytes; load: "
                  f"connections x requests in flight; medians of {options.rounds} rounds of {options.seconds:g} s")
            table(rows)
            views = [r for (what, _), results in rows.items() if "view" in what for r in results]
            if views:
                print(f"\nmessages between replicas per read: {middle(views, 'messages_per_read'):.6f}")
            print(f"\nresident MiB with {SITES:,}: " + "; ".join(
                f"{name} {', '.join(f'{m:.1f}' for m in store.memory())}" for name, store in
                (("Redis", redis), ("titer", titer))))
        finally:
            processes.stop()


if __name__ == "__main__":
    main()
