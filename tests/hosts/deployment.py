#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""docs/how-to/operations.md, "Three machines, step by step", as it is written: every command of it, on three bare Debian systems.

Each machine is a bare system of its own (tests/package/bare.py) on a network of its own (network.py), and so is the
operator's computer. Stood in for: systemd, by a script that runs what the units run, and scp and ssh, by a copy and by a
command in the other machine's root. Then all are upgraded, a backup is made and checked, the cluster starts over from it, and
a machine is replaced, by the same document.

What it takes in files is on a file system in memory, which is gone with its mount namespace.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "e2e"), os.path.join(os.path.dirname(HERE), "package")]
from bare import CLEAN, Machine, bare_system, make_package, run  # noqa: E402
from harness import ROOT  # noqa: E402
from network import INSIDE, ME, Network, cannot, in_own_world  # noqa: E402

DOCUMENT = os.path.join(ROOT, "docs", "how-to", "operations.md")
BARE = os.path.join(ROOT, "build", "bare-etcd")
PATTERN = r"^#+ ([^\n]*)$|^```sh (\S+)\n(.*?)^```$"
OWN, FIRST = "own-computer", "first-machine"  # else: on every machine

SYSTEMCTL = """#!/bin/sh
# Stands in for systemd, which a container has not: runs what the units run, and waits for what they wait for.
as() { setpriv --reuid="$1" --regid="$1" --clear-groups sh -c "cd / && exec $2" >>/var/log/"$1".log 2>&1 & echo $! >/run/"$1".pid; }
stop() { [ ! -f /run/"$1".pid ] || { kill "$(cat /run/"$1".pid)"; while grep -qs "^State:.[^Z]" /proc/"$(cat /run/"$1".pid)"/status; do :; done; }; }
start_titer() {
  as titer "$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/titer@.service | sed 's/%i/main/')"
  until titer status --json --at unix:/var/lib/titer/main/titer.sock 2>/dev/null | grep -q '"full":true'; do
    kill -0 "$(cat /run/titer.pid)" || exit 1
  done
}
# Where the last one is started, all others can be ready.
wait_for_first() {
  [ "$MY" = 10.0.0.3 ] || return 0
  for _ in $(seq 50); do
    ETCDCTL_API=3 etcdctl --endpoints=https://10.0.0.1:2379 --cacert=/etc/etcd/ca.pem --cert=/etc/etcd/replica.pem \\
      --key=/etc/etcd/replica-key.pem --command-timeout=1s endpoint health >/dev/null 2>&1 && return 0
  done
  return 1
}
case "$*" in
  "restart etcd") set -a; . /etc/default/etcd; stop etcd; as etcd /usr/bin/etcd; wait_for_first ;;
  "enable --now titer@main") start_titer ;;
  "stop titer@main") stop titer ;;
  "restart titer@main") stop titer; start_titer ;;
  *) echo "systemctl $*: this test does not know that" >&2; exit 1 ;;
esac
"""
SCP = """#!/bin/sh
# Stands in for scp: scp FILE… root@ADDRESS:FOLDER, where /machines/ADDRESS is that machine's root.
for last; do :; done
target=/machines/${last#root@}
while [ $# -gt 1 ]; do cp "$1" "${target%%:*}${target#*:}"; shift; done
"""
SSH = """#!/bin/sh
# Stands in for ssh: ssh root@ADDRESS COMMAND…, in the root of that machine; for what needs nothing of its network.
machine=/machines/${1#root@}
shift
exec chroot "$machine" "$@"
"""


def steps(document):
    """[(heading, where, commands)] of the blocks that say where they are run."""
    found, heading = [], ""
    for match in re.finditer(PATTERN, document, re.M | re.S):
        if match.group(1):
            heading = match.group(1)
        else:
            found.append((heading, match.group(2), match.group(3)))
    return found


