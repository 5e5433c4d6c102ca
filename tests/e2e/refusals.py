#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Floods of refused requests, and keys that would erase the history of others, cost the others nothing.

Volumes and variants are in the unit tests (machine/refusals_test.cc, registry/event_log_test.cc).
"""
import http.client
import os
import socket
import struct
import threading
import unittest

import wire
from harness import Cluster, main, wait_until
from keyed import Web, authenticate, first_key, id_of

UNAUTHORIZED, FORBIDDEN, SESSION_EVICTED = 20, 21, 12  # src/base/result.h
BULK, SET = 10, 4


def with_key(body, key):
    """The request with the id of a key: flag 16, and eight bytes behind the flags."""
    return body[:1] + bytes([body[1] | 16]) + struct.pack("<Q", int(id_of(key), 16)) + body[2:]


def bulk(key, site, counts):
    """One request that sets a line of a site to each of these counts."""
    parts = b"".join(bytes([SET, 1]) + wire.text(site) + bytes([3 << 6]) + wire.varint(count) for count in counts)
    return with_key(bytes([BULK, 0]) + wire.varint(len(counts)) + parts, key)


class Refused(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(3, http=True)
        self.cluster.__enter__()
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.web, self.operator = Web(self.cluster), first_key(self.cluster)
        for site in ("a", "b"):
            said = self.web.ask("POST", "/sites", self.operator, {"id": site, "name": site, "stock": [
                {"product": "any", "availability": 100}]})
            self.assertEqual(said[0], 201, said)
        self.reader = self.web.make(self.operator, "reader")
        self.revoked = self.web.make(self.operator, "provider", ["a"])
        self.assertEqual(self.web.ask("PUT", "/sites/a/stock/any", self.revoked, {"availability": 100})[0], 200)
        self.assertEqual(self.web.ask("DELETE", "/keys/" + id_of(self.revoked), self.operator)[0], 200)

    def reserve(self):
        said = self.web.ask("POST", "/sites/a/stock/any/reserve", self.operator, {"doses": 1},
                            headers={"Idempotency-Key": "visit-4711"})
        self.assertEqual(said[0], 200, said)
        return said[1]["after"]

    def flood(self, key, count, refused):
        """So many requests with an Idempotency-Key each, over one connection; counts the answers with this status."""
        line = socket.create_connection(("127.0.0.1", self.cluster.http_base), 30)
        shown = f"Authorization: Bearer {key}\r\n" if key else ""
        answered = 0
        for first in range(0, count, 50):
            line.sendall(b"".join(
                (f"PUT /api/v1/sites/a/stock/any HTTP/1.1\r\nHost: localhost\r\n{shown}Content-Type: application/json\r\n"
                 f"Idempotency-Key: {id(line)}-{n}\r\nContent-Length: 18\r\n\r\n" + '{"availability":1}').encode()
                for n in range(first, first + 50)))
            got = b""
            while got.count(b"HTTP/1.1 ") < 50 or not got.endswith(b"}"):
                got += line.recv(1 << 16)
            answered += got.count(b"HTTP/1.1 %d" % refused)
        line.close()
        return answered

    def test_20000_refused_requests_take_no_place_and_a_dose_is_taken_once(self):
        first = self.reserve()
        self.assertEqual(self.reserve(), first)
        before = self.cluster.status(0)
        answered = []
        floods = [threading.Thread(target=lambda key=key, code=code: answered.append(self.flood(key, 5000, code)))
                  for key, code in ((self.reader, 403), (self.reader, 403), (self.revoked, 401), (None, 401))]
        for one in floods:
            one.start()
        for one in floods:
            one.join()
        self.assertEqual(sum(answered), 20_000)
        after = self.cluster.status(0)
        self.assertEqual(after["position"], before["position"], "a refused request took a place in the order")
        self.assertLess(after["syncs"] - before["syncs"], 10, "… and a sync")
        self.assertEqual(after["sessions"], before["sessions"])
        self.assertEqual(self.reserve(), first, "a dose was taken twice")
        self.cluster.wait_equal([0, 1, 2])

    def test_on_the_wire_refusals_take_neither_place_nor_session(self):
        before = self.cluster.status(1)
        for n in range(300):
            with wire.Link(self.cluster.port(1)) as link:
                self.assertEqual(wire.refusal(link.request(1, wire.set_count("a", n))), UNAUTHORIZED)
                self.assertEqual(authenticate(link, self.reader), 0)
                self.assertEqual(wire.refusal(link.request(2, with_key(wire.set_count("a", n), self.reader))), FORBIDDEN)
        after = self.cluster.status(1)
        self.assertEqual((after["position"], after["sessions"]), (before["position"], before["sessions"]))

    def test_a_session_goes_on_after_more_refusals_than_its_window(self):
        key = self.web.make(self.operator, "provider", ["a"])
        with wire.Link(self.cluster.port(2)) as link:
            self.assertEqual(authenticate(link, key), 0)
            self.assertEqual(wire.refusal(link.request(1, with_key(wire.set_count("a", 7), key))), 0)
            for n in range(2, 600):
                self.assertEqual(wire.refusal(link.request(n, with_key(wire.set_count("b", 7), key))), FORBIDDEN)
            self.assertEqual(wire.refusal(link.request(600, with_key(wire.set_count("a", 8), key))), 0)
            self.assertEqual(wire.refusal(link.request(1, with_key(wire.set_count("a", 7), key))), SESSION_EVICTED)

    def test_a_key_counts_at_every_replica_as_soon_as_it_is_made(self):
        for n in range(30):
            status, made, _ = self.web.ask("POST", "/keys", self.operator,
                                           {"owner": "new", "role": "provider", "scope": ["a"]}, at=n % 3)
            self.assertEqual(status, 201, made)
            key = made["key"]
            said = self.web.ask("PUT", "/sites/a/stock/any", key, {"availability": n}, at=(n + 1) % 3)
            self.assertEqual(said[0], 200, said)


class Washed(unittest.TestCase):
    def wash(self, cluster, key):
        """240 bulks of 1,000 changes of one line: more than a key's share and the excess of all have room for."""
        with wire.Link(cluster.port(0), timeout=60) as link:
            self.assertEqual(authenticate(link, key), 0)
            for n in range(240):
                counts = [(n * 1000 + part) % 9999 + 1 for part in range(1000)]
                self.assertEqual(wire.refusal(link.request(n + 1, bulk(key, "a", counts))), 0)

    def test_a_provider_of_one_site_erases_nobodys_history_but_its_own(self):
        with Cluster(3, http=True) as cluster:
            web, operator = Web(cluster), first_key(cluster)
            for site in ("a", "b"):
                web.ask("POST", "/sites", operator, {"id": site, "name": site,
                                                     "stock": [{"product": "any", "availability": 5}]})
            keys = [web.make(operator, "provider", [site]) for site in "aabab"]
            web.ask("DELETE", "/keys/" + id_of(keys[1]), operator)
            other = web.ask("PUT", "/sites/b/stock/any", keys[2], {"availability": 77})[1]["position"]
            before = web.ask("GET", "/keys/history?limit=100", operator)[1]
            self.assertEqual([e["kind"] for e in before["events"]], ["revoke_key"] + ["create_key"] * 6)
            self.assertEqual(before["removed"], 0)
            self.wash(cluster, keys[0])
            for at in range(3):
                self.assertEqual(web.ask("GET", "/keys/history?limit=100", operator, at=at)[1], before, "the audit trail")
            self.assertEqual(web.ask("GET", "/sites/b/history", operator)[1]["events"][0]["position"], other)
            status, undone, _ = web.ask("POST", f"/events/{other}/undo", operator, {})
            self.assertEqual((status, undone.get("after")), (200, 5), undone)
            washed = web.ask("GET", "/sites/a/history?limit=3", operator)[1]
            self.assertEqual(len(washed["events"]), 1000, "all events of one position")
            self.assertGreater(washed["removed"], 0)
            said = cluster.titer("history", "a", "--limit", 400_000, "--key", operator)
            self.assertIn(f"older events were removed: up to position {washed['removed']}", said.stderr)
            self.assertEqual(web.ask("GET", "/keys/history", keys[0])[0], 403)
            shown = cluster.titer("key", "history", "--key", operator)
            self.assertEqual((shown.returncode, len(shown.stdout.splitlines()), shown.stderr), (0, 7, ""))
            cluster.crash()
            cluster.begin()
            wait_until(lambda: cluster.status(0), "replica 0")
            self.assertEqual(web.ask("GET", "/keys/history?limit=100", operator)[1], before, "after a restart")
            cluster.wait_equal([0, 1, 2])
            cluster.kill(2)
            cluster.wait_members([0, 1])
            cluster.start(2)
            cluster.wait_members([0, 1, 2])
            cluster.wait_equal([0, 1, 2])

    def test_who_was_given_a_key_is_in_the_log_of_every_replica_once(self):
        with Cluster(2, http=True) as cluster:
            web, operator = Web(cluster), first_key(cluster)
            self.assertEqual(web.ask("POST", "/keys", operator, {"owner": "Mallory \u202e", "role": "auditor"})[0], 422)
            status, made, _ = web.ask("POST", "/keys", operator, {"owner": "Mallory, \"by\" Ann", "role": "auditor"})
            self.assertEqual(status, 201, made)
            web.ask("DELETE", "/keys/" + made["id"], operator)
            web.ask("PUT", "/writes", operator, {"stopped": True, "reason": "moving house"})
            cluster.wait_equal([0, 1])
            for log in self.logs(cluster):
                self.assertIn("writes are stopped", log)
                self.assertEqual(log.count(f"key {made['id']} of "), 2, "once made, once revoked")
                self.assertIn("moving house", log)
                self.assertNotIn(made["key"].split("_")[2], log)

    def logs(self, cluster):
        texts = []
        for index in range(cluster.size):
            with open(os.path.join(cluster.data, f"replica-{index}.log"), encoding="utf-8") as file:
                texts.append(file.read())
        return texts


