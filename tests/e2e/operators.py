#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What an operator relies on when something goes wrong around titer: output that cannot be written is no success, nothing
that is not a file is replaced, an interrupted restore serves nothing, a second process of a replica harms nobody, and the
data of `titer serve` can be verified.
"""
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

from harness import SAMPLES, TITER, Cluster, end, environment, free_ports, main, spawn, titer, wait_until
from serve import Group

LARGE = os.path.join(SAMPLES, "national_cdc_sites_2024-08-01.csv.gz")
INTERRUPTED = 130


class NamedFiles(unittest.TestCase):
    """Whatever an option's name leads to, the command ends with a sentence that names it."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(1, ["--memory"]))

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="titer-named-"))
        self.pipe, self.socket = os.path.join(self.folder, "pipe"), os.path.join(self.folder, "socket")
        os.mkfifo(self.pipe)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.socket)
        self.addCleanup(listener.close)

    def config(self, file_name, cluster="", more=""):
        path = os.path.join(self.folder, file_name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'[cluster]\nname = "x"\n{cluster}\n[replica]\nindex = 0\ndata = "{self.folder}/data"\n'
                       f'wire = "127.0.0.1:1"\n[register]\nendpoints = ["http://127.0.0.1:1"]\n{more}')
        return path

    def refuse(self, *words, name):
        done = titer(*words, at=self.cluster.at(), timeout=30)
        self.assertNotEqual(done.returncode, 0, (words, done.stdout))
        self.assertIn(name, done.stderr, words)
        self.assertLess(len(done.stderr), 600, done.stderr)

    def test_to_read(self):
        tls = os.path.join(self.folder, "tls")
        for name in ("/dev/zero", "/dev/null", self.pipe, self.socket, self.folder):
            secret = self.config("secret.toml", cluster=f'secret_file = "{name}"')
            keyed = self.config("tls.toml", more=f'[tls]\nca = "{name}"\ncertificate = "{name}"\nkey = "{name}"\n')
            for words in (("list", "--ca", name), ("list", "--key", "@" + name), ("serve", "--config", name),
                          ("verify", "--config", name), ("recover", "--config", name), ("restore", name, "--check"),
                          ("sim", "--replay", name), ("serve", "--check", "--config", secret),
                          ("serve", "--check", "--config", keyed)):
                with self.subTest(words):
                    self.refuse(*words, name=name)
            os.makedirs(tls, exist_ok=True)
            os.symlink(name, os.path.join(tls, "ca.pem"))
            with self.subTest("cluster", name=name):
                self.refuse("cluster", "1", "--memory", "--tls", tls, "--data", os.path.join(self.folder, "d"),
                            name=os.path.join(tls, "ca.pem"))
            os.unlink(os.path.join(tls, "ca.pem"))

    def test_to_import_and_to_check(self):
        for name in ("/dev/zero", self.pipe, self.socket, self.folder):
            for words in (("import", name), ("import", "--dry-run", name), ("check", name)):
                with self.subTest(words):
                    self.refuse(*words, name=name if name != "/dev/zero" or words[0] == "check" else "first line")

    def test_to_write(self):
        for name in (self.pipe, self.socket, self.folder):
            log = self.config("log.toml", more=f'[log]\nfile = "{name}"\n')
            for words in (("serve", "--config", log), ("bench", "--seconds", "1", "--history", name),
                          ("import", "--problems", name, LARGE), ("sim", "--seed", "1", "--trace", name),
                          ("export", "--output", name)):
                if words[0] == "export" and name == self.folder:
                    continue  # `titer export` says which file of the folder it cannot write
                with self.subTest(words):
                    self.refuse(*words, name=name)

    def test_what_a_replica_is_to_write_is_checked_before_it_starts(self):
        def config(key, name):
            path = self.config("written.toml")
            with open(path, encoding="utf-8") as file:
                lines = [line for line in file if not line.startswith(key)]
            lines.insert(lines.index("index = 0\n"), f'{key} = "{name}"\n')
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(lines)
            return path
        regular = self.config("regular.toml")
        for key, names in (("data", (self.pipe, self.socket, regular)), ("local_socket", (self.pipe, self.folder, regular)),
                           ("execution_log", (self.pipe, self.socket, self.folder))):
            for name in names:
                for words in (("serve", "--check"), ("serve",)):
                    with self.subTest(words, key=key, name=name):
                        self.refuse(*words, "--config", config(key, name), name=name)

    def test_a_pipe_in_a_data_directory_is_refused_and_not_waited_for(self):
        data = os.path.join(self.folder, "data")
        os.makedirs(os.path.join(data, "replica-0"))
        for pipe, commands in (("replica-0/identity", (("verify", data), ("recover", data))),
                               ("register", (("cluster", "1", "--memory", "--data", data, "--base-port", free_ports(1), "--http-port", 0),)),
                               ("replica-0.log", (("cluster", "1", "--memory", "--data", data, "--base-port", free_ports(1), "--http-port", 0),))):
            os.mkfifo(os.path.join(data, pipe))
            for words in commands:
                with self.subTest(words, pipe=pipe):
                    done = titer(*words, timeout=20)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(os.path.basename(pipe), done.stdout + done.stderr)
            os.unlink(os.path.join(data, pipe))
        os.mkfifo(os.path.join(data, "ca-key.pem.part"))
        self.refuse("cert", "ca", "--out", data, name="ca-key.pem.part")

    def test_a_pipe_into_which_somebody_writes_is_read(self):
        importing = spawn("import", self.pipe, at=self.cluster.at())
        self.addCleanup(end, importing)
        with open(self.pipe, "w", encoding="utf-8") as pipe:  # waits for the reader
            pipe.write("site_id,name\nelm,Elm\n")
        said, _ = importing.communicate(timeout=30)
        self.assertEqual((importing.returncode, b"1 added" in said), (0, True), said)


