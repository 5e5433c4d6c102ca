# SPDX-License-Identifier: Apache-2.0

"""Plays docs/reference/api.md at its word: types its curl commands and compares what comes back.

As in readme.py, `…` stands for any text; the ports 8080, 8081, 8082 of the document are those of a cluster started here. Every answer
that comes, to curl and to the tests below, is compared with docs/reference/openapi.json (documented.py).
"""
import json
import os
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import documented
from harness import ROOT, Cluster, environment, main
from readme import pattern_of, same, steps_of


# curl says on standard error what it has asked and what came. A pipe or a substitution keeps the body, so that there is nothing to check.
CURLRC = 'write-out = "%{stderr}answered %{method} %{url_effective} %{http_code} %{content_type}\\n"\n'


def check_curl(command, done):
    """Compares what a command printed with the document; returns how many bodies of JSON were checked."""
    answers = re.findall(r"^answered (\S+) (\S+) (\d+) (.*)$", done.stderr, re.M)
    if "|" in command or not answers:
        return 0
    method, address, status, kind = answers[-1]
    return int(documented.check(method, address, int(status), kind, done.stdout))


def answer_to(request):
    """(status, headers, body), compared with the document."""
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status, headers, body = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        status, headers, body = refused.code, refused.headers, refused.read()
    documented.check(request.get_method(), request.full_url, status, headers.get("Content-Type", ""), body)
    return status, headers, body


class Documented(unittest.TestCase):
    """The check of answers finds what it is there for."""

    def refused(self, *answer):
        with self.assertRaises(documented.Undocumented):
            documented.check(*answer)

    def test_an_answer_that_is_not_described_is_found(self):
        path, kind = "http://x/api/v1/writes", "application/json"
        self.assertTrue(documented.check("GET", path, 200, kind, '{"stopped":false}'))
        self.refused("GET", path, 200, kind, '{"stopped":"no"}')
        self.refused("GET", path, 200, kind, "{}")
        self.refused("GET", path, 200, kind, '{"stopped":false,"more":1}')
        self.refused("GET", path, 200, "text/plain", "stopped")
        self.refused("GET", path, 418, kind, '{"stopped":false}')
        self.refused("GET", path, 304, kind, '{"stopped":false}')
        self.refused("GET", "http://x/api/v1/nothing", 200, kind, "{}")

    def test_members_of_parts_are_known_together(self):
        near = {"center": {"lat": 1, "lon": 2}, "more": False, "sites": [{
            "id": "a", "name": "A", "status": "active", "version": 1, "stock": [], "distance": 1, "distance_m": 2, "unit": "mi"}]}
        answer = "GET", "/api/v1/sites/near?zip=02139", 200, "application/json"
        self.assertTrue(documented.check(*answer, json.dumps(near)))
        near["sites"][0]["color"] = "red"
        self.refused(*answer, json.dumps(near))


