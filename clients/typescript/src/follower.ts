// SPDX-License-Identifier: Apache-2.0

// The change stream, followed from replica to replica.

import { problemOf, Unavailable } from "./errors.js";
import { type Failure, failureOf, passing, pause, positionIn, type Reply, rest, type Session } from "./exchange.js";
import type { Event } from "./models.js";

const silenceMs = 45_000;  // a replica sends a comment every 15 s; one that is silent for three times as long has failed
const path = "/api/v1/changes";

/** One event, with its id: changes(id) goes on after it, at any replica. */
export interface Change {
  readonly id: string;
  readonly event: Event;
}

/** Lines of a body as they come; fails when none comes for too long. */
async function* linesOf(body: ReadableStream<Uint8Array>, heard: () => void): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      heard();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Where a stream has come to. `since`: the id of an event or a position; undefined: from now on. */
class Follower {
  private failures = 0;
  private alive = performance.now();
  private replica = "";

  constructor(private readonly session: Session, private since: string | undefined) {}

  /** What one replica sends, until it fails; returns how. */
  async *listen(signal: AbortSignal | undefined): AsyncGenerator<Change, Reply | Failure, undefined> {
    this.replica = this.session.replica();
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), silenceMs);
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMs);
      this.alive = performance.now();
    };
    const stop = () => silence.abort();
    signal?.addEventListener("abort", stop);
    try {
      const key = this.session.options.key;
      const response = await this.session.fetch(
        this.replica + path + (this.since === undefined ? "" : `?since=${encodeURIComponent(this.since)}`),
        { headers: { Accept: "text/event-stream", ...(key ? { Authorization: `Bearer ${key}` } : {}) }, signal: silence.signal });
      if (response.status !== 200) return { status: response.status, headers: response.headers, body: await response.text() };
      heard();
      this.failures = 0;
      this.since ??= positionIn(response.headers);  // from now on: the next replica must begin at the same place
      yield* this.changes(linesOf(response.body!, heard));
      return { why: "the stream has ended", sent: false };
    } catch (error) {
      return failureOf(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      silence.abort();
    }
  }

  private async *changes(lines: AsyncGenerator<string, void, undefined>): AsyncGenerator<Change, void, undefined> {
    let fields: Record<string, string> = {};
    for await (const line of lines) {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*?)\r?$/.exec(line) ?? [];
      if (name) {
        fields[name] = value;
      } else if (!value && Object.keys(fields).length) {
        const { event, id, data = "{}" } = fields;
        fields = {};
        if (event === "change") {
          this.since = id!;
          yield { id: id!, event: JSON.parse(data) as Event };
        } else if (event === "end") {  // too slow, or the replica stops: the next one continues from here
          this.since = (JSON.parse(data) as { resume_from?: string }).resume_from ?? this.since;
        }
      }
    }
  }

  /** The stream has ended, or could not be opened. How long to wait before the next attempt; throws when none can help. */
  broken(came: Reply | Failure): number {
    let why: string;
    if ("status" in came) {
      const problem = problemOf(came.status, came.body);
      if (!passing(problem)) throw problem;
      why = problem.message;
    } else {
      why = came.why;
    }
    const all = this.session.replicas.length;
    this.session.failed(this.replica);
    this.failures += 1;
    if (this.failures >= all && performance.now() - this.alive > this.session.timeout)
      throw new Unavailable(`changes: no replica has answered in time; the last failure: ${this.replica}: ${why}; ` +
                            `go on with changes(${JSON.stringify(this.since)})`);
    return this.failures % all === 0 ? pause(this.failures / all) : 0;
  }
}

export async function* follow(session: Session, since: string | undefined, signal: AbortSignal | undefined):
    AsyncGenerator<Change, void, undefined> {
  const follower = new Follower(session, since);
  while (!signal?.aborted) {
    const came = yield* follower.listen(signal);
    if (signal?.aborted) return;
    await rest(follower.broken(came));
  }
}
