#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Titer's HTTP interface beside etcd's; options go to http_compare.py. `./dev bench http` builds titer and calls this.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export TITER_BIN=${TITER_BIN:-$root/build/release/bin/titer}
exec python3 -B "$root/bench/http_compare.py" "$@"