class Api(unittest.TestCase):
    def test_examples_come_out_as_written(self):
        with open(os.path.join(ROOT, "docs", "reference", "api.md"), encoding="utf-8") as file:
            steps = steps_of(file.read())
        self.assertGreater(len(steps), 10, "docs/reference/api.md has no examples")
        checked = 0
        with Cluster(options=["--memory"], http=True) as cluster, tempfile.TemporaryDirectory() as home:
            with open(os.path.join(home, ".curlrc"), "w", encoding="utf-8") as file:
                file.write(CURLRC)
            for kind, typed, expected in steps:
                self.assertEqual(kind, "$", typed)
                command = re.sub(r"\b808([012])\b", lambda m: str(cluster.http_base + int(m.group(1))), typed)
                done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30,
                                      env=environment() | {"CURL_HOME": home}, check=False)
                self.assertTrue(same(pattern_of(expected), done.stdout),
                                f"$ {typed}\nprinted\n{done.stdout}{done.stderr}\nnot\n" + "\n".join(expected))
                checked += check_curl(typed, done)
        self.assertGreater(checked, 10, "so many answers of the page are JSON")

    def test_conditions_hold_at_every_replica(self):
        """RFC 9110, 13.1: a change whose condition is false is not made, whatever the form of the condition."""
        with Cluster(2, ["--memory"], http=True) as cluster:
            def ask(method, path, body=None, at=0, **headers):
                data = None if body is None else json.dumps(body).encode()
                request = urllib.request.Request(f"http://127.0.0.1:{cluster.http_base + at}/api/v1{path}", data, method=method)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    request.add_header(name.replace("_", "-"), value)
                return answer_to(request)

            self.assertEqual(ask("POST", "/sites", {"id": "elm", "name": "Elm", "zip": "02139"})[0], 201)
            line = "/sites/elm/stock/208"
            for condition in ("*", '"1"', 'W/"1"'):
                self.assertEqual(ask("PUT", line, 5, If_Match=condition)[0], 412)
            self.assertNotIn(b"208", ask("GET", "/sites/elm")[2], "the line was not made")
            self.assertEqual(ask("PUT", line, 5, If_None_Match="*")[0], 200)
            self.assertEqual(ask("PUT", line, 6, If_None_Match="*")[0], 412)
            for change, body in (("/reserve", {"doses": 1}), ("/release", {"doses": 1}), ("/adjust", {"by": 1})):
                for condition in ('"9"', 'W/"1"', '"8", "9"'):
                    status, _, problem = ask("POST", line + change, body, 1, If_Match=condition)
                    self.assertEqual((status, json.loads(problem)["current"]), (412, 5), change)
            self.assertEqual(ask("POST", line + "/reserve", {"doses": 1}, 1, If_Match='"9", "1"')[0], 200)
            site = ask("GET", "/sites/elm")[1]["ETag"]
            self.assertEqual(ask("DELETE", "/sites/elm", at=1, If_None_Match=site)[0], 412)
            self.assertEqual(ask("DELETE", "/sites/elm", at=1, If_Match="W/" + site)[0], 412)
            self.assertEqual(ask("DELETE", "/sites/elm", at=1, If_Match=f'"0", {site}')[0], 200)
            position = ask("GET", "/status")[1]["Titer-Position"]
            for path in ("/export", "/smart/$bulk-publish", "/sites", "/events"):
                status, headers, _ = ask("GET", path, at=1, Titer_Min_Position=position)
                self.assertEqual(status, 200)
                self.assertGreaterEqual(int(headers["Titer-Position"]), int(position))

    def test_orders_follow_the_rule_of_the_original(self):
        """At most t-1 may be down, whoever asks."""
        def ask(at, path, method="GET", **headers):
            request = urllib.request.Request(f"http://127.0.0.1:{cluster.http_base + at}/api/v1/cluster/{path}",
                                             method=method, headers=headers)
            status, _, answer = answer_to(request)
            return status, json.loads(answer)

        def order(at, index, what):
            return ask(at, f"replicas/{index}/{what}", "POST", **{"Titer-Token": token})

        with Cluster(2, ["--memory"], http=True) as cluster:
            token = ask(0, "token")[1]["token"]
            self.assertEqual(token, ask(1, "token")[1]["token"])
            for guess in ({}, {"Titer-Token": ""}, {"Titer-Token": token[:-1]}):
                status, problem = ask(1, "replicas/0/kill", "POST", **guess)
                self.assertEqual((status, problem["code"]), (403, "token_needed"))
            for stranger in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}):
                status, problem = ask(1, "token", **stranger)
                self.assertEqual((status, problem["code"]), (403, "cross_site"))
            cluster.wait_members([0, 1])
            self.assertEqual(order(1, 9, "kill")[0], 404)
            self.assertEqual(order(1, 1, "start")[0], 409)
            self.assertEqual(order(1, 0, "kill"), (200, {"message": "Replica 0 was killed."}))
            cluster.wait_members([1])
            status, problem = order(1, 1, "kill")
            self.assertEqual((status, problem["code"]), (409, "not_enough"))
            self.assertIn("Maximum fault tolerance achieved", problem["detail"])


if __name__ == "__main__":
    main()
