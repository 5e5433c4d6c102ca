#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The example consumer of the change stream: it misses nothing and repeats nothing while replicas die under it."""
import http.client
import json
import os
import subprocess
import sys
import threading
import unittest

from harness import ROOT, Cluster, end, main, wait_until

FOLLOW = os.path.join(ROOT, "examples", "follow.py")


class Follow(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(3, ["--memory"], http=True)
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.cluster.__enter__()
        self.urls = [f"http://127.0.0.1:{self.cluster.http_base + i}" for i in range(3)]

    def follow(self, *words):
        process = subprocess.Popen([sys.executable, FOLLOW, *self.urls, *words], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(end, process)
        events = []

        def read():
            for line in process.stdout:
                events.append(json.loads(line))

        threading.Thread(target=read, daemon=True).start()
        return process, events

    def set(self, index, count):
        connection = http.client.HTTPConnection("127.0.0.1", self.cluster.http_base + index, timeout=10)
        connection.request("PUT", "/api/v1/sites/elm/stock/any", json.dumps({"availability": {"count": count}}),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.assertEqual(answer.status, 200, body)

    def add_site(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.cluster.http_base, timeout=10)
        connection.request("POST", "/api/v1/sites", json.dumps({"id": "elm", "name": "Elm", "zip": "02108"}),
                           {"Content-Type": "application/json"})
        self.assertEqual(connection.getresponse().status, 201)
        connection.close()

    @staticmethod
    def counts(events):
        return [e["after"] for e in events if e.get("product") == "any"]

    def test_it_goes_on_at_another_replica_without_gap_or_repetition(self):
        self.add_site()
        process, events = self.follow("--since", "0")
        for n in range(1, 6):
            self.set(2, n)
        wait_until(lambda: self.counts(events) == [1, 2, 3, 4, 5], lambda: f"five events; there are {events}")
        self.cluster.kill(0)  # the one it listens to
        self.cluster.wait_members([1, 2])
        for n in range(6, 11):
            self.set(2, n)
        wait_until(lambda: len(self.counts(events)) >= 10, lambda: f"ten events; there are {events}")
        self.assertEqual(self.counts(events), list(range(1, 11)))
        self.assertIsNone(process.poll())

    def test_it_resumes_from_its_state_after_it_was_killed(self):
        self.add_site()
        state = os.path.join(self.cluster.folder.name, "last-event")
        process, events = self.follow("--since", "0", "--state", state)
        for n in (1, 2, 3):
            self.set(0, n)

        def kept():
            with open(state, encoding="utf-8") as file:
                return file.read()

        wait_until(lambda: self.counts(events) == [1, 2, 3], lambda: f"three events; there are {events}")
        last = events[-1]["position"]
        wait_until(lambda: os.path.exists(state) and kept().startswith(f"{last}"), "the state of the last event")
        end(process)
        for n in (4, 5):
            self.set(1, n)
        _, again = self.follow("--state", state)
        wait_until(lambda: len(self.counts(again)) >= 2, lambda: f"two events; there are {again}")
        self.assertEqual(self.counts(again), [4, 5])


if __name__ == "__main__":
    main()
