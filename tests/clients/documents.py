#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Takes the documents of the clients at their word, with the packed clients installed: the examples of the READMEs, and the tutorials.

A tutorial is played as in ../e2e/readme.py. A block that begins with ```python NAME or ```ts NAME is a file; its commands run in a directory
with these files. A command that ends with `# third terminal` goes on in the background, from when its first line is printed until the
next such command, a `> start` or the end; then its whole output is compared.

The blocks of a README are one program. A comment `// 7` or `# 7` behind a print says what is printed.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "e2e")]

from harness import ROOT, Cluster, end, main, wait_until  # noqa: E402
from packed import npm_project, python_environment, run  # noqa: E402
from readme import Player, cluster_options, pattern_of, same, steps_of  # noqa: E402


def text_of(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


class Tutorial(Player):
    def __init__(self, cluster, folder, programs):
        super().__init__(cluster)
        self.folder, self.programs, self.third = folder, programs, None

    def environment(self):
        env = super().environment()
        return {**env, "PATH": f"{self.programs}:{env['PATH']}", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}

    def write(self, document):
        for name, text in re.findall(r"^```(?:python|ts) (\S+)\n(.*?)^```$", document, re.M | re.S):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(self.here(text))

    def play(self, kind, typed, expected):
        if kind == ">" and typed.startswith(("start", "quit")):
            self.end_third()
        if typed.endswith("# third terminal"):
            self.end_third()
            self.start_third(typed, expected)
        else:
            super().play(kind, typed, expected)

    def start_third(self, typed, expected):
        printed = os.path.join(self.folder, "third.out")
        with open(printed, "wb") as file:
            process = subprocess.Popen(["bash", "-c", typed], cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                                       stdout=file, stderr=subprocess.STDOUT)
        self.third = process, printed, expected
        wait_until(lambda: self.printed().startswith(expected[0] + "\n") or process.poll() is not None,
                   lambda: f"{expected[0]!r} of {typed}; it printed {self.printed()!r}", 60)

    def printed(self):
        with open(self.third[1], encoding="utf-8") as file:
            return file.read()

    def end_third(self):
        if self.third is None:
            return
        process, _, expected = self.third
        try:
            process.wait(120)
            if not same(pattern_of(expected), self.printed()):
                raise AssertionError(f"the third terminal shows\n{self.printed()}\nnot\n" + "\n".join(expected))
        finally:
            end(process)
            self.third = None


def play(name, programs, folder):
    document = text_of("docs", "tutorial", name)
    steps = steps_of(document)
    with Cluster(options=cluster_options(steps[0][1]), http=True) as cluster:
        player = Tutorial(cluster, folder, programs)
        player.write(document)
        try:
            for step in steps:
                player.play(*step)
        finally:
            if player.third:
                end(player.third[0])


def examples(document, language):
    """The blocks of a document in one language, as one program, and what it says that it prints: {text of a line: what is printed}."""
    program = "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", document, re.M | re.S))
    return program, re.findall(r"(?:print|console\.log)\(.*\);?  (?://|#) (.*)$", program, re.M)


