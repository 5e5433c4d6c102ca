#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The supervisor is outside of the way of reads and writes: when it dies, service goes on; only views cannot change. And
what it decides about views when the only replica with the state fails while another one joins.
"""
import json
import os
import pty
import select
import shutil
import signal
import socket
import tempfile
import unittest

import cuts
import wire
from harness import Cluster, main, wait_until
from writer import Writer

CONTROL = 3  # a replica's socket to the supervisor


def processes_of(data):
    """The replicas' processes of the cluster with this data directory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if b"replica-process" in words and any(word.startswith(os.fsencode(data) + b"/") for word in words):
            found.append(int(pid))
    return found


class AtTerminal(Cluster):
    """Its standard output is a terminal of the test's, or a pipe."""

    def __init__(self, *args, pipe=False, **options):
        super().__init__(*args, **options)
        self.pipe = pipe

    def open(self):
        self.master, slave = os.pipe() if self.pipe else pty.openpty()
        self.output, self.heard = os.fdopen(slave, "wb", 0), b""

    def __enter__(self):
        self.open()
        try:
            self.begin()
        except BaseException:
            self.stop()
            raise
        return self

    def key(self, byte):
        os.write(self.master, byte)

    def said(self):
        while self.master is not None and select.select([self.master], [], [], 0)[0]:
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # nobody has it open any more
                break
            if not piece:
                break
            self.heard += piece
        return self.heard.decode(errors="replace").replace("\r\n", "\n")

    def close(self):
        os.close(self.master)
        self.master = None

    def stop(self):
        super().stop()
        if self.master is not None:
            self.close()


class Supervisor(unittest.TestCase):
    def test_a_reader_that_ends_does_not_end_the_register(self):
        with AtTerminal(3, ["--seed-site"], pipe=True) as cluster:
            cluster.close()  # as `titer cluster | head` does
            for index, left in ((1, [0, 2]), (2, [0])):
                cluster.kill(index)
                cluster.wait_members(left)
            cluster.ok("set", "Harvard University", 3, at=cluster.at(0))
            cluster.quit()

    def test_a_reader_that_ends_during_an_import_is_no_failure_of_the_cluster(self):
        with tempfile.TemporaryDirectory(prefix="titer-import-") as folder:
            rows = os.path.join(folder, "rows")
            os.mkfifo(rows)
            cluster = AtTerminal(1, ["--import", rows], pipe=True)
            cluster.open()
            try:
                cluster.launch()
                wait_until(lambda: "serves at" in cluster.said(), cluster.said)
                cluster.close()
                with open(rows, "w", encoding="utf-8") as pipe:
                    pipe.write("site_id,name\nelm,Elm\n")
                wait_until(lambda: cluster.titer("view", "elm").returncode == 0, "the import")
                cluster.wait_members([0])
                cluster.quit()
            finally:
                cluster.stop()

    def test_a_closed_terminal_stops_the_cluster_and_the_exit_code_says_that_it_was_stopped(self):
        for ignored in (False, True):
            with self.subTest(nohup=ignored), AtTerminal(2, ["--seed-site"]) as cluster:
                if ignored:  # as nohup does
                    cluster.quit()
                    cluster.preexec = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
                    cluster.begin()
                cluster.close()
                cluster.supervisor.send_signal(signal.SIGHUP)
                if ignored:
                    cluster.ok("set", "Harvard University", 3)
                    cluster.kill(1)
                    cluster.wait_members([0])
                    cluster.ok("set", "Harvard University", 4)
                    cluster.quit()
                else:
                    self.assertEqual(0, cluster.supervisor.wait(20))
                wait_until(lambda: not processes_of(cluster.data), "all replicas to end with it")

    def test_a_terminal_that_was_stopped_stops_neither_the_register_nor_the_end(self):
        with AtTerminal(3, ["--seed-site"]) as cluster:
            cluster.key(b"\x13")  # Ctrl-S
            for index, left in ((1, [0, 2]), (2, [0])):
                cluster.kill(index)
                cluster.wait_members(left)
                cluster.ok("set", "Harvard University", index, at=cluster.at(0))
            self.assertNotIn("Replica 1 has failed", cluster.said())
            cluster.key(b"\x11")  # Ctrl-Q
            wait_until(lambda: "Replica 2 has failed" in cluster.said(), cluster.said)
            cluster.key(b"\x13")
            cluster.quit()

    def test_replicas_go_on_serving_reads_and_writes_without_it(self):
        with Cluster(3, ["--seed-site"], logs=True) as cluster:
            pids = cluster.pids()
            with Writer([cluster.port(1)], "Goes on") as writer:
                wait_until(lambda: writer.acknowledged > 10, "the writer to get going")
                cluster.supervisor.kill()
                cluster.supervisor.wait()
                wait_until(lambda: all(not s["register"]["reachable"] for s in cluster.statuses().values()),
                           "the replicas to say that their register is gone")
                served = writer.acknowledged
                wait_until(lambda: writer.acknowledged > served + 200 or writer.error, "writes without a supervisor")
                writer.stop()
                for index in range(3):
                    writer.check(self, cluster, index)
            for index in range(3):
                cluster.ok("reserve" if index else "set", "Harvard University", 2 - (index > 0), at=cluster.at(index))
            self.assertIn('"availability":0', cluster.ok("view", "Harvard University", "--json"))
            self.assertEqual(len(cluster.statuses()), 3)
            cluster.wait_equal([0, 1, 2])
            cluster.check_logs()
            # The test knows their pids and ends them itself, as an operator would.
            for pid in pids.values():
                self.assertTrue(cluster.signal(pid, signal.SIGTERM), "a replica has died with its supervisor")
            wait_until(lambda: not any(cluster.alive(pid) for pid in pids.values()), "SIGTERM to end the replicas")

    def test_a_failure_without_it_stops_writes_and_loses_nothing(self):
        """Nobody can exclude the dead one: writes wait, which is said; the others keep what they have."""
        with Cluster(3, ["--seed-site"]) as cluster:
            cluster.ok("set", "Harvard University", 5)
            pids = cluster.pids()
            cluster.supervisor.kill()
            cluster.supervisor.wait()
            cluster.signal(pids[2], signal.SIGKILL)
            wait_until(lambda: not cluster.alive(pids[2]), "the replica to die")
            done = cluster.titer("set", "Harvard University", 6, "--timeout", 2, at=cluster.at(0, 1))
            self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
            position, _ = cluster.wait_equal([0, 1])
            self.assertGreater(position, 0)

    def test_it_listens_to_its_console_after_it_was_stopped(self):
        """Which thread gets the signals that waited for it is chance; the one that reads the console once was ended by it."""
        with Cluster(3) as cluster:
            for n in range(20):
                os.kill(cluster.supervisor.pid, signal.SIGSTOP)
                cluster.kill(n % 3)
                os.kill(cluster.supervisor.pid, signal.SIGCONT)
                wait_until(lambda failed=n + 1: cluster.said().count("has failed") == failed, "it to notice the failure")
                cluster.ask(f"start {n % 3}", "is starting")
                cluster.wait_members(range(3))


