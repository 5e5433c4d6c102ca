# SPDX-License-Identifier: Apache-2.0

"""ZooKeeper: an ensemble of three."""
import os

from processes import SITES, free_ports, listens, load, succeeds, tool, until

NEEDS = (("java", "zookeeper"), ("/usr/share/java/zookeeper.jar", "zookeeper"), ("g++", "g++"),
         ("/usr/include/zookeeper/zookeeper.h", "libzookeeper-mt-dev"))
JARS = "/etc/zookeeper/conf:/usr/share/java/*"
WARM_UP_S = 10  # its compiler needs it


class ZooKeeper:
    def __init__(self, processes, folder, warm_up=WARM_UP_S):
        base = free_ports(9)
        servers = "".join(f"server.{i + 1}=127.0.0.1:{base + 3 + i}:{base + 6 + i}\n" for i in range(3))
        for i in range(3):
            home = f"{folder}/zookeeper-{i}"
            os.makedirs(home)
            with open(f"{home}/myid", "w", encoding="utf-8") as file:
                file.write(f"{i + 1}\n")
            with open(f"{home}/zoo.cfg", "w", encoding="utf-8") as file:
                file.write(f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={home}\nclientPort={base + i}\n"
                           f"clientPortAddress=127.0.0.1\nmaxClientCnxns=0\n{servers}")
            processes.start(["java", "-Xms1g", "-Xmx1g", "-Dzookeeper.admin.enableServer=false", f"-Dzookeeper.log.dir={home}",
                             "-cp", JARS, "org.apache.zookeeper.server.quorum.QuorumPeerMain", f"{home}/zoo.cfg"], f"{home}.log")
        until(lambda: all(listens(base + i) for i in range(3)), "ZooKeeper")
        self.hosts = ",".join(f"127.0.0.1:{base + i}" for i in range(3))
        until(lambda: succeeds(tool("zookeeper_load"), 1, 0, -SITES, self.hosts), "ZooKeeper's leader", 120)
        self.write(256, 1, warm_up)
        self.operations = [("write", "", self.write)]

    def write(self, connections, in_flight, seconds):
        return load("zookeeper_load", connections * in_flight, seconds, SITES, self.hosts)
