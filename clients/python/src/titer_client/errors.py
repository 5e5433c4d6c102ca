# SPDX-License-Identifier: Apache-2.0

"""The errors, as types. Each is a TiterError.

A Problem is a replica's answer: `status`, `code` (for programs), `detail` (for people) and `problem`, the whole document. A Problem is
final: the client has repeated the request wherever that could help. Unavailable and OutcomeUnknown mean that there was no final answer
within the client's `timeout`.
"""
from __future__ import annotations

import json
from typing import Any, Dict, Optional, Type


class TiterError(Exception):
    """Anything that goes wrong."""


class Unavailable(TiterError):
    """No replica has answered in time, and nothing was changed by this request."""

    idempotency_key: Optional[str] = None


class OutcomeUnknown(TiterError):
    """A change was sent, and no replica has said in time what became of it. It may be executed, now or in a moment.

    `idempotency_key` is the key that it was sent with: the same call with `idempotency_key=` that key is safe, and tells. It is None for
    operations that take no key, which are never sent twice: look at the state before you repeat them."""

    idempotency_key: Optional[str] = None


class Problem(TiterError):
    """A replica has refused the request (RFC 9457)."""

    def __init__(self, status: int, problem: Dict[str, Any]):
        self.status = status
        self.problem = problem
        self.code: str = problem.get("code", "")
        self.detail: str = problem.get("detail", "")
        super().__init__(f"{status} {self.code}: {self.detail}" if self.code else f"{status}: {self.detail or 'no reason given'}")

    @property
    def current(self) -> Any:
        """The availability that the stock line has, where a refusal says it."""
        return self.problem.get("current")


class BadRequest(Problem):
    """400, 413, 414, 415, 431: the request cannot be parsed, or something in it is too large."""


class Unauthorized(Problem):
    """401: there are keys, and the request has no valid one. It says nothing of an earlier attempt with the same idempotency key."""


class Forbidden(Problem):
    """403: the key's role or scope does not allow it."""


class NotFound(Problem):
    """404: no such site, stock line, event or address."""


class Conflict(Problem):
    """409: the request conflicts with the current state; `current` describes it."""


class Duplicate(Conflict):
    """There is such a site already."""


class NotEnough(Conflict):
    """Fewer doses are there than were asked for; `current` says how many."""


class NotACount(Conflict):
    """Doses are taken from or added to a count, and this line has none."""


class OutOfDate(Conflict):
    """The claim is older than the one that is stored."""


class Closed(Conflict):
    """The site is closed."""


class TooOld(Problem):
    """410: the history does not reach back that far. Read everything again, and resume from there; `oldest` says where it begins."""

    @property
    def oldest(self) -> Optional[int]:
        """The first position that is kept."""
        return self.problem.get("oldest")


class StreamChanged(TooOld):
    """410: the cluster was restored from a backup, or resumed with a loss of writes, since this client saw it last.

    Earlier reads and writes may be lost. The client has forgotten its position: the next call reads what is there."""


class StaleVersion(Problem):
    """412: someone has changed the site or the stock line meanwhile."""


class Invalid(Problem):
    """422: a value is not valid, for example an unknown ZIP code."""


class IdempotencyKeyReused(Invalid):
    """The idempotency key was sent with another request before."""


class TooManyRequests(Problem):
    """429: this key or address has sent more than it may, for longer than the client's `timeout`."""


class WritesStopped(Problem):
    """503: an operator has stopped all writes; `detail` says why. Reads continue."""


BY_CODE: Dict[str, Type[Problem]] = {
    "duplicate": Duplicate, "not_enough": NotEnough, "not_a_count": NotACount, "out_of_date": OutOfDate, "closed": Closed,
    "idempotency_key_reused": IdempotencyKeyReused, "writes_stopped": WritesStopped}
BY_STATUS: Dict[int, Type[Problem]] = {
    400: BadRequest, 401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 410: TooOld, 412: StaleVersion,
    413: BadRequest, 414: BadRequest, 415: BadRequest, 422: Invalid, 429: TooManyRequests, 431: BadRequest}


def problem_of(status: int, body: bytes) -> Problem:
    """The error that an answer stands for. A proxy may answer without a problem document."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": body.decode("utf-8", "replace")[:200]}
    kind = BY_CODE.get(str(problem.get("code", "")), BY_STATUS.get(status, Problem))
    return kind(status, problem)
