// SPDX-License-Identifier: Apache-2.0

// A call goes to one replica, and to the next one when that fails, until there is an outcome or `timeout` is over. A change is executed
// once: it has an Idempotency-Key, under which the replicas execute it once however often it arrives.

import { type ClientOptions, exchange, type Given, type Operation, positionIn, type Reply, requestOf, Session } from "./exchange.js";
import { type Change, follow } from "./follower.js";
import { Operations } from "./operations.js";

export class Client extends Operations {
  private readonly session: Session;

  /** `replicas`: addresses of HTTP interfaces, in the order in which they are used. */
  constructor(replicas: string | readonly string[], options: ClientOptions = {}) {
    super();
    this.session = new Session(replicas, options);
  }

  /**
   * How far this client has seen: POSITION-STREAM. Its reads show no older state, at any replica. Give it to another client (option
   * `position`, or see()), and that one's reads show what this one has written.
   */
  get position(): string | undefined {
    return this.session.position;
  }

  /** Reads wait for this position of another client. */
  see(position: string | undefined): void {
    this.session.see(position);
  }

  /**
   * Every change, once, in order, as it happens, whichever replica is left. `since`: the id of the last change that you have, or a
   * position; without it, from now on. Throws TooOld when the history does not reach back that far: read everything again (export), and
   * go on with changes(export.position). Throws Unavailable when no replica answers for `timeout`. `signal` ends it.
   */
  changes(since?: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<Change, void, undefined> {
    return follow(this.session, since, options.signal);
  }

  protected async call<T>(operation: Operation, given: Given): Promise<T> {
    return valueOf<T>(operation, await exchange(this.session, requestOf(this.session, operation, given)));
  }

  protected async *rows<T>(operation: Operation, given: Given, rows: string): AsyncGenerator<T, void, undefined> {
    let request = requestOf(this.session, operation, given);
    for (;;) {
      const page = valueOf<Record<string, unknown>>(operation, await exchange(this.session, request));
      yield* page[rows] as T[];
      const path = (page["links"] as { next?: string } | undefined)?.next;
      if (path === undefined) return;
      request = { ...request, path };
    }
  }
}

function valueOf<T>(operation: Operation, reply: Reply): T {
  return (operation.json ? JSON.parse(reply.body) : { text: reply.body, position: positionIn(reply.headers) }) as T;
}
