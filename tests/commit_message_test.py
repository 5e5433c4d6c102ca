#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The check of commit messages refuses what is planted here, and works as a hook and over a range in a real repository."""
import os
import subprocess
import sys
import tempfile
import unittest

from commit_message import SUBJECT_MAX, complaints

HERE = os.path.dirname(os.path.abspath(__file__))
WHY = "smr: relay from the lowest holder\n\nTwo members relayed the same frame, and the receiver paid for both.\n"


class Messages(unittest.TestCase):
    def expect(self, message, *parts, paths=("docs/a.md",), published=False):
        found = complaints(message, paths, published)
        self.assertEqual(len(parts), len(found), found)
        for part, complaint in zip(parts, found):
            self.assertIn(part, complaint)

    def test_good_messages_pass(self):
        for message in ("docs: the index lists every page\n", "view, node: a member asks before it leaves\n", WHY,
                        "tests/e2e: the watcher waits\n\nSee https://example.org/" + "a" * 150 + "\n",
                        "Merge branch 'next'\n", "Revert \"docs: the index lists every page\"\n", "fixup! docs: the index\n",
                        "docs: the index\n# comments are not part of it: " + "x" * 200 + "\n",
                        "docs: the index\n# ------------------------ >8 ------------------------\ndiff --git a b\n"):
            with self.subTest(message):
                self.expect(message)

    def test_bad_subjects_are_refused(self):
        self.expect("", "is empty")
        self.expect("# only a comment\n", "is empty")
        self.expect("what clang-tidy found\n", "does not have the form")
        self.expect("smr:relay\n", "does not have the form")
        self.expect("Smr: relay\n", "does not have the form")
        self.expect("smr: \n", "does not have the form")
        self.expect("wip: half of the relay\n", "unfinished")
        self.expect("docs: the index lists every page.\n", "full stop")
        self.expect("docs: " + "x" * SUBJECT_MAX + "\n", "characters")

    def test_bad_bodies_are_refused(self):
        self.expect("docs: the index\nlists every page\n", "second line")
        self.expect("docs: the index\n\n" + "long words " * 20 + "\n", "a line of the body")

    def test_a_change_of_the_core_says_why(self):
        for folder in ("smr", "view", "store", "node"):
            path = f"src/{folder}/a.cc"
            with self.subTest(path):
                self.expect(WHY, paths=[path])
                self.expect("smr: relay\n", "says why", paths=["docs/a.md", path])
                self.expect("smr: relay\n\nA fix.\n", "says why", paths=[path])
                self.expect("smr: relay\n\nSigned-off-by: Somebody With A Name <a@example.org>\n", "says why", paths=[path])

    def test_fixups_are_folded_before_they_are_published(self):
        self.expect("fixup! docs: the index\n", "fold", published=True)


class InARepository(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.git("init", "--quiet")
        hook = os.path.join(self.folder.name, ".git/hooks/commit-msg")
        os.makedirs(os.path.dirname(hook), exist_ok=True)
        with open(hook, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nexec '{sys.executable}' -B '{HERE}/commit_message.py' \"$1\"\n")
        os.chmod(hook, 0o755)

    def git(self, *arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.hooksPath=.git/hooks"]
        # Git names its own repository to programs that it starts; these tests may be one of them.
        outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return subprocess.run(["git", "-C", self.folder.name, *who, *arguments], capture_output=True, text=True, env=outside)

    def commit(self, path, message, *more):
        full = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "a", encoding="utf-8") as file:
            file.write("x\n")
        self.git("add", path)
        return self.git("commit", "-m", message, *more)

    def test_the_hook_refuses_and_accepts(self):
        refused = self.commit("src/smr/a.cc", "smr: relay")
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("src/smr/ needs a body that says why", refused.stderr)
        accepted = self.commit("src/smr/a.cc", WHY)
        self.assertEqual(0, accepted.returncode, accepted.stderr)

    def test_a_range_names_the_commit(self):
        self.commit("docs/a.md", "docs: a first page")
        self.commit("docs/b.md", "a second page", "--no-verify")
        self.commit("docs/c.md", "docs: a third page")
        bad = self.git("rev-parse", "HEAD~1").stdout[:12]
        check = [sys.executable, "-B", f"{HERE}/commit_message.py", "--range"]
        found = subprocess.run([*check, "HEAD~2..HEAD"], cwd=self.folder.name, capture_output=True, text=True)
        self.assertEqual(1, found.returncode)
        self.assertEqual(1, found.stderr.count("does not have the form"))
        self.assertIn(bad, found.stderr)
        clean = subprocess.run([*check, "HEAD~1..HEAD"], cwd=self.folder.name, capture_output=True, text=True)
        self.assertEqual((0, ""), (clean.returncode, clean.stderr))


if __name__ == "__main__":
    unittest.main()
