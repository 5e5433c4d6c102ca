#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The archive: what is in it, what it needs, and the README's tour on a bare system that has none of our libraries."""
import os
import re
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from bare import TREE, Machine, bare_system, main_in_namespace, run, tear_down  # noqa: E402
from made import make, missing, take_tour  # noqa: E402

GLIBC = (2, 36)  # of Debian 12; README.archive.md promises it


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Archive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="titer-archive-")
        cls.addClassCleanup(tear_down, cls.folder)
        cls.made = make("archive", TREE, os.path.join(cls.folder, "one"))

    def test_it_is_made_the_same_twice_and_holds_what_belongs_to_a_program(self):
        again = make("archive", TREE, os.path.join(self.folder, "two"))
        self.assertEqual(read(self.made), read(again))
        with tarfile.open(self.made) as tar:
            members = {member.name.partition("/")[2]: member for member in tar}
            tops = {member.name.partition("/")[0] for member in members.values()}
            unit = tar.extractfile(members["lib/systemd/system/titer@.service"]).read().decode()
            licenses = {name.removeprefix("licenses/"): tar.extractfile(member).read().decode()
                        for name, member in members.items() if name.startswith("licenses/")}
        self.assertEqual([os.path.basename(self.made).removesuffix(".tar.gz")], list(tops))
        for name in ("bin/titer", "share/man/man1/titer.1.gz", "share/man/man1/titer-serve.1.gz", "etc/titer/main.toml", "etc/logrotate.d/titer",
                     "share/bash-completion/completions/titer", "share/doc/titer/operations.md", "LICENSE", "NOTICE",
                     "README.md", "licenses/page.txt"):
            self.assertIn(name, members)
        self.assertIn("ExecStart=/usr/local/bin/titer serve", unit)
        linked = dict(line.split() for line in licenses["packages.txt"].splitlines())
        for name in ("librocksdb-dev", "libssl-dev", "zlib1g-dev", "libboost1.81-dev", "libfmt-dev", "libspdlog-dev"):
            self.assertIn(name, linked)
        self.assertEqual({(0, 0)}, {(member.uid, member.gid) for member in members.values()})
        self.every_license_is_there(linked, licenses)

    def every_license_is_there(self, linked, licenses):
        """A copyright file of each package, and each text that one of them refers to, under the name that it uses."""
        referred = set()
        for name in linked:
            referred |= set(re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", licenses[name + ".txt"]))
        self.assertLessEqual({"Apache-2.0", "GPL-3", "LGPL"}, referred)
        for name in referred:
            self.assertGreater(len(licenses[name]), 1000, name)

    def test_it_needs_glibc_and_nothing_else(self):
        with tarfile.open(self.made) as tar:
            tar.extractall(self.folder)
        program = os.path.join(self.folder, os.path.basename(self.made).removesuffix(".tar.gz"), "bin", "titer")
        needed = re.findall(r"\(NEEDED\).*\[(\S+)\]", run("readelf", "-dW", program))
        others = [name for name in needed if not re.fullmatch(r"(libc|libm|ld-linux[\w-]*)\.so\.\d", name)]
        self.assertEqual([], others)
        versions = {tuple(map(int, found)) for found in re.findall(r"GLIBC_(\d+)\.(\d+)", run("objdump", "-T", program))}
        self.assertLessEqual(max(versions), GLIBC)

    def test_installed_as_its_readme_says_it_takes_the_tour(self):
        machine = Machine(bare_system()[0], self.folder)
        for library in ("librocksdb", "libssl", "libspdlog", "libfmt", "libsnappy", "libboost"):
            self.assertEqual("", machine.run("find", "/usr/lib", "-name", library + "*"))
        with tarfile.open(self.made) as tar:
            tar.extractall(machine.path("opt"))
        inside = "/opt/" + os.path.basename(self.made).removesuffix(".tar.gz")
        with open(machine.path(inside.lstrip("/"), "README.md"), encoding="utf-8") as file:
            install = re.search(r"To install it.*?\n\n((?:    .*\n)+)", file.read())[1]
        machine.run("sh", "-ec", f"cd {inside}\n{install}")
        self.assertEqual("750 root titer", machine.run("stat", "-c", "%a %U %G", "/etc/titer").strip())
        self.assertRegex(machine.run("titer", "--version"), r"^titer \d+\.\d+\.\d+ \(\S+, \S+\)\n$")
        take_tour(machine, machine.words("titer"), "/tmp/tour", self.folder)


if __name__ == "__main__":
    main_in_namespace(lambda: missing() or bare_system()[1], "--pid", "--fork", "--kill-child", "--mount-proc")
