# SPDX-License-Identifier: Apache-2.0

"""PostgreSQL: a primary with two synchronous standbys; and one alone with PostGIS, for `near`."""
import glob
import os
import pwd

from processes import SITES, Trouble, free_ports, privileges_of, run, succeeds, until
from results import quantile

BIN = "/usr/lib/postgresql/*/bin"
NEEDS = ((f"{BIN}/postgres", "postgresql"), (f"{BIN}/pgbench", "postgresql-contrib"), ("setpriv", "util-linux"))
POSTGIS_NEEDS = (*NEEDS, ("/usr/share/postgresql/*/extension/postgis.control", "postgresql-15-postgis-3"))
SETTINGS = "max_connections=400\nlog_min_messages=error\nlogging_collector=off\n"


class Server:
    """One data directory and its server."""

    def __init__(self, processes, folder, settings=SETTINGS):
        self.processes, self.home, self.base = processes, f"{folder}/postgresql", free_ports(3)
        self.bin = sorted(glob.glob(BIN))[-1]
        self.user = privileges_of("postgres")
        os.makedirs(self.home)
        os.chmod(folder, 0o755)
        if self.user:
            user = pwd.getpwnam("postgres")
            os.chown(self.home, user.pw_uid, user.pw_gid)
        self.program("initdb", "-D", f"{self.home}/0", "-A", "trust", "-U", "postgres")
        with open(f"{self.home}/0/postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"listen_addresses='127.0.0.1'\nunix_socket_directories='{self.home}'\n{settings}")
        self.start(0)

    def program(self, name, *words):
        return run(*self.user, f"{self.bin}/{name}", *words, cwd=self.home)

    def start(self, i):
        self.processes.start([*self.user, f"{self.bin}/postgres", "-D", f"{self.home}/{i}", "-p", self.base + i],
                             f"{self.home}/{i}.log")
        until(lambda: succeeds(f"{self.bin}/pg_isready", "-q", "-h", self.home, "-p", self.base + i), "PostgreSQL")

    def sql(self, line):
        return self.program("psql", "-h", self.home, "-p", self.base, "-U", "postgres", "-Atqc", line, "postgres")

    def pgbench(self, script, connections, seconds):
        """Figures of pgbench's log of every transaction. It counts whole seconds."""
        path, seconds = f"{self.home}/load.sql", max(1, round(seconds))
        with open(path, "w", encoding="utf-8") as file:
            file.write(script)
        self.program("pgbench", "-h", "127.0.0.1", "-p", self.base, "-U", "postgres", "-n", "-M", "prepared", "-f", path, "-c",
                     connections, "-j", min(2, connections), "-T", seconds, "-l", f"--log-prefix={self.home}/log", "postgres")
        took = []
        for log in glob.glob(f"{self.home}/log.*"):
            with open(log, encoding="utf-8") as file:
                took += [int(line.split()[2]) for line in file]
            os.remove(log)
        if not took:
            raise Trouble("pgbench: no transaction was answered")
        took.sort()
        return {"per_second": len(took) / seconds, "p50_us": quantile(took, .5), "p99_us": quantile(took, .99)}


class Postgres(Server):
    def __init__(self, processes, folder):
        super().__init__(processes, folder)
        for i in (1, 2):
            self.program("pg_basebackup", "-h", self.home, "-p", self.base, "-U", "postgres", "-D", f"{self.home}/{i}", "-X", "stream")
            with open(f"{self.home}/{i}/postgresql.conf", "a", encoding="utf-8") as file:
                file.write(f"primary_conninfo='host=127.0.0.1 port={self.base} user=postgres application_name=s{i}'\n")
            with open(f"{self.home}/{i}/standby.signal", "w", encoding="utf-8"):
                pass
            self.start(i)
        for line in ("alter system set synchronous_standby_names='2 (s1,s2)'",
                     "alter system set synchronous_commit=remote_apply", "select pg_reload_conf()"):
            self.sql(line)
        until(lambda: self.sql("select count(*) from pg_stat_replication where sync_state='sync'").strip() == "2",
              "PostgreSQL's standbys")
        self.sql("create table site(id int primary key, name char(20), avail int, note char(68))")
        self.sql(f"insert into site select i, 'site:'||lpad(i::text,15,'0'), 0, 'v' from generate_series(0,{SITES - 1}) i")
        self.sql("vacuum analyze site")
        self.operations = [("write", "", self.write)]

    def write(self, connections, in_flight, seconds):
        if in_flight > 1:
            return None  # pgbench does not pipeline; more connections than 256 are not what its users do
        return self.pgbench(f"\\set i random(0,{SITES - 1})\n\\set v random(0,1000000)\nupdate site set avail=:v where id=:i;\n",
                            connections, seconds)


class PostGis(Server):
    """One server, without syncs: only reads are measured."""

    def __init__(self, processes, folder, sites):
        super().__init__(processes, folder, SETTINGS + "shared_buffers=1GB\nfsync=off\n")
        self.sql("create extension postgis")
        self.sql("create table site(id text primary key, name text, zip text, product text, availability int, street text, city text, "
                 "state text, phone text, changed_at timestamptz, at geography(point))")
        self.sql("insert into site select 'site-'||i,'Site '||i,'02139','208',i%3,'624 MASSACHUSETTS AVE.','CAMBRIDGE','MA',"
                 "'617-876-7868',now(),st_makepoint(-120+48*random(),30+17*random())::geography "
                 f"from generate_series(1,{sites}) i")
        self.sql("create index on site using gist(at)")
        self.sql("vacuum analyze site")

    def near(self, connections, seconds):
        point = "st_makepoint(:o/100.0,:a/100.0)::geography"
        return self.pgbench(f"\\set a random(3000,4700)\n\\set o random(-12000,-7200)\nselect *, at <-> {point} d from site order by "
                            f"at <-> {point} limit 20;\n", connections, seconds)
