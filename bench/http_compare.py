#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Titer's HTTP interface and etcd's (its JSON gateway), side by side under the same load; started by http.sh.

Three replicas each, on this machine; titer with durability `memory`, etcd's data on /dev/shm, so that no disk decides.
wrk asks one replica over 64 connections: one site or key is read, or one is written again and again with another value.
Everything runs once in every round, so that a slow minute of the machine is everybody's; medians are shown.
"""
import argparse
import base64
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.request

from compare import TITER, until

MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None

SCRIPTS = {
    "titer put": ("http://127.0.0.1:{titer}", """
local n = 0
local headers = {["Content-Type"] = "application/json"}
request = function()
  n = n + 1
  return wrk.format("PUT", "/api/v1/sites/harvard-university/stock/any", headers, tostring(n % 1000))
end"""),
    "titer get": ("http://127.0.0.1:{titer}/api/v1/sites/harvard-university", ""),
    "etcd put": ("http://127.0.0.1:{etcd}", """
local n = 0
local values = VALUES
request = function()
  n = n + 1
  return wrk.format("POST", "/v3/kv/put", nil, values[n % #values + 1])
end"""),
    "etcd get": ("http://127.0.0.1:{etcd}/v3/kv/range", """
wrk.method = "POST"
wrk.body = '{"key":"KEY"}'"""),
}


def answers(url, body=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def start_titer(folder, started):
    wire, http = 23_100, 23_200  # three ports each, below those that the system gives out
    log = open(os.path.join(folder, "titer.log"), "wb")
    started.append(subprocess.Popen(
        [TITER, "cluster", "3", "--memory", "--seed-site", "--base-port", str(wire), "--http-port", str(http), "--data",
         os.path.join(folder, "titer")], stdin=subprocess.DEVNULL, stdout=log, stderr=log))
    site = f"http://127.0.0.1:{http}/api/v1/sites/harvard-university"
    until(lambda: answers(site), "titer")
    with urllib.request.urlopen(site, timeout=5) as answer:
        return http, len(answer.read())


def start_etcd(folder, started, value_bytes):
    ports = free_ports(6)
    peers = ",".join(f"m{i}=http://127.0.0.1:{ports[3 + i]}" for i in range(3))
    for i in range(3):
        client, peer = f"http://127.0.0.1:{ports[i]}", f"http://127.0.0.1:{ports[3 + i]}"
        log = open(os.path.join(folder, f"etcd{i}.log"), "wb")
        started.append(subprocess.Popen(
            ["etcd", "--name", f"m{i}", "--data-dir", os.path.join(folder, f"etcd{i}"), "--listen-client-urls", client,
             "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", peers, "--initial-cluster-state", "new"], stdout=log, stderr=log))
    first = json.dumps({"key": encoded("site"), "value": encoded("x" * value_bytes)}).encode()
    until(lambda: answers(f"http://127.0.0.1:{ports[0]}/v3/kv/put", first), "etcd")
    return ports[0]


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def scripts(folder, value_bytes):
    """{what: path of its script}; etcd writes values as long as titer's site."""
    values = ",".join("'" + json.dumps({"key": encoded("site"), "value": encoded(f"{n:04}" + "x" * (value_bytes - 4))}) + "'"
                      for n in range(100))
    out = {}
    for what, (_, text) in SCRIPTS.items():
        out[what] = os.path.join(folder, what.replace(" ", "-") + ".lua")
        with open(out[what], "w", encoding="utf-8") as file:
            file.write(text.replace("VALUES", "{" + values + "}").replace("KEY", encoded("site")))
    return out


def load(url, script, seconds, connections):
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, url],
                          capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        sys.exit(f"bench: {url}:\n{done}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done).group(1))
    latency = {p: re.search(rf"^\s+{p}%\s+(\S+)", done, re.M).group(1) for p in ("50", "99")}
    return rate, latency


def measure(options, urls, files):
    rates, latencies = {what: [] for what in SCRIPTS}, {}
    for number in range(options.rounds):
        for what, (url, _) in SCRIPTS.items():
            rate, latencies[what] = load(url.format(**urls), files[what], options.seconds, options.connections)
            rates[what].append(rate)
        print(f"round {number + 1}: " + ", ".join(f"{w} {r[-1]:,.0f}/s" for w, r in rates.items()), flush=True)
    print(f"\n{options.connections} connections, one replica asked, medians of {options.rounds} rounds")
    for kind in ("get", "put"):
        medians = {who: statistics.median(rates[f"{who} {kind}"]) for who in ("titer", "etcd")}
        for who, median in medians.items():
            l = latencies[f"{who} {kind}"]
            print(f"  {kind} {who:6} {median:10,.0f}/s   p50 {l['50']:>8}  p99 {l['99']:>8}  (last round)")
        print(f"  {kind} titer : etcd = {medians['titer'] / medians['etcd']:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    folder, started = tempfile.mkdtemp(prefix="titer-bench-", dir=MEMORY), []
    try:
        titer, value_bytes = start_titer(folder, started)
        etcd = start_etcd(folder, started, value_bytes)
        measure(options, {"titer": titer, "etcd": etcd}, scripts(folder, value_bytes))
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
