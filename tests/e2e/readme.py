# SPDX-License-Identifier: Apache-2.0

"""Takes the tour of README.md and the tutorial at their word: types what they type and compares what comes back.

A block of the document that begins with ```console is played. `$ ` begins a command of the second terminal, `> ` a line
typed at the cluster, and the lines up to the next of these are the expected output. In it `…` stands for any text, and a
line that is only `…` for any number of lines. Columns may be wider or narrower than in the document.

`$ ./dev run` and `$ titer cluster …` start the cluster, the second time with the data of the first. `$ titer watch` runs in
the background until the cluster is stopped; then its output is compared. The ports 8892 … 8894 and 8080 … 8082 of the
document are free ones here. `titer status` is repeated until it comes out as written: views change and replicas learn
meanwhile.

tests/package plays it inside other systems: TITER_BIN is then a script that enters one, and TITER_TOUR_DATA a directory there.
"""
import os
import re
import shlex
import subprocess
import unittest

from harness import ROOT, RUN_SAMPLES, TITER, Cluster, end, environment, main, wait_until


def steps_of(document):
    """[(kind, what is typed, [expected lines])] with kind `$` or `>`."""
    steps = []
    for block in re.findall(r"^```console\n(.*?)^```$", document, re.M | re.S):
        for line in block.split("\n")[:-1]:
            if line.startswith(("$ ", "> ")):
                steps.append((line[0], line[2:], []))
            elif steps:
                steps[-1][2].append(line)
    return steps


def pattern_of(expected):
    """A regular expression for the expected lines; how wide a blank is does not matter."""
    parts = []
    for line in "\n".join(expected).strip("\n").split("\n"):
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            pieces = (r" +".join(map(re.escape, re.split(" +", piece))) for piece in line.rstrip().split("…"))
            parts.append(r"[^\n]*?".join(pieces) + r" *\n")
    return re.compile("".join(parts))


def same(pattern, printed):
    return pattern.fullmatch(printed.strip("\n") + "\n") is not None


def cluster_options(command):
    """The options with which a document starts its cluster; None: the command is another one. Its data are elsewhere here."""
    words = shlex.split(command)
    if words == ["./dev", "run"]:
        return ["--import", *RUN_SAMPLES]
    if words[:3] != ["titer", "cluster", "3"]:
        return None
    if "--data" in words:
        at = words.index("--data")
        del words[at:at + 2]
    return [os.path.join(ROOT, word) if word.startswith("data/") else word for word in words[3:]]


class Player:
    """One document, step by step, on one cluster."""

    folder = ROOT  # in which its commands run

    def __init__(self, cluster):
        self.cluster, self.begun, self.watcher = cluster, False, None

    def play(self, kind, typed, expected):
        self.pattern = pattern_of([self.here(line) for line in expected])
        if kind == ">":
            self.type(typed)
        elif cluster_options(typed) is not None:
            self.start(cluster_options(typed))
        elif typed == "titer watch":
            self.watch()
        else:
            self.run(typed)
        print(f"as written: {kind} {typed}")

    def here(self, text):
        text = re.sub(r"\b889([234])\b", lambda m: str(self.cluster.base + int(m[1]) - 2), text)
        return re.sub(r"\b808([012])\b", lambda m: str(self.cluster.http_base + int(m[1])), text)

    def start(self, options):
        before = 0
        if self.begun:
            before = len(self.cluster.said())
            self.cluster.options = options
            self.cluster.begin()
        self.begun = True
        said = self.cluster.said()[before:]
        if not self.pattern.search(said):
            raise AssertionError(f"the cluster said\n{said}\nnot\n{self.pattern.pattern}")

    def type(self, line):
        if line == "quit":
            self.end_watch()
        before = len(self.cluster.said())
        self.cluster.type(line)
        wait_until(lambda: self.pattern.search(self.cluster.said(), before),
                   lambda: f"the document's output after {line!r}; the cluster said {self.cluster.said()[before:]!r}")
        if line == "quit":
            self.cluster.supervisor.wait(20)
            end(self.cluster.supervisor)

    def environment(self):
        env = environment(self.cluster.at())
        env["PATH"] = os.path.dirname(TITER) + ":" + env["PATH"]
        return env

    def run(self, line):
        printed = ""

        def as_written():
            nonlocal printed
            done = subprocess.run(["bash", "-c", self.here(line)], cwd=self.folder, env=self.environment(), text=True, check=False,
                                  timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            printed = done.stdout
            return same(self.pattern, printed)

        wait_until(as_written, lambda: f"the document's output after $ {line}; it printed\n{printed}",
                   20 if line.startswith("titer status") else 0, every=0.1)

    def watch(self):
        """Named from which position on, so that nothing is missed before it is connected."""
        since = self.cluster.status(0)["position"]
        self.watched = os.path.join(self.cluster.folder.name, "watch.out")
        with open(self.watched, "wb") as file:
            self.watcher = subprocess.Popen([TITER, "watch", "--since", str(since)], env=self.environment(),
                                            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        self.watch_pattern = self.pattern

    def end_watch(self):
        if self.watcher is None:
            return
        def printed():
            with open(self.watched, encoding="utf-8") as file:
                return file.read()
        try:
            wait_until(lambda: same(self.watch_pattern, printed()), lambda: f"what titer watch shows; it printed\n{printed()}")
        finally:
            end(self.watcher)
            self.watcher = None


class Pattern(unittest.TestCase):
    def test_dots_stand_for_text_and_for_lines(self):
        pattern = pattern_of(["a … c", "…", "end", ""])
        self.assertTrue(same(pattern, "a b c\nx\ny\nend\n"))
        self.assertTrue(same(pattern, "a  c\nend"))
        self.assertFalse(same(pattern, "a b d\nend\n"))
        self.assertTrue(same(pattern_of([]), ""))


def play(*path):
    """The document at this path of the tree, on a cluster of its own."""
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        steps = steps_of(file.read())
    if len(steps) <= 5 or cluster_options(steps[0][1]) is None:
        raise AssertionError(f"{path[-1]} does not begin with a cluster, or has nothing to play")
    with Cluster(options=cluster_options(steps[0][1]), data=os.environ.get("TITER_TOUR_DATA"), http=True) as cluster:
        player = Player(cluster)
        try:
            for step in steps:
                player.play(*step)
        finally:
            if player.watcher:
                end(player.watcher)


class Tour(unittest.TestCase):
    def test_tour_comes_out_as_written(self):
        play("README.md")


class Tutorial(unittest.TestCase):
    def test_tutorial_comes_out_as_written(self):
        play("docs", "tutorial", "first-cluster.md")


if __name__ == "__main__":
    main()
