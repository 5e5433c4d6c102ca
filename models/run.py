#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Searches the models completely with spin, and once more for each rule of the protocol without that rule.

With all rules there must be no error in any reachable state; without a rule there must be one, or the model is blind to
it. A search that was cut short (depth, memory) is a failure. Exit code 0: all is as it should be.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# Every search: what it is, the model, its size. What the sizes mean stands at the head of the models. Long ones first.
DIRECT = "REQUESTS_GATEWAY=1 REQUESTS_DIRECT=1 CHANGES=0 HELLOS=0 SUBMITTERS=1 ONE_BY_ONE"
SEARCHES = {
    "t = 3, two failures": ("flush", "N=3 FAILURES=2 REQUESTS=1"),
    "t = 3, one failure, two requests": ("flush", "N=3 FAILURES=1 REQUESTS=2 SUBMITTERS=2 ONE_BY_ONE"),
    "t = 2, a joiner, two failures": ("flush", "N=3 JOINS=1 FAILURES=2 REQUESTS=1"),
    "t = 2, a failure": ("direct_client", f"N=2 FAILURES=1 {DIRECT}"),
    "t = 2, the client dies": ("direct_client", f"N=2 FAILURES=0 CLIENT_DIES {DIRECT}"),
    "t = 2, the client hangs": ("direct_client", f"N=2 FAILURES=0 CLIENT_HANGS {DIRECT}"),
    "t = 2, the client is slow": ("direct_client", f"N=2 FAILURES=0 {DIRECT.replace('CHANGES=0', 'CHANGES=1')}"),
    "t = 2, hello twice, two requests": (
        "direct_client", f"N=2 FAILURES=0 {DIRECT.replace('DIRECT=1', 'DIRECT=2').replace('HELLOS=0', 'HELLOS=1')}"),
    "t = 2, a failure and the client dies": ("direct_client", f"N=2 FAILURES=1 CLIENT_DIES INSTANT {DIRECT}"),
}
# Too long for every day (--long).
LONG = {
    "t = 3, two failures beside a client": (
        "direct_client", f"N=3 S=1 FAILURES=2 INSTANT {DIRECT.replace('GATEWAY=1', 'GATEWAY=0')}"),
    "t = 3, a failure and the client dies": (
        "direct_client", f"N=3 S=1 FAILURES=1 CLIENT_DIES INSTANT {DIRECT.replace('GATEWAY=1', 'GATEWAY=0')}"),
    "t = 2, a joiner, a failure, two requests": ("flush", "N=3 JOINS=1 FAILURES=1 REQUESTS=2 ONE_BY_ONE"),
    "t = 3, two failures, two requests": ("flush", "N=3 FAILURES=2 REQUESTS=2 SUBMITTERS=2 ONE_BY_ONE"),
}
# Every rule that can be taken out (-DNO_…), what it says, and the search that must notice.
RULES = {
    "SAFE": ("execute only frames that all are known to hold (2.5)", "t = 3, one failure, two requests"),
    "CLOCK": ("the clock rises above every received ts (LC2)", "t = 3, one failure, two requests"),
    "WEDGE": ("no frames and no acknowledgements after the next record (4.1)", "t = 3, two failures"),
    "ALL_FLUSHED": ("wait for the flush messages of all (4.3)", "t = 3, two failures"),
    "RELAY": ("relay the frames that others miss (4.4)", "t = 3, two failures"),
    "FULLS_DONE": ("execute the rest when all full members are done (4.6)", "t = 2, a joiner, two failures"),
    "ALL_DONE": ("install when all are done (4.7)", "t = 3, two failures"),
    "TOP_VIEW": ("a member that is behind installs the top view first (4.3)", "t = 2, a joiner, two failures"),
    "EARLY": ("keep frames of the next view that arrive early (4.7)", "t = 2, a joiner, two failures"),
    "ONCE": ("a repeated request has no effect (2.8)", "t = 2, a failure"),
    "STABLE_CLIENTS": ("wait for active direct clients (2.4)", "t = 2, a failure"),
    "HIGHEST_CLOCK": ("the client takes the highest clock of all welcomes (3.2)", "t = 2, a failure"),
    "NEXT_SEQ": ("a welcome counts only with the right next seq (3.2)", "t = 2, hello twice, two requests"),
    "SOLICIT": ("solicit the client that the first frame waits for (3.3)", "t = 2, the client hangs"),
    "SOLICITED_CLOCK": ("the client answers with a frame above the solicited ts (3.3)", "t = 2, a failure"),
    "SETTLE": ("a lost client needs a view change (3.5)", "t = 2, the client dies"),
}
# These say that the model is too small, not that the protocol is broken.
OUT_OF_BOUNDS = ("q_full", "array index", "newest<", "held[i]<")


