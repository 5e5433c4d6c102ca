# SPDX-License-Identifier: Apache-2.0

"""What many clients, or greedy ones, may cost: memory, descriptors, places, the log. Others are served meanwhile.

Each test makes the limit small, or the crowd large, and looks at what the rest notices: the replica's memory, its view, another
address.
"""
import http.client
import json
import select
import socket
import struct
import threading
import unittest
import zlib

import wire
from harness import Cluster, main, wait_until
from load import Load

CROWD = "127.0.0.5"  # addresses of clients: each has its own share
OTHER = "127.0.0.6"
MIB = 1 << 20


def resident(pid):
    """Bytes of memory, as the system counts them."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS"))


class Peak(threading.Thread):
    """The most memory that a process had while this ran."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.before, self.most, self.over = pid, resident(pid), 0, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def run(self):
        while not self.over.is_set():
            self.most = max(self.most, resident(self.pid))
            self.over.wait(0.01)

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def grown(self):
        return self.most - self.before


def goodbye(link, seconds=10):
    """(code, reason) with which the link ends."""
    link.socket.settimeout(seconds)
    try:
        while True:
            link.next()
    except wire.Closed as closed:
        return closed.goodbye


def begin(kind, length, came):
    """The first `came` bytes of a message that says it has `length` bytes of payload."""
    return (wire.message(kind, length=length, checksum=1) + bytes(came))[:came]


