// SPDX-License-Identifier: Apache-2.0

// What a client does to get one answer from several replicas.
//
// - Reads are repeated at the next replica when one fails.
// - Changes with an Idempotency-Key are repeated under the same key: the replicas execute them once.
// - Other changes are not repeated once they may have been executed.

import { OutcomeUnknown, Problem, problemOf, StreamChanged, TooManyRequests, Unavailable, WritesStopped } from "./errors.js";

/** One operation of the interface. retry: read, key or once. follows: it waits for the position that the client has seen. */
export interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly retry: "read" | "key" | "once";
  readonly follows: boolean;
  readonly json: boolean;
}

type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** What the caller gives: the path's parameters in their order, and the rest by name. */
export interface Given {
  readonly path?: readonly string[] | readonly (string | number)[];
  readonly query?: Values;
  readonly headers?: Values;
  readonly body?: unknown;
}

/** An answer that is no JSON, such as an export; `position`: of which state, where the answer says it. */
export interface Text {
  readonly text: string;
  readonly position: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** No answer came. sent: the request may have reached the replica. */
export interface Failure {
  readonly why: string;
  readonly sent: boolean;
}

const firstPauseMs = 50;
const longestPauseMs = 1000;  // between rounds in which every replica has failed

export interface ClientOptions {
  /** titer_…, once the cluster has keys. */
  key?: string | undefined;
  /** The person or program that does this, for the history. */
  actor?: string | undefined;
  /** Milliseconds until a call gives up. */
  timeout?: number | undefined;
  /** Milliseconds until a silent replica counts as failed, and the next one is asked. */
  attemptTimeout?: number | undefined;
  /** POSITION-STREAM of another client: what that has seen, this one sees too. */
  position?: string | undefined;
  /** Instead of the global fetch. */
  fetch?: typeof fetch | undefined;
}

/** What one client knows: its replicas, which of them it uses, and how far it has seen. */
export class Session {
  readonly replicas: readonly string[];
  readonly timeout: number;
  readonly attemptTimeout: number;
  readonly fetch: typeof fetch;
  private turn = 0;
  private seen: { number: number; stream: string } | undefined;

  constructor(replicas: string | readonly string[], readonly options: ClientOptions) {
    this.replicas = (typeof replicas === "string" ? [replicas] : replicas).map((one) => one.replace(/\/+$/, ""));
    if (!this.replicas.length || !this.replicas.every((one) => /^https?:\/\//.test(one)))
      throw new TypeError(`replicas are addresses such as http://127.0.0.1:8080; these are ${JSON.stringify(replicas)}`);
    this.timeout = options.timeout ?? 30_000;
    this.attemptTimeout = options.attemptTimeout ?? 5_000;
    this.fetch = options.fetch ?? ((...words) => globalThis.fetch(...words));
    this.see(options.position);
  }

  replica(): string {
    return this.replicas[this.turn % this.replicas.length]!;
  }

  /** The next one's turn, unless another call has found out before. */
  failed(replica: string): void {
    if (this.replica() === replica) this.turn += 1;
  }

  get position(): string | undefined {
    return this.seen && [this.seen.number, this.seen.stream].filter((part) => part !== "").join("-");
  }

  /** Never goes back, except into another stream: positions begin again there. */
  see(position: string | undefined): void {
    if (!position) return;
    const [number, stream = ""] = position.split("-");
    if (!this.seen || this.seen.stream !== stream || this.seen.number < Number(number)) this.seen = { number: Number(number), stream };
  }

  forget(): void {
    this.seen = undefined;
  }
}

/** POSITION-STREAM of an answer. */
export function positionIn(headers: Headers): string | undefined {
  const position = headers.get("titer-position");
  return position ? [position, headers.get("titer-stream")].filter(Boolean).join("-") : undefined;
}

/** One call, as each replica is asked. `position`: where the client has been, if the call waits for that. */
export interface Request {
  readonly operation: Operation;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Blob | undefined;
  readonly position: string | undefined;
}

/** The call with what the session adds: key, actor, position, and an idempotency key where the caller names none. */
export function requestOf(session: Session, operation: Operation, given: Given): Request {
  const values = [...(given.path ?? [])];
  const path = operation.path.replace(/\{\w+\}/g, () => encodeURIComponent(String(values.shift())));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given.query ?? {})) if (value !== undefined) query.set(name, String(value));
  const headers: Record<string, string> = { Accept: operation.json ? "application/json" : "*/*" };
  if (session.options.key) headers["Authorization"] = `Bearer ${session.options.key}`;
  if (session.options.actor && operation.retry !== "read") headers["Titer-Actor"] = session.options.actor;
  let position = operation.follows ? session.position : undefined;
  if (position) headers["Titer-Min-Position"] = position;
  if (operation.retry === "key") headers["Idempotency-Key"] = freshKey();
  const isText = typeof given.body === "string" || given.body instanceof Blob;
  if (given.body !== undefined) headers["Content-Type"] = "application/json";
  for (const [name, value] of Object.entries(given.headers ?? {})) if (value !== undefined) headers[name] = String(value);
  if (given.headers?.["Titer-Min-Position"] !== undefined) position = undefined;
  const inContentType = headers["Content-Type"] === "application/json";
  return {
    operation,
    path: path + (query.toString() && `?${query}`),
    headers,
    body: given.body === undefined ? undefined : isText && !inContentType ? (given.body as string | Blob) : JSON.stringify(given.body),
    position,
  };
}

/** Pages without TLS and Node 18 have no randomUUID; a key must be different, not secret. */
function freshKey(): string {
  return globalThis.crypto?.randomUUID?.() ??
    [Date.now(), Math.random(), Math.random(), Math.random()].map((part) => part.toString(36).replace("0.", "")).join("-");
}

async function attempt(session: Session, request: Request, headers: Record<string, string>, timeout: number): Promise<Reply | Failure> {
  try {
    const response = await session.fetch(session.replica() + request.path, {
      method: request.operation.method, headers, signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeout))),
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
  } catch (error) {
    return failureOf(error);
  }
}

