# SPDX-License-Identifier: Apache-2.0

"""Tarantool: a master and two replicas, a synchronous space with a quorum of three. Debian's 2.6.0 has no election."""
import os

from processes import SITES, free_ports, load, run, tool, until, Trouble

NEEDS = (("tarantool", "tarantool"), ("g++", "g++"))
# net_msg_max: its default, 768 requests at once, would hold back 64 × 16 in flight.
CONFIGURATION = """
box.cfg{listen = '127.0.0.1:%(port)d', work_dir = '%(home)s', wal_mode = '%(wal)s', replication = {%(peers)s},
  replication_synchro_quorum = %(quorum)d, read_only = %(read_only)s, net_msg_max = 4096, log_level = 4}
box.once('site', function()
  box.schema.user.grant('guest', 'super')
  box.schema.space.create('site', {id = 512, is_sync = true})
  box.space.site:create_index('pk', {parts = {{1, 'string'}}})
end)
"""
FILL = """for k = 0, %d do
  if k %% 100 == 0 then box.begin() end
  box.space.site:replace{string.format('site:%%015d', k), ('v'):rep(100)}
  if k %% 100 == 99 then box.commit() end
end"""


class Tarantool:
    def __init__(self, processes, folder, wal):
        self.base, self.wal, self.folder, self.processes = free_ports(3), wal, folder, processes
        self.start(0, peers="", quorum=1, read_only="false")
        for i in (1, 2):
            self.start(i, peers=f"'127.0.0.1:{self.base}'", quorum=3, read_only="true")
        self.eval("box.cfg{replication_synchro_quorum = 3}")
        self.eval(FILL % (SITES - 1))
        self.operations = [("write", "", self.write)]

    def start(self, i, **settings):
        home = os.path.join(self.folder, f"tarantool-{i}")
        os.makedirs(home)
        with open(f"{home}/init.lua", "w", encoding="utf-8") as file:
            file.write(CONFIGURATION % {"port": self.base + i, "home": home, "wal": self.wal, **settings})
        self.processes.serve(["tarantool", f"{home}/init.lua"], f"{home}.log", lambda: self.state(i) == "running")

    def state(self, i):
        try:
            return self.eval("return box.info.status", i)
        except Trouble:
            return ""

    def eval(self, lua, i=0):
        return run(tool("tarantool_load"), "eval", self.base + i, lua).strip()

    def write(self, connections, in_flight, seconds):
        return load("tarantool_load", "write", connections, in_flight, seconds, self.base)
