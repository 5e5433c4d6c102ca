# SPDX-License-Identifier: Apache-2.0

"""Hosts on this machine: network namespaces, with a switch of ours between them (switch.cc).

in_own_world() puts the whole test into namespaces of its own (network, mounts, processes): whatever happens to it, the
kernel takes everything away with it. The test itself is a host, too: its clients reach the others over the switch.
"""
import os
import subprocess
import sys

from harness import ROOT, end, wait_until

SWITCH = os.environ.get("TITER_SWITCH") or os.path.join(ROOT, "build", "release", "bin", "titer_switch")
INSIDE = "TITER_OWN_WORLD"
CANNOT = 77  # ctest's word for a test that cannot run here
ME = "client"


def cannot(why):
    print(f"SKIPPED: hosts cannot be made here: {why}", flush=True)
    sys.exit(CANNOT)


def in_own_world():
    """Goes on in namespaces of its own; ends the process where that cannot be."""
    if INSIDE in os.environ:
        return
    if os.geteuid() != 0:
        cannot("namespaces need root")
    for needed in ("/dev/net/tun", SWITCH):
        if not os.path.exists(needed):
            cannot(f"there is no {needed}")
    world = ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*world, "true"], capture_output=True, check=False).returncode != 0:
        cannot("unshare is not allowed")
    os.execvpe("unshare", [*world, sys.executable, "-B", *sys.argv], {**os.environ, INSIDE: "1"})


def run(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr or done.stdout}")
    return done.stdout


class Network:
    """Use it in a with statement. `hosts`: names, with addresses 10.0.0.1 and so on; this test is the host `client`."""

    def __init__(self, hosts):
        self.addresses = {name: f"10.0.0.{i + 1}" for i, name in enumerate(hosts)}
        self.addresses[ME] = "10.0.0.250"
        self._switch = None

    def __enter__(self):
        os.makedirs("/run/netns", exist_ok=True)
        run("mount", "-t", "tmpfs", "hosts", "/run/netns")
        words = []
        for name, address in self.addresses.items():
            if name != ME:
                run("ip", "netns", "add", name)
            words.append(f"{name}={self._namespace(name)}={address}")
        # A busy machine must not make the network slower than was said: the switch goes before everybody else.
        self._switch = subprocess.Popen([SWITCH, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: os.nice(-15))
        self._ask("counts")  # it has opened all cards when it answers
        for name, address in self.addresses.items():
            self._plug_in(name, address)
        return self

    def __exit__(self, *_):
        end(self._switch)
        run("umount", "-l", "/run/netns")

    @staticmethod
    def _namespace(name):
        return f"/proc/{os.getpid()}/ns/net" if name == ME else f"/run/netns/{name}"

    def _plug_in(self, name, address):
        self.on(name, "ip", "link", "set", "lo", "up")
        self.on(name, "ip", "address", "add", f"{address}/24", "dev", "net0")
        self.on(name, "ip", "link", "set", "net0", "up")

    def on(self, name, *words):
        """Runs a command on that host to its end."""
        return run(*self.entering(name), *words)

    def entering(self, name):
        """What to write before a command so that it runs on that host; it keeps its process id."""
        return [] if name == ME else ["nsenter", f"--net={self._namespace(name)}"]

    def _ask(self, line):
        self._switch.stdin.write(line + "\n")
        self._switch.stdin.flush()
        answer = self._switch.stdout.readline().rstrip("\n")
        if answer.startswith("error") or self._switch.poll() is not None:
            raise AssertionError(f"the switch on {line!r}: {answer}")
        return answer

    # --- what may happen to links

    def rules(self, ways, rule):
        """One rule for all these ordered pairs, at one moment."""
        self._ask(";".join(f"{a} {b} {rule}" for a, b in ways))

    def cut(self, some, others):
        """No packet from any of these to any of those, nor back."""
        self.rules(both_ways(some, others), "cut")

    def heal(self):
        self._ask("* * ok")

    def counts(self):
        """{(from, to): (passed, lost)}"""
        parts = [part.split(" ") for part in self._ask("counts").split(", ") if part]
        return {(a, b): (int(passed), int(lost)) for a, b, passed, lost in parts}

    def reachable(self, source, target):
        """Does a packet that asks for a connection get there, and its answer back?"""
        script = ("import socket, sys\ntry:\n socket.create_connection((sys.argv[1], 9), 0.4)\n"
                  "except ConnectionRefusedError:\n sys.exit(0)\nexcept OSError:\n sys.exit(1)\n")
        words = [*self.entering(source), sys.executable, "-c", script, self.addresses[target]]
        return subprocess.run(words, check=False).returncode == 0

    def wait_reachable(self, source, target):
        wait_until(lambda: self.reachable(source, target), f"{target} to be reached from {source}", 5)


def both_ways(some, others):
    return [way for a in some for b in others if a != b for way in ((a, b), (b, a))]
