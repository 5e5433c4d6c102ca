#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""`titer serve`: replicas that are processes of nobody, with an etcd as their view register.

One real etcd and three or four real replicas, all on loopback: founded, joined, killed, stopped, replaced, all at once;
etcd stopped and wiped under them; restarted one by one under load.
"""
import base64
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import unittest
import urllib.request

import harness
from harness import TITER, Replicas, end, environment, free_ports, titer, wait_until
from writer import Writer

EXCLUDED, USAGE = 3, 2
SITE = "elm"


class Etcd:
    """One member, on loopback. `files`: (authority, certificate, key) for TLS on both sides."""

    def __init__(self, folder, port, files=None):
        self.folder, self.port, self.files = folder, port, files
        self.process, self.words = None, []

    def url(self):
        return f"http{'s' if self.files else ''}://127.0.0.1:{self.port}"

    def start(self):
        client, peer = self.url(), f"http://127.0.0.1:{self.port + 1}"
        words = ["etcd", "--data-dir", os.path.join(self.folder, "etcd"), "--listen-client-urls", client,
                 "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                 "--initial-cluster", f"default={peer}", "--logger", "zap", "--log-level", "error", *self.words]
        if self.files:
            words += ["--client-cert-auth", "--trusted-ca-file", self.files[0], "--cert-file", self.files[1],
                      "--key-file", self.files[2]]
        with open(os.path.join(self.folder, "etcd.log"), "ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            preexec_fn=harness.end_with_parent)
        wait_until(self.answers, "etcd to answer", 30, 0.05)

    def stop(self):
        end(self.process)

    def wipe(self):
        self.stop()
        shutil.rmtree(os.path.join(self.folder, "etcd"))

    def ask(self, what, seconds=10, **fields):
        """Its gateway's answer; keys and values are text."""
        fields = {name: base64.b64encode(text.encode()).decode() for name, text in fields.items()}
        ask = urllib.request.Request(f"{self.url()}/v3/kv/{what}", json.dumps(fields).encode())
        secure = ssl.create_default_context(cafile=self.files[0]) if self.files else None
        if secure:
            secure.load_cert_chain(*self.files[1:])
        with urllib.request.urlopen(ask, timeout=seconds, context=secure) as answer:
            return json.load(answer)

    def answers(self):
        try:
            return bool(self.ask("range", 1, key="a"))
        except OSError:
            return False

    def value(self, key):
        return base64.b64decode(self.ask("range", key=key)["kvs"][0]["value"]).decode()

    def put(self, key, value):
        self.ask("put", key=key, value=value)


