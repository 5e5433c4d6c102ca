"""Takes the tour of README.md at its word: types what it types and compares what comes back.

A block of the README that begins with ```console is played. `$ ` begins a command of the second terminal, `> ` a line
typed at the cluster, and what follows up to the next of these is expected to come back. In it `…` stands for any text,
and a line that is only `…` for any number of lines. `$ ./dev run` is the cluster; the ports 8892, 8893, 8894 of the
README are free ones here. Columns may be wider or narrower than in the README. `titer status` is asked again until it
comes out as written: views change and replicas learn while we look.

tests/package takes the tour inside other systems: TITER_BIN is then a script that enters one, and TITER_TOUR_DATA a directory
there.
"""
import os
import re
import subprocess
import unittest

from harness import ROOT, SAMPLES, TITER, Cluster, environment, main, wait_until

SAMPLE = os.path.join(SAMPLES, "national_cdc_sites_2024-08-01.csv.gz")


def steps_of(readme):
    """[(kind, what is typed, [expected lines])] with kind `$` or `>`."""
    steps = []
    for block in re.findall(r"^```console\n(.*?)^```$", readme, re.M | re.S):
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


class Pattern(unittest.TestCase):
    def test_dots_stand_for_text_and_for_lines(self):
        pattern = pattern_of(["a … c", "…", "end", ""])
        self.assertTrue(same(pattern, "a b c\nx\ny\nend\n"))
        self.assertTrue(same(pattern, "a  c\nend"))
        self.assertFalse(same(pattern, "a b d\nend\n"))
        self.assertTrue(same(pattern_of([]), ""))


class Tour(unittest.TestCase):
    def test_tour_comes_out_as_written(self):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            steps = steps_of(file.read())
        self.assertGreater(len(steps), 5, "the README has no tour")
        self.assertEqual("./dev run", steps[0][1])
        with Cluster(options=["--import", SAMPLE], data=os.environ.get("TITER_TOUR_DATA"), http=True) as cluster:
            for kind, typed, expected in steps:
                pattern = pattern_of([self.here(cluster, line) for line in expected])
                if typed == "./dev run":
                    self.assertRegex(cluster.said(), pattern)
                elif kind == ">":
                    self.type(cluster, typed, pattern)
                else:
                    self.run_command(cluster, typed, pattern)
                print(f"as written: {kind} {typed}")

    @staticmethod
    def here(cluster, text):
        text = re.sub(r"\b889([234])\b", lambda m: str(cluster.base + int(m[1]) - 2), text)
        return re.sub(r"\b808([012])\b", lambda m: str(cluster.http_base + int(m[1])), text)

    @staticmethod
    def type(cluster, line, pattern):
        before = len(cluster.said())
        cluster.type(line)
        wait_until(lambda: pattern.search(cluster.said(), before),
                   lambda: f"what the README shows after {line!r}; the cluster said {cluster.said()[before:]!r}")

    def run_command(self, cluster, line, pattern):
        env = environment(cluster.at())
        env["PATH"] = os.path.dirname(TITER) + ":" + env["PATH"]
        printed = ""

        def as_written():
            nonlocal printed
            done = subprocess.run(["bash", "-c", self.here(cluster, line)], cwd=ROOT, env=env, text=True, check=False,
                                  timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            printed = done.stdout
            return same(pattern, printed)

        wait_until(as_written, lambda: f"what the README shows after $ {line}; it printed\n{printed}",
                   20 if line == "titer status" else 0, every=0.1)


if __name__ == "__main__":
    main()
