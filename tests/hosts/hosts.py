#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""titer on several hosts, under faults of hosts and of the network between them: hosts.py [--seconds N] [FAULT…]

Three or five `titer serve` on hosts of their own (network namespaces), an etcd of three members on others. Each fault
begins and ends with a settled group, under loads that record histories and clients that count and read. Then: nothing that
was answered is missing or there twice, nobody was given an old answer, all replicas are equal, and the histories are
linearizable. Printed is what each fault costs: the longest time in which a client got no answer.
"""
import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from etcd import Etcd, there_is_one  # noqa: E402
from faults import ALL, SHORT  # noqa: E402
from group import Group  # noqa: E402
from harness import seeded  # noqa: E402
from network import Network, cannot, in_own_world  # noqa: E402
from scene import Scene  # noqa: E402

COLUMNS = [(what, where) for what in ("writes", "reads") for where in ("there", "elsewhere")]


def parse():
    parser = argparse.ArgumentParser(description="titer on several hosts, under faults",
                                     epilog="Faults:\n" + "".join(f"  {name:18} {fault.__doc__}\n"
                                                                  for name, fault in ALL.items()),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="default: all, each once")
    parser.add_argument("--replicas", default="3", help="sizes of groups, one after another (default 3)")
    parser.add_argument("--seconds", type=float, default=0, help="go on with all of them until so much time is over")
    parser.add_argument("--seed", type=int, help="of which replica is struck, and of the order when it goes on")
    parser.add_argument("--tls", action="store_true", help="replicas and clients under TLS")
    parser.add_argument("--short", action="store_true", help="the choice that ./dev test runs")
    options = parser.parse_args()
    unknown = [name for name in options.faults if name not in ALL]
    if unknown:
        parser.error(f"there is no fault {unknown[0]}; --help lists them")
    options.faults = options.faults or (list(SHORT) if options.short else list(ALL))
    return options


def torment(size, options, chance, folder):
    """One group through all faults; {fault: [pauses]}"""
    replicas, members = [f"r{i}" for i in range(size)], [f"e{i}" for i in range(3)]
    with Network([*replicas, "spare", *members]) as network, Etcd(network, members, folder) as etcd, \
            Group(network, etcd, replicas, folder, spares=["spare"], tls=options.tls) as group, \
            Scene(group, chance, folder) as scene:
        end = time.monotonic() + options.seconds
        for name in options.faults:
            strike(scene, name)
        while time.monotonic() < end:
            strike(scene, chance.choice(options.faults))
        scene.conclude()
        return scene.rows


def strike(scene, name):
    began = time.monotonic()
    pauses = scene.strike(name, ALL[name])
    print(f"  {name:18} {time.monotonic() - began:5.1f} s; pauses in ms: " +
          ", ".join(f"{what} {where} {pauses[what, where]:.0f}" for what, where in COLUMNS), flush=True)


def show(size, rows):
    print(f"\nWhat each fault costs with {size} replicas: the longest time without an answer in ms, median of its runs "
          f"(longest), for clients at the replica that is struck and for clients elsewhere.\n")
    print("| fault | runs | " + " | ".join(f"{what} {where}" for what, where in COLUMNS) + " |")
    print("|---|---|" + "---|" * len(COLUMNS))
    for name, runs in rows.items():
        cells = [[run[column] for run in runs] for column in COLUMNS]
        print(f"| {name} | {len(runs)} | " + " | ".join(
            f"{statistics.median(c):.0f}" + (f" ({max(c):.0f})" if len(c) > 1 else "") for c in cells) + " |")


def main():
    options = parse()
    in_own_world()
    if not there_is_one():
        cannot("there is no etcd (Debian: etcd-server)")
    sys.stdout.reconfigure(line_buffering=True)
    if options.seed is not None:
        os.environ["TITER_SEED"] = str(options.seed)
    chance = seeded("hosts")
    for size in map(int, options.replicas.split(",")):
        folder = tempfile.mkdtemp(prefix="titer-hosts-")
        print(f"{size} replicas", flush=True)
        try:
            rows = torment(size, options, random.Random(chance.getrandbits(64)), folder)
        except BaseException:
            print(f"FAILED with {size} replicas; logs and histories are in {folder}", flush=True)
            raise
        shutil.rmtree(folder)
        show(size, rows)


if __name__ == "__main__":
    main()
