# SPDX-License-Identifier: Apache-2.0

"""The class `durable`: writes of three replicas that are on disk when they are answered, all on one disk."""
from functools import partial

from classes.writes import CHARTS, measure  # noqa: F401  the same loads
from processes import SITES
from results import OURS, RIVAL, WEAKER
from stores import System, etcd, galera, nats, postgresql, redis, tarantool, zookeeper
from stores.titer import Titer

NAME, TITLE = "durable", "Durable writes"
ABOUT = (f"Three replicas on one disk, {SITES:,} sites, keys or rows of 100 bytes. Load: connections × requests in flight on each. "
         "etcd and ZooKeeper have as many calls at once instead of pipelining; pgbench does not pipeline. Galera and JetStream promise less "
         "than durability at several servers, so titer is not compared with them; see the table of meanings.")


def systems(_):
    return [
        System("titer", OURS, "The write is synced on all three disks", partial(Titer, durable=True, fill=True)),
        System("Redis", RIVAL, "appendfsync always and WAIT 2: synced at the primary and confirmed by both replicas, which promise "
               "only that they have it", partial(redis.Redis, durable=True), redis.NEEDS),
        System("etcd", RIVAL, "Synced at a majority, two of three", etcd.Etcd, etcd.NEEDS),
        System("ZooKeeper", RIVAL, "Synced at a majority, two of three", zookeeper.ZooKeeper, zookeeper.NEEDS),
        System("PostgreSQL", RIVAL, "synchronous_commit remote_apply, two standbys: synced at all three and visible there",
               postgresql.Postgres, postgresql.NEEDS),
        System("Tarantool", RIVAL, "Synchronous space, quorum 3, wal_mode fsync: synced at all three. No failover by itself",
               partial(tarantool.Tarantool, wal="fsync"), tarantool.NEEDS),
        System("MariaDB Galera", WEAKER, "Less than durable at three: flush at commit 1 syncs at the node that answers; the other two "
               "have the write in memory", partial(galera.Galera, flush=1), galera.NEEDS),
        System("NATS JetStream", WEAKER, "Less than durable: R3, storage file writes at a majority and syncs every two minutes. The write "
               "survives killed processes, not a power cut", partial(nats.JetStream, storage="file"),
               nats.NEEDS),
    ]
