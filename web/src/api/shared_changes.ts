// SPDX-License-Identifier: Apache-2.0

// One change stream for all tabs of a browser that show pages of one replica.
//
// A browser opens six connections to an address and no more, so a stream for each tab would leave the seventh tab without
// any. The tab that holds a Web Lock follows the stream and tells the others what it hears through a BroadcastChannel. When
// it is closed or hidden the lock goes to another tab, which resumes after the last change that it heard of.
// A hidden tab takes no part: it follows nothing, and reads again when it is shown. Where locks or channels are missing
// (they need https or this machine), each visible tab has a stream of its own.
//
// Invariant: `changes` follows only while this tab leads, or while there is no channel.
import type { Changes, Listener } from "./changes";
import type { SiteEvent } from "./types";

const kLock = "titer-changes";

type Said =
  | { kind: "change"; event: SiteEvent; id: string }
  | { kind: "live"; live: boolean; last: string | null }
  | { kind: "gap" }
  | { kind: "hello" }; // a tab that has come: is there a stream?

// The parts of the browser that are used; tests put their own in.
export interface Channel {
  onmessage: ((message: MessageEvent<Said>) => void) | null;
  postMessage(said: Said): void;
}
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

export class SharedChanges {
  private readonly listeners = new Set<Listener>();
  private live = false;
  private last: string | null = null;
  private leads = false;
  private taking: AbortController | null = null; // part in the stream; null: hidden

  constructor(
    private readonly changes: Changes,
    private readonly locks: Locks | undefined,
    private readonly channel: Channel | null,
  ) {
    changes.listen({
      change: (event, id) => this.hear({ kind: "change", event, id }, true),
      gap: () => this.hear({ kind: "gap" }, true),
      live: (now) => this.hear({ kind: "live", live: now, last: this.last }, true),
    });
    if (channel) channel.onmessage = ({ data }) => this.hear(data, false);
  }

  isLive(): boolean {
    return this.live;
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** This tab is seen by somebody, or it is not. */
  shown(visible: boolean): void {
    if (visible === (this.taking !== null)) return;
    if (visible) return this.join();
    this.taking?.abort();
    this.taking = null;
    this.leads = false;
    this.last = null; // hours may pass: then to read again costs less than all changes
    this.changes.stop();
    this.say(false);
  }

  /** Tries at once, without the pause that is left. */
  again(): void {
    if (this.leads) this.changes.follow();
  }

  private join(): void {
    const mine = (this.taking = new AbortController());
    const lead = () => {
      if (mine.signal.aborted) return;
      this.leads = true;
      this.say(false);
      this.channel?.postMessage({ kind: "live", live: false, last: this.last });
      this.changes.resumeAfter(this.last);
      this.changes.follow();
    };
    if (!this.locks || !this.channel) return lead();
    this.say(false);
    this.channel.postMessage({ kind: "hello" });
    const held = () => {
      lead();
      return new Promise<void>((done) => mine.signal.addEventListener("abort", () => done()));
    };
    this.locks.request(kLock, { signal: mine.signal }, held).catch(() => undefined); // hidden before its turn came
  }

  private hear(said: Said, own: boolean): void {
    if (own && this.leads) this.channel?.postMessage(said);
    if (!own && (this.taking === null || this.leads)) {
      if (said.kind === "hello" && this.leads)
        this.channel?.postMessage({ kind: "live", live: this.live, last: this.last });
      return;
    }
    if (said.kind === "change") {
      this.last = said.id || this.last;
      for (const listener of this.listeners) listener.change?.(said.event, said.id);
    } else if (said.kind === "gap") this.gap();
    else if (said.kind === "live") this.follows(said, own);
  }

  // A tab that begins to listen may have missed what was said before.
  private follows({ live, last }: { live: boolean; last: string | null }, own: boolean): void {
    const begins = live && !this.live && !own;
    if (!own) this.last = last;
    this.say(live);
    if (begins) this.gap();
  }

  private gap(): void {
    for (const listener of this.listeners) listener.gap?.();
  }

  private say(live: boolean): void {
    if (live === this.live) return;
    this.live = live;
    for (const listener of this.listeners) listener.live?.(live);
  }
}
