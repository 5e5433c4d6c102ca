"""Plays docs/api.md at its word: types its curl commands and compares what comes back.

As in readme.py, `…` stands for any text; the ports 8080, 8081, 8082 of the document are those of a cluster started here.
"""
import os
import re
import subprocess
import unittest

from harness import ROOT, Cluster, environment, main
from readme import pattern_of, same, steps_of


class Api(unittest.TestCase):
    def test_examples_come_out_as_written(self):
        with open(os.path.join(ROOT, "docs", "api.md"), encoding="utf-8") as file:
            steps = steps_of(file.read())
        self.assertGreater(len(steps), 10, "docs/api.md has no examples")
        with Cluster(options=["--memory"], http=True) as cluster:
            for kind, typed, expected in steps:
                self.assertEqual(kind, "$", typed)
                command = re.sub(r"\b808([012])\b", lambda m: str(cluster.http_base + int(m.group(1))), typed)
                done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30,
                                      env=environment(), check=False)
                self.assertTrue(same(pattern_of(expected), done.stdout),
                                f"$ {typed}\nprinted\n{done.stdout}{done.stderr}\nnot\n" + "\n".join(expected))


if __name__ == "__main__":
    main()
