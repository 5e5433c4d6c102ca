#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Keys and roles of a real cluster: every cell of the table over HTTP and over the wire, and how far each role reaches.

What apply() decides in all its cases is tested beside the code (src/registry/keys_test.cc).
"""
import json
import os
import struct
import subprocess
import urllib.request

import wire
from harness import ROOT, TITER, environment, main, titer
from keyed import ROLES, WithRoles, authenticate, id_of

QUERY_AS, TRACE_ASK, TRACE = 55, 49, 50
UNAUTHORIZED, FORBIDDEN = 20, 21


class Matrix(WithRoles):
    def operations(self, role):
        """(act, method, path, body, status when it is allowed)"""
        site = "fed" if role == "aggregator" else "alpha"
        new = "alpha-x" if role == "provider" else f"new-of-{role}"
        row = json.dumps({"site_id": site, "product": "208", "availability": 7})
        stock = f"/sites/{site}/stock/any"
        return [
            ("read", "GET", "/sites", None, 200),
            ("read", "GET", "/sites/near?zip=02139", None, 200),
            ("read", "GET", "/events", None, 200),
            ("read", "GET", "/export?format=csv", None, 200),
            ("read", "GET", "/status", None, 200),
            ("read", "GET", "/writes", None, 200),
            ("audit", "GET", "/keys", None, 200),
            ("stock", "PUT", stock, {"availability": 50}, 200),
            ("stock", "POST", stock + "/adjust", {"by": 1}, 200),
            ("stock", "POST", stock + "/reserve", {"doses": 1}, 200),
            ("stock", "POST", stock + "/release", {"doses": 1}, 200),
            ("add_site", "POST", "/sites", {"id": new, "name": new, "state": "MA"}, 201),
            ("edit_site", "PATCH", f"/sites/{new if role == 'aggregator' else site}", {"phone": f"1 {role}"}, 200),
            ("import", "POST", "/import?format=ndjson", row, 200),
            ("undo", "POST", "/events/1/undo", {}, None),
            ("keys", "POST", "/keys", {"owner": "x", "role": "reader"}, 201),
            ("keys", "DELETE", "/keys/00000000000000ff", None, 404),
            ("switch", "PUT", "/writes", {"stopped": False}, 200),
            ("operate", "GET", "/trace", None, 200),
            ("operate", "POST", "/cluster/replicas/9/kill", None, 404),
        ]

    def test_every_cell_over_http_at_every_replica(self):
        for i, role in enumerate((None, *ROLES)):
            for act, method, path, body, allowed in self.operations(role):
                with self.subTest(role=role, act=act, path=path):
                    status, said, headers = self.ask(method, path, self.keys.get(role), body, at=i % 3)
                    verdict = self.verdict(role, act)
                    if role == "provider" and act == "add_site":
                        verdict = "no"  # a site that is not in its list
                    if verdict == "no_key":
                        self.assertEqual((status, said["code"]), (401, "unauthorized"), said)
                        self.assertEqual(headers["WWW-Authenticate"], 'Bearer realm="titer"')
                    elif verdict == "no":
                        self.assertEqual((status, said["code"]), (403, "forbidden"), said)
                    elif allowed is None:
                        self.assertNotIn(status, (401,), said)
                        self.assertTrue(status != 403 or "scope" in said["detail"], said)
                    else:
                        self.assertEqual(status, allowed, said)

    def verbs(self, role, folder):
        site = "fed" if role == "aggregator" else "alpha"
        rows = os.path.join(folder, "rows.ndjson")
        with open(rows, "w", encoding="utf-8") as file:
            file.write(json.dumps({"site_id": site, "product": "207", "availability": 3}) + "\n")
        scope = ["--state", "MA"]
        return [
            ("read", ["list"]),
            ("read", ["history"]),
            ("read", ["writes", "status"]),
            ("audit", ["key", "list"]),
            ("stock", ["set", site, "40"]),
            ("stock", ["adjust", site, "+1"]),
            ("stock", ["reserve", site, "1"]),
            ("stock", ["release", site, "1"]),
            ("add_site", ["add", f"Verb of {role}", "--zip", "02139", *scope]),
            ("edit_site", ["edit", f"verb-of-{role}" if role == "aggregator" else site, "--hours", f"of {role}"]),
            ("import", ["import", rows]),
            ("keys", ["key", "create", "--owner", "y", "--role", "reader"]),
            ("switch", ["writes", "allow"]),
            ("operate", ["backup", os.path.join(folder, f"{role}.backup")]),
        ]

    def test_every_cell_over_the_wire(self):
        for role in (None, *ROLES):
            with self.subTest(role=role):
                key = ["--key", self.keys[role]] if role else []
                for act, words in self.verbs(role, self.cluster.folder.name):
                    verdict = self.verdict(role, act)
                    if role == "provider" and act == "add_site":
                        verdict = "no"
                    done = self.cluster.titer(*words, *key)
                    if act == "import" and verdict == "no":  # each row is refused for itself
                        self.assertIn("may not do this", done.stdout + done.stderr)
                        continue
                    self.assertEqual(done.returncode == 0, verdict == "yes", (act, done.stdout, done.stderr))
                    if verdict != "yes":
                        self.assertEqual(done.returncode, 1, (act, done.stderr))
                        self.assertIn("needs a key" if verdict == "no_key" else "key", done.stderr)
                self.check_trace(role)

    def check_trace(self, role):
        """A permission without a verb: a trace, over the wire."""
        with wire.Link(self.cluster.port(1)) as link:
            if role:
                self.assertEqual(authenticate(link, self.keys[role]), 0)
            link.send(wire.message(TRACE_ASK))
            if self.verdict(role, "operate") == "yes":
                self.assertIn(b"{", link.expect(TRACE))
                return
            with self.assertRaises(wire.Closed) as closed:
                link.expect(TRACE)
            self.assertEqual(closed.exception.goodbye[0], FORBIDDEN if role else UNAUTHORIZED)

    def test_the_table_in_the_documents_is_the_programs(self):
        with open(os.path.join(ROOT, "docs", "how-to", "security.md"), encoding="utf-8") as file:
            self.assertIn(titer("key", "roles", "--markdown").stdout, file.read())


class Wire(WithRoles):
    def test_nobody_names_a_key_that_he_has_not_shown(self):
        body = wire.set_count("alpha", 1)
        named = bytes([body[0], 16]) + struct.pack("<Q", int(id_of(self.operator), 16)) + body[2:]
        machine = bytes([body[0], 16]) + b"\xff" * 8 + body[2:]
        for request in (named, machine):
            with wire.Link(self.cluster.port(0)) as link:
                self.assertIn(b"authenticate first", link.request(1, request))
        with wire.Link(self.cluster.port(0)) as link:
            self.assertEqual(authenticate(link, self.operator), 0)
            self.assertNotIn(b"authenticate", link.request(1, named))

    def test_nobody_asks_for_others_but_at_the_local_socket(self):
        with wire.Link(self.cluster.port(0)) as link:
            link.send(wire.message(QUERY_AS, struct.pack("<QQ", 1, 0) + bytes([7])))
            with self.assertRaises(wire.Closed):
                link.expect(wire.QUERY_ANSWER)

    def test_a_wrong_secret_is_not_taken(self):
        wrong = self.operator[:-1] + ("0" if self.operator[-1] != "0" else "1")
        with wire.Link(self.cluster.port(0)) as link:
            self.assertEqual(authenticate(link, wrong), UNAUTHORIZED)
        self.assertEqual(self.ask("GET", "/sites", wrong)[0], 401)
        self.assertEqual(self.ask("GET", "/sites", "titer_")[0], 401)
        done = self.cluster.titer("list", "--key", wrong)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not known here", done.stderr)

    def test_only_an_operators_key_may_be_a_direct_client(self):
        ports = [str(self.cluster.port(i)) for i in range(3)]
        dialogue = "e\nalpha\n77\nq\n"
        for key, found in ((None, "needs a key"), (self.keys["auditor"], "may not do this (direct)"),
                           (self.keys["provider"], "may not do this (direct)"), (self.keys["operator"], "updated to 77")):
            words = ["client", *ports, "--timeout", 2, *(["--key", key] if key else [])]
            self.assertIn(found, titer(*words, stdin=dialogue).stdout)
        self.assertEqual(list(self.cluster.wait_members([0, 1, 2])), [0, 1, 2])

    def bench(self, seconds, *words):
        return self.cluster.titer("bench", "--seconds", seconds, "--connections", 6, "--in-flight", 4, "--sites", 6,
                                  "--json", *words, timeout=20)

    def test_a_load_acts_with_its_key(self):
        for workload, at in (("set", None), ("all", None), ("mix", "unix:" + self.cluster.socket(1))):
            with self.subTest(workload=workload, at=at):
                before = self.cluster.status(2)["position"]
                done = self.bench(0.3, "--workload", workload, *(["--at", at] if at else ["--key", self.operator]))
                self.assertEqual(done.returncode, 0, done.stderr)
                said = json.loads(done.stdout)
                self.assertGreater(said["writes"], 0)
                self.assertEqual((said["errors"], said["unanswered"], said["held_back"]), (0, 0, 0))
                if workload != "all":
                    self.assertEqual((said["refused"], said["check"]), (0, "passed"))
                self.assertGreaterEqual(self.cluster.wait_equal()[0] - before, said["writes"])
                events = self.ask("GET", "/events?limit=5", self.keys["auditor"])[1]["events"]
                self.assertEqual({e["actor"] for e in events}, {"bench" if at else "ann"}, "a key's owner is the actor")

    def test_a_load_that_may_not_write_says_so_at_once(self):
        for key, found in ((None, "needs a key"), (self.keys["auditor"], "may not do this"),
                           ("titer_", "a key looks like")):
            with self.subTest(key=key):
                done = self.bench(60, *(["--key", key] if key else []))
                self.assertEqual((done.returncode, done.stdout), (2 if key == "titer_" else 1, ""))
                self.assertIn(found, done.stderr)

    def test_a_key_from_a_file_or_the_environment(self):
        path = os.path.join(self.cluster.folder.name, "key")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.keys["provider"] + "\n")
        os.chmod(path, 0o644)
        done = self.cluster.titer("set", "alpha", "5", "--key", "@" + path)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"chmod 600 {path}", done.stderr)
        os.chmod(path, 0o600)
        self.assertEqual(self.cluster.titer("set", "alpha", "5", "--key", "@" + path).returncode, 0)
        env = {**environment(self.cluster.at()), "TITER_KEY": self.keys["auditor"]}
        done = subprocess.run([TITER, "key", "list", "--json"], env=env, check=False,
                              capture_output=True, text=True, timeout=30)
        self.assertEqual({key["role"] for key in json.loads(done.stdout)}, set(ROLES))


class Stream:
    """The change stream at replica 0, event by event."""

    def __init__(self, cluster, since, key):
        where = f"http://127.0.0.1:{cluster.http_base}/api/v1/changes?format=ndjson&since={since}"
        headers = {"Authorization": "Bearer " + key} if key else {}
        self.last = None
        self.answer = urllib.request.urlopen(urllib.request.Request(where, headers=headers), timeout=15)

    def next(self):
        """The next event; the empty lines between show only that the stream lives."""
        self.last = json.loads(next(line for line in self.answer if line.strip()))
        return self.last


class Scopes(WithRoles):
    def status(self, role, method, path, body, key=None):
        return self.ask(method, path, key or self.keys[role], body)[0]

    def test_each_role_reaches_its_own_and_no_farther(self):
        def set_stock(role, site, body=None, product="any"):
            return self.status(role, "PUT", f"/sites/{site}/stock/{product}", body or {"availability": 9})

        self.assertEqual([set_stock("provider", s) for s in ("alpha", "beta", "gamma")], [200, 403, 403])
        self.assertEqual([set_stock("jurisdiction", s) for s in ("alpha", "beta", "gamma")], [200, 200, 403])
        self.assertEqual([set_stock("aggregator", s) for s in ("alpha", "fed")], [403, 200])
        self.assertEqual(set_stock("aggregator", "alpha", {"availability": 1, "source": "other"}, "213"), 403)
        self.assertEqual(set_stock("aggregator", "alpha", {"availability": 1}, "213"), 200)
        self.assertEqual(self.status("jurisdiction", "PATCH", "/sites/alpha", {"state": "CA"}), 403)
        self.assertEqual(self.status("jurisdiction", "POST", "/sites", {"name": "far", "state": "CA"}), 403)
        zips = self.web.make(self.operator, "jurisdiction", ["9021"])
        self.assertEqual(self.status(None, "PUT", "/sites/gamma/stock/any", {"availability": 2}, zips), 200)
        self.assertEqual(self.status(None, "PUT", "/sites/alpha/stock/any", {"availability": 2}, zips), 403)
        status, said, _ = self.ask("PUT", "/sites/beta/stock/any", self.operator, {"availability": 33})
        self.assertEqual(status, 200)
        self.assertEqual(self.status("provider", "POST", f"/events/{said['position']}/undo", {}), 403)
        self.assertEqual(self.status("jurisdiction", "POST", f"/events/{said['position']}/undo", {}), 200)

    def test_a_jurisdiction_reaches_by_state_and_zip_code_that_agree(self):
        def add(role, **site):
            return self.ask("POST", "/sites", self.keys.get(role), site)

        self.assertEqual(add("operator", id="zip-only", name="Zip only", zip="02139")[0], 201)
        self.assertEqual(self.ask("GET", "/sites/zip-only", None)[1]["state"], "MA")
        self.assertEqual(self.status("jurisdiction", "PUT", "/sites/zip-only/stock/208", {"availability": 1}), 200)
        self.assertEqual(self.status("jurisdiction", "PATCH", "/sites/zip-only", {"zip": "90210"}), 403)
        self.assertEqual(add("jurisdiction", name="Fake", state="MA", zip="90001")[0], 403)
        self.assertEqual(add("jurisdiction", name="Fake", state="MA", lat=34.05, lon=-118.24)[0], 403)
        status, said, _ = add("operator", name="Fake", state="MA", zip="90001")
        self.assertEqual(status, 422)
        self.assertIn("90001 is in CA (Los Angeles), and the state is MA", said["detail"])
        done = self.cluster.titer("add", "Fake", "--state", "MA", "--zip", "90001", "--key", self.operator)
        self.assertEqual(done.returncode, 1)
        self.assertIn("90001 is in CA", done.stderr)
        row = json.dumps({"site_id": "torn", "name": "Torn", "state": "MA", "zip": "90001"})
        status, said, _ = self.ask("POST", "/import?format=ndjson", self.keys["jurisdiction"], row)
        self.assertEqual((status, said["code"], said["import"]["rejected"]), (422, "nothing_taken", 1))
        said = self.ask("POST", "/import?format=ndjson", self.operator, row)[1]
        self.assertEqual((said["added"], said["rejected"]), (1, 0))
        self.assertIn("90001 is in CA", json.dumps(said), "an operator's file is kept, with a warning")

    def test_what_a_provider_says_of_external_ids_is_unverified_until_an_operator_says_it_too(self):
        def ids():
            site = self.ask("GET", "/sites/alpha", None)[1]
            return site.get("external_ids"), site.get("unverified_external_ids")

        claim = {"external_ids": [["store", "N42"]]}
        self.assertEqual(self.status("provider", "PATCH", "/sites/alpha", claim), 200)
        self.assertEqual(ids(), ([["store", "N42"]], [["store", "N42"]]))
        self.assertIn("store N42 (not verified)", self.cluster.ok("view", "alpha"))
        row = json.dumps({"name": "Neighbour", "zip": "02139", "external_ids": [["store", "N42"]]})
        self.assertEqual(self.ask("POST", "/import?format=ndjson", self.operator, row)[1]["added"], 1)
        self.assertNotEqual(self.ask("GET", "/sites/alpha", None)[1]["name"], "Neighbour")
        own = {"external_ids": [["store", "N43"]]}
        self.assertEqual(self.status("provider", "PATCH", "/sites/alpha", own), 200)
        self.assertEqual(self.status("operator", "PATCH", "/sites/alpha", own), 200)
        self.assertEqual(ids(), ([["store", "N43"]], None))

    def test_an_aggregator_has_a_number_of_sites(self):
        key = self.web.make(self.operator, "aggregator", ["few"], sites_max=1)
        self.assertEqual(self.status(None, "POST", "/sites", {"name": "few one", "zip": "02139"}, key), 201)
        status, said, _ = self.ask("POST", "/sites", key, {"name": "few two", "zip": "02139"})
        self.assertEqual(status, 413)
        self.assertIn("--sites-max", said["detail"])
        made = self.cluster.ok("key", "create", "--owner", "x", "--role", "aggregator", "--source", "x", "--sites-max", "7",
                               "--key", self.operator).strip()
        listed = {k["id"]: k for k in self.ask("GET", "/keys", self.operator)[1]["keys"]}
        self.assertEqual(listed[id_of(made)]["sites_max"], 7)

    def test_a_key_that_was_revoked_opens_nothing(self):
        key = self.web.make(self.operator, "reader")
        self.assertEqual(self.status(None, "GET", "/export?format=csv", None, key), 200)
        self.assertEqual(self.ask("DELETE", "/keys/" + id_of(key), self.operator)[0], 200)
        for path in ("/sites", "/export?format=csv", "/imports", "/smart/$bulk-publish", "/events"):
            with self.subTest(path):
                self.assertEqual(self.status(None, "GET", path, None, key), 401)

    def test_the_label_of_an_import_is_for_its_importer_and_for_auditors(self):
        row = json.dumps({"site_id": "alpha", "product": "208", "availability": 7})
        self.assertEqual(self.ask("POST", "/import?format=ndjson&label=for+Ann", self.keys["provider"], row)[0], 200)
        for role in (None, *ROLES):
            status, said, _ = self.ask("GET", "/imports", self.keys.get(role))
            self.assertEqual(status, 200)
            self.assertEqual("for Ann" in {i.get("label") for i in said["imports"]},
                             role in ("provider", "auditor", "operator"), role)

    def test_who_did_it_and_why_is_for_auditors(self):
        self.ask("PUT", "/sites/alpha/stock/any", self.keys["provider"], {"availability": 12, "reason": "delivery"})
        for role in (None, *ROLES):
            status, said, _ = self.ask("GET", "/sites/alpha/history?limit=1", self.keys.get(role))
            site = self.ask("GET", "/sites/alpha", self.keys.get(role))[1]
            self.assertEqual(status, 200)
            seen = {"actor", "reason"} & set(said["events"][0]) | {"updated_by"} & set(site["stock"][0])
            self.assertEqual(seen, {"actor", "reason", "updated_by"} if role in ("auditor", "operator") else set())
        kinds = {e["kind"] for e in self.ask("GET", "/events", self.keys["auditor"])[1]["events"]}
        self.assertIn("create_key", kinds)
        kinds = {e["kind"] for e in self.ask("GET", "/events", self.keys["provider"])[1]["events"]}
        self.assertNotIn("create_key", kinds)
        events = self.ask("GET", "/events", self.keys["auditor"])[1]["events"]
        self.assertIn("the provider", {e.get("actor") for e in events}, "a request with a key is its owner's")

    def test_the_stream_of_changes_shows_who_and_why_to_auditors(self):
        """Events from before the stream began, and events while it is open."""
        def change(doses):
            status, said, _ = self.ask("PUT", "/sites/alpha/stock/207", self.keys["provider"],
                                       {"availability": doses, "reason": "delivery"})
            self.assertEqual(status, 200, said)
            return said["position"]

        first = change(1)
        streams = {role: Stream(self.cluster, first - 1, self.keys.get(role)) for role in (None, *ROLES)}
        self.assertEqual({s.next()["position"] for s in streams.values()}, {first})
        before = {role: stream.last for role, stream in streams.items()}
        second = change(2)
        for role, stream in streams.items():
            with self.subTest(role=role):
                self.assertEqual(stream.next()["position"], second)
                shown = {"actor": "the provider", "reason": "delivery"} if role in ("auditor", "operator") else {}
                for event in (before[role], stream.last):
                    self.assertEqual({k: event[k] for k in ("actor", "reason") if k in event}, shown)

    def test_a_stream_shows_no_more_than_the_rest_as_soon_as_its_key_is_revoked(self):
        auditor = self.web.make(self.operator, "auditor")
        since = self.ask("PUT", "/sites/beta/stock/207", self.operator, {"availability": 1})[1]["position"]
        stream = Stream(self.cluster, since - 1, auditor)
        self.assertEqual(stream.next()["actor"], "ann")
        self.assertEqual(self.ask("DELETE", "/keys/" + id_of(auditor), self.operator)[0], 200)
        self.ask("PUT", "/sites/beta/stock/207", self.operator, {"availability": 2})
        self.assertNotIn("actor", stream.next())
        self.assertEqual(self.ask("GET", f"/changes?since={since}", auditor)[0], 401)


if __name__ == "__main__":
    main()