class Output(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(1, ["--seed-site"]))

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="titer-output-"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def export(self, target):
        self.cluster.ok("export", "--output", target)

    def test_output_that_cannot_be_written_is_no_success(self):
        verbs = [("list",), ("list", "--json"), ("view", "Harvard University"), ("near", "02138"), ("history",), ("status",),
                 ("export",), ("export", "--format", "ndjson"), ("--version",), ("list", "--help")]
        for words in verbs:
            with self.subTest(words), open("/dev/full", "wb") as full:
                done = subprocess.run([TITER, *words], stdout=full, stderr=subprocess.PIPE, text=True,
                                      env=environment(at=self.cluster.at()))
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("No space left on device", done.stderr)

    def test_a_standard_descriptor_that_is_closed_is_not_taken_for_a_file_that_is_opened(self):
        """The first file that was opened got its number, and what was printed went into the data."""
        def close(*descriptors):
            return lambda: [os.close(one) for one in descriptors]
        backup, data = self.path("one.backup"), self.path("data")
        self.cluster.ok("backup", backup)
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            with self.subTest(closed=closed):
                shutil.rmtree(data, ignore_errors=True)
                done = subprocess.run([TITER, "restore", backup, "--data", data], preexec_fn=close(*closed), check=False,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.assertEqual(done.returncode, 1 if 1 in closed else 0)
                verified = titer("verify", data)
                self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        with subprocess.Popen([TITER, "list"], preexec_fn=close(1), stderr=subprocess.PIPE, text=True,
                              env=environment(at=self.cluster.at())) as listing:
            self.assertIn("standard output could not be written", listing.communicate(timeout=20)[1])
        self.assertEqual(listing.returncode, 1)

    def test_an_export_replaces_the_file_and_keeps_its_mode(self):
        path = self.path("sites.csv")
        for mode in (0o600, 0o640):
            with open(path, "w", encoding="utf-8") as file:
                file.write("old")
            os.chmod(path, mode)
            self.export(path)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode)
            with open(path, encoding="utf-8") as file:
                self.assertIn("Harvard University", file.read())
        self.assertEqual(os.listdir(self.folder), ["sites.csv"])

    def test_an_export_follows_a_symbolic_link(self):
        os.mkdir(self.path("there"))
        target, link = self.path("there/sites.csv"), self.path("link.csv")
        with open(target, "w", encoding="utf-8") as file:
            file.write("old")
        os.symlink(target, link)
        self.export(link)
        self.assertTrue(os.path.islink(link))
        with open(target, encoding="utf-8") as file:
            self.assertIn("Harvard University", file.read())

    def test_an_export_and_a_backup_write_into_a_pipe_and_leave_it_there(self):
        for words in (("export", "--output"), ("backup",)):
            with self.subTest(words):
                pipe = self.path("pipe-" + words[0])
                os.mkfifo(pipe)
                with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
                    self.cluster.ok(*words, pipe)
                    self.assertIn(b"Harvard University", reader.stdout.read())
                self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))

    def test_a_file_that_cannot_be_made_is_an_error_and_leaves_nothing(self):
        for words in (("export", "--output"), ("backup",)):
            done = self.cluster.titer(*words, self.path("no/such/directory"))
            self.assertNotEqual(done.returncode, 0)
        self.assertEqual(os.listdir(self.folder), [])


