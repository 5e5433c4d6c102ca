#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Runs one fuzz target for some seconds from a copy of its corpus; the canary must fail.

Exit code 0: nothing was found (canary: its failure was). Findings are copied to build/asan/findings and named.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def run(binary, seconds, keep):
    name = os.path.basename(binary).removeprefix("fuzz_")
    corpus = os.path.join(HERE, "corpus", name)
    with tempfile.TemporaryDirectory(prefix="titer-fuzz-") as scratch:
        folders = [os.path.join(scratch, "corpus")]
        os.mkdir(folders[0])
        if os.path.isdir(corpus):
            folders.append(corpus)
        command = [binary, f"-max_total_time={seconds}", f"-artifact_prefix={scratch}/", "-timeout=10", "-rss_limit_mb=2048",
                   "-print_final_stats=1", "-max_len=16384", *folders]
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0", UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
        done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
        found = [entry for entry in os.listdir(scratch) if entry != "corpus"]
        stats = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line or "DONE" in line]
        print(name, "; ".join(stats) or "no figures", flush=True)
        if keep:
            merge([binary, "-merge=1", keep, *folders], environment)
        if name == "canary":
            print("the canary was found" if done.returncode != 0 else "THE CANARY WAS NOT FOUND: the harness is blind")
            return 0 if done.returncode != 0 else 1
        if done.returncode == 0:
            return 0
        print(done.stderr[-6000:])
        findings = os.path.join(os.path.dirname(os.path.dirname(binary)), "findings")
        os.makedirs(findings, exist_ok=True)
        for entry in found:
            print("found:", shutil.copy(os.path.join(scratch, entry), os.path.join(findings, f"{name}-{entry}")))
        return 1


def merge(command, environment):
    os.makedirs(command[2], exist_ok=True)
    subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--keep", help="merge what reached new code into this corpus folder")
    parser.add_argument("binary", nargs="+")
    asked = parser.parse_args()
    return max(run(os.path.abspath(binary), asked.seconds, asked.keep) for binary in asked.binary)


if __name__ == "__main__":
    sys.exit(main())
