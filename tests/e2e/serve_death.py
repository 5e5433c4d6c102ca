#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""`titer serve`: the death watch. A killed replica is known to be dead, so nobody waits for its read lease."""
import json
import os
import shutil
import signal
import socket
import ssl
import time
import unittest

import harness
import wire
from harness import titer, wait_until
from reader import Reader
from serve import Group
from writer import Writer

DEAD, ASKED, NOTED = "its death watch says so", "its process has ended", "the death is noted"


def watch_of(process):
    """The pid of the process that watches this one."""
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
        for pid in file.read().split():
            with open(f"/proc/{pid}/comm", encoding="utf-8") as name:
                if name.read().strip() == "titer-watch":
                    return int(pid)
    raise AssertionError("it has no death watch")


def ended(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class DeathWatch(unittest.TestCase):
    def known_dead(self, group):
        return json.loads(group.etcd.value("/titer/tested/view"))["known_dead"]

    def incarnation(self, group, index):
        return group.status(index)["incarnation"]

    def test_a_killed_replica_is_known_to_be_dead_and_the_others_go_on_at_once(self):
        with Group() as group:
            group.begin()
            group.ok("add", "elm", "--zip", "02139")
            victim = self.incarnation(group, 2)
            ports = [group.address(i)[1] for i in (0, 1)]
            with Writer(ports[:1], "counted") as writer, Reader(ports[1:], writer, stays=True) as reader:
                wait_until(lambda: writer.acknowledged > 50 and reader.answered > 50, "some writes and reads")
                at = time.monotonic()
                group.kill(2)
                group.wait_members([0, 1])
                mark = writer.acknowledged
                wait_until(lambda: writer.error or writer.acknowledged > mark + 50, "writes to go on")
                print(f"kill -9: {writer.pause(at):.0f} ms without an acknowledged write, "
                      f"{reader.pause(at):.0f} ms without a read", flush=True)
            self.assertIsNone(reader.error)
            writer.check(self, group, 1)
            self.assertIn(victim, self.known_dead(group))
            for index in (0, 1):
                self.assertIn(DEAD, group.log(index))
                self.assertEqual(1, group.status(index)["death_notices"])
            self.assertTrue(any(ASKED in group.log(i) for i in (0, 1)))
            wait_until(lambda: "2 of 2 other members were told" in group.log(2), "the watch to say what it did")

            group.start(2)  # the notice was about the process, not about its successor
            group.wait_members(range(3))

    def test_under_tls_it_proves_that_it_is_of_that_replica_and_a_stranger_is_not_believed(self):
        with Group(secure=True) as group:
            group.start(*range(3))

            def members(of):
                done = titer("status", "--json", "--ca", group.files[0], at=group.at(*of))
                rows = [r for r in json.loads(done.stdout) if r.get("full")] if done.returncode == 0 else []
                return all(any(r["replica"] == i and len(r["members"]) == len(of) for r in rows) for i in of) and rows
            wait_until(lambda: members([0, 1, 2]), "three members", 30, 0.1)
            victim = next(r for r in members([0, 1, 2]) if r["replica"] == 2)
            group.kill(2)
            wait_until(lambda: members([0, 1]), "two members", 30, 0.1)
            self.assertIn(victim["incarnation"], self.known_dead(group))
            self.assertIn(DEAD, group.log(0))

            context = ssl.create_default_context(cafile=group.files[0])  # it shows no certificate of its own
            one = members([0, 1])[0]
            with context.wrap_socket(socket.create_connection(group.address(0), 5), server_hostname="127.0.0.1") as link:
                link.sendall(self.notice(one, 1))
                self.assertIn(b"no certificate of my authority", self.answer(link))
            self.assertTrue(members([0, 1]))

    def notice(self, status, replica, cluster=None, incarnation=None, secret=None):
        cluster = int(status["cluster"], 16) if cluster is None else cluster
        incarnation = int(status["incarnation"], 16) if incarnation is None else incarnation
        hello = wire.hello(wire.ROLE_DEATH_NOTICE, session=0, cluster=cluster, replica=replica, incarnation=incarnation)
        return hello + (wire.death_proof(secret, cluster, replica, incarnation) if secret else b"")

    def answer(self, link):
        link.settimeout(5)
        out = b""
        while part := link.recv(4096):
            out += part
        return out

    def say(self, group, notice):
        with socket.create_connection(group.address(0), 5) as link:
            link.sendall(notice)
            return self.answer(link)

    def test_a_notice_is_about_one_process_of_one_replica_of_this_cluster(self):
        with Group() as group:
            group.begin()
            view = group.status(0)["view"]
            one = group.status(1)
            self.assertIn(b"another cluster", self.say(group, self.notice(one, 1, cluster=7)))
            self.assertIn(b"no such replica", self.say(group, self.notice(one, 0)))
            self.assertIn(b"no such replica", self.say(group, self.notice(one, 9)))
            self.assertIn(b"malformed", self.say(group, self.notice(one, 16)))
            self.assertEqual(0, group.status(0)["death_notices"])
            with open(group.secret, encoding="ascii") as file:
                secret = file.read().strip()
            for incarnation in (0, 12345, (1 << 64) - 1):  # earlier lives, as far as anybody knows
                self.assertIn(NOTED.encode(), self.say(group, self.notice(one, 1, incarnation=incarnation, secret=secret)))
            living = self.notice(one, 1)
            other = self.notice(one, 1, incarnation=12345, secret=secret)[len(living):]
            for proof in (wire.message(wire.PROOF, bytes(32)), other, wire.message(wire.CHALLENGE, bytes(32)),
                          self.notice(one, 1, secret="5" * 64)[len(living):]):
                self.assertIn(b"secret", self.say(group, living + proof))
            group.ok("add", "elm", "--zip", "02139")
            self.assertEqual((view, 0), (group.status(0)["view"], group.status(0)["death_notices"]))
            self.assertNotIn(ASKED, group.log(0))

    def test_one_that_stops_cleanly_or_stands_still_is_not_called_dead_and_leaves_no_watch_behind(self):
        with Group() as group:
            group.begin()
            watch = watch_of(group.processes[2])
            self.assertEqual(0, group.stop(2))
            wait_until(lambda: ended(watch), "the watch to end")
            group.wait_members([0, 1])
            group.processes[1].send_signal(signal.SIGSTOP)
            group.wait_members([0])
            self.assertEqual(0, group.status(0)["death_notices"])
            group.processes[1].send_signal(signal.SIGCONT)
            self.assertEqual(3, group.ends(1))
            self.assertEqual(0, group.status(0)["death_notices"])

    def test_who_has_lost_its_watch_goes_on_and_the_others_wait_for_its_lease(self):
        with Group() as group:
            group.begin()
            group.ok("add", "elm", "--zip", "02139")
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # of everybody: it is there to be the last
                os.kill(watch_of(group.processes[2]), number)
            victim = self.incarnation(group, 2)
            os.kill(watch_of(group.processes[2]), signal.SIGKILL)
            wait_until(lambda: "the death watch has ended (killed by signal 9)" in group.log(2), lambda: group.log(2))
            self.assertEqual(3, len(group.statuses()))
            group.kill(2)  # the next watch is started half a second later
            group.wait_members([0, 1])
            self.assertNotIn(victim, self.known_dead(group))
            group.ok("set", "elm", 3)


    def test_a_watch_that_was_killed_is_reaped_and_started_again_and_tells_the_others(self):
        with Group() as group:
            group.begin()
            victim = self.incarnation(group, 2)
            first = watch_of(group.processes[2])
            os.kill(first, signal.SIGKILL)

            def second():
                try:
                    return watch_of(group.processes[2])
                except AssertionError:
                    return None
            wait_until(lambda: (second() or first) != first, "another watch")
            self.assertFalse(os.path.exists(f"/proc/{first}"), "no zombie is left")
            group.kill(2)
            group.wait_members([0, 1])
            self.assertIn(victim, self.known_dead(group))


if __name__ == "__main__":
    if shutil.which("etcd") is None:
        raise SystemExit("there is no etcd; ./dev test installs Debian's etcd-server")
    harness.main()
