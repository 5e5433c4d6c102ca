#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Holds the tree to the rules of layering.py, and the rules to their word: each must find a fault planted for it."""
import os
import tempfile
import unittest

from layering import EXCEPTIONS, FILE_LINES_MAX, FUNCTION_LINES_MAX, LICENCE, ROOT, RULES, complaints, with_licence


class Layering(unittest.TestCase):
    def test_exceptions_are_needed(self):
        for (rule, path), why in EXCEPTIONS.items():
            self.assertTrue(why, f"say why {path} may break {rule}")
            self.assertTrue(any(c.startswith(path + ":") for c in RULES[rule](ROOT)),
                            f"{path} no longer breaks {rule}: take it out of EXCEPTIONS")


def _add_rule_tests():
    for name in RULES:
        def test(self, name=name):
            found = complaints(name, ROOT)
            self.assertEqual("", "\n".join(found))
        setattr(Layering, f"test_{name}", test)


_add_rule_tests()


class SelfTest(unittest.TestCase):
    """Plants one fault at a time into a small clean tree: exactly the rule for it must complain."""

    CLEAN = {
        "CMakeLists.txt": "titer_module(base)\ntiter_module(smr MODULES base)\ntiter_module(net MODULES base LIBRARIES Boost::json)\n",
        "src/base/ids.h": "// Ids.\n#pragma once\n#include <cstdint>\n",
        "src/base/README.md": "# base\n",
        "src/smr/order.h": "// Order.\n#pragma once\n#include \"base/ids.h\"\n",
        "src/smr/order.cc": "#include \"smr/order.h\"\n\n#include <vector>\n\nint f(int a) {\n  return a;\n}\n",
        "src/smr/README.md": "# smr\n",
        "src/net/link.h": "// Links.\n#pragma once\n#include <thread>\n#include \"base/ids.h\"\n",
        "src/net/README.md": "# net\n",
        "README.md": "# The house\n\nSee [a decision](docs/decisions/0001-first.md#context) and [this](#the-house).\n",
        "docs/decisions/README.md": "[1](0001-first.md)\n",
        "docs/decisions/0001-first.md":
            "# First\n\nDate: 2026-01-01\nStatus: accepted\n\n## Context\n\n## Decision\n\n## Rejected\n\n## Consequences\n",
    }

    def with_tree(self, changes, bare=()):
        """What each rule finds. Every file gets its licence, except those in `bare`."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**self.CLEAN, **changes}.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text if path in bare else with_licence(path, text))
            return {name: rule(root) for name, rule in RULES.items()}

    def test_clean_tree_is_clean(self):
        self.assertEqual({}, {name: c for name, c in self.with_tree({}).items() if c})

    def expect(self, rule, path, text, bare=()):
        found = self.with_tree({path: text}, bare)
        self.assertTrue(any(c.startswith(path) for c in found[rule]), f"{rule} is blind to: {text!r}")
        self.assertEqual([], [name for name, c in found.items() if c and name != rule])

    def smr(self, line, body=""):
        return f"#include \"smr/order.h\"\n\n{line}\n{body}"

    def test_upward_include_is_found(self):
        self.expect("one_way", "src/smr/order.cc", self.smr('#include "net/link.h"'))

    def test_upward_include_in_test_is_found(self):
        self.expect("one_way", "src/base/ids_test.cc", '#include "smr/order.h"\n')

    def test_upward_link_is_found(self):
        self.expect("one_way", "CMakeLists.txt", "titer_module(base MODULES smr)\ntiter_module(smr MODULES base)\ntiter_module(net MODULES base)\n")

    def test_second_http_stack_is_found(self):
        for target in ("boost/beast/http/parser.hpp", "boost/asio/ssl/stream.hpp"):
            with self.subTest(target):
                self.expect("seams", "src/net/link.cc", f"#include \"net/link.h\"\n\n#include <{target}>\n")

    def test_unknown_room_is_found(self):
        self.expect("one_way", "src/attic/x.cc", "int x;\n")

    def test_broken_seam_is_found(self):
        self.expect("seams", "apps/titer/set.cc", "#include <CLI/CLI.hpp>\n")
        self.assertEqual([], self.with_tree({"apps/titer/flags.cc": "#include <CLI/CLI.hpp>\n"})["seams"])

    def test_impurities_are_found(self):
        for line in ("#include <thread>", "#include <chrono>", "#include <fstream>", "#include <sys/socket.h>",
                     "#include <boost/asio/io_context.hpp>", "auto t = std::chrono::steady_clock::now();",
                     "auto t = time(nullptr);", "std::random_device r;", "int r = rand();",
                     "std::unordered_map<int, int> m;"):
            with self.subTest(line):
                self.expect("pure_modules", "src/smr/order.cc", self.smr(line))

    def test_helpers_of_tests_may_be_impure(self):
        helper = {"src/smr/random_frames.h": "// Frames.\n#pragma once\n#include <random>\n",
                  "src/smr/order_test.cc": "#include \"smr/random_frames.h\"\n"}
        self.assertEqual([], self.with_tree(helper)["pure_modules"])
        helper["src/smr/order.cc"] = self.smr("#include \"smr/random_frames.h\"")
        self.assertTrue(self.with_tree(helper)["pure_modules"])

    def test_own_words_are_no_impurities(self):
        found = self.with_tree({"src/smr/order.cc": self.smr("int time();\n// steady_clock\nint brand();")})
        self.assertEqual([], found["pure_modules"])

    def test_walk_of_hash_table_is_found(self):
        table = "struct S {\n  boost::unordered_flat_map<int, std::vector<int>> by_id_;\n};\n"
        self.expect("no_hash_order", "src/smr/order.cc", self.smr(table, "int g(S& s) {\n  for (auto& [k, v] : s.by_id_) return k;\n  return 0;\n}\n"))
        excused = self.smr(table, "int g(S& s) {\n  // any order: a sum\n  for (auto& [k, v] : s.by_id_) return k;\n  return 0;\n}\n")
        self.assertEqual([], self.with_tree({"src/smr/order.cc": excused})["no_hash_order"])

    def test_long_file_is_found(self):
        self.expect("sizes", "src/smr/order.cc", self.smr("int a;\n" * (FILE_LINES_MAX + 1)))

    def test_long_function_is_found(self):
        body = "  a += '{';\n" * FUNCTION_LINES_MAX
        for head in ("int C::f(int a) const {", "C::C(int a)\n    : a_(a) {", "TEST(A, b) {"):
            with self.subTest(head):
                self.expect("function_length", "src/smr/order.cc", self.smr(f"{head}\n{body}}}"))
        long_class = self.smr("class C {\n" + "  int f();\n" * 200 + "};")
        self.assertEqual([], self.with_tree({"src/smr/order.cc": long_class})["function_length"])

    def test_bare_header_is_found(self):
        self.expect("headers", "src/net/link.h", "// Links.\n")
        self.expect("headers", "src/net/link.h", "#pragma once\n")
        self.expect("headers", "src/smr/order.cc", "#include <vector>\n#include \"smr/order.h\"\n")

    def test_missing_licence_is_found(self):
        for path, text in (("src/net/link.h", self.CLEAN["src/net/link.h"]), ("tests/a.py", "#!/usr/bin/env python3\n"),
                           ("bench/go", "#!/bin/sh\n"), ("web/index.html", "<!doctype html>\n"), ("web/a.css", "a {}\n"),
                           ("CMakeLists.txt", self.CLEAN["CMakeLists.txt"]),
                           ("tests/b.py", f"#!/usr/bin/env python3\nimport os\n# {LICENCE}\n")):
            with self.subTest(path):
                self.expect("spdx", path, text, bare=[path])

    def test_licence_stands_on_top(self):
        for path, text, licensed in (
                ("a.h", "// A.\n#pragma once\n", f"// {LICENCE}\n\n// A.\n#pragma once\n"),
                ("dev", "#!/bin/sh\n# A.\n", f"#!/bin/sh\n# {LICENCE}\n\n# A.\n"),
                ("a.html", "<!DOCTYPE html>\n<p>\n", f"<!DOCTYPE html>\n<!-- {LICENCE} -->\n\n<p>\n"),
                ("a.py", "", f"# {LICENCE}\n"), ("README.md", "# A\n", "# A\n"), ("LICENSE", "text\n", "text\n")):
            with self.subTest(path):
                self.assertEqual(licensed, with_licence(path, text))
                self.assertEqual(licensed, with_licence(path, licensed))

    def test_left_overs_are_found(self):
        self.expect("left_overs", "src/smr/order.cc", self.smr("// TO" + "DO: later"))

    def test_white_space_is_found(self):
        self.expect("white_space", "src/smr/order.cc", self.smr("int a; "))
        self.expect("white_space", "src/smr/order.cc", self.smr("int a;")[:-1] + "  ")

    def test_an_installed_header_that_needs_more_than_the_standard_library_is_found(self):
        for include in ("<boost/asio.hpp>", '"base/ids.h"', "<unistd.h>"):
            self.expect("installed_headers", "include/titer/a.h", f"// A.\n#pragma once\n#include {include}\n")

    def test_sleeps_are_found(self):
        self.expect("no_sleep_in_tests", "tests/e2e/a.py", "time.sle" + "ep(1)\n")
        self.expect("no_sleep_in_tests", "src/smr/order_test.cc", "std::this_thread::sleep" + "_for(x);\n")

    def test_an_if_without_braces_before_a_macro_of_the_tests_is_found(self):
        self.expect("dangling_else", "src/smr/order_test.cc", "void f() {\n  if (a) EXPECT_TRUE(b);\n}\n")

    def test_disabled_tests_are_found(self):
        self.expect("disabled_tests", "src/smr/order_test.cc", "TEST(A, DIS" + "ABLED_b) {}\n")

    def test_dead_links_are_found(self):
        self.expect("links", "README.md", "# The house\n\n[x](docs/none.md)\n")
        self.expect("links", "README.md", "# The house\n\n[x](#nowhere)\n")

    def test_unlisted_decision_is_found(self):
        self.expect("decisions", "docs/decisions/README.md", "nothing\n")

    def test_paths_outside_are_found(self):
        self.expect("stands_alone", "README.md", "see ../sha" + "red/x\n")

    def test_stale_plan_is_found(self):
        plan = "| [base](a) | x | yes | |\n| [smr](a) | x | yes | base |\n| [net](a) | x | | base |\n"
        self.assertEqual([], self.with_tree({"docs/explanation/architecture.md": plan})["plan"])
        for wrong in (plan.replace("| [net](a) | x | | base |", "| [net](a) | x | | base, smr |"),
                      plan.replace("| [smr](a) | x | yes |", "| [smr](a) | x | |"), plan[plan.index("| [smr]"):]):
            self.assertTrue(self.with_tree({"docs/explanation/architecture.md": wrong})["plan"])

    def test_missing_readme_is_found(self):
        found = self.with_tree({"CMakeLists.txt": self.CLEAN["CMakeLists.txt"] + "titer_module(new)\n", "src/new/a.cc": "int a;\n"})
        self.assertTrue(found["modules_have_readmes"])


if __name__ == "__main__":
    unittest.main()