class Starts(unittest.TestCase):
    def test_a_log_that_cannot_be_written_is_named_and_no_loss_of_data_is_advised(self):
        with Cluster(3, ["--seed-site"]) as cluster:
            cluster.ask("0", "was killed")
            cluster.wait_members([1, 2])
            cluster.quit()
            log = os.path.join(cluster.data, "replica-1.log")
            os.rename(log, log + ".before")
            os.mkdir(log)
            said = cluster.refused()
            self.assertIn(f"cannot write the log: {log} is a directory", said)
            self.assertNotIn("data-loss", said)
            os.rmdir(log)
            cluster.begin()
            cluster.wait_members(range(3))


class Restarts(unittest.TestCase):
    """A replica that ends without a command comes back by itself; one that the operator killed stays dead."""

    def test_a_replica_that_was_killed_from_outside_comes_back_with_the_state(self):
        for durability in ("disk", "memory"):
            with self.subTest(durability), Cluster(3, ["--seed-site", "--durability", durability], restarts=True) as cluster:
                before = cluster.pids()[1]
                cluster.kill(1)
                cluster.ok("set", "Harvard University", 5)
                wait_until(lambda: cluster.pids().get(1, before) != before, "the replica to be started again")
                cluster.wait_members(range(3))
                cluster.wait_equal([0, 1, 2])
                self.assertIn("Replica 1 has failed (killed by signal 9). It is started again in 0.5 s.", cluster.said())

    def test_a_replica_that_hangs_is_killed_and_comes_back(self):
        with Cluster(3, ["--seed-site"], restarts=True) as cluster:
            before = cluster.pids()[2]
            cluster.signal(before, signal.SIGSTOP)
            wait_until(lambda: not cluster.alive(before), "the hung replica to be killed")
            cluster.wait_members(range(3))

    def test_all_that_fail_at_once_come_back_with_every_acknowledged_write(self):
        with Cluster(3, ["--seed-site"], restarts=True) as cluster:
            cluster.ok("set", "Harvard University", 7)
            for pid in cluster.pids().values():
                cluster.signal(pid, signal.SIGKILL)
            cluster.wait_members(range(3))
            self.assertIn('"availability":7', cluster.ok("view", "Harvard University", "--json"))

    def test_of_two_that_ask_for_views_without_each_other_only_one_is_killed(self):
        with Cluster(3) as cluster:
            pids, view = cluster.pids(), cluster.status(0)["view"]
            cluster.supervisor.send_signal(signal.SIGSTOP)
            try:
                for asker, other in ((0, 1), (1, 0)):
                    cuts.send_as(pids[asker], CONTROL, wire.compare_and_set(view, {other}, "its connection is gone"))
            except PermissionError as error:
                self.skipTest(str(error))
            finally:
                cluster.supervisor.send_signal(signal.SIGCONT)
            cluster.wait_members([0, 2])
            cluster.ok("add", "Elm", "--zip", "02139")
            self.assertTrue(cluster.alive(pids[0]))

    def test_a_replica_that_the_operator_killed_stays_dead(self):
        with Cluster(3, restarts=True) as cluster:
            cluster.ask("1", "was killed")
            cluster.kill(2)  # comes back, later than the other one would have
            wait_until(lambda: "It is started again" in cluster.said(), "the restart of replica 2 to be announced")
            cluster.wait_members([0, 2])
            self.assertIn("replica 1  127.0.0.1:%d  failed" % cluster.port(1), cluster.ask("status", "replica 2"))

    def test_a_replica_that_ends_again_and_again_is_left_dead_and_that_is_said(self):
        with Cluster(2, restarts=True) as cluster:
            for ends in range(1, 6):
                cluster.kill(1)
                wait_until(lambda n=ends: cluster.said().count("Replica 1 has failed") == n, "the failure to be seen")
                if ends < 5:
                    cluster.wait_members([0, 1])
            self.assertIn("It has ended 5 times in 10 minutes, so it is not started again", cluster.said())
            cluster.ask("start 1", "is starting")
            cluster.wait_members([0, 1])


