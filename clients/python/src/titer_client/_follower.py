# SPDX-License-Identifier: Apache-2.0

"""How the change stream is followed from replica to replica, without I/O: what to ask for, and what its lines mean."""
from __future__ import annotations

import json
import time
from typing import Dict, List, Mapping, NamedTuple, Optional, Union

from . import errors, models
from ._exchange import Failure, Reply, Send, Session, passing, pause, position_of

SILENCE_S = 45.0  # a replica sends a comment every 15 s; one that is silent for three times as long has failed
PATH = "/api/v1/changes"


class Change(NamedTuple):
    """One event, with its id: changes(since=id) goes on after it, at any replica."""

    id: str
    event: models.Event


class Follower:
    """Where a stream has come to. `since`: the id of an event or a position; None: from now on."""

    def __init__(self, session: Session, since: Optional[str]):
        self.session, self.since = session, since
        self.fields: Dict[str, str] = {}
        self.rest = b""  # the begin of a line
        self.failures, self.alive = 0, time.monotonic()
        self.replica = session.replica()

    def request(self) -> Send:
        """What to ask the replica whose turn it is."""
        self.replica, self.fields, self.rest = self.session.replica(), {}, b""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self.session.key:
            headers["Authorization"] = f"Bearer {self.session.key}"
        return Send("GET", self.replica + PATH, {"since": self.since} if self.since else {}, headers, None, SILENCE_S)

    def opened(self, headers: Mapping[str, str]) -> None:
        """A stream from now on has begun: the next replica must begin at the same place."""
        self.failures, self.alive = 0, time.monotonic()
        if self.since is None:
            self.since = position_of(headers)

    def feed(self, data: bytes) -> List[Change]:
        """The changes that these bytes complete."""
        self.alive = time.monotonic()
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [change for change in (self.line(line.decode().rstrip("\r")) for line in lines) if change]

    def line(self, text: str) -> Optional[Change]:
        """The change that this line completes, if it does."""
        name, _, value = text.partition(":")
        if name:
            self.fields[name] = value[1:] if value.startswith(" ") else value
            return None
        if value or not self.fields:  # a comment, or nothing
            return None
        fields, self.fields = self.fields, {}
        data = json.loads(fields["data"]) if "data" in fields else {}
        if fields.get("event") == "change":
            self.since = fields["id"]
            return Change(fields["id"], data)
        if fields.get("event") == "end":  # too slow, or the replica stops: the next one continues from here
            self.since = data.get("resume_from", self.since)
        return None

    def broken(self, came: Union[Reply, Failure]) -> float:
        """The stream has ended, or could not be opened. How long to wait before the next attempt; raises when none can help."""
        if isinstance(came, Reply):
            problem = errors.problem_of(came.status, came.body)
            if not passing(problem):
                raise problem
            why = str(problem)
        else:
            why = came.why
        self.session.failed(self.replica)
        self.failures += 1
        if self.failures >= len(self.session.replicas) and time.monotonic() - self.alive > self.session.timeout:
            raise errors.Unavailable(f"changes: no replica has answered in time; the last failure: {self.replica}: {why}; "
                                     f"go on with since={self.since!r}")
        rounds = self.failures // len(self.session.replicas)
        return pause(rounds) if rounds and self.failures % len(self.session.replicas) == 0 else 0.0
