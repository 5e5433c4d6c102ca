#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Holds the tree to the rules of words.py, and the rules to their word: each must find a fault planted for it."""
import os
import tempfile
import unittest

from words import EXCEPTIONS, ROOT, RULES, complaints


class Words(unittest.TestCase):
    def test_no_sentence_begins_with_a_bare_who(self):
        self.assertEqual("", "\n".join(complaints("bare_who", ROOT)))

    def test_no_discouraged_word_is_left(self):
        self.assertEqual("", "\n".join(complaints("discouraged", ROOT)))

    def test_exceptions_are_needed(self):
        for (rule, path, part), why in EXCEPTIONS.items():
            self.assertTrue(why, f"say why {path} may break {rule}")
            self.assertTrue(any(c.startswith(path + ":") and part in c for c in RULES[rule](ROOT)),
                            f"{path} no longer breaks {rule} by {part!r}: take it out of EXCEPTIONS")


class SelfTest(unittest.TestCase):
    def findings(self, rule, path, text):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
            return RULES[rule](root)

    def expect(self, rule, path, text, line):
        found = self.findings(rule, path, text)
        self.assertEqual(1, len(found), f"{rule} in {text!r}: {found}")
        self.assertTrue(found[0].startswith(f"{path}:{line}: "), found[0])

    def expect_none(self, rule, path, text):
        self.assertEqual([], self.findings(rule, path, text))

    def test_bare_who_is_found_wherever_people_read(self):
        for path, text, line in (
                ("docs/a.md", "# A\n\nWho restarts is full.\n", 3),
                ("docs/a.md", "One thing.\nWhoever asks\nwaits.\n", 2),
                ("docs/a.md", "- **What is lost** comes back.\n", 1),
                ("docs/a.md", "It waits; who asks is refused.\n", 1),
                ("docs/a.md", "The rule: whom more members hear stays.\n", 1),
                ("docs/a.md", "| what | then |\n|---|---|\n| a | who lost it learns |\n", 3),
                ("src/a/a.h", "// A.\n//\n// What comes later waits.\n", 3),
                ("src/a/a.cc", "int a;  // a number\n/* One.\n * Who dials\n * checks. */\n", 3),
                ("src/a/a.cc", 'f("One thing. "\n  "Who asks waits.");\n', 2),
                ("src/a/a.cc", 'f("One thing.\\nWho asks waits.");\n', 1),
                ("web/src/a.tsx", "/** Who logs is asked once. */\n", 1),
                ("web/src/a.ts", "const a = `Whoever runs this gives you one.`;\n", 1),
                ("tests/a.py", '"""A.\n\nWho is killed is gone.\n"""\n', 3),
                ("tests/a.py", "a = 1  # Who is killed is gone.\n", 1),
                ("dev", "cat <<'TEXT'\n  Who asks waits.\nTEXT\n", 2),
                ("cmake/a.cmake", "# What is exported is ours.\n", 1)):
            with self.subTest(text):
                self.expect("bare_who", path, text, line)

    def test_good_sentences_are_left_alone(self):
        for path, text in (
                ("docs/a.md", "Who is left? What is lost?\n"),
                ("docs/a.md", "A replica that restarts is full. It decides who restarts and what is lost.\n"),
                ("docs/a.md", "Two things: what is on disk, and its age.\n"),
                ("docs/a.md", "What faults cost stands here.\n"),
                ("docs/a.md", "| what happens | who notices |\n|---|---|\n| a fault | a replica |\n"),
                ("docs/a.md", "```\nWho restarts is full.\n```\n`Who restarts is full.`\n"),
                ("src/a/a.h", "int who;  // who did it\nf(\"who does this, for the history\");\n")):
            with self.subTest(text):
                self.expect_none("bare_who", path, text)

    def test_discouraged_words_are_found(self):
        for text in ("start anew", "kept for ever", "kept for\never", "a mended bug", "the disk runs full",
                     "go on without lost data", "the client he\nserves"):
            with self.subTest(text):
                self.expect("discouraged", "docs/a.md", f"A sentence.\n{text}\n", 2)
                self.expect("discouraged", "src/a/a.cc", f"// A sentence.\n// {text.replace(chr(10), chr(10) + '// ')}\n", 2)

    def test_words_that_contain_discouraged_ones_are_left_alone(self):
        self.expect_none("discouraged", "docs/a.md", "The amendment, a commander and the others. `begin anew` is quoted.\n")


if __name__ == "__main__":
    unittest.main()
