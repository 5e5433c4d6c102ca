# SPDX-License-Identifier: Apache-2.0

"""What a client does to get one answer from several replicas, without I/O.

exchange() is a generator. It yields what is to be done (Send, or Pause) and is sent what came of it (Reply or Failure), until it returns
the Reply or raises an error of errors.py. Client drives it with blocking calls, AsyncClient with asyncio; so the rules stand here once:

- Reads are repeated at the next replica when one fails.
- Changes with an Idempotency-Key are repeated under the same key: the replicas execute them once.
- Other changes are not repeated once they may have been executed.
"""
from __future__ import annotations

import dataclasses
import random
import threading
import time
import uuid
from typing import Any, Dict, Generator, Mapping, NamedTuple, Optional, Sequence, Tuple, Union
from urllib.parse import quote

from . import errors

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0  # between rounds in which every replica has failed


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation of the interface. retry: read, key or once. follows: it waits for the position that the client has seen."""

    name: str
    method: str
    path: str
    retry: str
    follows: bool
    json: bool


class Text(NamedTuple):
    """An answer that is no JSON, such as an export; `position`: of which state, where the answer says it."""

    text: str
    position: Optional[str]


@dataclasses.dataclass(frozen=True)
class Send:
    """To be done: one request to one replica. timeout: seconds for the connection, and for each silence."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: Optional[bytes]
    timeout: float


@dataclasses.dataclass(frozen=True)
class Pause:
    """To be done: nothing, for so many seconds."""

    seconds: float


@dataclasses.dataclass(frozen=True)
class Reply:
    """What came: an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclasses.dataclass(frozen=True)
class Failure:
    """What came: no answer. sent: the request may have reached the replica."""

    why: str
    sent: bool


class Session:
    """What one client knows: its replicas, which of them it uses, and how far it has seen. May be used by several threads."""

    def __init__(self, replicas: Union[str, Sequence[str]], key: Optional[str], actor: Optional[str], timeout: float,
                 attempt_timeout: float):
        listed = [replicas] if isinstance(replicas, str) else list(replicas)
        self.replicas = [one.rstrip("/") for one in listed]
        if not self.replicas or not all(one.startswith(("http://", "https://")) for one in self.replicas):
            raise ValueError(f"replicas are addresses such as http://127.0.0.1:8080; these are {listed!r}")
        self.key, self.actor, self.timeout, self.attempt_timeout = key, actor, timeout, attempt_timeout
        self._lock, self._turn, self._seen = threading.Lock(), 0, None  # type: threading.Lock, int, Optional[Tuple[int, str]]

    def replica(self) -> str:
        return self.replicas[self._turn % len(self.replicas)]

    def failed(self, replica: str) -> None:
        """The next one's turn, unless another thread has found out before."""
        with self._lock:
            if self.replica() == replica:
                self._turn += 1

    @property
    def position(self) -> Optional[str]:
        with self._lock:
            return None if self._seen is None else "-".join(filter(None, (str(self._seen[0]), self._seen[1])))

    def see(self, position: Optional[str]) -> None:
        """Never goes back, except into another stream: positions begin again there."""
        if not position:
            return
        number, _, stream = position.partition("-")
        with self._lock:
            if self._seen is None or self._seen[1] != stream or self._seen[0] < int(number):
                self._seen = int(number), stream

    def forget(self) -> None:
        with self._lock:
            self._seen = None


def position_of(headers: Mapping[str, str]) -> Optional[str]:
    """POSITION-STREAM of an answer."""
    position = headers.get("titer-position")
    return "-".join(filter(None, (position, headers.get("titer-stream")))) if position else None


def written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@dataclasses.dataclass
class Request:
    """One call, as each replica is asked. `position`: where the client has been, if the call waits for that."""

    operation: Operation
    path: str
    query: Dict[str, str]
    headers: Dict[str, str]
    content: Optional[bytes]
    key: Optional[str]
    position: Optional[str]


