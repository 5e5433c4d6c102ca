#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The interactive client, driven by scripts: its dialogue byte for byte, also while replicas die under it."""
import os
import random
import signal
import subprocess
import tempfile
import unittest

from harness import Cluster, TITER, end, environment, main, spawn, titer, wait_until

HEAD = ("Name every replica by its port or host:port, so that the client survives the failure of all but one.\n"
        "Example (3 replicas on this machine): titer client 8892 8893 8894\n"
        "Connected to {} servers; application starting.\n\n")
MENU = ("What would you like to do?\n"
        "[l] list all sites with their availability;\n"
        "[v] view the availability at one site;\n"
        "[e] edit the availability at one site;\n"
        "[n] add a new site;\n"
        "[q] quit.\n")
NAME = "Please enter the vaccine site name: "
VALUE = "Please enter the number of available vaccines at this site (or [True/False] for binary availability): "
VALUE_AGAIN = "Availability must be a nonnegative integer or [True/False]: "
ZIP, ZIP_AGAIN = "Please enter the ZIP code of the site: ", "ZIP code must be 5 digits: "
BYE = "Exiting client...\n"
ABSENT = "Site does not exist. Choose [l] to view all sites."


def result(text):
    """The empty line that ends the prompt's line, the result, an empty line."""
    return f"\n{text}\n\n"


def listing(*rows):
    return MENU + result("\n".join(("Availability,ZIP Code,Site Name", *rows)))


def edited(name, zip_code, value):
    return MENU + NAME + VALUE + result(f"Vaccine availability at {name} (ZIP code {zip_code}) updated to {value}.")


def added(name, zip_code):
    return MENU + NAME + ZIP + result(f"{name} (ZIP code {zip_code}) added with vaccine availability 0.")


def viewed(name, zip_code, value):
    return MENU + NAME + result(f"Availability at {name} (ZIP code {zip_code}): {value}")


def converse(cluster, lines, servers=None, ports=None):
    """The whole output of a client that is given all its input at once."""
    ports = ports or [cluster.port(i) for i in range(cluster.size)]
    done = titer("client", *ports, stdin="".join(f"{line}\n" for line in lines), timeout=30)
    assert done.returncode == 0 and not done.stderr, f"exit {done.returncode}: {done.stderr}"
    head = HEAD.format(servers or len(ports))
    assert done.stdout.startswith(head), done.stdout[:300]
    return done.stdout[len(head):]


class Talker:
    """A client that is led step by step: each answer is waited for before the next line is typed."""

    def __init__(self, cluster, servers=3):
        self.process = spawn("client", *[cluster.port(i) for i in range(cluster.size)], bufsize=0)
        self.seen = b""
        self.expect(HEAD.format(servers) + MENU)

    def expect(self, text):
        """Reads exactly this."""
        want = text.encode()
        got = b""
        while len(got) < len(want):
            data = self.process.stdout.read(len(want) - len(got))
            if not data:
                break
            got += data
        assert got == want, f"expected {text!r}, got {got.decode()!r}"

    def say(self, *lines):
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())

    def do(self, *lines, then):
        """One choice of the menu; `then` is everything up to the next menu, its own first menu taken off."""
        self.say(*lines)
        self.expect(then[len(MENU):] + MENU)


