// SPDX-License-Identifier: Apache-2.0

// Changes of stock on their way to the database. No click and no typed number is dropped: each stays here until a replica has
// stored or refused it.
//
// A lane per site and product keeps their order: one is under way, the others wait. Counts that wait are added up, so five
// clicks are two writes at most. Each has its Idempotency-Key from the start and is sent under it again, after growing pauses,
// until somebody answers: an answer that was lost is found again, and nothing is applied twice.
// The outbox belongs to the page, not to a view: a look at another view leaves it alone. It ends with the tab, which warns
// (main.tsx).
//
// A value that is set carries the version that was in sight. Where our own write has just replaced that version, the next one
// names the new version: nobody is in conflict with themselves.
import { isPassing } from "../api/replicas";
import type { Availability, Outcome } from "../api/types";

export type What =
  | { kind: "set"; mine: Availability; version: number }
  | { kind: "adjust"; by: number }
  | { kind: "reserve" | "release"; doses: number };

export interface Entry {
  id: number;
  site: string;
  product: string;
  what: What;
  once: string; // its Idempotency-Key
  sent: boolean; // at least one try was made: it may have been stored
}

export interface Result {
  entry: Entry;
  outcome?: Outcome;
  error?: unknown;
}

export interface Lane {
  waiting: readonly Entry[]; // the first is under way
  stuck: boolean; // the last try got no answer
  result: Result | null; // of the last entry that ended
}

const kEmpty: Lane = { waiting: [], stuck: false, result: null };
const kRetryMs = 1_000;
const kRetryMaxMs = 15_000;

interface Parts {
  send(entry: Entry): Promise<Outcome>;
  newKey(): string;
  later?(run: () => void, ms: number): void;
}

export class Outbox {
  private readonly lanes = new Map<string, Lane>();
  private readonly busy = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly listeners = new Set<() => void>();
  private next = 1;

  constructor(private readonly parts: Parts) {}

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  lane(site: string, product: string): Lane {
    return this.lanes.get(nameOf(site, product)) ?? kEmpty;
  }

  /** How many changes are not stored yet. */
  size(): number {
    return [...this.lanes.values()].reduce((sum, lane) => sum + lane.waiting.length, 0);
  }

  /** Of these, those that wait because nobody answers. */
  stuck(): number {
    return [...this.lanes.values()].reduce((sum, lane) => sum + (lane.stuck ? lane.waiting.length : 0), 0);
  }

  /** Gives the id of the entry that the change is part of. */
  add(site: string, product: string, what: What): number {
    const name = nameOf(site, product);
    const { waiting } = this.lane(site, product);
    const last = waiting.at(-1);
    const joins = last?.what.kind === "adjust" && what.kind === "adjust" && !last.sent ? last : undefined;
    const by = joins && joins.what.kind === "adjust" && what.kind === "adjust" ? joins.what.by + what.by : 0;
    const entry: Entry = joins
      ? { ...joins, what: { kind: "adjust", by } }
      : { id: this.next++, site, product, what, once: this.parts.newKey(), sent: false };
    const before = joins ? waiting.slice(0, -1) : waiting;
    this.put(name, { waiting: joins && by === 0 ? before : [...before, entry], result: null });
    void this.run(name);
    return entry.id;
  }

  /** Gives up what waits. A change that was sent already may have been stored nevertheless. */
  discard(site: string, product: string): void {
    this.put(nameOf(site, product), { waiting: [], stuck: false, result: null });
  }

  /** Forgets the last result, which somebody has read. */
  read(site: string, product: string): void {
    this.put(nameOf(site, product), { result: null });
  }

  /** The replicas answer again. */
  retry(): void {
    this.failures.clear();
    for (const name of this.lanes.keys()) void this.run(name);
  }

  private async run(name: string): Promise<void> {
    const entry = this.lanes.get(name)?.waiting[0];
    if (!entry || this.busy.has(name)) return;
    this.busy.add(name);
    const sent = { ...entry, sent: true };
    this.replace(name, sent);
    let failed = false;
    try {
      this.end(name, { entry: sent, outcome: await this.parts.send(sent) });
    } catch (error) {
      failed = isPassing(error);
      if (failed) this.put(name, { stuck: this.has(name, sent) });
      else this.end(name, { entry: sent, error });
    }
    this.busy.delete(name);
    if (!failed) return void this.run(name);
    const failures = this.failures.get(name) ?? 0;
    this.failures.set(name, failures + 1);
    const later = this.parts.later ?? ((run, ms) => void setTimeout(run, ms));
    later(() => void this.run(name), Math.min(kRetryMs * 2 ** failures, kRetryMaxMs));
  }

  private has(name: string, entry: Entry): boolean {
    return this.lanes.get(name)?.waiting[0]?.id === entry.id;
  }

  private replace(name: string, entry: Entry): void {
    const { waiting } = this.lanes.get(name)!;
    this.put(name, { waiting: [entry, ...waiting.slice(1)] });
  }

  private end(name: string, result: Result): void {
    this.failures.delete(name);
    if (!this.has(name, result.entry)) return; // it was given up
    const stored = result.outcome?.changed ? result.outcome.stock_version : undefined;
    const [, ...waiting] = this.lanes.get(name)!.waiting;
    this.put(name, {
      waiting: stored ? waiting.map((next) => after(next, stored)) : waiting,
      stuck: false,
      result,
    });
  }

  private put(name: string, part: Partial<Lane>): void {
    this.lanes.set(name, { ...(this.lanes.get(name) ?? kEmpty), ...part });
    for (const listener of this.listeners) listener();
  }
}

const nameOf = (site: string, product: string) => `${site}\n${product}`;

function after(entry: Entry, stored: number): Entry {
  if (entry.what.kind !== "set" || entry.what.version !== stored - 1) return entry;
  return { ...entry, what: { ...entry.what, version: stored } };
}
