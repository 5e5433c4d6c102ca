#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""`titer serve` with an etcd that has users and a quota, both of which change while the replicas serve; and with one whose
record others write, or try to.

A change of etcd's users makes all JWTs of before invalid; a full etcd answers reads and refuses writes.
"""
import json
import os
import shutil
import ssl
import subprocess
import unittest
import urllib.request

import harness
from harness import wait_until
from serve import SITE, USAGE, Group

KEY = "/titer/tested/view"
QUOTA_BYTES = 1_200_000


class GroupWithUsers(Group):
    """Three replicas that authenticate as the user titer, who may read and write the cluster's key and nothing else."""

    def __init__(self):
        super().__init__()
        with open(self.path("jwt"), "wb") as file:
            file.write(os.urandom(32).hex().encode())
        self.etcd.words = ["--auth-token", f"jwt,sign-method=HS256,priv-key={self.path('jwt')},ttl=1h",
                           "--quota-backend-bytes", str(QUOTA_BYTES)]
        self.register = f'user = "titer"\npassword_file = "{self.path("password")}"\n'

    def prepare(self):
        self.write_password("first")
        for words in ("user add root:root", "user grant-role root root", "user add titer:first", "role add titer",
                      f"role grant-permission titer readwrite {KEY}", "user grant-role titer titer", "auth enable"):
            self.etcdctl(*words.split(), user=())

    def write_password(self, password):
        with open(self.path("password"), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(password + "\n")

    def etcdctl(self, *words, user=("--user", "root:root"), input_text="", may_fail=False):
        done = subprocess.run(["etcdctl", "--endpoints", self.etcd.url(), *user, *words], capture_output=True, text=True,
                              input=input_text, env={**os.environ, "ETCDCTL_API": "3"}, timeout=20, check=False)
        if done.returncode != 0 and not may_fail:
            raise AssertionError(f"etcdctl {words}: exit {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout

    def fill(self):
        """Until etcd has no space left."""
        for i in range(20):
            if "NOSPACE" in self.etcdctl("alarm", "list"):
                return
            self.etcdctl("put", f"filler{i}", input_text="x" * 250_000, may_fail=True)
        raise AssertionError("etcd is not full: " + self.etcdctl("endpoint", "status"))

    def etcd_revision(self):
        return json.loads(self.etcdctl("endpoint", "status", "--write-out=json"))[0]["Status"]["header"]["revision"]

    def record_revision(self):
        return json.loads(self.etcdctl("get", KEY, "--write-out=json"))["kvs"][0]["mod_revision"]

    def marked(self):
        """Every member has marked its disk, so nothing else changes the record."""
        record = json.loads(self.etcdctl("get", KEY, "--print-value-only"))
        return [m["id"] for m in record["marks"] if m["installed"] == record["view"]] == [0, 1, 2]

    def registers(self):
        return [status["register"] for status in self.statuses().values()]


class GroupWithItsOwnAuthority(Group):
    """Three replicas under TLS, and an etcd that believes another authority than theirs (docs/how-to/operations.md)."""

    def __init__(self):
        super().__init__(secure=True)
        self.ca = self.files[0]
        self.etcd.files = self.certificates("etcd-tls")

    def ask_at(self, index):
        return self.path(f"data-{self.places[index]}", "titer.sock")

    def put(self, value, files):
        """Writes the record as whoever has this certificate. The exit code."""
        words = ["etcdctl", "--endpoints", self.etcd.url(), "--cacert", self.etcd.files[0], "--cert", files[1], "--key", files[2],
                 "--dial-timeout=3s", "--command-timeout=3s", "put", KEY]
        return subprocess.run(words, input=value, capture_output=True, text=True, env={**os.environ, "ETCDCTL_API": "3"},
                              timeout=20, check=False).returncode

    def metrics(self, index):
        where = f"https://127.0.0.1:{self.address(index)[1] + 1}"
        secure = ssl.create_default_context(cafile=self.files[0])
        with urllib.request.urlopen(where + "/metrics", timeout=5, context=secure) as metrics:
            return metrics.read().decode()


class Register(unittest.TestCase):
    def see(self, group, what, holds):
        wait_until(lambda: len(group.registers()) == group.size and all(holds(r) for r in group.registers()),
                   lambda: f"{what}: {group.registers()}", 20, 0.1)

    def test_views_change_after_etcds_users_and_their_passwords_have_changed(self):
        with GroupWithUsers() as group:
            group.begin()
            group.etcdctl("user", "add", "other:other")
            group.kill(1)
            group.wait_members([0, 2])
            group.start(1)
            group.wait_members(range(3))

            group.etcdctl("user", "passwd", "titer", "--interactive=false", input_text="second\n")
            self.see(group, "nobody reaches it with the old password", lambda r: not r["reachable"])
            group.write_password("second")
            self.see(group, "everybody reaches it with the new one", lambda r: r["reachable"] and r["writable"])
            group.kill(1)
            group.wait_members([0, 2])

    def test_a_full_etcd_is_shown_before_a_view_must_change_and_views_change_when_it_has_space_again(self):
        with GroupWithUsers() as group:
            group.begin()
            group.ok("add", SITE, "--zip", "02139")
            self.see(group, "it can be written", lambda r: r["writable"])
            wait_until(group.marked, "every member to mark its disk in the record")
            revision = group.record_revision()
            group.fill()
            self.see(group, "it cannot be written",
                     lambda r: r["reachable"] and not r["writable"] and "space exceeded" in r["write_error"])
            with urllib.request.urlopen(group.machine(0).split("=")[1] + "/metrics", timeout=5) as metrics:
                self.assertIn("titer_register_writable 0", metrics.read().decode())
            group.write(7)

            group.etcdctl("del", "filler", "--prefix")
            group.etcdctl("compact", str(group.etcd_revision()))
            group.etcdctl("defrag")
            group.etcdctl("alarm", "disarm")
            self.see(group, "it can be written again", lambda r: r["writable"] and "write_error" not in r)
            self.assertEqual(revision, group.record_revision(), "trying to write changes nothing")
            group.kill(1)
            group.wait_members([0, 2])


class Record(unittest.TestCase):
    """What somebody writes into the record who may write to etcd: by mistake, or who may not, and tries."""

    def refused(self, group, by):
        wait_until(lambda: all(by in s["register"].get("refused", "") for s in group.statuses().values()),
                   lambda: f"the replicas to refuse a record ({by}): {[s['register'] for s in group.statuses().values()]}", 20, 0.1)

    def believed(self, group):
        wait_until(lambda: all("refused" not in s["register"] for s in group.statuses().values()),
                   "the replicas to believe the record again", 20, 0.1)

    def test_a_certificate_of_the_cluster_cannot_write_the_record_of_an_etcd_with_its_own_authority(self):
        with GroupWithItsOwnAuthority() as group:
            group.begin()
            self.assertNotEqual(0, group.put("{}", group.files))
            self.assertNotEqual("{}", group.etcd.value(KEY))
            self.assertEqual(0, group.put("{}", group.etcd.files), "the control: that certificate is for etcd")

    def test_a_record_that_is_garbage_or_goes_back_is_refused_and_told_and_service_goes_on(self):
        with GroupWithItsOwnAuthority() as group:
            group.begin()
            group.ok("add", SITE, "--zip", "02139")
            record = group.etcd.value(KEY)
            group.kill(1)
            group.wait_members([0, 2])
            group.start(1)
            group.wait_members(range(3))
            newest = group.etcd.value(KEY)
            for text, by in (("not json", "record"), ("{}", "record"), (record, "gone back")):
                with self.subTest(text[:20]):
                    self.assertEqual(0, group.put(text, group.etcd.files))
                    self.refused(group, by)
                    group.write(5)
                    self.assertIn("titer_register_refused 1", group.metrics(0))
                    self.assertIn("Views do not change meanwhile", group.log(0))
                    self.assertEqual(0, group.put(newest, group.etcd.files))
                    self.believed(group)
            group.kill(1)
            group.wait_members([0, 2])
            group.write(6)
            self.assertEqual(1 if os.geteuid() == 0 else 0, group.log(0).count("this runs as root"))


class Endpoints(unittest.TestCase):
    def test_an_endpoint_that_is_none_is_refused_with_a_sentence_before_anything_is_dialled(self):
        group = Group()
        self.addCleanup(group.__exit__, None)
        for endpoint in ("http://127.0.0.1:65537", "http://127.0.0.1:" + "9" * 40, "ftp://127.0.0.1:21"):
            group.etcd.url = lambda text=endpoint: text
            for words in (("init", group.machine(0)), ("serve",)):
                done = harness.titer(*words, "--config", group.config(0), timeout=5)
                self.assertEqual(USAGE, done.returncode, done)
                self.assertIn("a port is a number from 1 to 65535", done.stderr)


if __name__ == "__main__":
    if shutil.which("etcd") is None or shutil.which("etcdctl") is None:
        raise SystemExit("there is no etcd; ./dev test installs Debian's etcd-server and etcd-client")
    harness.main()
