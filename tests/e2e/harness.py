# SPDX-License-Identifier: Apache-2.0

"""Real clusters for the end-to-end tests: started, watched, killed, and always cleaned up.

Rules: a test waits for a condition and never for time to pass; only processes that were started here are ended, each by
its pid and only while it is still the same process; when a test fails, what the replicas wrote is shown.
"""
import ctypes
import glob
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import execution_logs
import wire

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TITER = os.environ.get("TITER_BIN") or os.path.join(ROOT, "build", "release", "bin", "titer")
SAMPLES = os.path.join(ROOT, "data", "samples")
RUN_SAMPLES = sorted(glob.glob(os.path.join(SAMPLES, "*.csv.gz")))  # what `./dev run` imports
_tick = threading.Event()  # never set: a wait on it is a pause between two looks


class Impatient(AssertionError):
    """A condition did not come true in time."""


def wait_until(condition, what, seconds=20.0, every=0.01):
    """The first true value of condition(); fails when there is none within `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Impatient(f"waited {seconds} s in vain: {what() if callable(what) else what}")
        _tick.wait(every)


def seeded(name):
    """A random source whose seed is printed; TITER_SEED repeats a run."""
    seed = int(os.environ.get("TITER_SEED") or random.SystemRandom().getrandbits(32))
    print(f"{name}: seed {seed} (TITER_SEED={seed} repeats it)", flush=True)
    return random.Random(seed)


def free_ports(count):
    """The first of `count` free ports in a row, below those that the system gives to outgoing connections."""
    for _ in range(200):
        base = random.randrange(12000, 31000)
        held = []
        try:
            for port in range(base, base + count):
                held.append(socket.socket())
                held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held[-1].bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
    raise RuntimeError("no free ports")


def birth(pid):
    """When the process was started, in ticks; None when there is none (or only its remains)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def environment(at=None, ca=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("TITER_")}
    if at:
        env["TITER_AT"] = at
    if ca:
        env["TITER_CA"] = ca
    return env


def titer(*words, at=None, ca=None, stdin="", timeout=60):
    """Runs one command to its end: CompletedProcess with text."""
    return subprocess.run([TITER, *map(str, words)], input=stdin, capture_output=True, text=True, timeout=timeout,
                          env=environment(at, ca), check=False)


def spawn(*words, at=None, ca=None, **options):
    """A command that goes on in the background; the caller ends it."""
    options.setdefault("stdin", subprocess.PIPE)
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.Popen([TITER, *map(str, words)], env=environment(at, ca), **options)


