#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""From the first key to the end of one: at which position it stops to count, what survives failures, where its secret is, and
what else keeps writes out: the switch, and limits on requests.
"""
import itertools
import json
import os
import struct
import subprocess
import threading
import time
import unittest

import wire
from harness import Cluster, end, main, spawn, titer, wait_until
from keyed import ROLES, Web, authenticate, first_key, id_of
from tls import Files

TOO_MANY = 23  # src/base/result.h


class Ends(unittest.TestCase):
    def test_a_revocation_is_exact_in_the_order_at_every_replica(self):
        with Cluster(3, http=True) as cluster:
            web, operator = Web(cluster), first_key(cluster)
            web.ask("POST", "/sites", operator, {"id": "s", "name": "s"})
            for i in range(3):
                key = web.make(operator, "provider", ["s"])
                accepted, going = [], threading.Event()
                writers = [threading.Thread(target=self.write, args=(web, key, at, accepted, going)) for at in range(3)]
                for one in writers:
                    one.start()
                wait_until(lambda: len(accepted) > 30, "some writes")
                status, revoked, _ = web.ask("DELETE", "/keys/" + id_of(key), operator, at=i)
                self.assertEqual(status, 200, revoked)
                for one in writers:
                    one.join(20)
                self.assertTrue(all(not one.is_alive() for one in writers), "each writer was refused")
                self.assertLess(max(accepted), revoked["position"])
                self.assertEqual([web.ask("GET", "/sites", key, at=at)[0] for at in range(3)], [401] * 3)
            cluster.wait_equal([0, 1, 2])

    def write(self, web, key, at, accepted, going):
        while not going.is_set():
            status, said, _ = web.ask("PUT", "/sites/s/stock/any", key, {"availability": len(accepted)}, at=at)
            if status == 401:
                return
            accepted.append(said["position"])

    def test_an_expiry_holds_over_a_failover_and_a_restart(self):
        with Cluster(3, http=True) as cluster:
            web, operator = Web(cluster), first_key(cluster)
            web.ask("POST", "/sites", operator, {"id": "s", "name": "s"})
            ends = time.time() + 2.5
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ends)) + "Z"
            key = web.make(operator, "provider", ["s"], expires=text)
            self.assertEqual(web.ask("PUT", "/sites/s/stock/any", key, {"availability": 1}, at=1)[0], 200)
            cluster.kill(0)
            cluster.wait_members([1, 2])
            wait_until(lambda: time.time() > ends, "the key's end")
            for at in (1, 2):
                self.assertEqual(web.ask("PUT", "/sites/s/stock/any", key, {"availability": 2}, at=at)[0], 401)
                self.assertEqual(web.ask("GET", "/sites", key, at=at)[0], 401)
            status, said, _ = web.ask("DELETE", "/keys/" + id_of(operator), operator, at=1)
            self.assertEqual((status, said["code"]), (403, "forbidden"), "the last operator's key stays")
            cluster.start(0)
            cluster.wait_members([0, 1, 2])
            self.assertEqual(web.ask("PUT", "/sites/s/stock/any", operator, {"availability": 3})[0], 200)
            cluster.crash()
            cluster.begin()
            wait_until(lambda: cluster.status(0), "replica 0")
            self.assertEqual(web.ask("PUT", "/sites/s/stock/any", None, {"availability": 4})[0], 401)
            self.assertEqual(web.ask("PUT", "/sites/s/stock/any", operator, {"availability": 4})[0], 200)

    def test_the_first_key_is_made_at_the_machine_and_a_lost_one_replaced_there(self):
        with Cluster(2, ["--memory"], http=True) as cluster:
            web = Web(cluster)
            body = {"owner": "eve", "role": "operator"}
            self.assertEqual(web.ask("POST", "/keys", None, body)[0], 403)
            self.assertEqual(cluster.titer("key", "create", "--owner", "eve", "--role", "operator").returncode, 1)
            at = "unix:" + cluster.socket(1)
            self.assertEqual(titer("key", "create", "--owner", "eve", "--role", "auditor", at=at).returncode, 1)
            self.assertEqual(web.ask("POST", "/sites", None, {"name": "open"})[0], 201, "still as without keys")
            first_key(cluster)
            self.assertEqual(web.ask("POST", "/sites", None, {"name": "shut"})[0], 401)
            self.assertEqual(titer("key", "create", "--owner", "bob", "--role", "operator", at=at).returncode, 0)
            self.assertEqual(titer("add", "At the machine", "--zip", "02139", at=at).returncode, 0)


    def test_a_load_ends_when_its_key_does_and_says_why(self):
        files = Files()
        with Cluster(2, ["--memory"], tls=files.dir) as cluster:
            at = "unix:" + cluster.socket(0)
            key = first_key(cluster)
            done = titer("key", "create", "--owner", "loads", "--role", "operator", "--key", key, at=at)
            words = ["bench", "--seconds", 60, "--connections", 4, "--sites", 4, "--key", done.stdout.strip()]
            load = spawn(*map(str, words), at=cluster.at(), ca=cluster.ca, stderr=subprocess.PIPE)
            try:
                wait_until(lambda: cluster.status(0)["executed"] > 100, "some writes")
                self.assertEqual(titer("key", "revoke", id_of(done.stdout.strip()), "--key", key, at=at).returncode, 0)
                said, errors = load.communicate(timeout=20)
            finally:
                end(load)
            self.assertEqual(load.returncode, 1)
            self.assertIn(b"the load has ended: ", errors)
            self.assertIn(b"revoked", errors)
            self.assertIn(b"check          passed", said)
        files.folder.cleanup()


class Around(unittest.TestCase):
    def test_writes_stop_while_reads_go_on(self):
        with Cluster(2, ["--memory", "--seed-site"], http=True) as cluster:
            web = Web(cluster)
            site = web.ask("GET", "/sites")[1]["sites"][0]["id"]
            self.assertEqual(web.ask("PUT", "/writes", None, {"stopped": True, "reason": "moving house"})[0], 200)
            status, said, headers = web.ask("PUT", f"/sites/{site}/stock/any", None, {"availability": 1}, at=1)
            self.assertEqual((status, said["code"]), (503, "writes_stopped"))
            self.assertIn("moving house", said["detail"])
            self.assertIn("Retry-After", headers)
            done = cluster.titer("set", site, "1")
            self.assertEqual((done.returncode, "moving house" in done.stderr), (1, True))
            self.assertEqual(web.ask("GET", f"/sites/{site}", at=1)[0], 200)
            self.assertIn("moving house", cluster.ok("writes", "status"))
            self.assertTrue(cluster.status(1)["writes_stopped"])
            cluster.ok("writes", "allow")
            self.assertEqual(web.ask("PUT", f"/sites/{site}/stock/any", None, {"availability": 1}, at=1)[0], 200)

    def test_too_many_requests_of_a_key_or_an_address_are_told_to_slow_down(self):
        with Cluster(1, ["--memory", "--requests-per-key", 4, "--requests-per-address", 40], http=True) as cluster:
            web, operator = Web(cluster), first_key(cluster)
            said = [web.ask("GET", "/writes", operator) for _ in range(12)]
            self.assertEqual(said[0][0], 200)
            self.assertEqual((said[-1][0], said[-1][1]["code"]), (429, "too_many_requests"))
            self.assertGreaterEqual(int(said[-1][2]["Retry-After"]), 1)
            self.assertEqual(web.ask("GET", "/writes")[0], 200, "the address may still")
            self.assertIn(429, [web.ask("GET", "/writes")[0] for _ in range(150)])
            wait_until(lambda: web.ask("GET", "/writes", operator)[0] == 200, "the key to be heard again")

    def burst(self, link, count):
        """The codes of so many requests and then as many questions, each sent at once."""
        for n in range(1, count + 1):
            link.send(wire.message(wire.REQUEST, struct.pack("<Q", n) + wire.set_count("Harvard University", n)))
        writes = [wire.refusal(link.expect(wire.ANSWER)[8:]) for _ in range(count)]
        for n in range(count):
            link.send(wire.message(wire.QUERY, struct.pack("<Q", n) + wire.get_site("Harvard University")))
        answers = [link.expect(wire.QUERY_ANSWER) for _ in range(count)]
        reads = [payload[wire.read_varint(payload, 8)[1]] for payload in answers]
        return writes, reads

    def test_too_many_requests_on_the_wire_are_refused_and_the_connection_stays(self):
        with Cluster(1, ["--memory", "--seed-site", "--requests-per-address", 20]) as cluster:
            with wire.Link(cluster.port(0)) as link, wire.Link(cluster.socket(0)) as local:
                writes, reads = self.burst(link, 60)
                self.assertEqual(set(writes), {0, TOO_MANY})
                self.assertIn(TOO_MANY, reads)
                self.assertTrue(link.status()["full"], "a flooded replica still says how it fares")
                self.assertEqual(self.burst(local, 60), ([0] * 60, [0] * 60), "the machine's operator, and HTTP")
                numbers = itertools.count(100)
                one_more = wire.set_count("Harvard University", 1)
                wait_until(lambda: wire.refusal(link.request(next(numbers), one_more)) == 0,
                           "the address to be heard again", every=0.05)

    def test_titers_own_clients_wait_and_everything_is_done(self):
        with Cluster(1, ["--memory", "--seed-site", "--requests-per-address", 40]) as cluster:
            done = cluster.titer("bench", "--seconds", 2, "--connections", 4, "--in-flight", 8, "--sites", 4, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            said = json.loads(done.stdout)
            self.assertGreater(said["held_back"], 0)
            self.assertLess(said["per_second"], 100)
            self.assertEqual((said["check"], said["failovers"], said["unanswered"]), ("passed", 0, 0), said)
            rows = os.path.join(cluster.folder.name, "rows.csv")
            with open(rows, "w", encoding="utf-8") as file:
                file.write("site_id,name\n" + "".join(f"s{i},Site {i}\n" for i in range(150)))
            self.assertIn("150", cluster.ok("import", rows))
            key = first_key(cluster)
            self.assertIn("300", cluster.ok("set", "Harvard University", "300", "--key", key))
            dialogue = "e\nHarvard University\n77\nq\n"
            refused = titer("client", cluster.port(0), "--timeout", 2, stdin=dialogue)
            self.assertRegex(refused.stdout + refused.stderr, "to be a direct client: .* needs a key")
            self.assertIn("updated to 77", titer("client", cluster.port(0), "--key", key, stdin=dialogue).stdout)

    def test_too_many_requests_of_a_key_on_the_wire(self):
        with Cluster(1, ["--memory", "--seed-site", "--requests-per-key", 5]) as cluster:
            key = first_key(cluster)
            with wire.Link(cluster.port(0)) as link, wire.Link(cluster.port(0)) as other:
                self.assertEqual(authenticate(link, key), 0)
                self.assertIn(TOO_MANY, self.burst(link, 30)[1])
                self.assertEqual(set(self.burst(other, 30)[1]), {0}, "who shows no key is not counted by one")

    def test_secrets_are_nowhere_but_with_their_owners(self):
        with Cluster(2, http=True, logs=True) as cluster:
            web, operator = Web(cluster), first_key(cluster)
            keys = [operator, *(web.make(operator, role) for role in ROLES[:-1])]
            web.ask("POST", "/sites", operator, {"id": "s", "name": "s"})
            for key in keys:
                web.ask("PUT", "/sites/s/stock/any", key, {"availability": 1, "reason": "x"})
                cluster.titer("set", "s", "2", "--key", key)
                cluster.titer("list", "--key", key[:-2] + "zz")
            backup = os.path.join(cluster.folder.name, "whole.backup")
            cluster.ok("backup", backup, "--key", operator)
            shown = [web.ask("GET", path, operator)[1] for path in
                     ("/keys", "/events?limit=2000", "/export?format=ndjson", "/status", "/trace", "/writes")]
            shown.append(cluster.ok("history", "--json", "--key", operator))
            cluster.quit()
            found = [json.dumps(one) for one in shown]
            for folder, _, names in os.walk(cluster.folder.name):
                for name in names:
                    with open(os.path.join(folder, name), "rb") as file:
                        found.append(file.read().decode("latin-1"))
            self.assertTrue(any("create_key" in text for text in found))
            for key in keys:
                secret = key.split("_")[2]
                self.assertFalse([text[:60] for text in found if secret in text])


if __name__ == "__main__":
    main()