class Examples:
    """For both languages: `language`, `programs`, `folder`, and run_program()."""

    def check_document(self, *path):
        program, expected = examples(text_of(*path), self.language)
        self.assertTrue(program and expected, "there are examples, and they say what is printed")
        with Cluster(options=["--memory"], http=True) as cluster:
            cluster.wait_members([0, 1, 2])
            printed = self.run_program(re.sub(r"\b808([012])\b", lambda m: str(cluster.http_base + int(m[1])), program))
        lines = printed.split("\n")
        for line in expected:
            self.assertIn(line, lines)
            lines = lines[lines.index(line) + 1:]

    def test_examples_of_the_first_readme_come_out_as_written(self):
        self.check_document("README.md")

    def test_examples_of_its_readme_come_out_as_written(self):
        self.check_document("clients", self.client, "README.md")

    def test_tutorial_comes_out_as_written(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            play(f"{self.client}.md", self.programs, folder)


class Python(unittest.TestCase, Examples):
    language = client = "python"

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="titer-python-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = temporary.name
        cls.programs = python_environment(cls.folder)

    def run_program(self, text):
        with open(os.path.join(self.folder, "example.py"), "w", encoding="utf-8") as file:
            file.write(text)
        return run(os.path.join(self.programs, "python3"), "example.py", cwd=self.folder)

    def test_the_wheel_has_the_package_its_types_and_its_licence(self):
        (name,) = (name for name in os.listdir(self.folder) if name.endswith(".whl"))
        self.assertRegex(name, r"^titer_client-\d+\.\d+\.\d+-py3-none-any\.whl$")
        with zipfile.ZipFile(os.path.join(self.folder, name)) as packed:
            members = packed.namelist()
        self.assertIn("titer_client/py.typed", members)
        self.assertIn("titer_client/models.py", members)
        self.assertTrue(any(member.endswith("/LICENSE") for member in members), members)
        where = run(os.path.join(self.programs, "python3"), "-c", "import titer_client; print(titer_client.__file__)", cwd=self.folder)
        self.assertTrue(where.startswith(os.path.join(self.folder, "env")), where)

    def test_types_find_mistakes_in_programs_that_use_it(self):
        right = ('from titer_client import Client\n\ndef count(titer: Client) -> int:\n'
                 '    return titer.get_site("elm")["version"] + len(list(titer.iterate_sites(state="MA")))\n')
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            found = self.check_types(folder, {"right.py": right, "member.py": right.replace('"version"', '"varsion"'),
                                              "name.py": right.replace("state=", "stat="),
                                              "option.py": 'from titer_client import Client\n\nClient("http://a", time_out=1)\n',
                                              "kind.py": right.replace('("elm")', "(7)")})
        self.assertEqual(found.keys(), {"member.py", "name.py", "kind.py", "option.py"}, found)
        for name, complaint in (("option.py", "time_out"), ("member.py", "varsion"), ("name.py", "stat"), ("kind.py", "incompatible type")):
            self.assertIn(complaint, "\n".join(found[name]))

    def check_types(self, folder, programs):
        """{file: the complaints of it}"""
        for name, text in programs.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run(["mypy", "--strict", "--python-executable", os.path.join(self.programs, "python3"), *programs], cwd=folder,
                              capture_output=True, text=True, timeout=600, check=False)
        found = re.findall(r"^(\w+\.py):\d+: error: (.*)$", done.stdout, re.M)
        return {name: [text for of, text in found if of == name] for name, _ in found}


class TypeScript(unittest.TestCase, Examples):
    language, client = "ts", "typescript"

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="titer-typescript-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = os.path.join(temporary.name, "project")
        cls.programs = npm_project(cls.folder)

    def compile(self, **programs):
        for name, text in programs.items():
            with open(os.path.join(self.folder, f"{name}.ts"), "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([os.path.join(self.programs, "tsc")], cwd=self.folder, capture_output=True, text=True, timeout=600,
                              check=False)
        for name in programs:
            os.remove(os.path.join(self.folder, f"{name}.ts"))
        return done

    def run_program(self, text):
        done = self.compile(example=text)
        self.assertEqual(done.returncode, 0, done.stdout)
        return run("node", "example.js", cwd=self.folder)

    def test_tutorial_comes_out_as_written(self):
        play("typescript.md", self.programs, self.folder)

    def test_the_package_has_what_is_compiled_and_nothing_else(self):
        installed = os.path.join(self.folder, "node_modules", "titer-client")
        self.assertEqual(sorted(os.listdir(installed)), ["LICENSE", "README.md", "dist", "package.json"])
        self.assertEqual({os.path.splitext(name)[1] for name in os.listdir(os.path.join(installed, "dist"))}, {".js", ".ts"})

    def test_types_find_mistakes_in_programs_that_use_it(self):
        right = ('import { Client } from "titer-client";\nexport async function count(titer: Client): Promise<number> {\n'
                 '  await titer.reserveStock("elm", "208", { doses: 1 });\n  return (await titer.getSite("elm")).version;\n}\n')
        done = self.compile(right=right, member=right.replace(".version", ".varsion"), kind=right.replace("doses: 1", 'doses: "1"'),
                            argument=right.replace('("elm")', "(7)"))
        found = dict(re.findall(r"^(\w+)\.ts\(.*?error TS\d+: (.*)$", done.stdout, re.M))
        self.assertEqual(found.keys(), {"member", "kind", "argument"}, done.stdout)
        for name, complaint in (("member", "varsion"), ("kind", "not assignable"), ("argument", "not assignable")):
            self.assertIn(complaint, found[name])


if __name__ == "__main__":
    main()
