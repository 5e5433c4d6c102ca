# SPDX-License-Identifier: Apache-2.0

"""titer and its rivals: each is started with three replicas on 127.0.0.1, filled with SITES keys of 100 bytes, and asked.

A store is a class: __init__(processes, folder, …) starts and fills it; `operations` names what the classes `memory` and `durable`
ask of it: [(operation, addition to the system's name, function(connections, in_flight, seconds))]; the function gives what the load
generator answered, or None if the store has no such load. `notes()`, if it has it, gives sentences about the run. `gap(clients,
seconds)` and `kill()` serve the class `failover`.
"""
import dataclasses
import typing

from processes import has


@dataclasses.dataclass(frozen=True)
class System:
    """A store in one class: its name there, what it needs, and what an answered write (or an answer) means."""
    name: str
    role: str
    means: str
    start: typing.Callable  # (processes, folder) -> store
    needs: tuple = ()  # (program or path, Debian package)

    def missing(self):
        """A sentence that says what is missing and how to install it; None when all is there."""
        lacking = [need for need in self.needs if not has(need[0])]
        if not lacking:
            return None
        packages = " ".join(dict.fromkeys(package for _, package in lacking))
        return (f"{self.name} is skipped: {', '.join(thing for thing, _ in lacking)} not found. Install it: apt-get install "
                f"{packages}")
