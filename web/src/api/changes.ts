// SPDX-License-Identifier: Apache-2.0

// Follows the change stream: every change once, in order, from the moment it begins, over failures of replicas.
//
// EventSource repeats at its own address only, and would wait there for a dead replica. So each failure closes it, the
// next replica is asked, and `since` names the last change seen. A stream that cannot be resumed (too old, or the
// replica gave up on us) begins at now, and listeners are told of the gap: they read their sites again.
// Pauses between tries grow while all fail; the browser's "online" ends them (main.tsx).
// A line that is dead without being broken is noticed by the page's regular status request (shell.tsx), which moves.
import type { Replicas } from "./replicas";
import type { SiteEvent } from "./types";

const kPauseMs = 200; // before the next try, so that a dead cluster is not asked in a tight loop
const kPauseMaxMs = 10_000;

export interface Listener {
  change?(event: SiteEvent, id: string): void;
  // Changes may have passed unseen: read again. Also called when the stream is first there.
  gap?(): void;
  // The stream has begun to flow, or ceased to.
  live?(live: boolean): void;
}

// The part of EventSource that is used; tests put their own in.
export interface Source {
  readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(type: "change", handler: (event: MessageEvent<string>) => void): void;
  close(): void;
}

const kClosed = 2; // EventSource.CLOSED: the server answered, but with no stream

export class Changes {
  private source: Source | null = null;
  private last: string | null = null;
  private readonly listeners = new Set<Listener>();
  private on = false;
  private live = false;
  private failures = 0;

  constructor(
    private readonly replicas: Replicas,
    private readonly open: (url: string) => Source = (url) => new EventSource(url),
    private readonly later: (run: () => void, ms: number) => void = (run, ms) => void setTimeout(run, ms),
  ) {
    replicas.onMove(() => this.on && this.follow());
  }

  isLive(): boolean {
    return this.live;
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The stream will begin after this change, which was seen elsewhere. */
  resumeAfter(id: string | null): void {
    this.last = id;
  }

  /** Starts, or starts again at the replica that serves the page now. */
  follow(): void {
    this.on = true;
    this.source?.close();
    const { origin } = this.replicas.where();
    const since = this.last === null ? "" : `?since=${encodeURIComponent(this.last)}`;
    const source = this.open(`${origin}/api/v1/changes${since}`);
    const resumed = this.last !== null;
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.say(true);
      if (!resumed) for (const listener of this.listeners) listener.gap?.();
    };
    source.onerror = () => this.failed(origin, source);
    source.addEventListener("change", (message) => {
      if (message.lastEventId) this.last = message.lastEventId;
      const event = JSON.parse(message.data) as SiteEvent;
      for (const listener of this.listeners) listener.change?.(event, message.lastEventId);
    });
  }

  stop(): void {
    this.on = false;
    this.source?.close();
    this.source = null;
    this.say(false);
  }

  private say(live: boolean): void {
    if (live === this.live) return;
    this.live = live;
    for (const listener of this.listeners) listener.live?.(live);
  }

  private failed(origin: string, source: Source): void {
    if (source !== this.source) return;
    const refused = source.readyState === kClosed;
    source.close();
    this.source = null;
    this.say(false);
    if (refused) this.last = null; // 410: what we missed is not kept any more
    const pause = Math.min(kPauseMs * 2 ** this.failures, kPauseMaxMs);
    this.failures += 1;
    this.later(() => {
      if (this.source || !this.on) return; // a request of the page has moved it meanwhile
      if (!refused) this.replicas.leave(origin);
      if (!this.source) this.follow(); // there was nowhere to go, or no reason
    }, pause);
  }
}