def shell(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def search(model, sizes, without=None):
    """(states, seconds, what went wrong in the search or None, assertion that was broken or None)"""
    begin = time.monotonic()
    defines = [f"-D{size}" for size in sizes.split()] + ([f"-DNO_{without}"] if without else [])
    with tempfile.TemporaryDirectory(prefix="titer-model-") as folder:
        shell(["spin", *defines, "-a", os.path.join(HERE, model + ".pml")], folder)
        # A search without a rule ends soon; compiling it takes longer.
        shell(["gcc", "-O0" if without else "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DNOREDUCE", "-DVECTORSZ=2048", "-DMEMLIM=8000", "-o", "pan", "pan.c"],
              folder)
        # -E: a replica that waits for messages is no deadlock; check_quiet() of the model looks for those.
        out = shell(["./pan", "-E", "-m100000"], folder)
    states = re.search(r"(\d+) states, stored", out)
    errors = re.search(r"errors: (\d+)", out)
    broken = re.search(r"pan:\d+: (.*) \(at depth", out)
    wrong = None
    if not states or not errors or "max search depth too small" in out or "MEMLIM" in out or "out of memory" in out:
        wrong = "the search was cut short:\n" + out[-2000:]
    elif broken and any(word in broken.group(1) for word in OUT_OF_BOUNDS):
        wrong = f"the model is too small: {broken.group(1)}"
    elif not broken and ("Search not completed" in out or errors.group(1) != "0"):
        wrong = "the search was not completed:\n" + out[-2000:]
    return int(states.group(1)) if states else 0, time.monotonic() - begin, wrong, broken.group(1) if broken else None


def judge(name, model, sizes, rule):
    states, seconds, wrong, broken = search(model, sizes, rule)
    if not wrong and not rule and broken:
        wrong = f"broken: {broken}\n  the way there: spin -a and pan as in run.py, then spin -t -p -g"
    if not wrong and rule and not broken:
        wrong = "nobody noticed"
    title = f"without: {RULES[rule][0]}" if rule else name
    print(f"| {model} | {title} | {states:,} | {'noticed' if rule and not wrong else 'no error' if not wrong else 'WRONG'} "
          f"| {seconds:.0f} s |", flush=True)
    if wrong:
        print(wrong, flush=True)
    return wrong is None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="*", choices=["flush", "direct_client", []], help="default: both")
    parser.add_argument("--long", action="store_true", help="the searches that take minutes and GiB, too")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    if not shutil.which("spin") or not shutil.which("gcc"):
        sys.exit("spin and gcc are needed: apt-get install spin gcc")
    todo = [(name, *search_, None) for name, search_ in {**SEARCHES, **(LONG if asked.long else {})}.items()]
    todo += [(name, *SEARCHES[name], rule) for rule, (_, name) in RULES.items()]
    todo = [task for task in todo if not asked.model or task[1] in asked.model]
    print("| model | search | states | result | time |\n|---|---|---|---|---|", flush=True)
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        good = list(pool.map(lambda task: judge(*task), todo))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
