#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# bench/durable.sh [--seconds S] [--rounds N] [--only NAME...] [--dir DIR]: titer with durability `disk` beside etcd,
# ZooKeeper, Redis and PostgreSQL, all on one disk, in one run; see README.md. TITER_BIN names the titer to measure.
set -euo pipefail

here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
export TITER_BIN=${TITER_BIN:-$here/../build/release/bin/titer}
for tool in "$TITER_BIN" g++ go java python3 redis-server etcd psql; do
  command -v -- "$tool" >/dev/null || {
    echo "bench: $tool is missing" >&2
    exit 2
  }
done
TITER_BENCH_TOOLS=$(mktemp -d)
export TITER_BENCH_TOOLS
trap 'rm -rf -- "$TITER_BENCH_TOOLS"' EXIT
g++ -O2 -std=c++20 -o "$TITER_BENCH_TOOLS/redis_load" "$here/redis_load.cc"
g++ -O2 -std=c++20 -DTHREADED -o "$TITER_BENCH_TOOLS/zookeeper_load" "$here/peers/zookeeper_load.cc" -lzookeeper_mt
# Debian keeps the Go libraries of etcd where Go without modules finds them.
GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOCACHE=$TITER_BENCH_TOOLS/go \
  go build -o "$TITER_BENCH_TOOLS/etcd_load" "$here/peers/etcd_load.go"
chmod 755 "$TITER_BENCH_TOOLS"
python3 -B "$here/durable.py" "$@"
