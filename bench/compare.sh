#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# bench/compare.sh [--seconds S] [--rounds N] [--only PART]: titer beside Redis and beside the floor of this machine, in
# one run, so that the three can be compared; see README.md. TITER_BIN names the titer to measure.
set -euo pipefail

here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
export TITER_BIN=${TITER_BIN:-$here/../build/release/bin/titer}
for tool in "$TITER_BIN" g++ python3 redis-server redis-cli; do
  command -v -- "$tool" >/dev/null || {
    echo "bench: $tool is missing" >&2
    exit 2
  }
done
TITER_BENCH_TOOLS=$(mktemp -d)
export TITER_BENCH_TOOLS
trap 'rm -rf -- "$TITER_BENCH_TOOLS"' EXIT
for tool in floors redis_load; do
  g++ -O2 -std=c++20 -o "$TITER_BENCH_TOOLS/$tool" "$here/$tool.cc"
done
python3 -B "$here/compare.py" "$@"
