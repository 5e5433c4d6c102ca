// SPDX-License-Identifier: Apache-2.0

// When a view reads its data again.
//
// One read at a time, and none is broken off for a change: on a slow line an answer takes longer than the next change does
// to come, and a view that begins again each time never shows anything. A change during a read leads to one more read after
// it. Between two reads there is a pause, at least as long as the last read took.
// Many changes only may concern a view, because an event does not say where its site is. When a read for such a change finds
// nothing new, the next one of that kind waits twice as long.
// A read that fails is repeated, after growing pauses, until it succeeds; a refusal is the reader's business, not a failure.
//
// Invariants: at most one read is under way, and while one is wanted it is either under way, planned, or the view is hidden.
export interface Clock {
  now(): number; // milliseconds
  later(run: () => void, ms: number): () => void; // gives the function that calls it off
}

const browserClock: Clock = {
  now: () => performance.now(),
  later: (run, ms) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const kGatherMs = 50; // changes that come together are read together
export const kReloadMs = 400; // between two reads of one view
export const kQuietMaxMs = 20_000; // for changes that turned out not to concern the view
const kRetryMs = 1_000;
const kRetryMaxMs = 15_000;

/** Reads, shows, and says whether it differs from what was shown. Rejects when it should be tried again. */
export type Read = (signal: AbortSignal) => Promise<boolean>;

export class Refresher {
  private wanted: "certain" | "maybe" | null = null;
  private running: AbortController | null = null;
  private callOff: () => void = () => undefined;
  private failures = 0;
  private quietMs = kReloadMs;
  private endedAt = -Infinity;
  private tookMs = 0;
  private hidden = false;

  constructor(
    private readonly read: Read,
    private readonly clock: Clock = browserClock,
  ) {}

  /** `certain`: what is shown has changed; otherwise it may have. */
  want(certain: boolean): void {
    if (certain || this.wanted === null) this.wanted = certain ? "certain" : "maybe";
    this.plan();
  }

  /** Without a pause: somebody asks for it. */
  now(): void {
    this.wanted = "certain";
    this.failures = 0;
    this.callOff();
    if (!this.running && !this.hidden) this.begin();
  }

  /** The replicas answer again. */
  retry(): void {
    if (this.failures > 0) this.now();
  }

  /** Nothing is read for a view that nobody sees. */
  shown(visible: boolean): void {
    this.hidden = !visible;
    if (visible) this.plan();
    else this.callOff();
  }

  stop(): void {
    this.callOff();
    this.hidden = true;
    this.running?.abort();
  }

  private plan(): void {
    this.callOff();
    if (this.running || this.hidden || this.wanted === null) return;
    const pause =
      this.failures > 0
        ? Math.min(kRetryMs * 2 ** (this.failures - 1), kRetryMaxMs)
        : Math.max(this.wanted === "certain" ? kReloadMs : this.quietMs, this.tookMs);
    const left = Math.max(kGatherMs, this.endedAt + pause - this.clock.now());
    this.callOff = this.clock.later(() => this.begin(), left);
  }

  private begin(): void {
    const mine = (this.running = new AbortController());
    const why = this.wanted;
    const begun = this.clock.now();
    this.wanted = null;
    this.read(mine.signal)
      .then((changed) => {
        this.failures = 0;
        if (changed) this.quietMs = kReloadMs;
        else if (why === "maybe") this.quietMs = Math.min(this.quietMs * 2, kQuietMaxMs);
      })
      .catch(() => {
        this.failures += 1;
        this.wanted = "certain";
      })
      .finally(() => {
        if (mine.signal.aborted) return;
        this.running = null;
        this.endedAt = this.clock.now();
        this.tookMs = this.endedAt - begun;
        this.plan();
      });
  }
}