def end_with_parent():
    """A test that is killed takes its cluster with it: the kernel sends SIGTERM."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def end(process, seconds=5):
    """Ends one of our own background processes for sure."""
    if process.poll() is None:
        process.kill()
    process.wait(seconds)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            try:
                stream.close()
            except BrokenPipeError:
                pass


class Replicas:
    """Queries to replicas, wherever they run. Subclasses have `size`, `logs` (a folder, or None), address(index)."""

    ca = None  # under TLS: the authority's file

    def ask_at(self, index):
        """Where its status is asked for: an address, or the path of its local socket."""
        return self.address(index)

    def at(self, *indices):
        return ",".join("{}:{}".format(*self.address(i)) for i in indices or range(self.size))

    def status(self, index, timeout=2.0):
        """The replica's own status, or None when it cannot be asked."""
        try:
            with wire.Link(self.ask_at(index), timeout=timeout) as link:
                return link.status()
        except (OSError, wire.Closed, json.JSONDecodeError):
            return None

    def statuses(self, indices=None):
        return {i: s for i in (range(self.size) if indices is None else indices) if (s := self.status(i))}

    def wait_members(self, indices, seconds=30):
        """Until exactly these are full members of one view."""
        want = sorted(indices)

        def settled():
            now = self.statuses(want)
            views = {s["view"] for s in now.values()}
            return (len(now) == len(want) and len(views) == 1 and
                    all(s["full"] and [m["id"] for m in s["members"]] == want for s in now.values()) and now)

        brief = ("replica", "full", "view", "members", "learned_percent")
        return wait_until(settled, lambda: f"replicas {want} to be the members; status: " +
                          str({i: {k: s[k] for k in brief} for i, s in self.statuses().items()}), seconds, 0.02)

    def wait_equal(self, indices=None, seconds=20):
        """Until all live replicas are at one position, with one digest. Returns (position, digest)."""
        def equal():
            now = self.statuses(indices)
            states = {(s["position"], s["digest"]) for s in now.values()}
            return now and (indices is None or len(now) == len(indices)) and len(states) == 1 and states.pop()

        return wait_until(equal, lambda: "equal replicas: " + str(
            {i: (s["position"], s["digest"]) for i, s in self.statuses(indices).items()}), seconds, 0.05)

    def wait_state(self, state, indices):
        """Until all of these are at this (position, digest). A restarting replica is behind it until the flush has ended."""
        wait_until(lambda: self.wait_equal(indices) == state, lambda: f"{state}; they are at {self.wait_equal(indices)}")

    def titer(self, *words, **options):
        """A command against this cluster."""
        return titer(*words, **{"at": self.at(), "ca": self.ca, **options})

    def ok(self, *words, **options):
        """The output of a command that must succeed."""
        done = self.titer(*words, **options)
        if done.returncode != 0:
            raise AssertionError(f"titer {' '.join(map(str, words))}: exit {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout

    def check_logs(self):
        return execution_logs.check(self.logs)


class Cluster(Replicas):
    """`titer cluster` with `replicas` processes; use it in a with statement. `data`: a directory that is there already;
    `http`: with the HTTP interface; `descriptors`: a limit of them, per process; `tls`: a directory with the files for --tls; `restarts`: replicas that fail come back by
    themselves. Most tests want them dead until they say so."""

    def __init__(self, replicas=3, options=(), logs=False, patience=60, data=None, http=False, tls=None, restarts=False,
                 env=None, descriptors=None):
        self.size, self.options, self.patience = replicas, [str(o) for o in options], patience
        if not restarts:
            self.options.append("--no-restart")
        if tls:
            self.options += ["--tls", tls]
            self.ca = os.path.join(tls, "ca.pem")
        self.base = free_ports(2 * replicas)
        self.http_base = self.base + replicas if http else 0
        self.folder = tempfile.TemporaryDirectory(prefix="titer-e2e-")
        self.data = data or os.path.join(self.folder.name, "data")
        self.logs = os.path.join(self.folder.name, "logs") if logs else None
        self.env = env or {}  # more of its environment
        self.preexec = None  # what else its supervisor does before it begins
        self.descriptors = descriptors  # that each of its processes may have
        self.births = {}  # pid -> birth, of every replica ever seen
        self.supervisor = None

    # --- life

    def __enter__(self):
        self.output = open(os.path.join(self.folder.name, "supervisor.out"), "wb")
        try:
            self.begin()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def launch(self, *more):
        """Starts the supervisor, on the data that is there; says nothing about how that goes."""
        words = [TITER, "cluster", str(self.size), "--base-port", str(self.base), "--http-port", str(self.http_base),
                 "--data", self.data, *self.options]
        if self.logs:
            words += ["--execution-log", self.logs]
        self.supervisor = subprocess.Popen([*words, *map(str, more)], stdin=subprocess.PIPE, stdout=self.output,
                                           stderr=subprocess.STDOUT, env=environment() | self.env, preexec_fn=self._in_child)

    def _in_child(self):
        end_with_parent()
        if self.preexec:
            self.preexec()
        if self.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def begin(self, *more):
        """Starts the cluster, for the first time or again, and waits until it serves."""
        before = len(self.said())
        self.launch(*more)
        wait_until(lambda: "Type an index" in self.said()[before:] or self.supervisor.poll() is not None,
                   lambda: "the cluster to serve; it said: " + self.said(), self.patience)
        if self.supervisor.poll() is not None:
            raise AssertionError(f"the cluster ended ({self.supervisor.returncode}): {self.said()}")
        self.pids()

    def refused(self, *more):
        """Starts the cluster, which must not begin; what it said."""
        before = len(self.said())
        self.launch(*more)
        code = self.supervisor.wait(self.patience)
        self.pids()
        end(self.supervisor)
        if code == 0 or "Type an index" in self.said()[before:]:
            raise AssertionError(f"the cluster began, or ended with {code}: {self.said()[before:]}")
        return self.said()[before:]

    def crash(self):
        """SIGKILL for everything at once, the supervisor first: nobody has time for anything."""
        pids = self.pids().values()
        self.supervisor.kill()
        for pid in pids:
            self.signal(pid, signal.SIGKILL)
        end(self.supervisor)
        wait_until(lambda: not any(self.alive(pid) for pid in pids), "the death of all")

    def quit(self):
        """A clean end."""
        self.supervisor.terminate()
        if self.supervisor.wait(20) != 0:
            raise AssertionError(f"the supervisor ended with {self.supervisor.returncode}: {self.said()}")
        end(self.supervisor)

    def disk(self, index):
        return os.path.join(self.data, f"replica-{index}")

    def __exit__(self, kind, error, trace):
        try:
            if kind is not None and not issubclass(kind, unittest.SkipTest):
                self.show_logs()
        finally:
            self.stop()

    def stop(self):
        self.pids()
        if self.supervisor.poll() is None:
            self.supervisor.terminate()
            try:
                self.supervisor.wait(8)
            except subprocess.TimeoutExpired:
                print("the supervisor did not stop within 8 s of SIGTERM", file=sys.stderr)
        for pid in self.births:
            self.signal(pid, signal.SIGKILL)
        end(self.supervisor)
        self.output.close()
        self.folder.cleanup()

    def show_logs(self, lines=25):
        print(f"\n--- the cluster said:\n{self.said()[-3000:]}", file=sys.stderr)
        for name in self._log_names():
            with open(os.path.join(self.data, name), errors="replace", encoding="utf-8") as file:
                print(f"--- {name}:\n" + "".join(file.readlines()[-lines:]), file=sys.stderr)

    def replica_logs(self):
        """All that the replicas have logged, as one text."""
        text = []
        for name in self._log_names():
            with open(os.path.join(self.data, name), errors="replace", encoding="utf-8") as file:
                text.append(file.read())
        return "".join(text)

    def _log_names(self):
        return sorted(n for n in os.listdir(self.data) if n.endswith(".log")) if os.path.isdir(self.data) else []

    # --- processes

    def pids(self):
        """{index: pid} of the live replicas, found as the supervisor's children."""
        found = {}
        try:
            with open(f"/proc/{self.supervisor.pid}/task/{self.supervisor.pid}/children", encoding="utf-8") as file:
                children = [int(pid) for pid in file.read().split()]
        except OSError:
            children = list(self.births)
        for pid in children:
            born = birth(pid)
            index = self._index_of(pid)
            if born is None or index is None:
                continue
            self.births[pid] = born
            found[index] = pid
        return found

    @staticmethod
    def _index_of(pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode().split("\0")
        except OSError:
            return None
        if "replica-process" not in words or "--index" not in words:
            return None
        return int(words[words.index("--index") + 1])

    def signal(self, pid, number):
        """False when that process is gone already."""
        if pid not in self.births or birth(pid) != self.births[pid]:
            return False
        os.kill(pid, number)
        return True

    def alive(self, pid):
        return birth(pid) == self.births[pid]

    def kill(self, index):
        """SIGKILL from outside: nobody is told. Returns when."""
        pid = self.pids()[index]
        now = time.monotonic()
        self.signal(pid, signal.SIGKILL)
        return now

    def type(self, line):
        """A line at the supervisor's standard input."""
        self.supervisor.stdin.write(f"{line}\n".encode())
        self.supervisor.stdin.flush()

    def ask(self, line, expected, seconds=5):
        """Types a line; the new output once it contains `expected`."""
        before = len(self.said())
        self.type(line)
        return wait_until(lambda: expected in (new := self.said()[before:]) and new,
                          lambda: f"{expected!r} after {line!r}; it said {self.said()[before:]!r}", seconds)

    def start(self, index):
        self.type(f"start {index}")

    def port(self, index):
        return self.base + index

    def address(self, index):
        return "127.0.0.1", self.port(index)

    def ask_at(self, index):
        return self.socket(index) if self.ca else self.address(index)

    def socket(self, index):
        """Path of its local socket."""
        return os.path.join(self.data, f"replica-{index}.sock")

    def said(self):
        try:
            with open(self.output.name, errors="replace", encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""


def main():
    """As unittest's own, but unbuffered: a test that hangs has said how far it came."""
    sys.stdout.reconfigure(line_buffering=True)
    if not os.path.exists(TITER):
        sys.exit(f"there is no {TITER}; build it with ./dev build")
    unittest.main(verbosity=2)