class Limits(unittest.TestCase):
    def page(self, cluster):
        line = http.client.HTTPConnection("127.0.0.1", cluster.http_base, timeout=15)
        try:
            line.request("GET", "/")
            return line.getresponse().status
        finally:
            line.close()

    def test_the_page_and_addresses_that_do_not_exist_count_like_all_others(self):
        with Cluster(1, ["--memory", "--requests-per-address", 20], http=True) as cluster:
            web = Web(cluster)
            said = [web.ask("GET", "/nothing") for _ in range(150)]
            self.assertEqual({status for status, _, _ in said}, {404, 429})
            self.assertTrue(all(int(headers["Retry-After"]) >= 1 for status, _, headers in said if status == 429))
            self.assertIn(429, [self.page(cluster) for _ in range(150)])

    def test_programs_of_this_machine_are_not_counted_by_default_and_the_status_shows_it(self):
        with Cluster(1, ["--memory"], http=True) as cluster:
            web = Web(cluster)
            self.assertEqual({web.ask("GET", "/writes")[0] for _ in range(1000)}, {200})
            self.assertEqual(cluster.status(0)["limits"],
                             {"requests_per_key": {"per_second": 100, "this_machine": False},
                              "requests_per_address": {"per_second": 200, "this_machine": False}})
        with Cluster(1, ["--memory", "--requests-per-address", 0], http=True) as cluster:
            self.assertEqual(cluster.status(0)["limits"]["requests_per_address"], {"per_second": 0, "this_machine": True})


if __name__ == "__main__":
    main()
