// SPDX-License-Identifier: Apache-2.0

// The one way out of the page: every request goes to the replica that serves it now, and to the next one when that
// fails. The page is loaded from one replica and learns the addresses of the others from its status.
//
// A request may be sent twice: when an answer is lost nobody knows whether it was carried out. Reads may be repeated
// freely. A write carries an Idempotency-Key, the same at every try, so it is applied once.
//
// The page has moved when another replica has answered, not when the last one failed: where nobody answers it is nowhere
// else, and when all answer again it is no replica's death that is told. It counts as out of reach when a whole round over the replicas has failed, until any of them answers.
//
// Invariant: `at` is always one of `known`. Everything here is one thread, the browser's.
import type { Peer, Problem } from "./types";

const kTryMs = 4_000; // one try at one replica: longer than a view change takes (below 1 s)
const kGiveUpMs = 20_000; // all tries of one request
const kPauseMs = 100; // after a round over all replicas; a little longer after each
const kPauseMaxMs = 1_000;

/** No replica answered in time. */
export class Unreachable extends Error {
  constructor() {
    super("no replica answers");
  }
}

/** A replica refused, and said why. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title ?? String(problem.status));
  }
}

/** It may go well in a moment: nobody answered, or a replica was too busy to. */
export const isPassing = (error: unknown): boolean =>
  !(error instanceof Refused) ||
  error.problem.status === 429 ||
  (error.problem.status >= 500 && error.problem.code !== "writes_stopped");

export interface Where {
  origin: string; // of the replica that is asked next
  answered: string; // of the one that answered last
  moves: number; // how often another one has answered than before; 0: still where the page came from
}

type Fetcher = (url: string, init: RequestInit) => Promise<Response>;

export class Replicas {
  private known: string[];
  private at: string;
  private answered: string;
  private moves = 0;
  private reachable = true;
  private asking = 0; // requests
  private readonly movers = new Set<() => void>();
  private readonly watchers = new Set<() => void>();

  constructor(
    home: string,
    private readonly fetcher: Fetcher = (url, init) => fetch(url, init),
  ) {
    this.known = [home];
    this.at = home;
    this.answered = home;
  }

  where(): Where {
    return { origin: this.at, answered: this.answered, moves: this.moves };
  }

  /** False: nobody answers at present. */
  isReachable(): boolean {
    return this.reachable;
  }

  /** Another replica is asked from now on. */
  onMove(listener: () => void): () => void {
    this.movers.add(listener);
    return () => this.movers.delete(listener);
  }

  /** Another replica has answered, or isReachable() has changed. */
  onState(listener: () => void): () => void {
    this.watchers.add(listener);
    return () => this.watchers.delete(listener);
  }

  /** Takes the other replicas from a status. Those that are not named any more are forgotten, except the current one. */
  learn(peers: readonly Peer[]): void {
    const named = peers.map((peer) => peer.http.replace(/\/$/, ""));
    if (!named.length) return;
    this.known = named.includes(this.at) ? named : [this.at, ...named];
  }

  /** Leaves a replica that failed, unless somebody else has left it already. */
  leave(failed: string): void {
    if (failed !== this.at || this.known.length < 2) return;
    this.at = this.known[(this.known.indexOf(failed) + 1) % this.known.length]!;
    for (const listener of this.movers) listener();
  }

  /** The browser itself says that it has no network. */
  offline(): void {
    this.note(false);
  }

  private note(reachable: boolean, origin?: string): void {
    const moved = origin !== undefined && origin !== this.answered;
    if (moved) {
      this.answered = origin;
      if (this.reachable) this.moves += 1; // after a gap in the network nothing is known of the one before
    }
    if (!moved && reachable === this.reachable) return;
    this.reachable = reachable;
    for (const watcher of this.watchers) watcher();
  }

  /** A request is under way: others that are less urgent would slow it down. */
  isAsking(): boolean {
    return this.asking > 0;
  }

  /** The answer of the first replica that gives one; Refused for a 4xx, Unreachable when none answers. */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    this.asking += 1;
    try {
      return await this.askAll(path, init);
    } finally {
      this.asking -= 1;
    }
  }

  private async askAll(path: string, init: RequestInit): Promise<Response> {
    const end = performance.now() + kGiveUpMs;
    for (let tries = 1; ; tries += 1) {
      const origin = this.at;
      const answer = await this.attempt(origin + path, init);
      if (answer && answer.status < 500) this.note(true, origin);
      if (answer?.ok) return answer;
      if (answer && answer.status < 500) throw new Refused(await problemOf(answer));
      if (answer?.status === 503) {
        const problem = await problemOf(answer.clone());
        if (problem.code === "writes_stopped") throw new Refused(problem); // everywhere, and not for a moment
      }
      if (init.signal?.aborted) throw new DOMException("not wanted any more", "AbortError");
      if (performance.now() > end) throw answer ? new Refused(await problemOf(answer)) : new Unreachable();
      this.leave(origin);
      if (tries % this.known.length !== 0) continue;
      this.note(false);
      await pause(Math.min(kPauseMs * (tries / this.known.length), kPauseMaxMs));
    }
  }

  /** Once, to the current replica, for as long as it takes: what is sent is large. */
  async send(path: string, init: RequestInit): Promise<Response> {
    const answer = await this.fetcher(this.at + path, init).catch(() => null);
    if (!answer) throw new Unreachable();
    if (!answer.ok) throw new Refused(await problemOf(answer));
    return answer;
  }

  private async attempt(url: string, init: RequestInit): Promise<Response | null> {
    const limit = new AbortController();
    const stop = () => limit.abort();
    const timer = setTimeout(stop, kTryMs);
    init.signal?.addEventListener("abort", stop);
    try {
      return await this.fetcher(url, { ...init, signal: limit.signal });
    } catch {
      return null; // nobody there, or too slow
    } finally {
      clearTimeout(timer);
      init.signal?.removeEventListener("abort", stop);
    }
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function problemOf(answer: Response): Promise<Problem> {
  const found = (await answer.json().catch(() => null)) as Problem | null;
  return { ...found, status: answer.status };
}
