#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Real clusters under load, tormented for a stated time: python3 torture.py [--seconds N] [--seed N] [--replicas 3,5]

Faults, in random order: replicas killed with SIGKILL, one or several at once, also while they join; stopped for a moment,
or for so long that they are excluded; the supervisor, which is the view register, stopped; clients' connections reset or
held up; links between replicas cut; loads and interactive clients killed. Machines fail too (machine_faults.py): clocks jump,
or stand still while a replica is stopped; disks are put back, bits flip in memory, and the power of everything fails. But for
that, one full replica is always left alone. Many clients come and go, with a session each.

In every other cluster nobody starts a replica again by hand: at the end it must be whole by itself.

At the end, when all are back: what every client saw is linearizable (`titer check`, with a last read of each site at each
replica, so no acknowledged write is lost); the counting writers' counts are exact (nothing lost, nothing twice); the
replicas have one position and digest; the execution logs of all of them are prefixes of one another.

The seed decides which faults come in which order, not at which instruction they strike: processes are real.
"""
import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time

from cuts import Doors, cut_links
from harness import Cluster, Impatient, seeded, titer, wait_until
from machine_faults import BentClocks, MachineFaults
from tormented import SITES, Editor, Loads, wait_served
from writer import Visitors, Writer

ROUND_SECONDS = 30  # a cluster's life: keeps histories and logs small
# 20,000 sessions and 2,000 direct clients in ten minutes, with some to spare. Several come at a time: each waits for the replicas,
# which a fault may have stopped, and for a processor.
SESSIONS_PER_SECOND, DIRECT_CLIENTS_PER_SECOND = 40, 4
VISITORS, PASSERS_BY = 4, 2
_clock = threading.Event()  # never set: a wait on it is how long a fault lasts


class Tally:
    """Counts of faults, and what was seen."""

    def __init__(self):
        self.faults, self.pauses, self.notes = {}, {}, {}

    def fault(self, kind, n=1):
        self.faults[kind] = self.faults.get(kind, 0) + n

    def note(self, kind, n):
        self.notes[kind] = self.notes.get(kind, 0) + n

    def pause(self, kind, ms):
        self.pauses.setdefault(kind, []).append(ms)

    def show(self):
        print("faults:    " + ", ".join(f"{n} {kind}" for kind, n in sorted(self.faults.items())))
        for kind, seen in sorted(self.pauses.items()):
            print(f"pause:     {kind}: median {statistics.median(seen):.0f} ms, longest {max(seen):.0f} ms of {len(seen)}")
        print("survived:  " + ", ".join(f"{n:,} {kind}" for kind, n in self.notes.items()))


class Torment:
    """One cluster and the faults that befall it. `unattended`: its replicas come back by themselves, or not at all."""

    ENDS = 2  # of a replica, in an unattended cluster: a fault may add two, and at the fifth the supervisor leaves it dead

    def __init__(self, cluster, chance, tally, doors, loads, editor, writers, unattended):
        self.cluster, self.chance, self.tally, self.unattended = cluster, chance, tally, unattended
        self.doors, self.loads, self.editor, self.writers = doors, loads, editor, writers
        self.links_can_be_cut = True
        self.ways = [(5, self.kill), (3, self.stop_shortly), (2, self.stop_long), (1, self.stop_supervisor),
                     (1, self.stop_both), (2, self.cut_clients), (1, self.hold_clients), (3, self.cut_links),
                     (2, self.kill_load), (2, self.kill_editor), (1, self.kill_joining),
                     (3, self.kill_cut_off)]

    def run(self, seconds, more_ways):
        """How long it took; less than `seconds` when some replica has had enough."""
        began, ways = time.monotonic(), self.ways + more_ways
        while time.monotonic() < began + seconds and not self.enough():
            self.loads.keep_running()
            way = self.chance.choices([w for _, w in ways], [weight for weight, _ in ways])[0]
            way()
            self.raise_the_dead(self.chance.random() < 0.7)
        return time.monotonic() - began

    def enough(self):
        """Whether the next fault could leave some replica dead for good."""
        ends = re.findall(r"Replica (\d+) .* It is started again in", self.cluster.said())
        return self.unattended and any(ends.count(index) >= self.ENDS for index in ends)

    def wait(self, low, high):
        _clock.wait(self.chance.uniform(low, high))

    # --- who may be harmed

    def healthy(self):
        """The full members of the newest view, if every living replica answers and agrees; else nobody."""
        alive = set(self.cluster.pids())
        now = self.cluster.statuses(sorted(alive))
        if set(now) != alive or not now:
            return []
        view = max(s["view"] for s in now.values())
        members = next({m["id"] for m in s["members"]} for s in now.values() if s["view"] == view)
        return [i for i, s in now.items() if s["view"] == view and s["full"] and i in members]

    def victims(self, members_only=False):
        """Some replicas without which a full one is left; it is found out first whether one is. {index: pid}"""
        try:
            full = wait_until(self.healthy, "a settled view", 20)
        except Impatient:
            raise AssertionError("no full replica is left, or they do not agree on a view for 20 s") from None
        pids, spared = self.cluster.pids(), self.chance.choice(full)
        others = [i for i in (full if members_only else pids) if i != spared]
        return {i: pids[i] for i in self.chance.sample(others, self.few(len(others)))} if others else {}

    def few(self, most):
        return max(1, min(most, self.chance.choice((1, 1, 1, 2, most))))

    def raise_the_dead(self, really):
        if self.unattended:
            return
        dead = [i for i in range(self.cluster.size) if i not in self.cluster.pids()]
        for index in dead:
            if really or len(dead) == self.cluster.size - 1:
                self.revive(index)

    def revive(self, index):
        revive(self.cluster, index)
        self.tally.note("replicas started again", 1)

    def wait_served(self):
        wait_served(self.writers)

    def served(self, kind, since):
        self.wait_served()
        self.tally.pause(kind, max(writer.pause(since) for writer in self.writers))

    # --- the faults

    def kill(self):
        victims, since = self.victims(), time.monotonic()
        killed = [self.cluster.signal(pid, signal.SIGKILL) for pid in victims.values()]
        self.tally.fault("replicas killed", sum(killed))
        if len(killed) > 1:
            self.tally.fault("times several at once")
        self.served("replicas killed", since)

    def kill_cut_off(self):
        """Some of its links go first: what it sent last has reached some of the others, and not all."""
        victims, since = self.victims(members_only=True), time.monotonic()
        for pid in victims.values():
            self.cut(pid, 0.5)
        self.wait(0, 0.03)
        killed = sum(self.cluster.signal(pid, signal.SIGKILL) for pid in victims.values())
        self.tally.fault("replicas cut off and killed", killed)
        self.served("replicas cut off and killed", since)

    def kill_joining(self):
        self.kill()
        self.raise_the_dead(True)
        self.wait(0, 0.2)
        self.kill()

    def stopped(self, victims, low, high):
        pids = [pid for pid in victims.values() if self.cluster.signal(pid, signal.SIGSTOP)]
        self.wait(low, high)
        for pid in pids:
            self.cluster.signal(pid, signal.SIGCONT)
        return len(pids)

    def stop_shortly(self):
        since = time.monotonic()
        self.tally.fault("short stops", self.stopped(self.victims(), 0.02, 0.4))
        self.served("short stops", since)

    def stop_long(self):
        """Past the patience of its peers: the supervisor kills it. (A learner that hangs harms nobody, so it is left.)"""
        victims, since = self.victims(members_only=True), time.monotonic()
        for pid in victims.values():
            self.cluster.signal(pid, signal.SIGSTOP)
        wait_until(lambda: not any(map(self.cluster.alive, victims.values())), "the supervisor to kill the hung", 15)
        self.tally.fault("stops until excluded", len(victims))
        self.served("stops until excluded", since)

    def stop_supervisor(self):
        os.kill(self.cluster.supervisor.pid, signal.SIGSTOP)
        self.wait(0.1, 1.5)
        os.kill(self.cluster.supervisor.pid, signal.SIGCONT)
        self.tally.fault("stops of the supervisor")

    def stop_both(self):
        """Nobody can exclude the stopped replicas, and they wake up as members: what they say must not be old."""
        victims = self.victims()
        os.kill(self.cluster.supervisor.pid, signal.SIGSTOP)
        self.stopped(victims, 0.3, 2)
        self.wait(0, 0.3)
        os.kill(self.cluster.supervisor.pid, signal.SIGCONT)
        self.tally.fault("stops of supervisor and replicas together")
        wait_served(self.writers)

    def cut_clients(self):
        self.tally.fault("clients' connections reset", self.doors.cut(self.chance.random(), self.chance))
        self.wait(0, 0.2)

    def hold_clients(self):
        self.doors.hold()
        self.wait(0.1, 1.6)
        self.doors.let_go()
        self.tally.fault("times clients' connections were held up")

    def cut_links(self):
        since, pids = time.monotonic(), self.cluster.pids()
        for index in self.chance.sample(sorted(pids), self.few(len(pids))):
            self.cut(pids[index], self.chance.random())
        self.served("links of replicas cut", since)

    def cut(self, pid, share):
        try:
            self.tally.fault("links of replicas cut", cut_links(pid, share, self.chance) if self.links_can_be_cut else 0)
        except PermissionError:
            self.links_can_be_cut = False
            self.tally.note("attempts to cut links: this machine forbids it", 1)

    def kill_load(self):
        self.loads.kill(self.chance)
        self.tally.fault("loads killed")
        self.wait(0, 0.1)

    def kill_editor(self):
        self.editor.kill()
        self.tally.fault("direct clients killed")
        self.wait(0, 0.1)


def revive(cluster, index):
    """Asks until it runs: the supervisor refuses while it does not know yet that the replica is dead."""
    wait_until(lambda: index in cluster.pids() or "is starting" in cluster.ask(f"start {index}", "eplica"),
               f"replica {index} to be started", 10)


def last_reads(cluster, path):
    """Each site as each replica shows it now, as reads at the end of the history."""
    with open(path, "w", encoding="utf-8") as file:
        for index in range(cluster.size):
            for site in range(1, SITES + 1):
                name, call = f"bench-{site:07}", time.monotonic_ns()
                line = json.loads(cluster.ok("view", name, "--json", at=cluster.at(index)))["stock"][0]
                file.write(json.dumps({
                    "client": index, "id": site, "site": name, "op": "read", "call_ns": call,
                    "end_ns": time.monotonic_ns(), "code": "ok", "before": line["availability"],
                    "after": line["availability"], "version": line["version"]}) + "\n")


def check_histories(paths, tally):
    done = titer("check", "--json", "--budget", 120, *paths, timeout=300)
    verdict = json.loads(done.stdout or "{}")
    if verdict.get("verdict") != "linearizable":
        told = "\n".join(f"{o['site']} {o['verdict']}: {o['explanation']}" for o in verdict.get("not_linearizable", []))
        raise AssertionError(f"the history is not known to be linearizable: {verdict.get('verdict')} {done.stderr}\n{told}")
    tally.note("operations in histories, all linearizable", verdict["operations"])
    tally.note("of unknown outcome", verdict["open"])


def check_all(cluster, loads, editors, writers, visitors, faults, tally):
    everybody = list(range(cluster.size))
    # A replica that paused for as long as the others wait is a member still, and may be excluded in the same moment: a write that
    # is answered shows that this is decided.
    wait_served(writers)
    views = cluster.wait_members(everybody, 60)
    wait_served(writers)
    loads.stop()
    for client in (*editors, *writers, *visitors):
        client.stop()
    cluster.wait_equal(everybody, 30)
    for index in everybody:
        faults.check(index)
        for editor in editors:
            editor.check(index)
        for writer in (*writers, *visitors):
            writer.check(Plain, cluster, index)
    last = os.path.join(loads.folder, "last-reads")
    last_reads(cluster, last)
    check_histories([p for p in loads.histories if os.path.exists(p)] + [last], tally)
    faults.check_logs()
    tally.note("counted writes, each exactly once", sum(w.acknowledged for w in (*writers, *visitors)))
    tally.note("edits by direct clients", sum(e.acknowledged for e in editors))
    tally.note("direct clients", sum(e.lives for e in editors))
    tally.note("sessions of one write", sum(v.acknowledged for v in visitors))
    tally.note("views", max(s["view"] for s in views.values()))
    tally.note("requests repeated by the loads that lived on", sum(r["repeated"] for r in loads.reports))


class Plain:
    """Stands in for a unittest.TestCase in the helpers."""

    @staticmethod
    def assertEqual(one, other, message):
        if one != other:
            raise AssertionError(f"{message}: {one} is not {other}")


def torment(replicas, seconds, chance, tally, folder, unattended):
    with BentClocks(folder) as clocks, Cluster(replicas, logs=True, restarts=unattended, env=clocks.environment) as cluster:
        ports = [cluster.port(i) for i in range(replicas)]
        with Doors(ports) as doors, Loads(cluster, doors, folder) as loads, Editor(cluster) as editor, \
                Writer(ports, "Counted one", 30) as one, Writer(ports[::-1], "Counted two", 30) as two, \
                contextlib.ExitStack() as others:
            passing = [others.enter_context(Editor(cluster, f"Passed by {i}", 1, PASSERS_BY / DIRECT_CLIENTS_PER_SECOND))
                       for i in range(PASSERS_BY)]
            visitors = [others.enter_context(Visitors(ports, f"Visited {i}", SESSIONS_PER_SECOND / VISITORS, 30))
                        for i in range(VISITORS)]
            loads.keep_running()
            wait_served([one, two])
            victim = Torment(cluster, chance, tally, doors, loads, editor, [one, two], unattended)
            faults = MachineFaults(victim, clocks, folder)
            spent = victim.run(seconds, faults.ways)
            if not unattended:
                for index in range(replicas):
                    revive(cluster, index)
            check_all(cluster, loads, [editor, *passing], [one, two], visitors, faults, tally)
            tally.note("clusters that were whole at the end by themselves", unattended)
            tally.note("loads that began in the middle of a fault and gave up", loads.came_too_soon)
            return spent


def main():
    parser = argparse.ArgumentParser(description="torments real clusters and checks what their clients saw")
    parser.add_argument("--seconds", type=float, default=24, help="of faults, all rounds together (default 24)")
    parser.add_argument("--seed", type=int, help="of the order of faults")
    parser.add_argument("--replicas", default="3,5", help="sizes of clusters, one after another (default 3,5)")
    options = parser.parse_args()
    sizes = [int(size) for size in options.replicas.split(",")]
    if options.seed is not None:
        os.environ["TITER_SEED"] = str(options.seed)
    chance, tally = seeded("torture"), Tally()
    began, left, n = time.monotonic(), options.seconds, 0
    each = min(ROUND_SECONDS, options.seconds / len(sizes))
    while n < len(sizes) or left > 1:
        folder, size = tempfile.mkdtemp(prefix="titer-torture-"), sizes[n % len(sizes)]
        unattended = (n + n // len(sizes)) % 2 == 1
        print(f"round {n + 1}: {size} replicas{', unattended' if unattended else ''}; {left:.0f} s of faults are left", flush=True)
        try:
            left -= torment(size, each, random.Random(chance.getrandbits(64)), tally, folder, unattended)
        except BaseException as error:
            tally.show()
            print(f"FAILED in round {n + 1} with {size} replicas; the histories are in {folder}\n{error}", flush=True)
            raise
        shutil.rmtree(folder)
        n += 1
    tally.show()
    print(f"all checks passed; {time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main()
