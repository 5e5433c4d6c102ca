#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""bench/alone.py [--durability disk|memory] [OPTIONS]: three replicas on this machine, and `titer bench OPTIONS` on them."""
import os
import subprocess
import sys
import tempfile

from processes import TITER, Processes, Trouble
from stores.titer import Titer


def main():
    words = sys.argv[1:]
    durable = any(pair == ("--durability", "disk") for pair in zip(words, words[1:])) or "--durability=disk" in words
    with tempfile.TemporaryDirectory(prefix="titer-bench-") as folder, Processes() as processes:
        try:
            titer = Titer(processes, folder, durable)
        except Trouble as trouble:
            sys.exit(f"bench: {trouble}")
        return subprocess.run([TITER, "bench", *words], env=dict(os.environ, TITER_AT=titer.at()), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
