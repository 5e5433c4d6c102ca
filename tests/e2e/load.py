# SPDX-License-Identifier: Apache-2.0

"""`titer bench` as the load of other tests: in the background, and with its own check at the end."""
import json
import signal
import subprocess

from harness import TITER, end, environment


class Load:
    """Use it in a with statement; `report()` waits for its end and gives its JSON. Its check must have passed."""

    def __init__(self, cluster, seconds, connections=8, in_flight=2, workload="mix", sites=200, at=None,
                 history=None, only_these=False):
        words = ["bench", "--connections", connections, "--in-flight", in_flight, "--seconds", seconds,
                 "--workload", workload, "--sites", sites, "--json", "--at", at or cluster.at()]
        words += ["--history", history] if history else []
        words += ["--only-these"] if only_these else []
        self.seconds, self.history = seconds, history
        self.process = subprocess.Popen([TITER, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment(ca=cluster.ca))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)

    def running(self):
        return self.process.poll() is None

    def stop(self):
        """Ends it as Ctrl-C does; its report."""
        self.process.send_signal(signal.SIGINT)
        return self.report()

    def report(self):
        out, errors = self.process.communicate(timeout=self.seconds + 60)
        if self.process.returncode != 0:
            raise AssertionError(f"bench: exit {self.process.returncode}: {errors[-2000:]}\n{out[-2000:]}")
        return json.loads(out)