class InterruptedRestore(unittest.TestCase):
    """At whatever moment it ends, nothing is served from what it left, and the same command starts from scratch."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="titer-backup-"))
        cls.backup = os.path.join(folder, "one.backup")
        with Cluster(1, ["--import", LARGE]) as cluster:
            cluster.ok("backup", cls.backup)

    def interrupt(self, words, data, moment, number):
        """True: it was interrupted. False: it had ended."""
        process = subprocess.Popen([TITER, "restore", self.backup, *words], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=environment())
        wait_until(lambda: os.path.exists(os.path.join(data, moment)) or process.poll() is not None, moment, 30, 0.0005)
        process.send_signal(number)
        code = process.wait(20)
        end(process)
        return code != 0

    def test_on_one_machine(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            for moment in ("restoring", "replica-0/identity", "replica-0/tables/CURRENT"):
                with self.subTest(number, moment=moment), tempfile.TemporaryDirectory(prefix="titer-restore-") as folder:
                    data = os.path.join(folder, "data")
                    if not self.interrupt(("--data", data, "--replicas", "1"), data, moment, number):
                        continue
                    refused = titer("cluster", 1, "--base-port", free_ports(1), "--http-port", 0, "--data", data)
                    self.assertEqual(refused.returncode, 2, refused.stdout)
                    self.assertIn("restore into it was interrupted", refused.stderr)
                    self.assertEqual(titer("verify", data).returncode, 1)
                    self.assertEqual(titer("restore", self.backup, "--data", data, "--replicas", 1).returncode, 0)
                    with Cluster(1, data=data) as cluster:
                        self.assertEqual(cluster.status(0)["sites"], 20_093)

    def test_on_several_machines(self):
        for moment in ("restoring", "identity", "tables/CURRENT"):
            with self.subTest(moment=moment), Group(1) as group:
                data = group.path("data-0")
                if not self.interrupt(("--config", group.config(0)), data, moment, signal.SIGKILL):
                    continue
                group.start(0)
                self.assertEqual(group.ends(0), 2)
                self.assertIn("restore into it was interrupted", group.log(0))
                group.command("restore", self.backup)
                group.start(0)
                group.wait_members([0])
                self.assertEqual(group.status(0)["sites"], 20_093)


class OneOfSeveral(unittest.TestCase):
    def test_a_stray_copy_of_a_directory_ends_before_it_changes_the_register(self):
        with Group(3) as group:
            group.begin()
            group.ok("add", "Elm", "--zip", "02139", "--availability", 5)
            before = group.statuses()
            shutil.copytree(group.path("data-0"), group.path("copy"),  # which is written meanwhile
                            ignore=shutil.ignore_patterns("*.sock", "socket", "*.new"))
            with open(group.config(0), encoding="utf-8") as file:
                config = file.read().replace(group.path("data-0"), group.path("copy"))
            with open(group.path("copy.toml"), "w", encoding="utf-8") as file:
                file.write(config)
            done = subprocess.run([TITER, "serve", "--config", group.path("copy.toml")], capture_output=True, text=True,
                                  env=environment(), timeout=30)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("Address already in use", done.stderr)
            self.assertEqual({i: s["view"] for i, s in group.statuses().items()}, {i: s["view"] for i, s in before.items()})
            group.ok("set", "Elm", 6)

    def test_it_waits_for_an_address_that_this_machine_does_not_have_and_can_be_stopped_meanwhile(self):
        with Group(1) as group:
            with open(group.config(0), encoding="utf-8") as file:
                config = file.read().replace('wire = "127.0.0.1:', 'wire = "192.0.2.1:')
            with open(group.path("0.toml"), "w", encoding="utf-8") as file:
                file.write(config)
            with open(group.path("0.log"), "ab") as log:
                process = subprocess.Popen([TITER, "serve", "--insecure", "--config", group.path("0.toml")], stdout=log,
                                           stderr=log, env=environment())
            wait_until(lambda: "it waits for the address" in group.log(0), "it to wait")
            process.terminate()
            self.assertEqual(process.wait(10), 0)
            end(process)

    def test_a_hangup_reopens_the_log_file_by_its_name(self):
        with Group(1) as group:
            log = group.path("own.log")
            group.register = f'[log]\nfile = "{log}"\n'
            group.begin()
            os.rename(log, log + ".1")
            group.processes[0].send_signal(signal.SIGHUP)
            wait_until(lambda: os.path.exists(log) and os.path.getsize(log), "a new log")
            before = os.path.getsize(log + ".1")
            self.assertEqual(group.stop(0), 0)
            with open(log, encoding="utf-8") as file:
                self.assertIn("told to stop", file.read())
            self.assertEqual(os.path.getsize(log + ".1"), before)

    def test_addresses_and_numbers_are_refused_before_anything_is_done(self):
        with Group(1) as group:
            wire = "127.0.0.1:{}".format(group.address(0)[1])
            for words in (["init", "127.0.0.1:7001", "localhost:7001"], ["init", "[::1]:7001", "[0::1]:7001"],
                          ["init", "127.0.0.1:7001=http://127.0.0.1:7001"], ["init", "127.0.0.1:65536"],
                          ["replica", "add", "1", wire.replace("127.0.0.1", "localhost")],
                          ["replica", "add", "1", "127.0.0.2:7001=http://localhost:" + wire.partition(":")[2]],
                          ["replica", "add", "-1", "127.0.0.2:7001"], ["replica", "add", "1", "127.0.0.2:0"]):
                done = titer(*words, "--config", group.config(0))
                self.assertIn(done.returncode, (1, 2), words)
                self.assertLess(len(done.stderr), 300, done.stderr)
            self.assertNotIn("replica  1", group.command("replica", "list"))

    def test_the_data_of_one_machine_can_be_verified(self):
        with Group(1) as group:
            group.begin()
            group.ok("add", "Elm", "--zip", "02139")
            self.assertEqual(titer("verify", group.path("data-0")).returncode, 2, "it is in use")
            self.assertEqual(group.stop(0), 0)
            self.assertIn("sound", titer("verify", group.path("data-0")).stdout)
            group.command("verify")
            journal = os.path.join(group.path("data-0"), "journal")
            name = sorted(n for n in os.listdir(journal) if n.endswith(".journal"))[0]
            with open(os.path.join(journal, name), "r+b") as file:
                file.write(bytes(4096))
            done = titer("verify", "--config", group.config(0))
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("DAMAGED", done.stdout)

    def test_where_there_is_nothing_to_verify_that_is_said(self):
        with tempfile.TemporaryDirectory(prefix="titer-empty-") as folder:
            done = titer("verify", folder)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("nothing to check", done.stderr)


if __name__ == "__main__":
    main()