class Interrupted(unittest.TestCase):
    """Ctrl-C, SIGTERM or a closed terminal at any moment of a start: no process is left, and the same command starts it."""

    def interrupt(self, cluster, number, moment):
        cluster.launch()
        moment(cluster)
        cluster.supervisor.send_signal(number)
        self.assertIn(cluster.supervisor.wait(20), (130, 0), cluster.said())
        wait_until(lambda: not processes_of(cluster.data), "all replicas to end with it")

    def test_the_first_start_can_be_interrupted_at_any_moment(self):
        moments = [lambda c: wait_until(lambda: os.path.exists(os.path.join(c.data, "register")), "the register"),
                   lambda c: wait_until(lambda: processes_of(c.data), "the first replica"),
                   lambda c: wait_until(lambda: os.path.exists(os.path.join(c.disk(0), "identity")), "an identity"),
                   lambda c: wait_until(lambda: os.path.exists(os.path.join(c.disk(2), "tables", "CURRENT")), "tables"),
                   lambda c: wait_until(lambda: c.said().count("serves at") == 2, "the cluster")]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for which, moment in enumerate(moments):
                with self.subTest(signal=number, moment=which), Cluster(3) as cluster:
                    cluster.quit()
                    shutil.rmtree(cluster.data)
                    self.interrupt(cluster, number, moment)
                    cluster.begin()
                    cluster.ok("add", "Elm", "--zip", "02139")
                    self.assertNotIn("data-loss", cluster.said())

    def test_a_later_start_can_be_interrupted_and_loses_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number), Cluster(3, ["--seed-site"]) as cluster:
                cluster.ok("set", "Harvard University", 9)
                cluster.quit()
                self.interrupt(cluster, number, lambda c: wait_until(lambda: processes_of(c.data), "the first replica"))
                cluster.begin()
                self.assertIn('"availability":9', cluster.ok("view", "Harvard University", "--json"))

    def test_a_hangup_of_a_replica_reopens_its_log_by_its_name(self):
        with Cluster(2) as cluster:
            log = os.path.join(cluster.data, "replica-1.log")
            os.rename(log, log + ".1")
            pid = cluster.pids()[1]
            cluster.signal(pid, signal.SIGHUP)
            wait_until(lambda: os.path.exists(log) and os.path.getsize(log), "a new log")
            before = os.path.getsize(log + ".1")
            cluster.kill(0)
            cluster.wait_members([1])
            with open(log, encoding="utf-8") as file:
                self.assertIn("installed", file.read())
            self.assertEqual(os.path.getsize(log + ".1"), before)
            self.assertTrue(cluster.alive(pid))
            self.assertIsNone(cluster.supervisor.poll())

    def test_a_port_that_another_process_still_has_is_waited_for_a_moment(self):
        """A killed process has its ports until the last of its threads has ended, though its first one is a zombie by then."""
        cluster = Cluster(1, http=True)
        with cluster, socket.socket() as taken:
            cluster.crash()
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

            def bound():
                try:
                    taken.bind(("127.0.0.1", cluster.http_base))
                except OSError:
                    return False
                return True
            wait_until(bound, "the killed replica's threads to end")
            taken.listen()
            before = len(cluster.said())
            cluster.launch()
            wait_until(lambda: "It waits a moment" in cluster.said()[before:], cluster.said)
            taken.close()
            wait_until(lambda: "Type an index" in cluster.said()[before:], cluster.said, 30)
            cluster.quit()
            cluster.launch()
            wait_until(lambda: cluster.said().count("Type an index") > 2, cluster.said, 30)

    def test_the_console_says_that_a_port_for_http_is_taken(self):
        with Cluster(2, ["--memory"], http=True) as cluster, socket.socket() as taken:
            cluster.kill(1)
            cluster.wait_members([0])
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", cluster.http_base + 1))
            taken.listen()
            cluster.start(1)
            wait_until(lambda: "replica 1 serves no page" in cluster.said(), cluster.said)
            self.assertIn(str(cluster.http_base + 1), cluster.said())
            cluster.wait_members([0, 1])
            taken.close()

            def served():
                with socket.socket() as client:
                    return client.connect_ex(("127.0.0.1", cluster.http_base + 1)) == 0
            wait_until(served, "the port to be taken up")

    def test_an_import_from_a_pipe_that_never_ends_can_be_interrupted(self):
        with Cluster(3) as cluster:
            cluster.quit()
            shutil.rmtree(cluster.data)
            pipe = os.path.join(cluster.folder.name, "pipe.csv")
            os.mkfifo(pipe)
            cluster.launch("--import", pipe)
            wait_until(lambda: cluster.said().count("serves at") == 2, "the cluster to serve")
            cluster.supervisor.send_signal(signal.SIGTERM)
            self.assertEqual(cluster.supervisor.wait(20), 130)
            wait_until(lambda: not processes_of(cluster.data), "all replicas to end with it")


