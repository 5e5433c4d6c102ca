// SPDX-License-Identifier: Apache-2.0

// The key with which this tab writes: is one needed, is there one, does it count?
//
// A key is checked when it is entered and when the page is opened with one, by a read that only some keys may make: 401 says
// that the key does not count, 403 that it counts for less, which is enough. One that does not count is forgotten.
import type { Database } from "./api/database";

export type KeyState =
  | "unknown" // not asked yet, or nobody answered
  | "free" // this database takes changes from everybody
  | "wanted"
  | "checking"
  | "good"
  | "bad" // the one that was entered does not count
  | "unchecked"; // entered, and nobody could be asked

const kForm = /^titer_[0-9a-f]{16}_[0-9a-f]{64}$/;

export class OwnKey {
  private state: KeyState = "unknown";
  private looking: Promise<void> | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly database: Pick<Database, "keyStanding">,
    private readonly kept: () => string,
    private readonly keep: (key: string) => void,
  ) {}

  now(): KeyState {
    return this.state;
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Asks once whether a key is needed, and whether the one that is kept counts. */
  async look(): Promise<void> {
    if (this.state !== "unknown" && this.state !== "unchecked") return;
    this.looking ??= this.check(this.kept());
    await this.looking;
    this.looking = null;
  }

  async enter(key: string): Promise<void> {
    if (!kForm.test(key)) return this.set("bad");
    this.set("checking");
    await this.check(key);
  }

  forget(): void {
    this.keep("");
    this.set("wanted");
  }

  /** A request was refused for want of a key that counts. */
  refused(): void {
    const had = this.kept() !== "";
    this.keep("");
    this.set(had ? "bad" : "wanted");
  }

  private async check(key: string): Promise<void> {
    const standing = await this.database.keyStanding(key).catch(() => null);
    if (standing === "bad") {
      this.keep("");
      return this.set(key ? "bad" : "wanted");
    }
    if (key) this.keep(key);
    this.set(standing === null ? (key ? "unchecked" : "unknown") : key ? "good" : "free");
  }

  private set(state: KeyState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
