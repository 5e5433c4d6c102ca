#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The Debian package on a bare system: installed, running, upgraded while its data stays, removed, purged.

The bare system is what debootstrap makes (kept in build/bare, for the next time); each run works in an overlay over it, in
a mount namespace of its own, so that nothing else sees or keeps what it does. That needs root; elsewhere this is skipped.
"""
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from bare import CLEAN, Machine, bare_system, main_in_namespace, make_package, tear_down  # noqa: E402
from harness import end, free_ports, wait_until  # noqa: E402


class Cluster:
    """`titer cluster` inside the machine, as the service's user."""

    def __init__(self, machine):
        self.machine, self.base = machine, free_ports(6)
        self.output = open(machine.path("root", "cluster.out"), "wb")

    def __enter__(self):
        words = ["setpriv", "--reuid=titer", "--regid=titer", "--clear-groups", "titer", "cluster", "3", "--base-port",
                 str(self.base), "--http-port", str(self.base + 3), "--data", "/var/lib/titer/try"]
        self.process = subprocess.Popen(self.machine.words(*words), stdin=subprocess.PIPE,
                                        stdout=self.output, stderr=subprocess.STDOUT, env=CLEAN)
        wait_until(lambda: "Type an index" in self.said() or self.process.poll() is not None,
                   lambda: "the cluster to serve: " + self.said())
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        finally:
            end(self.process)
            self.output.close()
        if code != 0:
            raise AssertionError(f"the cluster ended with {code}: {self.said()}")

    def said(self):
        with open(self.output.name, encoding="utf-8") as file:
            return file.read()

    def titer(self, *words):
        at = ",".join(f"127.0.0.1:{self.base + i}" for i in range(3))
        return self.machine.run("titer", words[0], "--at", at, *words[1:])


class Package(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="titer-package-")
        self.addCleanup(tear_down, folder)
        self.packages = [make_package(os.path.join(folder, "one"), "0.1.0"),
                         make_package(os.path.join(folder, "two"), "0.1.1")]
        self.machine = Machine(bare_system()[0], folder)

    def test_the_client_library_is_found_by_the_linker(self):
        folder = os.path.dirname(self.packages[0])
        library, headers = (glob.glob(os.path.join(folder, name))[0] for name in ("libtiter[0-9]*.deb", "libtiter-dev_*.deb"))
        name = re.match(r"libtiter[0-9.]+", os.path.basename(library)).group()
        self.machine.install(library)
        self.assertIn(f"/lib/{name.replace('libtiter', 'libtiter.so.')}\n", self.machine.run("ldconfig", "-p"))
        self.assertRegex(self.machine.run("dpkg", "-s", name), r"Depends: .*libssl3")  # worked out from the library
        self.machine.install(headers)  # asks for the library of the same version, and for nothing else
        self.assertIn(f"Depends: {name} (= 0.1.0-1)\n", self.machine.run("dpkg", "-s", "libtiter-dev"))

    def test_install_run_upgrade_remove_purge(self):
        self.installed()
        with Cluster(self.machine) as cluster:
            cluster.titer("add", "Packed Clinic", "--zip", "02139", "--availability", "7")
        self.upgraded()
        with Cluster(self.machine) as cluster:  # the new version resumes from the data of the old one
            self.assertIn("Packed Clinic", cluster.titer("list"))
        self.removed()
        self.purged()

    def installed(self):
        self.machine.install(self.packages[0])
        self.assertRegex(self.machine.run("titer", "--version"), r"^titer \d+\.\d+\.\d+ \(\S+, \S+\)\n$")
        self.assertIn("/var/lib/titer", self.machine.run("getent", "passwd", "titer"))
        modes = self.machine.run("stat", "-c", "%a %U %G", "/etc/titer", "/var/lib/titer")
        self.assertEqual(["750 root titer", "750 titer titer"], modes.splitlines())
        files = self.machine.run("dpkg", "-L", "titer")
        for expected in ("/usr/lib/systemd/system/titer@.service", "/etc/titer/main.toml", "/etc/logrotate.d/titer",
                         "/usr/share/man/man1/titer.1.gz", "/usr/share/man/man1/titer-set.1.gz",
                         "/usr/share/bash-completion/completions/titer", "/usr/share/doc/titer/copyright"):
            self.assertIn(expected + "\n", files)
        control = self.machine.run("dpkg", "-s", "titer")
        self.assertRegex(control, r"Depends: .*librocksdb")  # worked out from the program
        self.assertRegex(control, r"Conffiles:\n /etc/titer/main.toml \w+\n /etc/logrotate.d/titer ")
        completed = self.machine.run("bash", "-c", ". /usr/share/bash-completion/completions/titer; "
                                     "COMP_WORDS=(titer res); COMP_CWORD=1; _titer; echo ${COMPREPLY[@]}")
        self.assertEqual({"reserve", "restore"}, set(completed.split()))

    def upgraded(self):
        with open(self.machine.path("etc/titer/main.toml"), "a", encoding="utf-8") as file:
            file.write("# changed here\n")
        self.machine.install(self.packages[1])
        self.assertIn("Version: 0.1.1", self.machine.run("dpkg", "-s", "titer"))
        with open(self.machine.path("etc/titer/main.toml"), encoding="utf-8") as file:
            self.assertIn("# changed here", file.read())

    def removed(self):
        self.machine.run("dpkg", "--remove", "titer")
        self.assertFalse(self.machine.exists("/usr/bin/titer"))
        self.assertTrue(self.machine.exists("/etc/titer/main.toml"))
        self.assertTrue(self.machine.exists("/var/lib/titer/try"))

    def purged(self):
        """Settings go, data does not: the last copy may be here. Without data nothing is left."""
        said = self.machine.run("dpkg", "--purge", "titer")
        self.assertIn("/var/lib/titer holds data and is left", said)
        self.assertFalse(self.machine.exists("/etc/titer"))
        self.assertFalse(self.machine.exists("/etc/logrotate.d/titer"))
        self.assertTrue(self.machine.exists("/var/lib/titer/try"))
        self.machine.run("rm", "-r", "/var/lib/titer/try")
        self.machine.install(self.packages[1])
        self.machine.run("dpkg", "--purge", "titer")
        self.assertFalse(self.machine.exists("/var/lib/titer"))
        with open(self.machine.path("etc/passwd"), encoding="utf-8") as file:
            self.assertIsNone(re.search("^titer:", file.read(), re.M))


if __name__ == "__main__":
    main_in_namespace(lambda: bare_system()[1])
