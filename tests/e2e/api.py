# SPDX-License-Identifier: Apache-2.0

"""Plays docs/reference/api.md at its word: types its curl commands and compares what comes back.

As in readme.py, `…` stands for any text; the ports 8080, 8081, 8082 of the document are those of a cluster started here.
"""
import json
import os
import re
import subprocess
import unittest
import urllib.error
import urllib.request

from harness import ROOT, Cluster, environment, main
from readme import pattern_of, same, steps_of


class Api(unittest.TestCase):
    def test_examples_come_out_as_written(self):
        with open(os.path.join(ROOT, "docs", "reference", "api.md"), encoding="utf-8") as file:
            steps = steps_of(file.read())
        self.assertGreater(len(steps), 10, "docs/reference/api.md has no examples")
        with Cluster(options=["--memory"], http=True) as cluster:
            for kind, typed, expected in steps:
                self.assertEqual(kind, "$", typed)
                command = re.sub(r"\b808([012])\b", lambda m: str(cluster.http_base + int(m.group(1))), typed)
                done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30,
                                      env=environment(), check=False)
                self.assertTrue(same(pattern_of(expected), done.stdout),
                                f"$ {typed}\nprinted\n{done.stdout}{done.stderr}\nnot\n" + "\n".join(expected))

    def test_orders_follow_the_rule_of_the_original(self):
        """At most t-1 may be down, whoever asks."""
        def order(at, index, what):
            request = urllib.request.Request(
                f"http://127.0.0.1:{cluster.http_base + at}/api/v1/cluster/replicas/{index}/{what}", method="POST")
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as refused:
                return refused.code, json.load(refused)

        with Cluster(2, ["--memory"], http=True) as cluster:
            self.assertEqual(order(1, 9, "kill")[0], 404)
            self.assertEqual(order(1, 1, "start")[0], 409)
            self.assertEqual(order(1, 0, "kill"), (200, {"message": "Replica 0 was killed."}))
            cluster.wait_members([1])
            status, problem = order(1, 1, "kill")
            self.assertEqual((status, problem["code"]), (409, "not_enough"))
            self.assertIn("Maximum fault tolerance achieved", problem["detail"])


if __name__ == "__main__":
    main()
