# SPDX-License-Identifier: Apache-2.0

"""A cluster under TLS, from outside: every kind of client, those who are refused and what they are told, replicas that
cannot prove who they are, certificates that are renewed under load, and machines of their own with an etcd that wants
certificates too. And the local sockets beside it.

What single connections do in all their cases is tested beside the code (src/net/tls_test.cc).
"""
import json
import os
import ssl
import stat
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import wire
from harness import TITER, Cluster, environment, main, spawn, titer, wait_until
from serve import Group


def cert(*words):
    done = titer("cert", *words)
    if done.returncode != 0:
        raise AssertionError(f"titer cert {' '.join(words)}: {done.stderr}")


class Files:
    """An authority and the files that a cluster's replicas use."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="titer-tls-")
        self.ca, self.dir = self.sub("authority"), self.sub("replicas")
        cert("ca", "--out", self.ca)
        self.issue()

    def sub(self, name):
        return os.path.join(self.folder.name, name)

    def issue(self, names="127.0.0.1,localhost", out=None, **more):
        words = [word for key, value in more.items() for word in ("--" + key, str(value))]
        cert("issue", "--ca", self.ca, "--name", names, "--out", out or self.dir, "--replace", *words)

    def context(self, name=None, authority=None):
        """As Python's ssl sees it; `name`: of the certificate to show."""
        context = ssl.create_default_context(cafile=os.path.join(authority or self.ca, "ca.pem"))
        if name:
            context.load_cert_chain(os.path.join(name, "replica.pem"), os.path.join(name, "replica-key.pem"))
        return context


class LocalSockets(unittest.TestCase):
    def test_a_process_of_the_same_user_needs_no_port(self):
        with Cluster(2, ["--memory"], http=True) as cluster:
            path = cluster.socket(0)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            self.assertEqual(cluster.status(0)["local_socket"], os.path.realpath(path))
            self.assertEqual(titer("add", "Elm Street Clinic", "--zip", "02139", at="unix:" + path).returncode, 0)
            self.assertIn("Elm Street Clinic", titer("list", at="unix:" + path).stdout)
            with urllib.request.urlopen(f"http://127.0.0.1:{cluster.http_base}/api/v1/sites", timeout=10) as answer:
                self.assertEqual(len(json.load(answer)["sites"]), 1)
            cluster.kill(1)
            cluster.wait_members([0])
            cluster.start(1)
            cluster.wait_members([0, 1])
            self.assertIn("Elm Street Clinic", titer("list", at="unix:" + cluster.socket(1)).stdout)

    def test_a_long_path_is_made_up_for_by_a_short_private_one(self):
        with tempfile.TemporaryDirectory(prefix="titer-e2e-") as folder:
            data = os.path.join(folder, "d" * 100)
            with Cluster(1, ["--memory"], data=data) as cluster:
                path = cluster.status(0)["local_socket"]
                self.assertLess(len(path), 108)
                self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700)
                self.assertEqual(titer("list", at="unix:" + path).returncode, 0)
                cluster.quit()
                self.assertFalse(os.path.exists(os.path.dirname(path)))


