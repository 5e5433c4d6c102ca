#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The page that `titer sim --trace` writes: whole, alone, and true to the run."""
import functools
import json
import os
import re
import tempfile
import unittest

from harness import main, titer

SEEDS = (7, 12, 19)


@functools.cache
def page_of(seed):
    return drawn(seed)


def drawn(seed):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run.html")
        done = titer("sim", "--seed", seed, "--trace", path)
        assert done.returncode == 0, done.stderr
        with open(path, encoding="utf-8") as file:
            return file.read()


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))


class Trace(unittest.TestCase):
    def test_stands_alone(self):
        page = page_of(SEEDS[0])
        self.assertFalse(re.findall(r"""(?:src|href)=|https?://|@import|fetch\(|import\(""", page))
        for placeholder in ("/*data*/", "/*script*/"):
            self.assertNotIn(placeholder, page)

    def test_the_same_seed_gives_the_same_page(self):
        self.assertEqual(page_of(SEEDS[0]), drawn(SEEDS[0]))

    def test_rows_fit_together(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                data = data_of(page_of(seed))
                nodes = {row[0] for row in data["nodes"]}
                self.assertGreater(len(data["messages"]), 1000)
                for kind, sender, receiver, sent, ended, lost, frame, _ in data["messages"]:
                    self.assertTrue({sender, receiver} <= nodes)
                    self.assertLess(frame, len(data["frames"]))
                    self.assertTrue(ended == -1 or ended >= sent)
                    self.assertEqual(frame >= 0, kind in (10, 12))

    def test_what_replicas_execute_is_one_order_of_timestamps_in_each_view(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                data = data_of(page_of(seed))
                executed = {}
                for mark in data["marks"]:
                    if mark[0] == "execute":
                        executed.setdefault(mark[2], []).append(data["frames"][mark[3]])
                self.assertTrue(executed)
                for frames in executed.values():
                    for before, after in zip(frames, frames[1:]):
                        self.assertLessEqual(before[0], after[0], "views follow one another")
                        if before[0] == after[0]:
                            self.assertLessEqual(before[3], after[3], "within a view by timestamp")

    def test_a_file_without_seeds_is_no_success(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("# only a comment\n")
            file.flush()
            done = titer("sim", "--replay", file.name)
        self.assertEqual(done.returncode, 2)
        self.assertIn("names no seed", done.stderr)

    def test_two_runs_cannot_be_drawn_into_one_page(self):
        done = titer("sim", "--seed", 1, "--seed", 2, "--trace", os.devnull)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    main()
