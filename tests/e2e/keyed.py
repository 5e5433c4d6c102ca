# SPDX-License-Identifier: Apache-2.0

"""What the tests of keys share: HTTP with a key, the table of roles, and a cluster with a key of every role."""
import http.client
import json
import struct
import unittest

import wire
from harness import Cluster, titer

AUTHENTICATE, AUTHENTICATED = 53, 54
ROLES = ("reader", "provider", "jurisdiction", "aggregator", "auditor", "operator")
SCOPES = {"provider": ["alpha"], "jurisdiction": ["MA"], "aggregator": ["feed"]}


def table():
    """{act: {role: text}} as the program prints it."""
    lines = titer("key", "roles", "--markdown").stdout.splitlines()
    heads = [cell.strip() for cell in lines[0].strip("|").split("|")]
    rows = {}
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[cells[0].split("`")[1]] = dict(zip(heads[1:], cells[1:]))
    return rows


class Web:
    """HTTP to the replicas of a cluster."""

    def __init__(self, cluster):
        self.cluster = cluster

    def ask(self, method, path, key=None, body=None, at=0, headers=None):
        """(status, JSON or text, headers)"""
        line = http.client.HTTPConnection("127.0.0.1", self.cluster.http_base + at, timeout=15)
        try:
            headers = dict(headers or {})
            if key:
                headers["Authorization"] = "Bearer " + key
            if body is not None and not isinstance(body, str):
                body, headers["Content-Type"] = json.dumps(body), "application/json"
            line.request(method, "/api/v1" + path, body, headers)
            answer = line.getresponse()
            text = answer.read().decode()
            kind = answer.headers.get_content_type()
            return answer.status, json.loads(text) if kind.endswith("json") else text, answer.headers
        finally:
            line.close()

    def make(self, key, role, scope=None, **more):
        """A new key, as the operator makes it."""
        body = {"owner": "the " + role, "role": role, "scope": SCOPES.get(role, []) if scope is None else scope, **more}
        status, made, _ = self.ask("POST", "/keys", key, body)
        if status != 201:
            raise AssertionError(f"{body}: {status} {made}")
        return made["key"]


def first_key(cluster):
    done = titer("key", "create", "--owner", "ann", "--role", "operator", at="unix:" + cluster.socket(0))
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


def id_of(key):
    return key.split("_")[1]


def authenticate(link, key):
    """Shows a key on a connection; the code of the answer."""
    _, number, secret = key.split("_")
    link.send(wire.message(AUTHENTICATE, struct.pack("<Q", int(number, 16)) + wire.text(secret)))
    return link.expect(AUTHENTICATED)[0]


class WithRoles(unittest.TestCase):
    """One cluster with a key of every role, and sites alpha and beta (MA), gamma (CA), fed (of the source feed)."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(3, http=True, logs=True)
        cls.cluster.__enter__()
        cls.web = Web(cls.cluster)
        cls.operator = first_key(cls.cluster)
        cls.keys = {role: cls.web.make(cls.operator, role) for role in ROLES[:-1]}
        cls.keys["operator"] = cls.operator
        for name, state, code, source in (("alpha", "MA", "02139", ""), ("beta", "MA", "02140", ""),
                                          ("gamma", "CA", "90210", ""), ("fed", "MA", "02141", "feed")):
            site = {"id": name, "name": name, "zip": code, "state": state,
                    "stock": [{"product": "any", "availability": 100, "source": source}]}
            status, said, _ = cls.web.ask("POST", "/sites", cls.operator, site)
            assert status == 201, said

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    def ask(self, *words, **options):
        return self.web.ask(*words, **options)

    def verdict(self, role, act):
        """What the table says: no_key, no or yes (also when it is bounded: the tests stay within the scope)."""
        said = table()[act]["nobody" if role is None else role]
        if said != "–":
            return "yes"
        return "no" if role else "no_key"