class Deployment(unittest.TestCase):
    def setUp(self):
        self.folder = "/mnt"
        run("mount", "-t", "tmpfs", "machines", self.folder)
        self.package = make_package(os.path.join(self.folder, "package"), "0.1.0")
        names = ["one", "two", "three", "four"]
        self.network = Network(names)
        self.network.__enter__()
        self.addCleanup(self.network.__exit__)
        self.machines = {name: self.machine(name) for name in names}
        self.own = self.machine(ME)
        self.own.install(self.package)
        for name, machine in self.machines.items():
            there = self.own.path("machines", self.network.addresses[name])
            os.makedirs(there)
            run("mount", "--rbind", machine.root, there)
        with open(DOCUMENT, encoding="utf-8") as file:
            self.steps = steps(file.read())
        self.exports = []

    def machine(self, name):
        machine = Machine(BARE, os.path.join(self.folder, name), self.network.entering(name))
        shutil.copy(self.package, machine.path("root"))
        for stub, text in (("systemctl", SYSTEMCTL), ("scp", SCP), ("ssh", SSH)):
            with open(machine.path("usr/local/bin", stub), "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(file.name, 0o755)
        return machine

    def do(self, heading, on=("one", "two", "three"), index=None):
        """Runs the commands below this heading, each on the machines that it is for. What they said."""
        chosen = [(where, commands) for h, where, commands in self.steps if h == heading]
        self.assertTrue(chosen, f"the document has no commands below {heading!r}")
        return "".join(self.run_block(where, commands, on, index) for where, commands in chosen)

    def run_block(self, where, commands, on, index):
        if where == OWN:
            script = "".join(self.exports) + commands
            self.exports += [line + "\n" for line in commands.split("\n") if line.startswith("export ")]
            return self.script(self.own, ME, script)
        said = ""
        for name in on[:1] if where == FIRST else on:
            number = list(self.machines).index(name) if index is None else index
            said += self.script(self.machines[name], name, commands, MY=self.network.addresses[name], I=str(number))
        return said

    def script(self, machine, name, text, **variables):
        done = subprocess.run(machine.words("sh", "-ec", "cd /root\n" + text), capture_output=True, text=True, check=False,
                              env={**CLEAN, **variables}, timeout=120)
        if done.returncode != 0:
            logs = [subprocess.run(["tail", "-n", "15", m.path("var/log", log)], capture_output=True, text=True,
                                   check=False).stdout for m in self.machines.values() for log in ("titer.log", "etcd.log")]
            self.fail(f"on {name}:\n{text}\nexit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}\n" +
                      "\n---\n".join(logs))
        return done.stdout

    def by_hand(self, commands):
        """On the operator's computer, with what was exported there."""
        return self.script(self.own, ME, "".join(self.exports) + commands)

    def serving(self, *numbers):
        status = self.by_hand(f"titer status --at {','.join(f'10.0.0.{n}:8892' for n in numbers)}\n")
        self.assertEqual(len(numbers), len(re.findall(r":8892 +serving", status)), status)

    def test_three_machines_step_by_step_then_upgraded_backed_up_begun_anew_and_one_replaced(self):
        said = self.do("Three machines, step by step")
        self.assertIn("Elm Street Clinic", said)
        self.serving(1, 2, 3)
        self.no_certificate_of_the_cluster_writes_the_record()
        refused = self.by_hand('env -u TITER_KEY titer set "Elm Street Clinic" 9 2>&1 || echo "exit code $?"\n')
        self.assertIn("exit code 1", refused, "from another machine a write needs a key")
        self.do("Upgrades")
        self.do("Backup")
        backed_up = self.by_hand("titer history; titer key list\n")
        self.by_hand('titer set "Elm Street Clinic" 8\n')
        self.do("Starting over from a backup")
        self.assertEqual(backed_up, self.by_hand("titer history; titer key list\n"))
        self.serving(1, 2, 3)
        self.replace_the_second()
        self.serving(1, 3, 4)
        self.by_hand('titer set "Elm Street Clinic" 7\n')

    def no_certificate_of_the_cluster_writes_the_record(self):
        """etcd has an authority of its own, so who has a certificate of the cluster's cannot exclude replicas."""
        put = ("ETCDCTL_API=3 etcdctl --endpoints=https://10.0.0.1:2379 --cacert=/etc/etcd/ca.pem --command-timeout=5s "
               "--dial-timeout=5s {} put /titer/tried yes >/dev/null 2>&1 && echo written || echo refused\n")
        cluster = put.format("--cert=/etc/titer/replica.pem --key=/etc/titer/replica-key.pem")
        own = put.format("--cert=/etc/titer/etcd/replica.pem --key=/etc/titer/etcd/replica-key.pem")
        self.assertEqual("refused\nwritten\n", self.script(self.machines["one"], "one", cluster + own))

    def replace_the_second(self):
        """As the document says: install, a certificate, its files, the settings, then the register is told; it is started."""
        with open(self.machines["two"].path("run/titer.pid"), encoding="utf-8") as file:
            os.kill(int(file.read()), 9)
        install, settings, start = self.numbered(1, 4, 6)
        certificate, files, told = ((where, commands) for h, where, commands in self.steps if h == "Replacing a machine")
        for where, commands in (install, certificate, files, settings, told, start):
            commands = commands.replace('name = "vaccines"', 'name = "vaccines-again"')  # started over from a backup above
            self.run_block(where, commands, ["one" if where == FIRST else "four"], 1)

    def numbered(self, *numbers):
        chosen = [(where, commands) for h, where, commands in self.steps if h == "Three machines, step by step"]
        return [chosen[n - 1] for n in numbers]


if __name__ == "__main__":
    if INSIDE not in os.environ:
        if os.geteuid() != 0:
            cannot("namespaces need root")
        with tempfile.TemporaryDirectory(prefix="titer-depends-") as folder:
            depends = run("dpkg-deb", "-f", make_package(folder, "0.1.0"), "Depends")
        needed = [re.sub(r"[ (].*", "", d) for d in depends.strip().split(", ")]
        problem = bare_system([*needed, "bash-completion", "etcd-server", "etcd-client"], os.path.basename(BARE))[1]
        if problem:
            cannot(problem)
    in_own_world()
    unittest.main(verbosity=2)