def request_of(session: Session, operation: Operation, path: Sequence[Any], query: Optional[Dict[str, Any]],
               headers: Optional[Dict[str, Any]], content: Optional[bytes]) -> Request:
    """The call with what the session adds: key, actor, position, and an idempotency key where the caller names none."""
    filled = operation.path
    for value in path:
        before, _, rest = filled.partition("{")
        filled = before + quote(written(value), safe="") + rest.partition("}")[2]
    own: Dict[str, str] = {"Accept": "application/json" if operation.json else "*/*"}
    if session.key:
        own["Authorization"] = f"Bearer {session.key}"
    if session.actor and operation.retry != "read":
        own["Titer-Actor"] = session.actor
    position = session.position if operation.follows else None
    if position:
        own["Titer-Min-Position"] = position
    if operation.retry == "key":
        own["Idempotency-Key"] = str(uuid.uuid4())
    given = {name: written(value) for name, value in (headers or {}).items() if value is not None}
    if "Titer-Min-Position" in given:
        position = None
    if content is not None:
        own["Content-Type"] = "application/json"
    own.update(given)
    return Request(operation, filled, {name: written(value) for name, value in (query or {}).items() if value is not None}, own,
                   content, own.get("Idempotency-Key"), position)


Plan = Generator[Union[Send, Pause], Union[Reply, Failure, None], Reply]


def exchange(session: Session, request: Request) -> Plan:
    """Asks one replica after another until there is an outcome, or the session's timeout is over."""
    end = time.monotonic() + session.timeout
    perhaps_done, turn, why = False, 0, ""
    once = request.operation.retry == "once"
    while True:
        replica, left = session.replica(), max(end - time.monotonic(), 0.001)
        came = yield Send(request.operation.method, replica + request.path, request.query, request.headers, request.content,
                          session.timeout if once else min(session.attempt_timeout, left))
        wait: Optional[float] = None
        if isinstance(came, Reply):
            if came.status < 400:
                session.see(position_of(came.headers))
                return came
            problem = errors.problem_of(came.status, came.body)
            if not passing(problem):
                if problem.status == 410 and request.position:
                    yield from changed_stream(session, request, problem)
                raise problem
            perhaps_done |= came.status in (502, 504)
            why = str(problem)
            if isinstance(problem, errors.TooManyRequests):
                wait = number(came.headers.get("retry-after"), 1.0)
                if time.monotonic() + wait > end:
                    raise problem
        else:
            assert isinstance(came, Failure)
            perhaps_done |= came.sent
            why = came.why
        if once and perhaps_done:
            break
        turn += 1
        session.failed(replica)
        if wait is None and turn % len(session.replicas) == 0:
            wait = pause(turn // len(session.replicas))
        if time.monotonic() + (wait or 0) >= end:
            break
        if wait:
            yield Pause(wait)
    raise given_up(request, f"{replica}: {why}", perhaps_done and request.operation.retry != "read")


def passing(problem: errors.Problem) -> bool:
    """Another attempt may fare better."""
    return problem.status in (429, 502, 503, 504) and not isinstance(problem, errors.WritesStopped)


def changed_stream(session: Session, request: Request, problem: errors.Problem) -> Plan:
    """Raises StreamChanged if it is the client's position that is of another stream, and not the history that is too short: then the
    same request without the position is refused too."""
    headers = {name: value for name, value in request.headers.items() if name != "Titer-Min-Position"}
    came = yield Send(request.operation.method, session.replica() + request.path, request.query, headers, request.content,
                      session.attempt_timeout)
    if isinstance(came, Reply) and came.status != 410:
        session.forget()
        raise errors.StreamChanged(problem.status, problem.problem)
    raise problem


def given_up(request: Request, why: str, perhaps_done: bool) -> errors.TiterError:
    """There was no outcome in time."""
    error: Union[errors.OutcomeUnknown, errors.Unavailable]
    if perhaps_done:
        error = errors.OutcomeUnknown(f"{request.operation.name} was sent, and its outcome is not known; the last failure: {why}")
    else:
        error = errors.Unavailable(f"{request.operation.name}: no replica has answered in time; the last failure: {why}")
    error.idempotency_key = request.key
    return error


def pause(rounds: int) -> float:
    """Longer with each round, and different for each client, so that they do not all come at once."""
    return min(FIRST_PAUSE_S * (1 << min(rounds - 1, 10)), LONGEST_PAUSE_S) * random.uniform(0.5, 1.0)


def number(text: Optional[str], otherwise: float) -> float:
    try:
        return float(text) if text else otherwise
    except ValueError:
        return otherwise
