#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What clients saw of a real cluster that is killed under them is linearizable, and `titer check` would have told if not."""
import json
import os
import tempfile
import unittest

import second_opinion
from harness import Cluster, main, seeded, titer, wait_until
from load import Load

HISTORIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "histories")
OK, VIOLATION, USAGE, UNKNOWN = 0, 1, 2, 5


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def answered(op):
    return op.get("code") == "ok" and "after" in op


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="titer-history-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, ops=None):
        path = os.path.join(self.folder, name)
        if ops is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(op) + "\n" for op in ops)
        return path

    def verdict(self, *words):
        done = titer("check", "--json", *words)
        self.assertIn(done.returncode, (OK, VIOLATION, UNKNOWN), done.stderr)
        found = json.loads(done.stdout)
        names = {OK: "linearizable", VIOLATION: "violation", UNKNOWN: "unknown"}
        self.assertEqual(found["verdict"], names[done.returncode])
        return found

    def record(self, workload, sites, chance):
        """Two loads on the same sites, or one, while a replica is killed and comes back."""
        loads = 2 if workload == "all" else 1
        paths = [self.file(f"{workload}-{n}") for n in range(loads)]
        with Cluster(3) as cluster:
            running = [Load(cluster, 60, connections=4, in_flight=4, workload=workload, sites=sites, history=path)
                       for path in paths]
            try:
                wait_until(lambda: all(os.path.exists(p) and os.path.getsize(p) > 500_000 for p in paths), "the loads to run")
                victim = chance.randrange(3)
                cluster.kill(victim)
                cluster.wait_members([i for i in range(3) if i != victim])
                cluster.start(victim)
                cluster.wait_members(range(3))
                self.assertTrue(all(load.running() for load in running), "the loads ended too soon")
                reports = [load.stop() for load in running]
            finally:
                for load in running:
                    load.__exit__()
        self.assertGreater(sum(r["failovers"] for r in reports), 0, "nobody was at the replica that was killed")
        return paths

    def test_a_cluster_that_is_killed_under_load(self):
        chance = seeded(self.id())
        for workload, sites in (("mix", 20), ("all", 5)):
            paths = self.record(workload, sites, chance)
            verdict = self.verdict(*paths)
            print(f"    {workload}: " + ", ".join(f"{k} {v}" for k, v in verdict.items()), flush=True)
            self.assertEqual(verdict["verdict"], "linearizable")
            self.assertGreaterEqual(verdict["stock_lines"], sites)
            self.assertGreater(verdict["operations"], 1000)
            self.corrupt(paths, chance)

    def corrupt(self, paths, chance):
        """Each lie, put into a true history, is found."""
        ops = [op for path in paths for op in lines(path)]
        done = [i for i, op in enumerate(ops) if answered(op)]
        writes = [i for i in done if ops[i]["before"] != ops[i]["after"]]
        last = max(op["end_ns"] for op in ops if "end_ns" in op)

        def lie(name, index, **changed):
            told = list(ops)
            told[index] = {**told[index], **changed}
            verdict = self.verdict(self.file("lie", told))
            self.assertEqual((verdict["verdict"], verdict["violations"]), ("violation", 1), f"{name}: {told[index]}")
            self.assertEqual(verdict["not_linearizable"][0]["site"], told[index]["site"])
            self.assertTrue(verdict["not_linearizable"][0]["explanation"])

        reads = [i for i in done if ops[i]["op"] == "read" and ops[i]["version"] > 3]
        early = min(writes, key=lambda i: ops[i]["end_ns"])
        lie("a value that never was", chance.choice(reads), before=987654321, after=987654321)
        lie("a version that never was", chance.choice(writes), version=10**6)
        lie("a stale read", early, op="read", before=ops[early]["after"], call_ns=last + 1, end_ns=last + 2)
        def line_of(op):
            return op["site"], op.get("product")
        newest = {}  # version of each line: a write that nobody has seen could be missing
        for i in done:
            newest[line_of(ops[i])] = max(newest.get(line_of(ops[i]), 0), ops[i]["version"])
        lost = ops[chance.choice([i for i in writes if ops[i]["version"] < newest[line_of(ops[i])]])]
        kept = [op for op in ops if (op["client"], op["id"]) != (lost["client"], lost["id"])]
        twice = [*ops, {**lost, "client": 7}]
        for name, told in (("a write of nobody", kept), ("the same doses given twice", twice)):
            self.assertEqual(self.verdict(self.file("lie", told))["verdict"], "violation", f"{name}: {lost}")

    def test_a_second_checker_agrees(self):
        """On two histories that are kept as files, and on random small ones: it was written from the documentation."""
        chance = seeded(self.id())
        with open(os.path.join(HISTORIES, "good.ndjson"), encoding="utf-8") as file:
            good = file.read()
        with open(os.path.join(HISTORIES, "bad.ndjson"), encoding="utf-8") as file:
            bad = file.read()
        self.assertEqual(set(), second_opinion.wrong_lines(good))
        wrong = {("stale", "any"), ("twice", "any"), ("refused", "any"), ("early", "any"), ("apart", "208")}
        self.assertEqual(wrong, second_opinion.wrong_lines(bad))
        random = second_opinion.random_history(chance, 2000, 8)
        found = second_opinion.wrong_lines(random)
        self.assertTrue(100 < len(found) < 1900, f"{len(found)} of 2000 lines are wrong")
        for name, text in (("good", good), ("bad", bad), ("random", random)):
            path = self.file(name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            verdict = self.verdict("--new-cluster", path)
            said = {(line["site"], line["product"]) for line in verdict.get("not_linearizable", [])}
            self.assertEqual(second_opinion.wrong_lines(text), said, name)

    def test_exit_codes_and_complaints(self):
        read = {"client": 1, "id": 1, "site": "elm", "op": "read", "call_ns": 1, "end_ns": 2, "code": "ok",
                "before": 5, "after": 5, "version": 3}
        stale = {**read, "id": 2, "call_ns": 3, "end_ns": 4, "before": 4, "after": 4, "version": 2}
        good, bad = self.file("good", [read]), self.file("bad", [stale])
        self.assertEqual(self.verdict(good)["operations"], 1)
        self.assertEqual(self.verdict(good, bad)["verdict"], "violation", "two files are one history")
        self.assertEqual(self.verdict("--new-cluster", good)["verdict"], "violation", "no line was there")
        text = titer("check", good, bad)
        self.assertEqual(text.returncode, VIOLATION)
        self.assertIn("client 1 #2 read: ok, 4 at version 2", text.stdout)
        many = [{**read, "id": i, "client": i} for i in range(20_000)]
        self.assertEqual(self.verdict("--budget", "0.001", self.file("many", many))["verdict"], "unknown")
        wrong = titer("check", self.file("wrong", [read, {**read, "op": "write"}]))
        self.assertEqual(wrong.returncode, USAGE)
        self.assertIn("line 2: \"op\" is set, adjust, reserve, release or read", wrong.stderr)
        self.assertEqual(titer("check", self.file("absent")).returncode, USAGE)
        with open(good, "a", encoding="utf-8") as file:
            file.write('{"client": 1')
        torn = titer("check", good)
        self.assertEqual(torn.returncode, OK)
        self.assertIn("cut off", torn.stderr)


if __name__ == "__main__":
    main()