class Dialogue(unittest.TestCase):
    maxDiff = None

    def test_every_path_byte_for_byte(self):
        with Cluster(3, ["--seed-site"]) as cluster:
            harvard = ("Harvard University", "02138")
            script = [
                (["l"], listing("0,02138,Harvard University")),
                (["v", harvard[0]], viewed(*harvard, 0)),
                (["v", "Nowhere"], MENU + NAME + result(ABSENT)),
                (["e", harvard[0], "12"], edited(*harvard, 12)),
                (["e", harvard[0], "True"], edited(*harvard, "True")),
                (["v", harvard[0]], viewed(*harvard, "True")),
                (["e", harvard[0], "False"], edited(*harvard, "False")),
                (["e", harvard[0], "0"], edited(*harvard, 0)),
                (["e", "Nowhere", "5"], MENU + NAME + VALUE + result(ABSENT)),
                (["e", harvard[0], "-1", "1.5", "many", "", "7"],
                 MENU + NAME + VALUE + 4 * VALUE_AGAIN +
                 result("Vaccine availability at Harvard University (ZIP code 02138) updated to 7.")),
                (["n", "MIT Medical", "02139"], added("MIT Medical", "02139")),
                (["n", "MIT Medical", "02139"], MENU + NAME + ZIP + result("MIT Medical already in database.")),
                (["n", "Fenway Park", "abc", "-5", "02215"],
                 MENU + NAME + ZIP + 2 * ZIP_AGAIN +
                 result("Fenway Park (ZIP code 02215) added with vaccine availability 0.")),
                (["x", "", "list", "l"], 3 * MENU +
                 listing("0,02215,Fenway Park", "7,02138,Harvard University", "0,02139,MIT Medical")),
                (["q"], MENU + BYE),
            ]
            said = converse(cluster, [line for lines, _ in script for line in lines])
            self.assertEqual(said, "".join(text for _, text in script))

    def test_shape_that_old_scripts_count_lines_by(self):
        with Cluster(3, ["--seed-site"]) as cluster:
            done = titer("client", *[cluster.port(i) for i in range(3)], stdin="l\nq\n")
            lines = done.stdout.split("\n")
            self.assertEqual(lines[3], "", "4 lines at the start, the last one empty")
            self.assertEqual(lines[10], "", "then a menu of 6 lines, then an empty line")
            self.assertEqual(lines[11], "Availability,ZIP Code,Site Name")

    def test_sites_are_listed_by_the_bytes_of_their_names(self):
        with Cluster(1) as cluster:
            names = ["zebra", "Yak", "apple", "École", "10 Downing", "Álamo", "apple 2"]
            random.shuffle(names)
            lines = [line for name in names for line in ("n", name, "02139")]
            converse(cluster, [*lines, "q"])
            rows = [f"0,02139,{name}" for name in sorted(names, key=lambda n: n.encode())]
            self.assertEqual(converse(cluster, ["l", "q"]), listing(*rows) + MENU + BYE)

    def test_end_of_input_is_a_clean_end(self):
        with Cluster(1) as cluster:
            self.assertEqual(converse(cluster, []), MENU + BYE)
            self.assertEqual(converse(cluster, ["e"]), MENU + NAME + BYE)

    def test_two_clients_at_once_while_replicas_0_and_1_are_killed_and_a_third_that_joins_later(self):
        """What the original's dialogue gives: both see all edits in one order, whoever dies."""
        with Cluster(3, ["--seed-site"]) as cluster:
            one, two = Talker(cluster), Talker(cluster)
            try:
                one.do("n", "Alpha", "02139", then=added("Alpha", "02139"))
                two.do("v", "Alpha", then=viewed("Alpha", "02139", 0))
                two.do("e", "Alpha", "3", then=edited("Alpha", "02139", 3))
                cluster.kill(0)
                one.do("v", "Alpha", then=viewed("Alpha", "02139", 3))
                one.do("e", "Harvard University", "41", then=edited("Harvard University", "02138", 41))
                two.do("e", "Harvard University", "42", then=edited("Harvard University", "02138", 42))
                one.do("n", "Beta", "99501", then=added("Beta", "99501"))
                cluster.kill(1)
                two.do("n", "Beta", "99501", then=MENU + NAME + ZIP + result("Beta already in database."))
                two.do("e", "Beta", "True", then=edited("Beta", "99501", "True"))
                everything = ["3,02139,Alpha", "True,99501,Beta", "42,02138,Harvard University"]
                one.do("l", then=listing(*everything))
                two.do("l", then=listing(*everything))
                self.assertEqual(converse(cluster, ["l", "q"], servers=1), listing(*everything) + MENU + BYE)
                for talker in (one, two):
                    talker.say("q")
                    talker.expect(BYE)
                    self.assertEqual(talker.process.wait(10), 0)
            finally:
                for talker in (one, two):
                    end(talker.process)

    def test_edits_of_two_clients_typed_ahead_are_all_there_after_a_kill_in_the_middle(self):
        with Cluster(3) as cluster:
            ports = [cluster.port(i) for i in range(3)]
            converse(cluster, ["n", "Left", "02139", "n", "Right", "02139", "q"])
            # Into files: a client whose output nobody reads would hang, and be taken for hung.
            outputs = {name: tempfile.TemporaryFile() for name in ("Left", "Right")}
            clients = {name: spawn("client", *ports, stdout=output) for name, output in outputs.items()}
            try:
                for name, client in clients.items():
                    for value in range(1, 201):
                        client.stdin.write(f"e\n{name}\n{value}\n".encode())
                    client.stdin.write(b"q\n")
                    client.stdin.flush()
                wait_until(lambda: all(os.fstat(output.fileno()).st_size > 2000 for output in outputs.values()),
                           "some edits of both to be answered")
                cluster.kill(0)
                for name, client in clients.items():
                    client.communicate(timeout=30)
                    outputs[name].seek(0)
                    out = outputs[name].read().decode()
                    want = HEAD.format(3) + "".join(edited(name, "02139", v) for v in range(1, 201)) + MENU + BYE
                    self.assertEqual(out, want)
                self.assertEqual(converse(cluster, ["l", "q"], servers=2),
                                 listing("200,02139,Left", "200,02139,Right") + MENU + BYE)
                cluster.wait_equal([1, 2])
                # Clients that live and work are never taken for hung, which would cost everybody a second.
                self.assertNotIn("does not answer", cluster.replica_logs())
            finally:
                for client in clients.values():
                    end(client)
                for output in outputs.values():
                    output.close()

    def test_dead_ports_are_left_out(self):
        with Cluster(2, ["--seed-site"]) as cluster:
            ports = [1, cluster.port(0), 2, cluster.port(1)]
            said = converse(cluster, ["v", "Harvard University", "q"], servers=2, ports=ports)
            self.assertEqual(said, viewed("Harvard University", "02138", 0) + MENU + BYE)

    def test_nobody_there_is_exit_4(self):
        done = titer("client", 1, 2, stdin="l\nq\n")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("no replica answers", done.stderr)

    def test_no_or_wrong_addresses_are_exit_2(self):
        for words in ([], ["host:"], ["70000"], ["here:there"]):
            self.assertEqual(titer("client", *words).returncode, 2, words)

    def test_ctrl_c_leaves_cleanly(self):
        with Cluster(2, ["--seed-site"]) as cluster:
            talker = Talker(cluster, servers=2)
            try:
                talker.do("v", "Harvard University", then=viewed("Harvard University", "02138", 0))
                talker.process.send_signal(signal.SIGINT)
                self.assertEqual(talker.process.wait(5), 130)
                wait_until(lambda: cluster.status(0)["direct_clients"] == 0, "the replica to notice")
            finally:
                end(talker.process)
            self.assertEqual(subprocess.run([TITER, "view", "Harvard University"], env=environment(cluster.at()),
                                            capture_output=True, check=False).returncode, 0)


if __name__ == "__main__":
    main()
