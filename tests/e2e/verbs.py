#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Every verb: what it does, what it refuses, its exit code, and that its --json is JSON."""
import json
import re
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import Cluster, end, free_ports, main, spawn, titer

OK, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 4


class Verbs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(3))

    def go(self, expected, *words, **options):
        """Runs a verb; its exit code must be the expected one; errors are said on standard error only."""
        done = self.cluster.titer(*words, **options)
        self.assertEqual(done.returncode, expected, f"titer {words}: {done.stdout}{done.stderr}")
        if expected != OK and "--json" not in words:
            self.assertTrue(done.stderr.startswith(("titer: ", "--")) or expected == USAGE, done.stderr)
            self.assertEqual(done.stdout, "")
        return done

    def json(self, *words, expected=OK, **options):
        return json.loads(self.go(expected, *words, "--json", **options).stdout)

    def site(self, name, count=None, **fields):
        """Adds a site of this test's own."""
        words = ["add", name, "--zip", "02139"]
        for key, value in fields.items():
            words += ["--" + key.replace("_", "-"), value]
        self.go(OK, *words)
        if count is not None:
            self.go(OK, "set", name, count)
        return name

    def stock(self, name):
        return {line["product"]: line for line in self.json("view", name)["stock"]}

    # --- sites

    def test_add_view_edit_close(self):
        self.go(OK, "add", "Elm Street Clinic", "--zip", "02139", "--street", "1 Elm St", "--city", "Cambridge",
                "--state", "MA", "--phone", "617-555-0100", "--availability", "3")
        site = self.json("view", "Elm Street Clinic")
        self.assertEqual((site["id"], site["zip"], site["state"], site["status"]),
                         ("elm-street-clinic", "02139", "MA", "active"))
        self.assertEqual(site["point"], "zip_centroid")
        self.assertEqual(self.json("view", "elm-street-clinic"), self.json("view", "Elm Street Clinic"))
        self.assertIn("Elm Street Clinic", self.go(OK, "view", "elm-street-clinic").stdout)
        self.go(OK, "edit", "elm-street-clinic", "--phone", "", "--street", "2 Elm St", "--name", "Elm Clinic")
        site = self.json("view", "elm-street-clinic")
        self.assertEqual((site["name"], site["street"], site.get("phone"), site["version"]),
                         ("Elm Clinic", "2 Elm St", None, 2))
        self.go(OK, "close", "Elm Clinic")
        self.assertEqual(self.json("view", "elm-street-clinic")["status"], "closed")
        self.assertNotIn("elm-street-clinic", [s["id"] for s in self.json("list", "Elm")])
        self.assertIn("elm-street-clinic", [s["id"] for s in self.json("list", "Elm", "--closed")])
        self.go(REFUSED, "set", "elm-street-clinic", "5")

    def test_names_and_ids_are_unique(self):
        self.site("Twice Told")
        self.go(REFUSED, "add", "Twice Told", "--zip", "02139")
        self.go(OK, "add", "Twice told!", "--zip", "02139")
        self.assertEqual(self.json("view", "Twice told!")["id"], "twice-told-2")
        self.go(REFUSED, "add", "Another", "--id", "twice-told")
        self.go(REFUSED, "edit", "twice-told-2", "--name", "Twice Told")

    def test_leading_zeros_of_zip_codes_are_kept(self):
        self.go(OK, "add", "Zero First", "--zip", "00501", "--zip-plus4", "0001")
        site = self.json("view", "Zero First")
        self.assertEqual((site["zip"], site["zip_plus4"]), ("00501", "0001"))

    def test_list_filters(self):
        for name, zip_code, state in (("Filter A", "73301", "TX"), ("Filter B", "73301", "TX"), ("Filter C", "05001", "VT")):
            self.go(OK, "add", name, "--zip", zip_code, "--state", state)
        self.go(OK, "set", "Filter A", "4")
        self.go(OK, "set", "Filter B", "0")
        self.go(OK, "set", "Filter B", "true", "--product", "208")

        def names(*words):
            return [s["name"] for s in self.json("list", *words)]
        self.assertEqual(names("--zip", "73301"), ["Filter A", "Filter B"])
        self.assertEqual(names("--state", "VT"), ["Filter C"])
        self.assertEqual(names("filter", "--available"), ["Filter A", "Filter B"])
        self.assertEqual(names("filter", "--product", "208"), ["Filter B"])
        self.assertEqual(names("filter", "--product", "any", "--available"), ["Filter A"])
        self.assertEqual(names("FILTER", "--limit", "2"), ["Filter A", "Filter B"])
        self.assertEqual(names("no such name at all"), [])
        self.assertIn("Filter C", self.go(OK, "list", "filter").stdout)

    def test_near_is_sorted_by_distance_and_knows_its_zip_codes(self):
        for name, zip_code in (("Near Harvard", "02138"), ("Near Worcester", "01608"), ("Near Fenway", "02215")):
            self.go(OK, "add", name, "--zip", zip_code, "--availability", "5")
        rows = self.json("near", "02138", "--within", "100", "--limit", "2000")
        mine = [r["name"] for r in rows if r["name"].startswith("Near ")]
        self.assertEqual(mine, ["Near Harvard", "Near Fenway", "Near Worcester"])
        self.assertEqual([r["distance"] for r in rows], sorted(r["distance"] for r in rows))
        self.assertNotIn("Near Worcester", [r["name"] for r in self.json("near", "02138", "--within", "20", "--unit", "km")])
        self.go(REFUSED, "near", "00000")
        self.go(USAGE, "near", "02138", "--within", "-3")
        self.go(USAGE, "near", "02138", "--within", "501")
        self.go(USAGE, "near", "02138", "--within", "805", "--unit", "km")

    # --- stock

    def test_set_takes_all_four_kinds_and_never_converts(self):
        name = self.site("Four Kinds")
        for text, shown in (("12", 12), ("0", 0), ("true", True), ("yes", True), ("false", False), ("unknown", "unknown")):
            self.go(OK, "set", name, text)
            self.assertIs(type(self.stock(name)["any"]["availability"]), type(shown))
            self.assertEqual(self.stock(name)["any"]["availability"], shown)
        for text in ("-1", "1.5", "many", "", "99999999999999999999"):
            self.go(USAGE, "set", "--", name, text)

    def test_products_are_cvx_or_ndc(self):
        name = self.site("Products")
        self.go(OK, "set", name, "5", "--product", "208")
        self.go(OK, "set", name, "6", "--product", "59267-1000-1")
        self.assertEqual((self.stock(name)["208"]["availability"], self.stock(name)["59267-1000-01"]["availability"]), (5, 6))
        self.assertEqual(self.stock(name)["59267-1000-01"]["cvx"], "208")
        self.go(OK, "set", name, "7", "--product", "Shingrix")
        self.assertEqual(self.stock(name)["187"]["availability"], 7)
        self.assertIn("Comirnaty (", self.go(USAGE, "set", name, "5", "--product", "Comirnaty").stderr)
        self.go(USAGE, "set", name, "5", "--product", "no such thing")

    def test_a_question_is_about_a_group_and_shows_each_site_once(self):
        for name, products in (("Flu A", ("140", "150", "155", "168", "185")), ("Flu B", ("88",)), ("Flu C", ("208",))):
            self.go(OK, "add", name, "--zip", "99501")
            for product in products:
                self.go(OK, "set", name, "3", "--product", product)
        for words in (("near", "99501", "--within", "1"), ("list", "--zip", "99501"), ("list", "flu")):
            names = [s["name"] for s in self.json(*words, "--product", "flu", "--available")]
            self.assertEqual(sorted(names), ["Flu A", "Flu B"], words)
        self.assertIn("influenza", self.go(USAGE, "near", "99501", "--product", "influensa").stderr)

    def test_claims_that_have_expired_are_available_only_when_asked_for(self):
        name = self.site("Long Ago")
        self.go(OK, "set", name, "5", "--valid-at", "2026-01-01T00:00:00Z")
        self.go(OK, "reserve", name, "1")
        self.assertEqual(self.stock(name)["any"]["freshness"], "expired", "nobody has counted since")
        self.assertEqual(self.json("list", name, "--available"), [])
        self.assertEqual([s["name"] for s in self.json("list", name, "--available", "--expired")], [name])
        ahead = self.json("set", name, "6", "--valid-at", "2062-01-01T00:00:00Z", expected=REFUSED)
        self.assertIn("ahead", ahead["message"])

    def test_adjust_reserve_release_never_go_below_zero(self):
        name = self.site("Counting", 10)
        self.go(OK, "adjust", name, "+5")
        self.go(OK, "adjust", name, "-3")
        self.go(OK, "reserve", name, "4")
        self.go(OK, "release", name, "1")
        self.assertEqual(self.stock(name)["any"]["availability"], 9)
        self.go(REFUSED, "adjust", name, "-10")
        refused = self.json("reserve", name, "10", expected=REFUSED)
        self.assertEqual((refused["ok"], refused["code"], refused["before"]), (False, "not_enough", 9))
        self.assertEqual(self.stock(name)["any"]["availability"], 9)
        self.go(OK, "set", name, "true")
        self.go(REFUSED, "reserve", name, "1")
        self.go(USAGE, "reserve", name, "0")
        self.go(USAGE, "reserve", name, "-1")

    def test_20_who_reserve_10_doses_at_once_get_exactly_10(self):
        name = self.site("Ten Doses", 10)
        runs = [spawn("reserve", name, at=self.cluster.at(i % 3), stderr=subprocess.PIPE) for i in range(20)]
        codes = [run.wait(30) for run in runs]
        for run in runs:
            end(run)
        self.assertEqual((codes.count(OK), codes.count(REFUSED)), (10, 10), codes)
        self.assertEqual(self.stock(name)["any"]["availability"], 0)

    def test_stale_versions_conflict(self):
        name = self.site("Versions")
        self.go(OK, "set", name, "1", "--if-version", "0")
        self.go(REFUSED, "set", name, "2", "--if-version", "0")
        self.go(OK, "set", name, "2", "--if-version", "1")
        outcome = self.json("set", name, "3", "--if-version", "1", expected=REFUSED)
        self.assertEqual((outcome["code"], outcome["before"], outcome["stock_version"]), ("stale_version", 2, 2))
        self.go(REFUSED, "reserve", name, "1", "--if-version", "1")
        self.go(OK, "reserve", name, "1", "--if-version", "2")
        self.go(REFUSED, "release", name, "1", "--if-version", "2")
        self.go(OK, "edit", name, "--city", "Boston", "--if-version", "1")
        self.go(REFUSED, "edit", name, "--city", "Cambridge", "--if-version", "1")

    def test_older_claims_are_refused(self):
        name = self.site("Out Of Date")
        self.go(OK, "set", name, "5", "--valid-at", "2026-03-01T08:00:00Z")
        self.assertEqual(self.json("set", name, "6", "--valid-at", "2026-02-28", expected=REFUSED)["code"], "out_of_date")
        self.go(USAGE, "set", name, "6", "--valid-at", "yesterday")

    def test_times_are_read_as_http_and_files_read_them(self):
        name = self.site("Times")
        for text in ("2026-03-01T24:30:00Z", "2026-03-01T08:15:60Z", "2026-02-30", "2026-03-01T08:15+24"):
            said = self.go(USAGE, "set", name, "5", "--valid-at", text).stderr
            self.assertIn(f"'{text}' for --valid-at is not a time", said)
        for hour, zone in enumerate(("+05", "+0500", "+05:00"), 8):
            self.go(OK, "set", name, "5", "--valid-at", f"2026-03-01T{hour:02}:15:00.250{zone}")
            self.assertEqual(self.stock(name)["any"]["valid_at"], f"2026-03-01T{hour - 5:02}:15:00.250Z")
        self.go(OK, "set", name, "5", "--valid-at", "now")

    # --- history

    def test_history_and_undo(self):
        name = self.site("Historic", 7)
        self.go(OK, "set", name, "9", "--actor", "desk", "--reason", "recount")
        events = self.json("history", name)
        self.assertEqual([e["kind"] for e in events][:2], ["set", "set"])
        self.assertEqual((events[0]["before"], events[0]["after"], events[0]["actor"], events[0]["reason"]),
                         (7, 9, "desk", "recount"))
        self.assertIn("recount", self.go(OK, "history", name).stdout)
        self.go(OK, "undo", events[0]["position"])
        self.assertEqual(self.stock(name)["any"]["availability"], 7)
        self.assertEqual(self.json("history", name)[0]["reverts"], events[0]["position"])
        self.go(OK, "set", name, "8")
        self.go(REFUSED, "undo", events[1]["position"])  # changed again since
        self.go(REFUSED, "undo", "999999999")
        self.assertEqual(len(self.json("history", "--limit", "2")), 2)

    def test_what_is_not_there_is_refused(self):
        for words in (["view", "Nowhere"], ["set", "Nowhere", "1"], ["adjust", "Nowhere", "+1"], ["reserve", "Nowhere"],
                      ["release", "Nowhere"], ["edit", "Nowhere", "--city", "X"], ["close", "Nowhere"],
                      ["history", "Nowhere"]):
            self.go(REFUSED, *words)

    # --- the command line itself

    def test_usage_errors_are_exit_2_and_help_is_exit_0(self):
        listed = titer().stdout
        for verb in ("cluster", "client", "list", "view", "set", "adjust", "reserve", "release", "add", "edit", "close",
                     "near", "history", "import", "export", "watch", "status", "bench", "undo"):
            self.assertIn(verb, listed)
            self.assertEqual(titer(verb, "--help").returncode, OK, verb)
            self.assertEqual(titer(verb, "--no-such-option").returncode, USAGE, verb)
        self.assertEqual(titer("no-such-verb").returncode, USAGE)
        self.assertEqual(titer("--version").returncode, OK)

    def test_help_lists_every_exit_code(self):
        said = titer("--help").stdout
        codes = re.findall(r"(?:[:,]\s)(\d+) [a-z]", said[said.index("Exit codes"):])
        self.assertEqual(codes, ["0", "1", "2", "3", "4", "5", "130"])

    def test_leading_zeros_of_numbers_do_not_make_them_octal(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(titer("cert", "ca", "--out", folder, "--days", "0100").returncode, OK)
            done = titer("cert", "issue", "--ca", folder, "--name", "127.0.0.1", "--out", folder, "--days", "010")
            self.assertIn("valid for 10 days", done.stdout)

    def test_numbers_that_cannot_be_meant_are_usage_errors_in_a_short_sentence(self):
        for words in (["undo", "-1"], ["undo", "18446744073709551616"], ["view", "x", "--timeout", "nan"],
                      ["view", "x", "--timeout", "1e300"], ["view", "x", "--timeout", "0"], ["reserve", "x", "0"],
                      ["reserve", "x", "-1"], ["list", "--limit", "0"], ["near", "02139", "--within", "-5"],
                      ["near", "02139", "--within", "inf"], ["history", "--before", "-1"], ["watch", "--since", "-1"],
                      ["set", "x", "1", "--if-version", "-1"], ["add", "x", "--lat", "nan", "--lon", "1"],
                      ["backup", "x", "--timeout", "-1"], ["bench", "--seconds", "nan"], ["check", "x", "--budget", "inf"],
                      ["cluster", "0"], ["cluster", "-1"], ["cluster", "3", "--base-port", "65536"],
                      ["cluster", "3", "--base-port", "65535"], ["cluster", "3", "--http-port", "65534"],
                      ["cluster", "3", "--base-port", "21150", "--http-port", "21152"],
                      ["cluster", "3", "--base-port", "21150", "--http-port", "21148"],
                      ["client", "8892", "--timeout", "nan"]):
            done = titer(*words, "--memory") if words[0] == "cluster" else titer(*words)
            self.assertEqual(done.returncode, USAGE, (words, done.stdout, done.stderr))
            self.assertLess(len(done.stderr), 300, done.stderr)

    def test_status_tells_of_every_replica(self):
        rows = self.json("status")
        self.assertEqual([r["replica"] for r in rows], [0, 1, 2])
        self.assertEqual({r["pid"] for r in rows}, set(self.cluster.pids().values()))
        self.assertTrue(all(r["full"] and r["register"]["reachable"] for r in rows))
        self.assertIn("serving", self.go(OK, "status").stdout)

    def test_an_address_where_nobody_is_is_passed_over(self):
        dead = free_ports(1)
        self.go(OK, "list", at=f"127.0.0.1:{dead},{self.cluster.at(2)}")
        self.go(OK, "list", "--at", f"127.0.0.1:{dead},{self.cluster.at(1)}", at=None)
        self.go(UNREACHABLE, "list", "--timeout", "1", at=f"127.0.0.1:{dead}")
        self.go(UNREACHABLE, "set", "x", "1", "--timeout", "1", at=f"127.0.0.1:{dead}")
        self.go(UNREACHABLE, "status", at=f"127.0.0.1:{dead}")
        self.go(USAGE, "list", at="not an address")

    def test_answers_are_the_same_at_every_replica_at_once(self):
        """A write that is answered is seen by a read anywhere that begins afterwards."""
        name = self.site("Everywhere", 0)
        for value in range(1, 16):
            self.go(OK, "set", name, value, at=self.cluster.at(value % 3))
            read = self.json("view", name, at=self.cluster.at((value + 1) % 3))
            self.assertEqual(read["stock"][0]["availability"], value)


class Watching(unittest.TestCase):
    def test_a_watch_from_beyond_the_newest_position_is_refused(self):
        with Cluster(1) as cluster:
            for since in (cluster.status(0)["position"] + 1, 1 << 62):
                done = cluster.titer("watch", "--since", since)
                self.assertEqual(1, done.returncode, done)
                self.assertIn("is beyond the newest one", done.stderr)

    def test_watch_shows_every_change_once_and_goes_on_when_its_replica_dies(self):
        with Cluster(3) as cluster:
            cluster.ok("add", "Watched", "--zip", "02139")
            watcher = spawn("watch", "--since", "0", "--json", at=cluster.at())
            try:
                values = []
                for value in range(20):
                    cluster.ok("set", "Watched", value, at=cluster.at(2))
                    if value == 9:
                        cluster.kill(0)
                while not values or values[-1] != 19:
                    event = json.loads(watcher.stdout.readline())
                    if event["kind"] == "set":
                        values.append(event["after"])
                self.assertEqual(values, list(range(20)))
                watcher.send_signal(signal.SIGINT)
                self.assertEqual(watcher.wait(5), OK)
            finally:
                end(watcher)


class ClusterCommand(unittest.TestCase):
    def test_a_port_in_use_is_named_and_nothing_is_left_running(self):
        base = free_ports(3)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", base + 1))
            taken.listen()
            done = titer("cluster", 3, "--base-port", base, "--http-port", 0, "--data", "/tmp", timeout=20)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn(str(base + 1), done.stderr)
        for port in (base, base + 2):
            with socket.socket() as again:
                again.bind(("127.0.0.1", port))

    def test_an_http_port_in_use_is_named(self):
        base = free_ports(4)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", base + 3))
            taken.listen()
            done = titer("cluster", 2, "--base-port", base, "--http-port", base + 2, "--data", "/tmp", timeout=20)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn(str(base + 3), done.stderr)
        self.assertIn("--http-port", done.stderr)

    def test_nonsense_is_refused(self):
        for words in (["0"], ["17"], ["three"], ["--base-port", "65535"], ["--http-port", "65535"], ["--durability", "paper"]):
            self.assertEqual(titer("cluster", *words, timeout=10).returncode, USAGE, words)

    def test_console_keeps_the_rules_of_the_original(self):
        with Cluster(3) as cluster:
            cluster.ask("x", "not an index")
            cluster.ask("-1", "not an index")
            cluster.ask("3", "no replica 3")
            cluster.type("")
            cluster.ask("1", "Replica 1 was killed.")
            cluster.wait_members([0, 2])
            cluster.ask("1", "already failed")
            cluster.ask("0", "Maximum fault tolerance achieved.")
            cluster.wait_members([2])
            cluster.ask("2", "Maximum fault tolerance achieved.")
            self.assertTrue(cluster.status(2)["full"], "the last one is not killed")
            cluster.ask("start 2", "running")
            cluster.ask("start 0", "starting")
            cluster.wait_members([0, 2])
            self.assertIn("failed", cluster.ask("status", "View"))
            cluster.type("quit")
            self.assertEqual(cluster.supervisor.wait(10), OK)

    def test_end_of_input_keeps_serving(self):
        with Cluster(2, ["--seed-site"]) as cluster:
            cluster.supervisor.stdin.close()
            pids = cluster.pids()
            for _ in range(5):
                cluster.ok("adjust", "Harvard University", "+1")
            self.assertIsNone(cluster.supervisor.poll())
            self.assertEqual(cluster.pids(), pids)

    def test_a_replica_that_is_just_starting_does_not_hold_up_the_end(self):
        for _ in range(5):
            with Cluster(2) as cluster:
                cluster.ask("1", "was killed")
                cluster.wait_members([0])
                cluster.ask("start 1", "is starting")
                cluster.supervisor.send_signal(signal.SIGTERM)
                self.assertEqual(cluster.supervisor.wait(5), OK)

    def test_sigterm_and_sigint_stop_all_cleanly_and_tell_the_clients(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Cluster(3, ["--seed-site"]) as cluster:
                watcher = spawn("watch", "--since", "0", "--json", at=cluster.at(1), stderr=subprocess.PIPE)
                try:
                    self.assertTrue(watcher.stdout.readline())  # the first site was added: it is connected
                    pids = cluster.pids()
                    cluster.supervisor.send_signal(number)
                    self.assertEqual(cluster.supervisor.wait(10), OK)
                    self.assertFalse([pid for pid in pids.values() if cluster.alive(pid)])
                    self.assertIn("Stopping", cluster.said())
                    self.assertEqual(watcher.wait(30), UNREACHABLE)
                    said = watcher.stderr.read().decode()
                    self.assertIn("shut down", said)
                finally:
                    end(watcher)


if __name__ == "__main__":
    main()