// Errors of Node.js from before there is a connection: nothing was sent. Browsers do not tell.
const unsent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|.*(CERT|VERIFY).*)$/;

export function failureOf(error: unknown): Failure {
  const cause = error instanceof Error ? (error.cause as { code?: string; message?: string } | undefined) : undefined;
  return { why: [String(error), cause?.code ?? cause?.message].filter(Boolean).join(": "), sent: !unsent.test(cause?.code ?? "") };
}

/** Asks one replica after another until there is an outcome, or the session's timeout is over. */
export async function exchange(session: Session, request: Request): Promise<Reply> {
  const end = performance.now() + session.timeout;
  const once = request.operation.retry === "once";
  let perhapsDone = false;
  let why = "";
  let replica = "";
  for (let turn = 1; ; turn++) {
    replica = session.replica();
    const left = end - performance.now();
    const came = await attempt(session, request, request.headers, once ? session.timeout : Math.min(session.attemptTimeout, left));
    let wait: number | undefined;
    if ("status" in came) {
      if (came.status < 400) {
        session.see(positionIn(came.headers));
        return came;
      }
      const problem = problemOf(came.status, came.body);
      if (!passing(problem)) throw request.position && came.status === 410 ? await changedStream(session, request, problem) : problem;
      perhapsDone ||= came.status === 502 || came.status === 504;
      why = problem.message;
      if (problem instanceof TooManyRequests) {
        wait = 1000 * (Number(came.headers.get("retry-after")) || 1);
        if (performance.now() + wait > end) throw problem;
      }
    } else {
      perhapsDone ||= came.sent;
      why = came.why;
    }
    if (once && perhapsDone) break;
    session.failed(replica);
    if (wait === undefined && turn % session.replicas.length === 0) wait = pause(turn / session.replicas.length);
    if (performance.now() + (wait ?? 0) >= end) break;
    if (wait) await rest(wait);
  }
  throw givenUp(request, `${replica}: ${why}`, perhapsDone && request.operation.retry !== "read");
}

/** Another attempt may fare better. */
export function passing(problem: Problem): boolean {
  return [429, 502, 503, 504].includes(problem.status) && !(problem instanceof WritesStopped);
}

/** StreamChanged if it is the client's position that is of another stream, and not the history that is too short: then the same request
 * without the position is refused too. */
async function changedStream(session: Session, request: Request, problem: Problem): Promise<Problem> {
  const { "Titer-Min-Position": _position, ...headers } = request.headers;
  const came = await attempt(session, request, headers, session.attemptTimeout);
  if (!("status" in came) || came.status === 410) return problem;
  session.forget();
  return new StreamChanged(problem.status, problem.problem);
}

function givenUp(request: Request, why: string, perhapsDone: boolean): Unavailable | OutcomeUnknown {
  const { operation, headers } = request;
  const key = headers["Idempotency-Key"];
  if (perhapsDone) return new OutcomeUnknown(`${operation.name} was sent, and its outcome is not known; the last failure: ${why}`, key);
  return new Unavailable(`${operation.name}: no replica has answered in time; the last failure: ${why}`, key);
}

/** Longer with each round, and different for each client, so that they do not all come at once. */
export function pause(rounds: number): number {
  return Math.min(firstPauseMs * 2 ** Math.min(rounds - 1, 10), longestPauseMs) * (0.5 + Math.random() / 2);
}

export function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
