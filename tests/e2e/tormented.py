# SPDX-License-Identifier: Apache-2.0

"""The clients that a torture keeps running against a cluster: loads that record histories, and an interactive client that edits.

Each is killed now and then and starts again; the answers that it got until then stay on record.
"""
import os
import re
import subprocess
import threading

from harness import end, spawn, wait_until
from load import Load
from writer import Pace

SITES = 6


class Loads:
    """Several benches on the same few sites; every life of each writes a history of its own."""

    CONNECTIONS, IN_FLIGHT = 4, 2  # of each

    def __init__(self, cluster, doors, folder):
        through = ",".join(f"127.0.0.1:{port}" for port in doors.ports)
        self.cluster, self.folder = cluster, folder
        self.ways = [(None, False), (None, False), (through, True)]
        self.histories, self.reports, self.killed, self.came_too_soon = [], [], 0, 0
        self.running = {}

    def keep_running(self):
        """Starts those that are not there. A load may find nobody at home in the middle of a fault: it tries again."""
        for slot in range(len(self.ways)):
            load = self.running.get(slot)
            if load is not None and load.running():
                continue
            if load is not None:
                self._bury(load)
            self.running[slot] = self._start(slot)

    def kill(self, chance):
        slot = chance.choice(sorted(self.running))
        load = self.running.pop(slot)
        if load.running():
            self.killed += 1
            load.process.kill()
        end(load.process)

    def stop(self):
        for load in self.running.values():
            if load.running():
                self.reports.append(load.stop())
            else:
                self._bury(load)
        self.running = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for load in self.running.values():
            end(load.process)

    def _start(self, slot):
        at, only_these = self.ways[slot]
        path = os.path.join(self.folder, f"history-{len(self.histories):03}")
        self.histories.append(path)
        return Load(self.cluster, 3600, connections=self.CONNECTIONS, in_flight=self.IN_FLIGHT, workload="all", sites=SITES,
                    at=at, history=path, only_these=only_these)

    def _bury(self, load):
        errors = load.process.communicate(timeout=10)[1]
        if load.process.returncode != 4:  # unreachable; anything else is wrong
            raise AssertionError(f"a load ended by itself with {load.process.returncode}: {errors}")
        self.came_too_soon += 1
        end(load.process)


class Editor(threading.Thread):
    """`titer client`, which broadcasts its own requests, sets one site to 1, 2, 3, … and is killed in the middle.
    `edits`: after so many it is ended, and another one begins; `between`: seconds from one's beginning to the next one's."""

    def __init__(self, cluster, site="Edited", edits=None, between=0):
        super().__init__(daemon=True)
        self.site, self.edits, self.pace = site, edits, Pace(between)
        self.cluster, self.sent, self.acknowledged = cluster, 0, 0
        self.lives, self.error, self._done = 0, None, False
        self._client = None

    def __enter__(self):
        self.cluster.ok("add", self.site, "--zip", "02139", "--availability", 0)
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._done = True
        self.kill()
        if self.is_alive():
            self.join(20)

    def kill(self):
        client = self._client
        if client is not None and client.poll() is None:
            client.kill()

    def run(self):
        try:
            while not self._done:
                self._live()
                self.pace.wait()
        except Exception as error:  # reported by check(): this is another thread
            self.error = error

    def _live(self):
        self.lives += 1
        ports = [self.cluster.port(i) for i in range(self.cluster.size)]
        client = self._client = spawn("client", *ports, stderr=subprocess.DEVNULL)
        try:
            first = self.sent
            while not self._done and (self.edits is None or self.sent < first + self.edits):
                self.sent += 1
                client.stdin.write(f"e\n{self.site}\n{self.sent}\n".encode())
                client.stdin.flush()
                while f"updated to {self.sent}.".encode() not in (line := client.stdout.readline()):
                    if not line:
                        return
                self.acknowledged = self.sent
        except OSError:  # it was killed
            pass
        finally:
            end(client)

    def check(self, index):
        """The last acknowledged value, or one that was sent later, stands at this replica."""
        if self.error:
            raise AssertionError(f"the interactive client: {self.error!r}") from self.error
        said = self.cluster.ok("view", self.site, "--json", at=self.cluster.at(index))
        value = int(re.search(r'"availability":(\d+)', said).group(1))
        if not self.acknowledged <= value <= self.sent:
            raise AssertionError(f"replica {index} has edit {value}; acknowledged was {self.acknowledged}, "
                                 f"sent {self.sent}")


def wait_served(writers, more=5):
    """Until each of them was answered a few more times."""
    marks = [writer.acknowledged for writer in writers]

    def served():
        for writer in writers:
            if writer.error:
                raise AssertionError(f"{writer.name} was not served: {writer.error!r}") from writer.error
        return all(writer.acknowledged >= mark + more for writer, mark in zip(writers, marks))

    wait_until(served, lambda: f"the writers to be served; from {marks} they came to {[w.acknowledged for w in writers]}", 25)