class UnderTls(unittest.TestCase):
    """One cluster for all that does not change it."""

    @classmethod
    def setUpClass(cls):
        cls.files = Files()
        cls.cluster = Cluster(3, ["--seed-site"], http=True, tls=cls.files.dir)
        cls.cluster.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)
        cls.files.folder.cleanup()

    def url(self, path, index=0, scheme="https"):
        return f"{scheme}://127.0.0.1:{self.cluster.http_base + index}{path}"

    def test_commands_and_the_interactive_client_work(self):
        self.cluster.ok("set", "Harvard University", "12")
        self.assertIn("12", self.cluster.ok("view", "Harvard University"))
        self.assertEqual([s["full"] for s in json.loads(self.cluster.ok("status", "--json", at=self.cluster.at(1)))],
                         [True] * 3, "the others are found from one")
        done = self.cluster.titer("client", *map(self.cluster.port, range(3)), stdin="l\nq\n")
        self.assertIn("Connected to 3 servers", done.stdout)
        self.assertIn("Harvard University", done.stdout)

    def test_http_by_python_and_by_curl(self):
        with urllib.request.urlopen(self.url("/api/v1/status", 1), timeout=10, context=self.files.context()) as answer:
            status = json.load(answer)
        self.assertEqual([p["http"] for p in status["peers"]], [self.url("", i) for i in range(3)])
        done = subprocess.run(["curl", "-sS", "--cacert", os.path.join(self.files.ca, "ca.pem"),
                               self.url("/api/v1/sites", 2)], capture_output=True, text=True, timeout=20, check=False)
        self.assertIn("Harvard University", done.stdout, done.stderr)

    def test_large_answers_pass(self):
        before = self.cluster.ok("export")
        rows = [f"bulk-{i},Bulk Site {i},,,,02139,any,{i},,\n" for i in range(4000)]
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("site_id,name,street,city,state,zip,product,availability,valid_at,source\n" + "".join(rows))
            file.flush()
            self.cluster.ok("import", file.name)
        with urllib.request.urlopen(self.url("/api/v1/export?format=csv"), timeout=20,
                                    context=self.files.context()) as answer:
            self.assertEqual(len(answer.read().splitlines()), len(before.splitlines()) + 4000)

    def test_who_speaks_plain_is_told_what_to_do(self):
        done = titer("list", "--timeout", "2", at=self.cluster.at(0))
        self.assertEqual(done.returncode, 4)
        self.assertIn("--ca", done.stderr)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(self.url("/api/v1/status", scheme="http"), timeout=10)
        self.assertEqual(refused.exception.code, 400)
        self.assertEqual(json.load(refused.exception)["code"], "https_only")

    def test_another_authority_is_refused_by_a_sentence_on_both_sides(self):
        other = self.files.sub("other")
        cert("ca", "--out", other)
        done = titer("list", "--ca", os.path.join(other, "ca.pem"), "--timeout", "2", at=self.cluster.at(0))
        self.assertEqual(done.returncode, 4)
        self.assertIn("its certificate is of another authority", done.stderr)
        wait_until(lambda: "unknown ca" in self.cluster.replica_logs(), "the replica's side of it")

    def test_files_that_cannot_be_used_are_named(self):
        done = titer("list", "--ca", "/nowhere/ca.pem", at=self.cluster.at(0))
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere/ca.pem", done.stderr)
        self.assertEqual(titer("cert", "issue", "--ca", self.files.ca, "--name", "not a name", "--out",
                               self.files.sub("x")).returncode, 2)
        self.assertEqual(titer("cert", "ca", "--out", self.files.ca).returncode, 2, "it would replace the authority")

    def test_a_key_that_is_there_is_not_replaced_unasked(self):
        there = self.files.sub("kept")
        self.files.issue(out=there)
        words = ["cert", "issue", "--ca", self.files.ca, "--name", "127.0.0.1", "--out", there]
        with open(os.path.join(there, "replica-key.pem"), encoding="ascii") as file:
            key = file.read()
        done = titer(*words)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("--replace", done.stderr)
        self.assertEqual(titer(*words, "--file", "another").returncode, 0, "beside it")
        with open(os.path.join(there, "replica-key.pem"), encoding="ascii") as file:
            self.assertEqual(file.read(), key)
        self.assertEqual(titer(*words, "--replace").returncode, 0)
        with open(os.path.join(there, "replica-key.pem"), encoding="ascii") as file:
            self.assertNotEqual(file.read(), key)

    def test_an_empty_name_of_the_authority_is_no_plain_text(self):
        empty = subprocess.run([TITER, "status", "--at", self.cluster.at(0)], capture_output=True, text=True, timeout=30,
                               env={**environment(), "TITER_CA": ""})
        self.assertEqual(empty.returncode, 2, empty.stderr)
        self.assertIn("TITER_CA is empty", empty.stderr)

    def test_who_claims_to_be_a_replica_must_prove_it(self):
        """Of the right cluster, with the right tables: but no certificate, one for another machine, or a client's of this one."""
        elsewhere, client = self.files.sub("elsewhere"), self.files.sub("client")
        self.files.issue("10.0.0.1", elsewhere)
        cert("issue", "--ca", self.files.ca, "--name", "127.0.0.1", "--out", client, "--client")
        with wire.Link(("127.0.0.1", self.cluster.port(0), self.files.context())) as link:
            cluster, tables = link.cluster, link.tables
        for shown in (None, elsewhere, client):
            with wire.Link(("127.0.0.1", self.cluster.port(0), self.files.context(shown)), greet=False) as link:
                link.send(wire.hello(role=wire.ROLE_REPLICA, cluster=cluster, tables=tables, replica=1, incarnation=77))
                with self.assertRaises(wire.Closed) as closed:
                    link.next()
                self.assertIn("no certificate of my authority for 127.0.0.1", str(closed.exception))

    def test_keys_are_in_no_log_and_no_status(self):
        with open(os.path.join(self.files.dir, "replica-key.pem"), encoding="ascii") as file:
            secret = "".join(file.read().splitlines()[1:-1])
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.files.dir, "replica-key.pem")).st_mode), 0o600)
        said = self.cluster.replica_logs() + self.cluster.said() + json.dumps(self.cluster.statuses())
        for piece in (secret[:40], secret[-40:], "PRIVATE KEY"):
            self.assertNotIn(piece, said)