class Joining(unittest.TestCase):
    """The only replica with the state fails while another one joins: a member of the view that has not got everything."""

    def joining(self, cluster):
        """Replica 0 alone has the state and is stopped; the register's view has replica 1 too, which waits for it."""
        cluster.ok("add", "Elm", "--zip", "02139")
        cluster.ask("1", "was killed")
        cluster.wait_members([0])
        cluster.ok("set", "Elm", 4)
        first = cluster.pids()[0]
        os.kill(first, signal.SIGSTOP)
        cluster.ask("start 1", "is starting")
        wait_until(lambda: cluster.status(1), "the learner to be there")
        os.kill(cluster.supervisor.pid, signal.SIGSTOP)  # so that it does not hear yet that replica 1 is ready
        os.kill(first, signal.SIGCONT)
        for doses in (5, 6):  # two passes at least
            cluster.ok("set", "Elm", doses, at=cluster.at(0))
            position = cluster.status(0)["position"]
            wait_until(lambda p=position: cluster.status(1)["learned"] >= p, "replica 1 to learn")
        os.kill(first, signal.SIGSTOP)
        os.kill(cluster.supervisor.pid, signal.SIGCONT)
        wait_until(lambda: "2 of 2 replicas are members" in cluster.ask("status", "replica 1 "), "the view of both")
        return first

    def view(self, cluster):
        return json.loads(cluster.ok("view", "Elm", "--json"))["stock"][0]["availability"]

    def test_nobody_leaves_a_view_of_which_only_a_joiner_without_the_state_would_be_left(self):
        with Cluster(2) as cluster:
            first = self.joining(cluster)
            cluster.signal(first, signal.SIGKILL)
            wait_until(lambda: "is on the disks of: 0." in cluster.said(), cluster.said)
            self.assertIn("2 of 2 replicas are members", cluster.ask("status", "replica 1 "))
            cluster.ask("start 0", "Replica 1 was killed: the others failed before it had the whole state", 20)
            cluster.wait_members([0])
            self.assertEqual(6, self.view(cluster))
            cluster.ask("start 1", "is starting")
            cluster.wait_members([0, 1])
            cluster.wait_equal([0, 1])

    def test_a_joiner_that_has_everything_goes_on_although_the_supervisor_hears_of_the_failure_first(self):
        with Cluster(2) as cluster:
            first = self.joining(cluster)
            os.kill(cluster.supervisor.pid, signal.SIGSTOP)
            os.kill(first, signal.SIGCONT)
            cluster.wait_members([0, 1])
            cluster.signal(first, signal.SIGKILL)
            os.kill(cluster.supervisor.pid, signal.SIGCONT)
            cluster.wait_members([1])
            self.assertEqual(6, self.view(cluster))
            cluster.ask("start 0", "is starting")
            cluster.wait_members([0, 1])
            cluster.wait_equal([0, 1])


if __name__ == "__main__":
    main()
