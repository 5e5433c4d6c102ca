#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Numbers on the command line: each number of each command is tried with what nobody can mean, and refused with a sentence.

The table is held against --help, so an option that is added without a thought for 0, -1 and too much is found here.
"""
import re
import unittest

from harness import main, titer

USAGE = 2
COMMANDS = ["client", "cluster", "init", "replica list", "replica add", "replica remove", "replica replace", "serve", "add", "close",
            "edit", "list", "near", "view", "adjust", "release", "reserve", "set", "export", "history", "import", "undo", "watch",
            "backup", "bench", "cert ca", "cert issue", "check", "key create", "key list", "key revoke", "recover", "restore", "sim",
            "duplicates", "status", "verify", "writes stop", "writes allow", "writes show"]
NUMBER = re.compile(r"^  (--[\w-]+|\w+) (?:UINT|INT|FLOAT|S|NUMBER)\b", re.MULTILINE)
NEVER = ["x", "", "1.5.1", "0x10", "nan", "inf", "99999999999999999999999", "1e999"]  # of any number
ANY = {"0"}  # 0 means something
SIGNED = {"0", "-1"}  # … and so does a negative number
# What "0" and "-1" are for: of the other numbers both are refused. Positional ones have to come behind what is before them.
MEANT = {
    ("cluster", "--http-port"): ANY, ("cluster", "--requests-per-key"): ANY, ("cluster", "--requests-per-address"): ANY,
    ("cluster", "--connections"): ANY, ("cluster", "--connections-per-address"): ANY, ("key create", "--sites-max"): ANY,
    ("replica add", "index"): ANY, ("replica remove", "index"): ANY, ("replica replace", "index"): ANY, ("serve", "--index"): ANY,
    ("recover", "--from"): ANY, ("verify", "--replica"): ANY, ("undo", "position"): ANY,
    ("history", "--before"): ANY, ("adjust", "by"): SIGNED, ("sim", "--seed"): ANY, ("sim", "--first"): ANY,
}
POINTS = {"--lat": SIGNED, "--lon": SIGNED, "--if-version": ANY}
# Numbers that fit their type and are still too much or too little.
BEYOND = [("cluster", "--frames-in-flight", "65"), ("cluster", "--base-port", "65536"), ("cluster", "--http-port", "65536"),
          ("cluster", "--requests-per-key", "1e10"), ("cluster", "t", "17"), ("restore", "--replicas", "17"),
          ("list", "--limit", "-1"), ("near", "--limit", "2001"), ("bench", "--connections", "10001"), ("bench", "--in-flight", "257"),
          ("view", "--timeout", "1000001"), ("view", "--timeout", "0.0001"), ("cert ca", "--days", "0"), ("sim", "--jobs", "257"),
          ("sim", "--seeds", "100000001"), ("serve", "--index", "65536"), ("watch", "--since", "-1"), ("watch", "--since", "1e9"),
          ("watch", "--since", "5-x"), ("recover", "--from", "65536")]
BEFORE = {("reserve", "doses"): ["x"], ("release", "doses"): ["x"], ("adjust", "by"): ["x"]}


class Options(unittest.TestCase):
    def refuse(self, command, name, value):
        words = command.split() + ([name, value] if name.startswith("--") else [*BEFORE.get((command, name), []), value])
        done = titer(*words)
        self.assertEqual(USAGE, done.returncode, (words, done.stdout[:300], done.stderr[:300]))
        self.assertIn(name, done.stderr)
        self.assertLess(len(done.stderr), 400, done.stderr)

    def test_the_list_of_commands_is_complete(self):
        listed = re.findall(r"^  ([a-z]+) {2,}", titer().stdout, re.MULTILINE)
        self.assertEqual(sorted(set(listed)), sorted({command.split()[0] for command in COMMANDS}))

    def test_every_number_of_every_command_is_held_to_its_range(self):
        tried = 0
        for command in COMMANDS:
            for name in NUMBER.findall(titer(*command.split(), "--help").stdout):
                meant = MEANT.get((command, name), POINTS.get(name, set()))
                for value in [*NEVER, *({"0", "-1"} - meant)]:
                    with self.subTest(command=command, name=name, value=value):
                        self.refuse(command, name, value)
                    tried += 1
        self.assertGreater(tried, 300)

    def test_what_fits_the_type_and_not_the_range_is_refused_too(self):
        for command, name, value in BEYOND:
            with self.subTest(command=command, name=name, value=value):
                self.refuse(command, name, value)

    def test_lists_that_are_longer_than_a_message_may_have_are_refused_with_the_limit(self):
        for role, option in (("provider", "--site"), ("jurisdiction", "--area")):
            words = ("key", "create", "--owner", "ann", "--role", role, option)
            for given in ([",".join(f"s{i}" for i in range(1001))], [f"s{i}" for i in range(1001)]):
                repeated = [word for one in given for word in (option, one)]
                done = titer(*words[:-1], *repeated)
                self.assertEqual(USAGE, done.returncode, done.stderr[:300])
                self.assertIn("at most 1000, not 1001", done.stderr)


if __name__ == "__main__":
    main()
