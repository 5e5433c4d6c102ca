#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What bench/results.py makes of measurements: medians, ratios to the best rival and to a baseline, tables; and that ./dev installs
what the systems of each class need. Nothing is measured.
"""
import json
import os
import re
import sys
import unittest

from layering import ROOT, read

sys.path.insert(0, os.path.join(ROOT, "bench"))
import classes  # noqa: E402
from stores import System  # noqa: E402
from results import (BOUND, OURS, RIVAL, ROLES, WEAKER, Figures, Load, Row, beside_rivals, best_rival,  # noqa: E402
                     duration, markdown, medians, quantile, ratio, shown, table)

WRITE = Load("write", 64, 16)


def row(system, role, number=0, load=WRITE, kind="memory", **figures):
    return Row(kind, system, role, load, number, Figures(**figures))


def rounds(system, role, *per_second, **more):
    return [row(system, role, number, per_second=value, p50_us=1e6 / value, **more) for number, value in enumerate(per_second)]


class Medians(unittest.TestCase):
    def test_median_of_an_odd_number_is_the_middle_round(self):
        found, = medians(rounds("titer", OURS, 100, 900, 200))
        self.assertEqual((200, 3), (found.figures.per_second, found.rounds))

    def test_median_of_an_even_number_is_between_the_middle_two(self):
        found, = medians(rounds("titer", OURS, 100, 400, 200, 300))
        self.assertEqual(250, found.figures.per_second)

    def test_each_figure_has_its_own_median(self):
        found, = medians([row("titer", OURS, 0, per_second=1, p50_us=9), row("titer", OURS, 1, per_second=2, p50_us=8),
                          row("titer", OURS, 2, per_second=3, p50_us=100)])
        self.assertEqual((2, 9), (found.figures.per_second, found.figures.p50_us))

    def test_a_figure_that_was_not_measured_stays_unknown_and_zero_is_a_figure(self):
        found, = medians([row("titer", OURS, gap_ms=0.0), row("titer", OURS, 1, gap_ms=4.0), row("titer", OURS, 2)])
        self.assertEqual((2.0, None), (found.figures.gap_ms, found.figures.per_second))

    def test_classes_loads_and_systems_are_kept_apart(self):
        rows = [row("titer", OURS, per_second=1), row("titer", OURS, per_second=2, kind="durable"),
                row("titer", OURS, per_second=3, load=Load("write", 64)), row("titer", OURS, per_second=4, load=Load("read", 64, 16)),
                row("Redis", RIVAL, per_second=5)]
        self.assertEqual({1, 2, 3, 4, 5}, {m.figures.per_second for m in medians(rows)})

    def test_order_is_class_operation_load_and_ours_first(self):
        loads = Load("write", 64, 16), Load("write", 1), Load("write", 256), Load("read", 1)
        rows = [row(system, role, load=load, per_second=1) for load in loads for system, role in (("echo", BOUND), ("Redis", RIVAL), ("titer", OURS))]
        found = medians(rows)
        self.assertEqual(["write, 1 × 1", "write, 256 × 1", "write, 64 × 16", "read, 1 × 1"],
                         list(dict.fromkeys(str(m.load) for m in found)))
        self.assertEqual(["titer", "Redis", "echo"], [m.system for m in found[:3]])


class Quantile(unittest.TestCase):
    def test_ends_and_middle(self):
        values = list(range(100))
        self.assertEqual([0, 50, 99, 99], [quantile(values, share) for share in (0, .5, .99, 1)])
        self.assertEqual(7, quantile([7], .99))


class Rivals(unittest.TestCase):
    def test_each_figure_is_compared_with_the_rival_that_is_best_in_it(self):
        found = medians([row("titer", OURS, per_second=300, p50_us=10), row("fast", RIVAL, per_second=200, p50_us=40),
                         row("quick", RIVAL, per_second=50, p50_us=5)])
        beside = beside_rivals(found, found[0])
        self.assertEqual({"per_second": (1.5, "fast"), "p50_us": (2.0, "quick")}, beside)

    def test_neither_a_bound_nor_a_weaker_system_is_a_rival(self):
        found = medians([row("titer", OURS, per_second=300), row("echo", BOUND, per_second=900), row("weak", WEAKER, per_second=800)])
        self.assertIsNone(best_rival(found, "memory", WRITE, "per_second"))
        self.assertEqual({}, beside_rivals(found, found[0]))

    def test_a_rival_of_another_load_or_class_is_none(self):
        found = medians([row("titer", OURS, per_second=300), row("Redis", RIVAL, per_second=1, load=Load("write", 1)),
                         row("Redis", RIVAL, per_second=1, kind="durable")])
        self.assertEqual([{}], [beside_rivals(found, m) for m in found if m.role == OURS])

    def test_ours_are_no_rivals_of_one_another(self):
        found = medians([row("titer", OURS, per_second=300), row("titer, at one replica", OURS, per_second=100),
                         row("Redis", RIVAL, per_second=200)])
        self.assertEqual([(1.5, "Redis"), (.5, "Redis")], [beside_rivals(found, m)["per_second"] for m in found[:2]])

    def test_the_shortest_gap_is_the_best(self):
        found = medians([row("titer", OURS, gap_ms=50), row("etcd", RIVAL, gap_ms=1000), row("NATS", RIVAL, gap_ms=4000)])
        self.assertEqual((.05, "etcd"), beside_rivals(found, found[0])["gap_ms"])

    def test_nothing_is_divided_by_zero_or_by_what_is_unknown(self):
        one, other = medians([row("titer", OURS, gap_ms=5), row("etcd", RIVAL, gap_ms=0)])
        self.assertIsNone(ratio(one, other, "gap_ms"))
        self.assertIsNone(ratio(one, other, "p50_us"))
        self.assertIsNone(ratio(one, None, "gap_ms"))


class Files(unittest.TestCase):
    def test_a_row_comes_back_as_it_was(self):
        for one in (row("titer", OURS, 2, per_second=1.5, p50_us=2, p99_us=3), row("etcd", RIVAL, gap_ms=0.0, client_gap_ms=1.0)):
            self.assertEqual(one, Row.from_json(json.loads(json.dumps(one.to_json()))))

    def test_answers_of_load_generators_may_say_more(self):
        self.assertEqual(Figures(per_second=5), Figures.of({"per_second": 5, "errors": 0, "p50_us": None}))

    def test_a_file_with_another_shape_is_refused(self):
        good = row("titer", OURS, per_second=1).to_json()
        with self.assertRaises(ValueError):
            Row.from_json({**good, "role": "friend"})
        with self.assertRaises(KeyError):
            Row.from_json({key: value for key, value in good.items() if key != "connections"})


class Texts(unittest.TestCase):
    def test_durations_have_a_unit_that_fits(self):
        self.assertEqual(["0 µs", "141 µs", "1 ms", "1.24 ms", "58.6 ms", "1.5 s"],
                         [duration(us) for us in (0, 141, 1000, 1240, 58_600, 1_500_000)])
        self.assertEqual(["572,000", "50 ms", ""], [shown("per_second", 572_000), shown("gap_ms", 50), shown("p50_us", None)])

    def test_a_table_is_aligned_markdown(self):
        self.assertEqual("| a   |   n |\n| --- | --: |\n| bcd | 100 |", markdown([["a", "n"], ["bcd", "100"]], right=[1]))

    def test_table_has_medians_and_the_ratio_to_the_best_rival(self):
        text = table(medians(rounds("titer", OURS, 100, 300, 200) + rounds("Redis", RIVAL, 100, 100, 100)), "memory")
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.split("\n")]
        self.assertEqual(["load", "system", "per second", "p50", "beside the best rival"], cells[0])
        self.assertEqual(["write, 64 × 16", "titer", "200", "5 ms", "2.00 × Redis; p50 0.50 × Redis"], cells[2])
        self.assertEqual(["write, 64 × 16", "Redis", "100", "10 ms", ""], cells[3])

    def test_table_has_only_the_class_that_is_asked_for(self):
        text = table(medians([row("titer", OURS, per_second=1), row("other", OURS, per_second=1, kind="near")]), "memory")
        self.assertIn("titer", text)
        self.assertNotIn("other", text)

    def test_table_compares_with_a_baseline_the_same_system_and_load_only(self):
        now = medians([row("titer", OURS, per_second=150), row("Redis", RIVAL, per_second=100)])
        before = medians([row("titer", OURS, per_second=100), row("titer", OURS, per_second=1, load=Load("write", 1))])
        lines = table(now, "memory", before).split("\n")
        self.assertIn("beside the baseline", lines[0])
        self.assertTrue(lines[2].rstrip("| ").endswith("1.50 ×"), lines[2])
        self.assertEqual("", lines[3].split("|")[-2].strip())

    def test_a_gap_is_what_failover_is_judged_by(self):
        text = table(medians([row("titer", OURS, gap_ms=50, per_second=9), row("etcd", RIVAL, gap_ms=1000, per_second=900)]), "memory",
                     medians([row("titer", OURS, gap_ms=100, per_second=9)]))
        self.assertIn("0.05 × etcd", text)
        self.assertIn("0.50 ×", text)


class Systems(unittest.TestCase):
    def test_a_missing_rival_says_what_it_lacks_and_how_to_install_it(self):
        system = System("Store", RIVAL, "nothing", None,
                        (("python3", "python3"), ("no-such-server", "no-server"), ("/no/*/such", "no-files")))
        self.assertEqual("Store is skipped: no-such-server, /no/*/such not found. Install it: apt-get install no-server no-files",
                         system.missing())
        self.assertIsNone(System("Store", RIVAL, "nothing", None, (("python3", "python3"), ("/*", "base-files"))).missing())

    def test_dev_installs_what_each_class_needs(self):
        text = read(ROOT, "dev")
        packages = dict(re.findall(r'^  \[(\w+)\]="([^"]*)"', re.search(r"packages_bench=\((.*?)\n\)", text, re.S).group(1), re.M))
        there = {"g++", "util-linux"}  # of every build, and of every Debian
        self.assertEqual(set(classes.MODULES), set(packages))
        for kind, listed in packages.items():
            needed = {package for system in classes.module(kind).systems(classes.Options()) for _, package in system.needs}
            self.assertEqual(set(), needed - set(listed.split()) - there, kind)

    def test_each_class_has_ours_and_says_what_every_answer_means(self):
        for kind in classes.MODULES:
            systems = classes.module(kind).systems(classes.Options())
            self.assertIn(OURS, {system.role for system in systems}, kind)
            self.assertEqual([], [system.name for system in systems if not system.means or system.role not in ROLES])


if __name__ == "__main__":
    unittest.main(verbosity=2)
