#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Titer and what users would pick instead, all durable, on one disk, measured in turns; explained in README.md.

Three replicas each, on this machine: etcd, ZooKeeper, Redis with `appendfsync always` and WAIT 2, PostgreSQL with two
synchronous standbys, titer. One of them has the machine at a time; every round measures all of them; medians are shown.
"""
import argparse
import json
import os
import pwd
import statistics
import subprocess
import sys
import tempfile

from compare import SITES, TOOLS, Processes, Redis, Titer, listens, run, until

LOADS = [(1, 1), (16, 1), (64, 1), (256, 1), (64, 16)]


class Etcd:
    name = "etcd 3.4"

    def __init__(self, processes, folder, base=12379):
        urls = [f"http://127.0.0.1:{base + 10 * i}" for i in range(3)]
        peers = [f"http://127.0.0.1:{base + 10 * i + 1}" for i in range(3)]
        cluster = ",".join(f"m{i}={peer}" for i, peer in enumerate(peers))
        for i in range(3):
            processes.start(["etcd", "--name", f"m{i}", "--data-dir", f"{folder}/etcd-{i}", "--listen-client-urls",
                             urls[i], "--advertise-client-urls", urls[i], "--listen-peer-urls", peers[i],
                             "--initial-advertise-peer-urls", peers[i], "--initial-cluster", cluster, "--log-level",
                             "error", "--logger", "zap"], f"{folder}/etcd-{i}.log")
        until(lambda: all(listens(base + 10 * i) for i in range(3)), "etcd")
        self.endpoints = ",".join(url.removeprefix("http://") for url in urls)
        run(f"{TOOLS}/etcd_load", 1, 0, -SITES, self.endpoints)

    def write(self, connections, in_flight, seconds):
        if in_flight > 1:  # its clients have no pipelining of their own: as many calls at once
            connections *= in_flight
        return json.loads(run(f"{TOOLS}/etcd_load", connections, seconds, SITES, self.endpoints))


class ZooKeeper:
    name = "ZooKeeper 3.8"

    def __init__(self, processes, folder, base=22181):
        jars = "/etc/zookeeper/conf:/usr/share/java/*"
        servers = "".join(f"server.{i + 1}=127.0.0.1:{base + 100 + i}:{base + 200 + i}\n" for i in range(3))
        for i in range(3):
            home = f"{folder}/zookeeper-{i}"
            os.makedirs(home)
            with open(f"{home}/myid", "w", encoding="utf-8") as file:
                file.write(f"{i + 1}\n")
            with open(f"{home}/zoo.cfg", "w", encoding="utf-8") as file:
                file.write(f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={home}\nclientPort={base + i}\n"
                           f"clientPortAddress=127.0.0.1\nmaxClientCnxns=0\n{servers}")
            processes.start(["java", "-Xms1g", "-Xmx1g", "-Dzookeeper.admin.enableServer=false",
                             f"-Dzookeeper.log.dir={home}", "-cp", jars,
                             "org.apache.zookeeper.server.quorum.QuorumPeerMain", f"{home}/zoo.cfg"], f"{home}.log")
        until(lambda: all(listens(base + i) for i in range(3)), "ZooKeeper")
        self.hosts = ",".join(f"127.0.0.1:{base + i}" for i in range(3))
        until(lambda: subprocess.run([f"{TOOLS}/zookeeper_load", "1", "0", str(-SITES), self.hosts], check=False,
                                     capture_output=True).returncode == 0, "ZooKeeper's leader", 120)
        self.write(256, 1, 10)  # its compiler needs a warm-up

    def write(self, connections, in_flight, seconds):
        return json.loads(run(f"{TOOLS}/zookeeper_load", connections * in_flight, seconds, SITES, self.hosts))


class Postgres:
    name = "PostgreSQL 15"

    def __init__(self, processes, folder, base=15432):
        self.bin = sorted(os.listdir("/usr/lib/postgresql"))[-1]
        self.bin = f"/usr/lib/postgresql/{self.bin}/bin"
        self.home, self.base, self.processes = f"{folder}/postgresql", base, processes
        os.makedirs(self.home)
        user = pwd.getpwnam("postgres")
        os.chown(self.home, user.pw_uid, user.pw_gid)
        os.chmod(folder, 0o755)
        self.postgres("initdb", "-D", f"{self.home}/0", "-A", "trust", "-U", "postgres")
        with open(f"{self.home}/0/postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"listen_addresses='127.0.0.1'\nunix_socket_directories='{self.home}'\nmax_connections=400\n"
                       "log_min_messages=error\nlogging_collector=off\n")
        self.start(0)
        for i in (1, 2):
            self.postgres("pg_basebackup", "-h", self.home, "-p", base, "-U", "postgres", "-D", f"{self.home}/{i}", "-X",
                          "stream")
            with open(f"{self.home}/{i}/postgresql.conf", "a", encoding="utf-8") as file:
                file.write(f"primary_conninfo='host=127.0.0.1 port={base} user=postgres application_name=s{i}'\n")
            with open(f"{self.home}/{i}/standby.signal", "w", encoding="utf-8"):
                pass
            self.start(i)
        for line in ("alter system set synchronous_standby_names='2 (s1,s2)'",
                     "alter system set synchronous_commit=remote_apply", "select pg_reload_conf()"):
            self.sql(line)
        until(lambda: self.sql("select count(*) from pg_stat_replication where sync_state='sync'").strip() == "2",
              "PostgreSQL's standbys")
        self.sql("create table site(id int primary key, name char(20), avail int, note char(68))")
        self.sql("insert into site select i, 'site:'||lpad(i::text,15,'0'), 0, 'v' from generate_series(0,"
                 f"{SITES - 1}) i")
        self.sql("vacuum analyze site")
        with open(f"{self.home}/update.sql", "w", encoding="utf-8") as file:
            file.write(f"\\set i random(0,{SITES - 1})\n\\set v random(0,1000000)\n"
                       "update site set avail=:v where id=:i;\n")

    def postgres(self, program, *words):
        return run("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", f"{self.bin}/{program}", *words,
                   cwd=self.home)

    def start(self, i):
        self.processes.start(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", f"{self.bin}/postgres",
                              "-D", f"{self.home}/{i}", "-p", self.base + i], f"{self.home}/{i}.log")
        until(lambda: subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.home, "-p", str(self.base + i)],
                                     check=False).returncode == 0, "PostgreSQL")

    def sql(self, line):
        return self.postgres("psql", "-h", self.home, "-p", self.base, "-U", "postgres", "-Atqc", line, "postgres")

    def write(self, connections, in_flight, seconds):
        if in_flight > 1:
            return None  # pgbench does not pipeline; more connections than 256 are not what its users do
        for name in os.listdir(self.home):
            if name.startswith("log."):
                os.remove(f"{self.home}/{name}")
        self.postgres("pgbench", "-h", "127.0.0.1", "-p", self.base, "-U", "postgres", "-n", "-M", "prepared", "-f",
                      f"{self.home}/update.sql", "-c", connections, "-j", min(2, connections), "-T",
                      max(1, round(seconds)), "-l", f"--log-prefix={self.home}/log", "postgres")
        took = []
        for name in os.listdir(self.home):
            if name.startswith("log."):
                with open(f"{self.home}/{name}", encoding="utf-8") as file:
                    took += [int(line.split()[2]) for line in file]
        took.sort()
        return {"per_second": len(took) / max(1, round(seconds)), "p50_us": took[len(took) // 2],
                "p99_us": took[int(.99 * (len(took) - 1))]}


class DurableRedis(Redis):
    name = "Redis 7: fsync always, WAIT 2"

    def __init__(self, processes, folder):
        super().__init__(processes, folder, durable=True)


class DurableTiter(Titer):
    name = "titer"

    def __init__(self, processes, folder):
        super().__init__(processes, folder, durable=True)
        self.write(1, 1, 0.1)  # makes the sites
        self.before = self.totals()

    def totals(self):
        return {key: sum(one[key] for one in self.status()) for key in
                ("syncs", "journal_records", "journal_record_bytes", "journal_written_bytes", "sync_us", "executed")}

    def report(self):
        now = self.totals()
        d = {key: now[key] - self.before[key] for key in now}
        each = max(1, d["executed"])
        return (f"titer's disks, all three together: {d['syncs']:,} syncs of {d['sync_us'] / max(1, d['syncs']):.0f} us; "
                f"per executed write at one replica {d['syncs'] / each:.4f} syncs, "
                f"{d['journal_record_bytes'] / each:.0f} bytes of records, {d['journal_written_bytes'] / each:.0f} "
                f"written to the journal; {d['journal_records'] / max(1, d['syncs']):.2f} frames and "
                f"{each / max(1, d['syncs']):.1f} writes a sync")


STORES = {"redis": DurableRedis, "titer": DurableTiter, "etcd": Etcd, "zookeeper": ZooKeeper, "postgresql": Postgres}


def measure(options, names):
    """{(store's name, load): [result of each round]}, and what titer's disks did."""
    rows, reports = {}, []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        for name in names:
            processes = Processes()
            with tempfile.TemporaryDirectory(prefix="titer-bench-", dir=options.dir) as folder:
                try:
                    store = STORES[name](processes, folder)
                    for load in LOADS:
                        result = store.write(*load, options.seconds)
                        if result is None:
                            continue
                        rows.setdefault((store.name, load), []).append(result)
                        print(f"  {store.name:30} {load[0]:4} x {load[1]:<3} {result['per_second']:>10,.0f}/s  "
                              f"p50 {result['p50_us']:>7,.0f} us  p99 {result['p99_us']:>7,.0f} us", file=sys.stderr,
                              flush=True)
                    if hasattr(store, "report"):
                        reports.append(store.report())
                finally:
                    processes.stop()
    return rows, reports


def table(rows):
    """Medians; titer's beside the best of the others in throughput and in p50."""
    def middle(name, load, key):
        return statistics.median(r[key] for r in rows[name, load])
    print(f"\n{'':30} {'load':>9} {'per second':>12} {'p50 us':>9} {'p99 us':>9}")
    for load in LOADS:
        names = [name for name, other in rows if other == load]
        for name in names:
            print(f"{name:30} {load[0]:4} x {load[1]:<3} {middle(name, load, 'per_second'):>11,.0f} "
                  f"{middle(name, load, 'p50_us'):>9,.0f} {middle(name, load, 'p99_us'):>9,.0f}")
        others = [name for name in names if name != "titer"]
        if "titer" in names and others:
            fastest = max(others, key=lambda name: middle(name, load, "per_second"))
            quickest = min(others, key=lambda name: middle(name, load, "p50_us"))
            print(f"  titer: {middle('titer', load, 'per_second') / middle(fastest, load, 'per_second'):.2f} x the "
                  f"throughput of {fastest}, {middle('titer', load, 'p50_us') / middle(quickest, load, 'p50_us'):.2f} x "
                  f"the p50 of {quickest}")


def main():
    parser = argparse.ArgumentParser(prog="bench/durable.sh", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=list(STORES), default=list(STORES))
    parser.add_argument("--dir", default=None, help="where the data lies: on the disk that is measured")
    options = parser.parse_args()
    rows, reports = measure(options, options.only)
    print(f"\n{os.cpu_count()} processors, one disk; 3 replicas each, every write synced at all of them before it is "
          f"answered (etcd, ZooKeeper: at two); {SITES:,} sites, keys or rows of 100 bytes; load: connections x requests "
          f"in flight; medians of {options.rounds} rounds of {options.seconds:g} s")
    table(rows)
    for report in reports[-1:]:
        print("\n" + report)


if __name__ == "__main__":
    main()
