# SPDX-License-Identifier: Apache-2.0

"""MariaDB with Galera: three nodes that all take writes. They start from copies of one data directory, so no state is
transferred."""
import json
import os
import shutil
import signal

from processes import SITES, Trouble, free_ports, load, run, tool, until, Processes

PROVIDER = "/usr/lib/galera/libgalera_smm.so"
NEEDS = (("mariadbd", "mariadb-server-core"), ("mariadb-install-db", "mariadb-server-core"), (PROVIDER, "galera-4"), ("g++", "g++"))
GAP_CLIENT_PATIENCE_S = 15  # a write waits while the group makes up its mind
TABLE = ("create table site (k varchar(20) character set ascii primary key, v varchar(100) character set ascii not null) "
         "engine=innodb")
# As if all three had crashed together: Galera restores that group by itself.
VIEW = """my_uuid: 0000000%d-0000-11f0-8000-000000000000
#vwbeg
view_id: 3 00000000-0000-11f0-8000-000000000000 3
bootstrap: 0
member: 00000000-0000-11f0-8000-000000000000 0
member: 00000001-0000-11f0-8000-000000000000 0
member: 00000002-0000-11f0-8000-000000000000 0
#vwend
"""


class Galera:
    def __init__(self, processes, folder, flush):
        self.base, self.folder, self.flush, self.processes = free_ports(9), folder, flush, processes
        self.refused = 0  # writes, because of a conflict between nodes
        self.user = ["--user=root"] if os.geteuid() == 0 else []
        seed = self.seed()
        for i in range(3):
            shutil.copytree(seed, self.home(i))
            with open(f"{self.home(i)}/gvwstate.dat", "w", encoding="utf-8") as file:
                file.write(VIEW % i)
        self.nodes = [self.start(i, self.processes) for i in range(3)]
        until(lambda: all(self.synced(i, 3) for i in range(3)), "Galera's nodes", 120)
        self.ports = ",".join(str(self.base + i) for i in range(3))
        self.operations = [("write", "", self.write)]

    def home(self, name):
        return os.path.join(self.folder, f"galera-{name}")

    def seed(self):
        """A data directory with the table, made by a group of one."""
        run("mariadb-install-db", "--no-defaults", *self.user, f"--datadir={self.home(0)}",
            "--auth-root-authentication-method=normal")
        with Processes() as alone:
            self.start(0, alone, "--wsrep-new-cluster")
            until(lambda: self.synced(0, 1), "Galera's first node")
            self.sql(0, TABLE)
            self.sql(0, f"insert into site select concat('site:', lpad(seq, 15, '0')), repeat('v', 100) from seq_0_to_{SITES - 1}")
        os.rename(self.home(0), self.home("seed"))
        for name in ("galera.cache", "gvwstate.dat"):
            if os.path.exists(f"{self.home('seed')}/{name}"):
                os.remove(f"{self.home('seed')}/{name}")
        return self.home("seed")

    def start(self, i, processes, *more):
        group = ",".join(f"127.0.0.1:{self.base + 3 + 2 * j}" for j in range(3))
        listen = self.base + 3 + 2 * i
        return processes.start(
            ["mariadbd", "--no-defaults", *self.user, f"--datadir={self.home(i)}", f"--socket={self.home(i)}.sock",
             f"--pid-file={self.home(i)}.pid", "--bind-address=127.0.0.1", f"--port={self.base + i}", "--skip-name-resolve",
             "--max-connections=1200", "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
             f"--innodb-flush-log-at-trx-commit={self.flush}", "--wsrep-on=ON", f"--wsrep-provider={PROVIDER}",
             f"--wsrep-cluster-address=gcomm://{group}", f"--wsrep-node-name=g{i}", f"--wsrep-node-address=127.0.0.1:{listen}",
             "--wsrep-sst-method=skip", "--wsrep-slave-threads=4",
             f"--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{listen};base_port={listen}", *more],
            f"{self.home(i)}.log")

    def sql(self, i, statement):
        return run(tool("galera_load"), "sql", self.base + i, statement)

    def synced(self, i, size):
        query = ("select variable_value from information_schema.global_status where variable_name in "
                 "('wsrep_cluster_size', 'wsrep_local_state_comment') order by 1")
        try:
            return self.sql(i, query).split() == [str(size), "Synced"]
        except Trouble:
            return False

    def write(self, connections, in_flight, seconds):
        got = load("galera_load", "write", connections, in_flight, seconds, self.ports, may_refuse=True)
        self.refused += got["errors"]
        return got

    def notes(self):
        yield f"Galera refused {self.refused:,} of the last round's writes because another node had changed the row; they are not counted"

    def gap(self, clients, seconds):
        return json.loads(run(tool("galera_load"), "gap", clients, seconds, GAP_CLIENT_PATIENCE_S, self.ports))

    def kill(self):
        """SIGKILL to one node; all are equal."""
        self.nodes[1].send_signal(signal.SIGKILL)
