#!/usr/bin/env python3
"""Takes the tour of README.md at its word: types what it types and compares what comes back.

A block of the README that begins with ```console is played. `$ ` begins a command of the second terminal, `> ` a line
typed at the cluster, and what follows up to the next of these is expected to come back. In it `…` stands for any text,
and a line that is only `…` for any number of lines. `$ ./dev run` starts the cluster; the ports 8892, 8893, 8894 of the
README become free ones here.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TITER = os.environ.get("TITER_BIN", os.path.join(ROOT, "build/release/bin/titer"))
SAMPLE = os.path.join(ROOT, "data/samples/national_cdc_sites_2024-08-01.csv.gz")
DEADLINE_S = 60


def free_ports(count):
    """The first of `count` consecutive ports that nobody listens on."""
    for base in range(21000, 60000, 100):
        probes = []
        try:
            for i in range(count):
                probe = socket.socket()
                probes.append(probe)
                probe.bind(("127.0.0.1", base + i))
            return base
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
    sys.exit("no free ports")


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
    """A regular expression for the expected lines; white space at the ends of lines does not matter."""
    parts = []
    for line in "\n".join(expected).strip("\n").split("\n"):
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\\n]*?".join(re.escape(piece) for piece in line.rstrip().split("…")) + r"[ \t]*\n")
    return re.compile("".join(parts))


def same(pattern, printed):
    return pattern.fullmatch(printed.strip("\n") + "\n") is not None


class Cluster:
    """titer cluster with its input and everything that it has printed."""

    def __init__(self, base, scratch):
        self.base, self.printed, self.news = base, "", threading.Condition()
        self.process = subprocess.Popen(
            [TITER, "cluster", "3", "--base-port", str(base), "--data", scratch,
             "--import", SAMPLE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while chunk := self.process.stdout.readline():
            with self.news:
                self.printed += chunk
                self.news.notify_all()

    def expect(self, pattern, since):
        """Waits until what was printed after `since` has the expected lines in it."""
        end = time.monotonic() + DEADLINE_S
        with self.news:
            while not pattern.search(self.printed, since):
                if not self.news.wait(end - time.monotonic()):
                    return False
        return True

    def type(self, line):
        with self.news:
            since = len(self.printed)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return since

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)


def main(scratch):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        steps = steps_of(file.read())
    assert steps and steps[0][1] == "./dev run", "the tour begins with $ ./dev run"
    assert len(steps) > 5, "the tour is too short to be one"
    base = free_ports(3)

    def here(text):
        return re.sub(r"\b889([234])\b", lambda m: str(base + int(m.group(1)) - 2), text)

    environment = {**os.environ, "PATH": os.path.dirname(TITER) + ":" + os.environ["PATH"],
                   "TITER_AT": ",".join(f"127.0.0.1:{base + i}" for i in range(3))}
    cluster, failures = Cluster(base, scratch), 0
    try:
        for kind, typed, expected in steps:
            pattern = pattern_of([here(line) for line in expected])
            if typed == "./dev run":
                ok, got = cluster.expect(pattern, 0), cluster.printed
            elif kind == ">":
                since = cluster.type(typed)
                ok = cluster.expect(pattern, since)
                got = cluster.printed[since:]
            else:
                run = subprocess.run(["bash", "-c", here(typed)], cwd=ROOT, env=environment, text=True,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     timeout=DEADLINE_S)
                got = run.stdout
                ok = same(pattern, got)
            print(f"{'ok  ' if ok else 'FAIL'} {kind} {typed}")
            if not ok:
                failures += 1
                print("--- README:", *expected, "--- now:", got, sep="\n")
    finally:
        code = cluster.stop()
    if code != 0:
        sys.exit(f"the cluster ended with {code}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(directory)
