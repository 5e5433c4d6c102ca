# SPDX-License-Identifier: Apache-2.0

"""The processes of a benchmark: servers, which always end with it, commands, and the load generators of bench/, which are built
when they are needed.
"""
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

BENCH = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(BENCH)
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from harness import TITER, end_with_parent, free_ports  # noqa: E402, F401  the program to measure, and ports for everybody

TOOLS = os.path.join(ROOT, "build", "bench")
SITES = 100_000  # sites, keys or rows in the classes `memory` and `durable`; as in peers/closed_loop.h and peers/etcd_load.go
C_PLUS_PLUS = ["g++", "-O2", "-std=c++20", "-pthread"]
SOURCES = {"floors": "floors.cc", **{f"{name}_load": f"peers/{name}_load.{end}" for name, end in
                                     (("redis", "cc"), ("nats", "cc"), ("tarantool", "cc"), ("galera", "cc"),
                                      ("zookeeper", "cc"), ("etcd", "go"))}}


class Trouble(Exception):
    """A system did not start, or did not do what was asked. The others are still measured."""


def run(*words, **options):
    """The output of a command that must succeed."""
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False, **options)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(words)[:300]}: exit {done.returncode}: {(done.stdout + done.stderr)[-600:].strip()}")
    return done.stdout


def succeeds(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, check=False).returncode == 0


def until(condition, what, seconds=60):
    """The first true value of condition()."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise Trouble(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)
    return value


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(child) for child in file.read().split()]


def privileges_of(user):
    """The words before a command that must not run as root."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if os.geteuid() == 0 else []


class Processes:
    """Ended at the end, by their pids, whatever happens, SIGTERM to the benchmark included. Use it in a with statement."""

    def __init__(self):
        self.all = []

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, words, log):
        with open(log, "wb") as out:
            process = subprocess.Popen([str(w) for w in words], stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT,
                                       preexec_fn=end_with_parent)
        self.all.append(process)
        return process

    def serve(self, words, log, ready):
        """Starts a server and waits until it is ready; says what it wrote if it is not."""
        process = self.start(words, log)
        name = os.path.basename(str(words[0]))
        try:
            until(lambda: process.poll() is not None or ready(), name)
        except Trouble as trouble:
            raise Trouble(f"{trouble}; {tail(log)}") from trouble
        if process.poll() is not None:
            raise Trouble(f"{name} ended with {process.returncode}; {tail(log)}")
        return process

    def stop(self):
        for process in self.all:
            process.send_signal(signal.SIGTERM)
        for process in self.all:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdin.close()
        self.all.clear()


def tail(log):
    with open(log, encoding="utf-8", errors="replace") as file:
        return "it wrote: " + file.read()[-800:].strip()


# --- load generators


def build(name, source, target):
    if source.endswith(".go"):
        # Debian keeps the Go libraries of etcd where Go without modules finds them.
        environment = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOFLAGS="",
                           GOCACHE=os.path.join(TOOLS, "go"))
        run("go", "build", "-o", target, source, env=environment)
        return
    more = ["-DTHREADED", "-lzookeeper_mt"] if name == "zookeeper_load" else []
    run(*C_PLUS_PLUS, "-o", target, source, *more)


def tool(name):
    """The path of a load generator, built if its source is newer."""
    source, target = os.path.join(BENCH, SOURCES[name]), os.path.join(TOOLS, name)
    newest = max(os.path.getmtime(path) for path in [source, *glob.glob(os.path.join(BENCH, "peers", "*.h"))])
    if not os.path.exists(target) or os.path.getmtime(target) < newest:
        os.makedirs(TOOLS, exist_ok=True)
        build(name, source, target)
    return target


def load(name, *words, may_refuse=False):
    """What a load generator has measured. A refused request makes the figures worthless, unless the store refuses by design."""
    got = json.loads(run(tool(name), *words))
    if got["errors"] and not may_refuse or not got["per_second"]:
        raise Trouble(f"{name} {' '.join(map(str, words))}: {got['errors']} requests were refused, {got['per_second']} a second answered")
    return got


def has(thing):
    """A program, or a file by its full path (with * for what differs between versions)."""
    return bool(glob.glob(thing)) if thing.startswith("/") else shutil.which(thing) is not None