class Replacing(unittest.TestCase):
    def test_certificates_are_renewed_under_load_without_a_failed_request(self):
        files = Files()
        with Cluster(3, tls=files.dir) as cluster:
            def serial():
                with files.context().wrap_socket(
                        wire.socket.create_connection(("127.0.0.1", cluster.port(0))), server_hostname="127.0.0.1") as s:
                    return s.getpeercert()["serialNumber"]

            load = spawn("bench", "--seconds", "8", "--json", "--connections", "16", at=cluster.at(),
                         ca=os.path.join(files.ca, "ca.pem"))
            for _ in range(2):
                before = serial()
                files.issue()
                wait_until(lambda before=before: serial() != before, "the new certificate")
            files.issue()
            cluster.signal(cluster.pids()[0], 1)  # SIGHUP: at once
            self.assertIsNone(load.poll(), "the load is over too early")
            text, _ = load.communicate(timeout=60)
            done = json.loads(text)
            self.assertEqual((done["errors"], done["refused"], done["unanswered"], done["failovers"], done["check"]),
                             (0, 0, 0, 0, "passed"), text)
        files.folder.cleanup()

    def test_a_replica_with_a_wrong_certificate_joins_when_it_has_the_right_one(self):
        files = Files()
        with Cluster(3, ["--memory"], tls=files.dir) as cluster:
            cluster.kill(2)
            cluster.wait_members([0, 1])
            files.issue("10.0.0.1")
            cluster.start(2)
            wait_until(lambda: "no link to replica 0" in cluster.replica_logs() and
                       "a newcomer was not let in" in cluster.replica_logs(), "both sides to say why", 30)
            self.assertEqual([m["id"] for m in cluster.status(0)["members"]], [0, 1])
            files.issue()
            cluster.wait_members([0, 1, 2])
        files.folder.cleanup()


class SecureGroup(Group):
    """Asked through the local sockets. The replicas in `wrong` have the certificate of another machine."""

    def __init__(self):
        super().__init__(3, secure=True)
        self.ca, self.wrong = self.files[0], set()
        cert("issue", "--ca", self.path("tls"), "--name", "10.0.0.1", "--out", self.path("wrong"))

    def ask_at(self, index):
        return self.path(f"data-{self.places[index]}", "titer.sock")

    def config(self, index):
        path = super().config(index)
        if index in self.wrong:
            with open(path, encoding="utf-8") as file:
                rest, tls = file.read().split("[tls]")
            with open(path, "w", encoding="utf-8") as file:
                file.write(rest + "[tls]" + tls.replace(self.path("tls"), self.path("wrong")))
        return path


class SeveralMachines(unittest.TestCase):
    def test_a_machine_with_the_certificate_of_another_never_joins(self):
        with SecureGroup() as group:
            group.start(0, 1, 2)
            group.wait_members([0, 1, 2], 40)
            group.ok("add", "Elm Street Clinic", "--zip", "02139")
            group.kill(0)
            group.wait_members([1, 2])
            group.wrong.add(0)
            group.start(0)
            wait_until(lambda: "its certificate is not for 127.0.0.1 but for 10.0.0.1" in group.log(1) and
                       "a newcomer was not let in" in group.log(0), lambda: group.log(0) + group.log(1), 20)
            self.assertEqual([m["id"] for m in group.status(1)["members"]], [1, 2])
            group.kill(0)
            group.wrong.clear()
            group.start(0)
            group.wait_members([0, 1, 2])

    def test_beyond_this_machine_it_needs_tls_or_a_word(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "titer.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'[cluster]\nname = "open"\n[replica]\nindex = 0\ndata = "{folder}/data"\n'
                           'wire = "10.255.255.1:8892"\n[register]\nendpoints = ["http://127.0.0.1:1"]\n')
            done = titer("serve", "--config", path)
            self.assertEqual(done.returncode, 2)
            self.assertIn("configure [tls], or say --insecure", done.stderr)


if __name__ == "__main__":
    main()