class Group(Replicas):
    """Replicas that are kept in life as a service manager does: exit code 3 means start it again."""

    def __init__(self, replicas=3, secure=False):
        self.size, self.logs = replicas, None
        self.folder = tempfile.TemporaryDirectory(prefix="titer-serve-")
        places = 2 * (replicas + 2)  # each with its wire and its HTTP; then etcd's two
        self.base = free_ports(places + 2)
        self.files = self.certificates("tls") if secure else None
        self.etcd = Etcd(self.folder.name, self.base + places, self.files)  # one authority for all, unless a test says otherwise
        self.processes, self.places = {}, {i: i for i in range(replicas + 1)}
        self.register = self.cluster = ""  # more lines of these sections
        self.secret = self.path("secret")  # the file of the replicas' secret, which `init` makes; None: there is none

    def certificates(self, name):
        """(authority, certificate, key), for everything on this machine."""
        titer("cert", "ca", "--out", self.path(name))
        titer("cert", "issue", "--ca", self.path(name), "--out", self.path(name), "--name", "127.0.0.1")
        return [self.path(name, file) for file in ("ca.pem", "replica.pem", "replica-key.pem")]

    def address(self, index):
        return "127.0.0.1", self.base + 2 * self.places[index]

    def machine(self, index):
        return f"127.0.0.1:{self.address(index)[1]}=http://127.0.0.1:{self.address(index)[1] + 1}"

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def config(self, index):
        """The configuration of this replica, where it is now."""
        place = self.places[index]
        path = self.path(f"{place}.toml")
        secret = f'secret_file = "{self.secret}"\n' if self.secret else ""
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'[cluster]\nname = "tested"\n{secret}{self.cluster}[replica]\nindex = {index}\ndata = "{self.path(f"data-{place}")}"\n'
                       f'wire = "127.0.0.1:{self.base + 2 * place}"\nhttp = "127.0.0.1:{self.base + 2 * place + 1}"\n'
                       f'[register]\nendpoints = ["{self.etcd.url()}"]\n{self.register}')
            for section, files in (("", self.etcd.files), ("[tls]\n", self.files)):
                if files is not None:
                    file.write(section + 'ca = "{}"\ncertificate = "{}"\nkey = "{}"\n'.format(*files))
        return path

    def prepare(self):
        """Before the record is there."""

    def __enter__(self):
        try:
            self.etcd.start()
            self.prepare()
            self.command("init", *(self.machine(i) for i in range(self.size)))
        except BaseException:
            self.__exit__(None)
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for index in self.processes:
                print(f"--- replica {index}:\n" + self.log(index)[-3000:])
        for process in [*self.processes.values(), self.etcd.process]:
            if process:
                end(process)
        self.folder.cleanup()

    def log(self, index):
        with open(self.path(f"{self.places[index]}.log"), errors="replace", encoding="utf-8") as file:
            return file.read()

    def command(self, *words, on=0):
        """A command of an operator, on one of the machines, that must succeed."""
        done = titer(*words, "--config", self.config(on))
        if done.returncode != 0:
            raise AssertionError(f"titer {words}: exit {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout

    def start(self, *indices, words=()):
        for index in indices:
            with open(self.path(f"{self.places[index]}.log"), "ab") as log:
                self.processes[index] = subprocess.Popen([TITER, "serve", "--config", self.config(index), *words], stdout=log,
                                                         stderr=log, stdin=subprocess.DEVNULL, env=environment(),
                                                         preexec_fn=harness.end_with_parent)

    def kill(self, *indices):
        for index in indices:  # first, so that none of them sees another's end and asks for a view
            self.processes[index].send_signal(signal.SIGSTOP)
        for index in indices:
            self.processes[index].send_signal(signal.SIGKILL)
        for index in indices:
            self.processes[index].wait(5)

    def ends(self, index, seconds=15):
        """The exit code."""
        return self.processes[index].wait(seconds)

    def stop(self, index):
        """As a service manager does; the exit code."""
        self.processes[index].terminate()
        return self.ends(index)

    def keep(self):
        """Starts again who was excluded."""
        for index, process in list(self.processes.items()):
            if process.poll() == EXCLUDED:
                self.start(index)

    def begin(self):
        """All of them, as members of one view."""
        self.start(*range(self.size))
        return self.wait_members(range(self.size))

    def write(self, doses):
        self.ok("set", SITE, doses)

    def reads(self, index):
        return titer("view", SITE, "--json", at=self.at(index))


class Serve(unittest.TestCase):
    def see(self, group, doses, indices):
        """Every one of these replicas answers with this."""
        for index in indices:
            def answered(i=index):
                done = group.reads(i)
                return done.returncode == 0 and json.loads(done.stdout)["stock"][0]["availability"] == doses
            wait_until(answered, lambda i=index: f"{doses} at replica {i}: {group.reads(i)}", 10, 0.05)

    def test_founded_joined_killed_and_all_at_once(self):
        with Group() as group:
            group.begin()
            group.ok("add", SITE, "--zip", "02139")
            group.write(1)
            self.see(group, 1, range(3))

            group.kill(1)
            group.wait_members([0, 2])
            group.write(2)
            group.start(1)
            group.wait_members(range(3))
            self.see(group, 2, range(3))
            position, digest = group.wait_equal(range(3))

            group.kill(0, 1, 2)  # all together; the first that starts waits for the others
            group.start(2, 0, 1)
            group.wait_members(range(3))
            group.wait_state((position, digest), range(3))
            group.write(3)
            self.see(group, 3, range(3))

            group.kill(0, 1, 2)  # a majority of the last view is enough, after a while
            group.start(1, 2)
            group.wait_members([1, 2])
            self.see(group, 3, [1, 2])
            group.start(0)
            group.wait_members(range(3))

    def test_a_clean_stop_leaves_the_view_first_and_the_last_one_goes_on_alone(self):
        with Group() as group:
            group.begin()
            group.ok("add", SITE, "--zip", "02139")
            for index in (2, 0):
                self.assertEqual(0, group.stop(index), group.log(index))
                self.assertIn("it has left the view", group.log(index))
            group.wait_members([1])
            group.write(5)
            self.assertEqual(0, group.stop(1))
            group.start(0)  # not a member: it must wait for the one that was
            wait_until(lambda: "a learner" in group.log(0), "replica 0 to learn")
            self.assertIsNone((group.status(0) or {}).get("full") or None)
            group.start(1, 2)
            group.wait_members(range(3))
            self.see(group, 5, range(3))

    def test_all_are_stopped_together_and_the_last_one_does_not_wait_to_be_let_go(self):
        with Group() as group:
            group.begin()
            for index in range(3):
                group.processes[index].terminate()
            self.assertEqual([0, 0, 0], [group.ends(index) for index in range(3)])
            reasons = [group.log(index).rsplit("stopping: ", 1)[-1] for index in range(3)]
            self.assertFalse([reason for reason in reasons if "in time" in reason], reasons)
            self.assertEqual(1, sum("the last of the view" in reason for reason in reasons), reasons)
            group.start(*range(3))
            group.wait_members(range(3))

    def test_the_roster_grows_and_shrinks_and_a_machine_takes_the_place_of_another(self):
        with Group() as group:
            group.begin()
            group.ok("add", SITE, "--zip", "02139")
            group.write(1)
            group.command("replica", "add", 3, group.machine(3))
            group.start(3)
            group.wait_members(range(4))
            self.see(group, 1, [3])

            group.command("replica", "remove", 0)
            self.assertEqual(0, group.ends(0), group.log(0))
            self.assertIn("roster", group.log(0))
            group.wait_members([1, 2, 3])
            group.start(0)
            self.assertEqual(USAGE, group.ends(0))

            group.kill(2)
            group.places[2] = 4
            group.command("replica", "replace", 2, group.machine(2))
            group.start(2)
            group.wait_members([1, 2, 3])
            self.see(group, 1, [2])
            self.assertIn(f":{group.address(2)[1]}", group.command("replica", "list"))

    def test_while_etcd_is_away_service_goes_on_and_a_wiped_one_is_refused(self):
        with Group() as group:
            group.begin()
            group.ok("add", SITE, "--zip", "02139")
            group.etcd.stop()
            wait_until(lambda: all(not s["register"]["reachable"] for s in group.statuses().values()),
                       "the replicas to say that etcd is away", 15)
            group.write(7)
            self.see(group, 7, range(3))
            group.etcd.start()
            wait_until(lambda: all(s["register"]["reachable"] for s in group.statuses().values()),
                       "the replicas to say that etcd is back", 15)
            group.kill(1)
            group.wait_members([0, 2])

            group.etcd.wipe()
            group.etcd.start()
            wait_until(lambda: all("gone back" in s["register"].get("refused", "") for s in group.statuses([0, 2]).values()),
                       "the replicas to refuse the wiped etcd", 15)
            group.write(8)
            self.see(group, 8, [0, 2])
            group.start(1)
            self.assertEqual(USAGE, group.ends(1))
            self.assertIn("gone back in time", group.log(1))

            for index in (0, 2):  # an operator abandons that etcd, and resumes from the disk of one of them
                group.kill(index)
            shown = titer("recover", "--config", group.config(2))
            self.assertEqual(1, shown.returncode, shown)
            self.assertIn("accept-data-loss", shown.stdout)
            group.command("recover", "--accept-data-loss", on=2)
            group.start(2)
            group.wait_members([2])
            self.see(group, 8, [2])
            for index in (0, 1):
                group.command("replica", "add", index, group.machine(index))
                group.start(index)
            group.wait_members(range(3))
            self.assertIn("resumed from replica 2 alone", group.command("replica", "list"))

    def test_one_after_another_is_restarted_under_load_and_nothing_is_lost_or_refused(self):
        with Group() as group:
            group.begin()
            group.ok("add", SITE, "--zip", "02139")
            with Writer([group.address(i) for i in range(3)], "counted") as writer:
                for index in range(3):
                    self.assertEqual(0, group.stop(index))
                    group.start(index)
                    group.wait_members(range(3))
            for index in range(3):
                writer.check(self, group, index)

    def test_under_tls_everywhere_and_etcd_refuses_who_shows_no_certificate(self):
        with Group(secure=True) as group:
            group.start(*range(3))

            def members():
                done = titer("status", "--json", "--ca", group.files[0], at=group.at())
                rows = json.loads(done.stdout) if done.returncode == 0 else []
                return len(rows) == 3 and all(r["full"] and len(r["members"]) == 3 for r in rows)
            wait_until(members, lambda: "three members: " + group.log(0)[-500:], 30, 0.1)
            with open(group.config(0), encoding="utf-8") as file:
                plain = file.read().replace("certificate =", "# ").replace("key =", "# ")
            with open(group.path("plain.toml"), "w", encoding="utf-8") as file:
                file.write(plain)
            self.assertNotEqual(0, titer("replica", "list", "--config", group.path("plain.toml")).returncode)

    def test_an_excluded_replica_ends_with_3_and_joins_when_it_is_started_again(self):
        with Group() as group:
            group.begin()
            group.ok("add", SITE, "--zip", "02139")
            group.processes[0].send_signal(signal.SIGSTOP)
            group.wait_members([1, 2])
            group.write(4)
            group.processes[0].send_signal(signal.SIGCONT)
            self.assertEqual(EXCLUDED, group.ends(0))
            group.start(0)
            group.wait_members(range(3))
            self.see(group, 4, range(3))


if __name__ == "__main__":
    if shutil.which("etcd") is None:
        raise SystemExit("there is no etcd; ./dev test installs Debian's etcd-server")
    harness.main()