class Crowd(unittest.TestCase):
    """Opens connections that are closed at the end of the test."""

    def link(self, where, source=CROWD, **who):
        link = wire.Link(where, source=source, **who)
        self.addCleanup(link.close)
        return link

    def plain(self, port, source=CROWD):
        one = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
        self.addCleanup(one.close)
        return one

    def ask(self, port, path="/healthz", source=OTHER):
        """(status, body) of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(source, 0))
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


class Places(Crowd):
    def test_one_address_has_its_share_and_others_have_theirs(self):
        with Cluster(1, ["--memory", "--connections", 40, "--connections-per-address", 5], http=True) as cluster:
            for _ in range(5):
                self.link(cluster.port(0))
            with self.assertRaises(wire.Closed) as caught:
                self.link(cluster.port(0))
            self.assertIn("your address has 5 connections", caught.exception.goodbye[1])
            self.assertEqual(self.link(cluster.port(0), OTHER).status()["connections"]["turned_away"], 1)

            # The threads of HTTP need not accept connections in the order in which they were made.
            tried = [self.plain(cluster.http_base) for _ in range(6)]
            told, _, _ = select.select(tried, [], [], 10)
            self.assertEqual(1, len(told))
            self.assertIn(b"HTTP/1.1 429", told[0].recv(4096))
            self.assertEqual(self.ask(cluster.http_base)[0], 200)

    def test_when_all_places_are_taken_idle_connections_give_way(self):
        with Cluster(1, ["--memory", "--connections", 8, "--connections-per-address", 8], http=True) as cluster:
            idle = [self.link(cluster.port(0)) for _ in range(8)]

            def let_in():
                try:
                    return self.link(cluster.port(0), OTHER).status()["connections"]
                except wire.Closed as closed:
                    self.assertIn("try another replica", closed.goodbye[1])
                    return None

            self.assertGreater(wait_until(let_in, "a newcomer to be let in")["gave_way"], 0)
            self.assertIn("you were idle", goodbye(idle[0])[1])

            for _ in range(8):
                self.plain(cluster.http_base)
            self.assertEqual(self.ask(cluster.http_base)[0], 200)

    def test_watchers_have_a_limit_of_their_own(self):
        with Cluster(1, ["--memory", "--connections", 40, "--connections-per-address", 8]) as cluster:
            links = [self.link(cluster.port(0)) for _ in range(3)]
            for link in links:
                link.send(wire.message(wire.WATCH, wire.varint(0)))
            self.assertIn("your address has 2 watches", goodbye(links[2])[1])

    def test_a_crowd_that_says_nothing_keeps_nobody_out(self):
        with Cluster(1, ["--memory"], descriptors=256) as cluster:
            silent = [self.plain(cluster.port(0)) for _ in range(300)]
            self.assertGreater(self.link(cluster.port(0), OTHER).status()["connections"]["newcomers"], 0)
            self.assertEqual(len(silent), 300)


class Messages(Crowd):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(1, ["--memory"], http=True))

    def test_before_the_hello_a_message_is_small(self):
        for length in (1025, 8 * MIB - 16):
            link = self.link(self.cluster.port(0), greet=False)
            link.send(begin(wire.HELLO, length, 16))
            self.assertIn("above the limit of 1024", goodbye(link)[1])

    def test_64_clients_with_unfinished_messages_take_little_memory(self):
        pid = self.cluster.pids()[0]
        for length in (8 * MIB - 16, 300_000):
            link = self.link(self.cluster.port(0))
            link.send(begin(wire.REQUEST, length, 16))
            self.assertIn("above the limit of", goodbye(link)[1])
        with Peak(pid) as memory:
            for _ in range(64):
                link = self.link(self.cluster.port(0))
                link.send(begin(wire.REQUEST, 200_000, 199_000))
            self.link(self.cluster.port(0), OTHER).status()
        print(f"  64 unfinished messages: memory grew by {memory.grown() / MIB:.1f} MiB", flush=True)
        self.assertLess(memory.grown(), 40 * MIB)

    def test_without_a_key_messages_are_small_once_there_are_keys(self):
        with Cluster(1, ["--memory"]) as cluster:
            cluster.ok("key", "create", "--owner", "ann", "--role", "operator", at="unix:" + cluster.socket(0))
            stranger = self.link(cluster.port(0))
            stranger.send(begin(wire.REQUEST, 66_000, 16))
            self.assertIn("above the limit of 65536", goodbye(stranger)[1])

    def test_large_bodies_over_http_share_a_budget(self):
        part = b"POST /api/v1/sites HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n" + bytes(80_000)

        def refused():
            one = self.plain(self.cluster.http_base)
            one.settimeout(0.2)
            one.sendall(part)
            try:
                return one.recv(4096)
            except TimeoutError:
                return None  # it has its share; the next one may be too many

        for _ in range(64):
            self.plain(self.cluster.http_base).sendall(part)
        self.assertIn(b"too many large requests", wait_until(refused, "one to be refused"))
        self.assertEqual(self.ask(self.cluster.http_base)[0], 200)

    def test_a_message_that_is_never_whole_is_given_up(self):
        """It takes as long as the deadline."""
        link = self.link(self.cluster.port(0))
        link.send(begin(wire.REQUEST, 1000, 500))
        self.assertIn("not whole after 30 seconds", goodbye(link, 45)[1])


class Descriptors(Crowd):
    def test_with_200_descriptors_a_crowd_takes_none_that_a_replica_needs(self):
        with Cluster(3, http=True, descriptors=200) as cluster:
            before = cluster.pids()
            view = cluster.status(0)["view"]
            held = []
            for i in range(400):
                source = f"127.0.1.{1 + i % 200}"
                for port in (cluster.port(1), cluster.http_base + 1):
                    one = self.plain(port, source)
                    one.settimeout(0.05)
                    if port == cluster.port(1):
                        one.sendall(wire.hello())
                    held.append(one)
            self.assertEqual(self.ask(cluster.http_base + 1)[0], 200)
            # Enough for several segments of the journal and for tables.
            with Load(cluster, 3, connections=3, in_flight=16, workload="set", sites=60_000) as load:
                load.report()
            cluster.wait_members([0, 1, 2])
            cluster.wait_equal([0, 1, 2])
            status = cluster.status(1)
            self.assertEqual(status["view"], view, cluster.said())
            self.assertFalse(status["disk_full"])
            self.assertEqual(cluster.pids(), before)
            self.assertNotIn("disk is almost full", cluster.replica_logs())
            self.assertIn("of 200 descriptors", cluster.replica_logs())


class Watching(Crowd):
    WATCHERS = 200

    def test_watchers_that_do_not_read_take_little_memory_and_little_time(self):
        with Cluster(1, ["--memory", "--connections-per-address", 2000]) as cluster:
            pid = cluster.pids()[0]
            for i in range(self.WATCHERS):
                link = self.link(cluster.port(0), f"127.0.1.{1 + i % 200}")
                link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                link.send(wire.message(wire.WATCH, wire.varint(0)))
            with Peak(pid) as memory, Load(cluster, 2, connections=4, in_flight=16, workload="set", sites=500) as load:
                load.report()
            print(f"  {self.WATCHERS} watchers that do not read: memory grew by {memory.grown() / MIB:.1f} MiB", flush=True)
            self.assertLess(memory.grown(), 60 * MIB)


class Imports(Crowd):
    def test_a_bomb_takes_little_memory_and_the_upload_is_refused(self):
        """1.4 MB took 2.6 GiB: ids of 900 KB that were all kept, packed 1,000 to 1."""
        with Cluster(1, ["--memory"], http=True) as cluster:
            pack = zlib.compressobj(9, zlib.DEFLATED, 31)
            bomb = pack.compress(b'{"resourceType":"Location","id":"x","name":"x"}\n')
            padding = b"a" * 900_000
            for i in range(300):
                bomb += pack.compress(b'{"resourceType":"Schedule","id":"%d' % i + padding +
                                      b'","actor":[{"reference":"Location/x"}]}\n')
            bomb += pack.flush()
            with Peak(cluster.pids()[0]) as memory:
                status, answer = self.upload(cluster.http_base, bomb)
            print(f"  a bomb of {len(bomb) / 1e6:.1f} MB: memory grew by {memory.grown() / MIB:.1f} MiB", flush=True)
            self.assertEqual(status, 422, answer)
            self.assertIn("unpacks to more than 200 times its size", answer)
            self.assertLess(memory.grown(), 64 * MIB)

    def upload(self, port, body):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            try:
                connection.request("POST", "/api/v1/import?dry_run=true", body)
            except OSError:
                pass  # it was answered before all of it was sent
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def test_uploads_that_stand_still_keep_nobody_out(self):
        with Cluster(1, ["--memory"], http=True) as cluster:
            head = b"POST /api/v1/import?dry_run=true HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nsite_id,name\n"
            for source in (CROWD, CROWD, OTHER, OTHER):
                self.plain(cluster.http_base, source).sendall(head)
            running = lambda: json.loads(self.ask(cluster.http_base, "/api/v1/imports")[1])["imports"]
            wait_until(lambda: sum(run["state"] == "running" for run in running()) == 4, "four uploads to stand still")
            wait_until(lambda: self.upload(cluster.http_base, b"site_id,name\na,A\n")[0] == 200, "another one to be taken")
            self.assertIn("gone", [run["state"] for run in running()])


class Log(Crowd):
    def test_ten_thousand_hostile_newcomers_write_a_few_lines(self):
        with Cluster(1, ["--memory"]) as cluster:
            before = len(cluster.replica_logs())
            for i in range(10_000):
                one = socket.create_connection(("127.0.0.1", cluster.port(0)), 10)
                one.sendall(struct.pack("<HBB", 0x5454, i % 256, 200) if i % 2 else b"GET /%d HTTP/1.1\r\n" % i)
                one.close()
            self.link(cluster.port(0), OTHER).status()
            written = cluster.replica_logs()[before:]
            print(f"  10,000 newcomers: {len(written)} bytes of log", flush=True)
            self.assertIn("a newcomer was not let in", written)
            self.assertLess(len(written), 5_000)


if __name__ == "__main__":
    main()
