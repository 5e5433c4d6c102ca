# SPDX-License-Identifier: Apache-2.0

"""titer: three replicas of one supervisor."""
import json
import os
import threading
import time

from processes import SITES, TITER, Trouble, children, free_ports, resident_mib, run

from writer import Writer, longest_gap  # tests/e2e

GAP_CLIENT_PATIENCE_S = 0.25  # then a client of `gap` goes to the next replica


class Titer:
    sites = 0  # that it was filled with

    def __init__(self, processes, folder, durable=False, http=False, fill=False, more=()):
        ports = free_ports(6)
        self.base, self.http = ports, ports + 3 if http else 0
        log = os.path.join(folder, "titer.log")

        def serves():
            with open(log, encoding="utf-8") as file:
                return "Type an index" in file.read()
        self.supervisor = processes.serve(
            [TITER, "cluster", 3, "--base-port", self.base, "--http-port", self.http, "--data", os.path.join(folder, "titer"),
             "--durability", "disk" if durable else "memory", "--no-restart", *more], log, serves)
        self.durable, self.before, self.reads = durable, None, []
        self.operations = [("write", "", self.write)]
        if fill:
            self.fill()
        if not durable:
            self.operations += [("write", ", at one replica", self.write_at_one), ("read", "", self.read)]

    def at(self, replicas=3):
        return ",".join(f"127.0.0.1:{self.base + i}" for i in range(replicas))

    def load(self, workload, connections, in_flight, seconds, replicas=3):
        return json.loads(run(TITER, "bench", "--workload", workload, "--connections", connections, "--in-flight", in_flight,
                              "--seconds", seconds, "--sites", SITES, "--json", "--at", self.at(replicas)))

    def fill(self):
        self.load("set", 1, 1, 0.1)  # makes the sites
        self.sites = SITES
        self.before = self.totals() if self.durable else None

    def write(self, connections, in_flight, seconds):
        return self.load("set", connections, in_flight, seconds)

    def write_at_one(self, connections, in_flight, seconds):
        return self.load("set", connections, in_flight, seconds, replicas=1)

    def read(self, connections, in_flight, seconds):
        got = self.load("view", connections, in_flight, seconds)
        self.reads.append(got["messages_per_read"])
        return got

    # --- notes

    def statuses(self):
        return json.loads(run(TITER, "status", "--json", "--at", self.at()))

    def totals(self):
        return {key: sum(one[key] for one in self.statuses()) for key in
                ("syncs", "journal_records", "journal_record_bytes", "journal_written_bytes", "sync_us", "executed")}

    def notes(self):
        if self.sites:
            resident = ", ".join(f"{resident_mib(pid):.1f}" for pid in children(self.supervisor.pid))
            yield f"titer's processes have {resident} MiB resident with {self.sites:,} sites"
        if self.reads:
            yield f"titer sent at most {max(self.reads):.6f} messages between replicas per read"
        if self.before:
            now = self.totals()
            d = {key: now[key] - self.before[key] for key in now}
            writes, syncs = max(1, d["executed"]), max(1, d["syncs"])
            yield (f"titer's disks, all three together: {d['syncs']:,} syncs of {d['sync_us'] / syncs:.0f} µs; per executed write "
                   f"at one replica {d['syncs'] / writes:.4f} syncs, {d['journal_record_bytes'] / writes:.0f} bytes of records, "
                   f"{d['journal_written_bytes'] / writes:.0f} written to the journal; {d['journal_records'] / syncs:.2f} frames "
                   f"and {writes / syncs:.1f} writes a sync")

    # --- failover

    def kill(self):
        """SIGKILL to replica 1, by its supervisor."""
        self.supervisor.stdin.write(b"1\n")
        self.supervisor.stdin.flush()

    def gap(self, clients, seconds):
        """Clients of the wire that ask one write after another, and what they saw (peers/closed_loop.h says the same of others)."""
        ports = [self.base + i for i in range(3)]
        writers = [Writer(ports[i % 3:] + ports[:i % 3], f"Waiting {i}", answer_within=GAP_CLIENT_PATIENCE_S)
                   for i in range(clients)]
        begin = time.monotonic()
        for writer in writers:
            writer.__enter__()
        threading.Event().wait(seconds)
        end = time.monotonic()
        for writer in writers:
            writer.stop()
        broken = [writer.error for writer in writers if writer.error]
        if broken:
            raise Trouble(f"a client of titer failed: {broken[0]!r}")
        each = [[at for at in writer.times if at <= end] for writer in writers]
        everyone = sorted(at for times in each for at in times)
        return {"per_second": len(everyone) / (end - begin), "gap_ms": longest_gap(everyone, begin, end),
                "client_gap_ms": max(longest_gap(times, begin, end) for times in each)}
