// SPDX-License-Identifier: Apache-2.0

// The errors, as types. Each is a TiterError.
//
// A Problem is a replica's answer: `status`, `code` (for programs), `detail` (for people) and `problem`, the whole document. A Problem is
// final: the client has repeated the request wherever that could help. Unavailable and OutcomeUnknown mean that there was no final answer
// within the client's `timeout`.

import type { Availability } from "./models.js";

/** Anything that goes wrong. */
export class TiterError extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** No replica has answered in time, and nothing was changed by this request. */
export class Unavailable extends TiterError {
  constructor(message: string, readonly idempotencyKey?: string) {
    super(message);
  }
}

/**
 * A change was sent, and no replica has said in time what became of it. It may be executed, now or in a moment.
 * The same call with this `idempotencyKey` is safe, and tells. It is undefined for operations that take no key, which are never sent
 * twice: look at the state before you repeat them.
 */
export class OutcomeUnknown extends TiterError {
  constructor(message: string, readonly idempotencyKey?: string) {
    super(message);
  }
}

export type ProblemDocument = { code?: string; detail?: string; current?: Availability; oldest?: number; [member: string]: unknown };

/** A replica has refused the request (RFC 9457). */
export class Problem extends TiterError {
  readonly code: string;
  readonly detail: string;
  constructor(readonly status: number, readonly problem: ProblemDocument) {
    super(problem.code ? `${status} ${problem.code}: ${problem.detail}` : `${status}: ${problem.detail || "no reason given"}`);
    this.code = problem.code ?? "";
    this.detail = problem.detail ?? "";
  }
  /** The availability that the stock line has, where a refusal says it. */
  get current(): Availability | undefined {
    return this.problem.current;
  }
}

/** 400, 413, 414, 415, 431: the request cannot be parsed, or something in it is too large. */
export class BadRequest extends Problem {}
/** 401: there are keys, and the request has no valid one. It says nothing of an earlier attempt with the same idempotency key. */
export class Unauthorized extends Problem {}
/** 403: the key's role or scope does not allow it. */
export class Forbidden extends Problem {}
/** 404: no such site, stock line, event or address. */
export class NotFound extends Problem {}
/** 409: the request conflicts with the current state; `current` describes it. */
export class Conflict extends Problem {}
/** There is such a site already. */
export class Duplicate extends Conflict {}
/** Fewer doses are there than were asked for; `current` says how many. */
export class NotEnough extends Conflict {}
/** Doses are taken from or added to a count, and this line has none. */
export class NotACount extends Conflict {}
/** The claim is older than the one that is stored. */
export class OutOfDate extends Conflict {}
/** The site is closed. */
export class Closed extends Conflict {}
/** 410: the history does not reach back that far. Read everything again, and resume from there; `oldest` says where it begins. */
export class TooOld extends Problem {
  get oldest(): number | undefined {
    return this.problem.oldest;
  }
}
/**
 * 410: the cluster was restored from a backup, or resumed with a loss of writes, since this client saw it last. Earlier reads and writes may be lost. The client has forgotten its position: the next call reads what is there.
 */
export class StreamChanged extends TooOld {}
/** 412: someone has changed the site or the stock line meanwhile. */
export class StaleVersion extends Problem {}
/** 422: a value is not valid, for example an unknown ZIP code. */
export class Invalid extends Problem {}
/** The idempotency key was sent with another request before. */
export class IdempotencyKeyReused extends Invalid {}
/** 429: this key or address has sent more than it may, for longer than the client's `timeout`. */
export class TooManyRequests extends Problem {}
/** 503: an operator has stopped all writes; `detail` says why. Reads continue. */
export class WritesStopped extends Problem {}

type Kind = new (status: number, problem: ProblemDocument) => Problem;

const byCode: Record<string, Kind> = {
  duplicate: Duplicate, not_enough: NotEnough, not_a_count: NotACount, out_of_date: OutOfDate, closed: Closed,
  idempotency_key_reused: IdempotencyKeyReused, writes_stopped: WritesStopped,
};
const byStatus: Record<number, Kind> = {
  400: BadRequest, 401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 410: TooOld, 412: StaleVersion, 413: BadRequest,
  414: BadRequest, 415: BadRequest, 422: Invalid, 429: TooManyRequests, 431: BadRequest,
};

/** The error that an answer stands for. A proxy may answer without a problem document. */
export function problemOf(status: number, body: string): Problem {
  let problem: unknown;
  try {
    problem = JSON.parse(body);
  } catch {
    problem = undefined;
  }
  const known = typeof problem === "object" && problem !== null ? (problem as ProblemDocument) : { detail: body.slice(0, 200) };
  const kind = byCode[known.code ?? ""] ?? byStatus[status] ?? Problem;
  return new kind(status, known);
}
