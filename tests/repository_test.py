#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The files that a forge and other tools read fit the tree: workflows, issue forms, hooks, changelog. Nothing here runs them.

The forge itself is the only complete check of a workflow. These tests find what goes wrong when the tree changes: a
step that calls ./dev names a command and options that ./dev knows, and every path that a hook or a form names exists.
"""
import itertools
import os
import re
import unittest

import yaml

from layering import ROOT, files, read


def dev_commands(dev):
    """{command: its part of the usage text} of ./dev."""
    usage = re.search(r"cat <<'TEXT'\nusage:.*?\nTEXT", dev, re.S).group()
    out, last = {}, None
    for line in usage.split("\n"):
        head = re.match(r"  ([a-z]+)\b", line)
        last = head.group(1) if head else last
        if last:
            out[last] = out.get(last, "") + line + "\n"
    return {name: text for name, text in out.items() if f"command_{name}()" in dev or f"\n  {name})" in dev}


def wrong_calls(script, dev):
    """What ./dev would not understand of the calls in a shell script."""
    commands, out = dev_commands(dev), []
    for call in re.findall(r"\./dev\b([^\n;&|]*)", script):
        words = call.split()
        if not words or words[0] not in commands:
            out.append(f"./dev{call}: there is no such command")
            continue
        # Options of torture, bench and hosts go to other programs; those programs refuse what they do not know.
        out += [f"./dev{call}: its usage does not mention {word}" for word in words[1:]
                if word.startswith("-") and word.split("=")[0] not in commands[words[0]]]
    return out


def expanded(job):
    """The scripts of a job, once for each combination of its matrix."""
    matrix = job.get("strategy", {}).get("matrix", {})
    axes = {name: values for name, values in matrix.items() if name not in ("include", "exclude")}
    rows = [dict(zip(axes, row)) for row in itertools.product(*axes.values())] if axes else []
    for row in rows + matrix.get("include", []) or [{}]:
        for step in job["steps"]:
            yield re.sub(r"\$\{\{ *matrix\.(\w+) *\}\}", lambda m: str(row[m.group(1)]), step.get("run", ""))


def wrong_workflow(text, dev):
    workflow = yaml.safe_load(text)
    out = [f"no {key}" for key in ("name", "permissions", "jobs") if key not in workflow]
    if True not in workflow:  # YAML 1.1 reads the key `on` as true
        out.append("no on")
    for name, job in workflow["jobs"].items():
        out += [f"{name}: no {key}" for key in ("runs-on", "timeout-minutes", "steps") if key not in job]
        for step in job.get("steps", []):
            if ("run" in step) == ("uses" in step):
                out.append(f"{name}: a step either runs or uses something: {step}")
            if "uses" in step and not re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]):
                out.append(f"{name}: {step['uses']} is no versioned action of the forge itself")
        for script in expanded(job):
            out += [f"{name}: {complaint}" for complaint in wrong_calls(script, dev)]
            out += [f"{name}: {path} does not exist" for path in re.findall(r"\btests/[\w/]+\.\w+", script)
                    if not os.path.exists(os.path.join(ROOT, path))]
    return out


class Repository(unittest.TestCase):
    def of(self, pattern):
        found = [path for path in files(ROOT) if re.fullmatch(pattern, path)]
        self.assertTrue(found, pattern)
        return found

    def test_workflows(self):
        for path in self.of(r"\.github/workflows/.*\.ya?ml"):
            with self.subTest(path):
                self.assertEqual([], wrong_workflow(read(ROOT, path), read(ROOT, "dev")))

    def test_issue_forms(self):
        for path in self.of(r"\.github/ISSUE_TEMPLATE/.*\.yml"):
            form = yaml.safe_load(read(ROOT, path))
            if path.endswith("/config.yml"):
                continue
            with self.subTest(path):
                self.assertTrue(form["name"] and form["description"])
                ids = [field["id"] for field in form["body"] if field["type"] != "markdown"]
                self.assertEqual(len(ids), len(set(ids)))
                for field in form["body"]:
                    self.assertIn(field["type"], ("markdown", "input", "textarea", "dropdown", "checkboxes"))
                    self.assertIn("value" if field["type"] == "markdown" else "label", field["attributes"])
                    self.assertTrue(field["type"] != "dropdown" or all(isinstance(o, str) for o in field["attributes"]["options"]))

    def test_hooks(self):
        config = yaml.safe_load(read(ROOT, ".pre-commit-config.yaml"))
        for repository in config["repos"]:
            self.assertEqual("local", repository["repo"], "a hook of others would be fetched")
            for hook in repository["hooks"]:
                with self.subTest(hook["id"]):
                    self.assertEqual([], wrong_calls(hook["entry"], read(ROOT, "dev")))
                    for path in re.findall(r"\btests/\S+", hook["entry"]):
                        self.assertTrue(os.path.exists(os.path.join(ROOT, path)), path)

    def test_paths_that_forms_and_policies_name(self):
        for path in self.of(r"\.github/.*\.(md|yml)") + ["SECURITY.md", ".editorconfig"]:
            for named in re.findall(r"\b(?:docs|src|tests|web)/[\w./-]*\w", read(ROOT, path)):
                with self.subTest(path=path, named=named):
                    self.assertTrue(os.path.exists(os.path.join(ROOT, named)))


    def test_operations_md_explains_every_alert(self):
        rules = yaml.safe_load(read(ROOT, "docs/reference/alerts.yml"))
        alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
        table = re.findall(r"^\| (`Titer\w+`(?:, `Titer\w+`)*) \|", read(ROOT, "docs/how-to/operations.md"), re.M)
        self.assertEqual(alerts, set(re.findall(r"Titer\w+", " ".join(table))))

    def test_the_changelog_begins_with_the_version_of_the_tree(self):
        version = re.search(r"^project\(titer VERSION ([\d.]+) ", read(ROOT, "CMakeLists.txt"), re.M).group(1)
        entries = re.findall(r"^## (\S+) \((.*)\)$", read(ROOT, "CHANGELOG.md"), re.M)
        self.assertEqual(version, entries[0][0])
        self.assertRegex(entries[0][1], r"^(unreleased|\d{4}-\d\d-\d\d)$")
        for _, date in entries[1:]:
            self.assertRegex(date, r"^\d{4}-\d\d-\d\d$")
        numbers = [tuple(map(int, entry[0].split("."))) for entry in entries]
        self.assertEqual(sorted(numbers, reverse=True), numbers)


class SelfTest(unittest.TestCase):
    DEV = ("cat <<'TEXT'\nusage: ./dev COMMAND\n\n  test [--fast]  run the tests\n  build [PRESET] build\n"
           "  gone           nothing does this\nTEXT\ncommand_test() {\n}\ncommand_build() {\n}\n")
    GOOD = ("name: a\non: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    timeout-minutes: 1\n"
            "    strategy:\n      matrix:\n        include:\n          - { command: ./dev build dev }\n"
            "    steps:\n      - uses: actions/checkout@v4\n      - run: apt-get update && ./dev test --fast\n"
            "      - run: ${{ matrix.command }}\n")

    def test_a_good_workflow_passes(self):
        self.assertEqual([], wrong_workflow(self.GOOD, self.DEV))

    def test_faults_are_found(self):
        for old, new, part in (("./dev build dev", "./dev built dev", "no such command"), ("--fast", "--slow", "--slow"),
                               ("./dev build dev", "./dev gone", "no such command"), ("on: push\n", "", "no on"),
                               ("permissions: {}\n", "", "no permissions"), ("    timeout-minutes: 1\n", "", "timeout"),
                               ("actions/checkout@v4", "somebody/checkout@v4", "no versioned action"),
                               ("actions/checkout@v4", "actions/checkout", "no versioned action"),
                               ("- uses: actions/checkout@v4", "- name: nothing", "either runs or uses"),
                               ("./dev test --fast", "python3 tests/none.py", "tests/none.py does not exist")):
            with self.subTest(new):
                found = wrong_workflow(self.GOOD.replace(old, new), self.DEV)
                self.assertEqual(1, len(found), found)
                self.assertIn(part, found[0])


if __name__ == "__main__":
    unittest.main()
