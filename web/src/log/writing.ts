// SPDX-License-Identifier: Apache-2.0

// What became of a write, in words for the one who made it. A refusal is never silent: it says what there is now.
import { reason } from "../app";
import { Refused } from "../api/replicas";
import type { Availability, Outcome, Site } from "../api/types";
import { inWords } from "../format";
import type { Catalogue } from "../text/en";

export type Message =
  | { kind: "good" | "bad"; text: string }
  // Somebody was faster: what is there now, and the choice to store one's own value anyway.
  | { kind: "conflict"; text: string; mine: Availability };

export interface Attempt {
  product: string;
  mine?: Availability; // what a set wanted to store
  doses?: number; // what a reservation or adjustment was about
}

export function stored(text: Catalogue, outcome: Outcome): Message {
  if (!outcome.changed) return { kind: "good", text: text.unchanged };
  return { kind: "good", text: text.done(inWords(text, outcome.after)) };
}

/** `site` as it is after the refusal; null when it could not be read. */
export function refused(text: Catalogue, error: unknown, attempt: Attempt, site: Site | null): Message {
  if (!(error instanceof Refused)) return { kind: "bad", text: reason(text, error) };
  const now = inWords(text, site?.stock.find((line) => line.product === attempt.product)?.availability);
  const { code, status } = error.problem;
  if (status === 401) return { kind: "bad", text: text.keyWanted };
  if (code === "forbidden") return { kind: "bad", text: text.keyForbids };
  if (code === "writes_stopped") return { kind: "bad", text: text.writesStopped };
  if (status === 412 && attempt.mine !== undefined)
    return { kind: "conflict", text: text.conflict(now, inWords(text, attempt.mine)), mine: attempt.mine };
  if (code === "not_enough")
    return { kind: "bad", text: text.notEnough(now, text.doses(Math.abs(attempt.doses ?? 0))) };
  if (code === "not_a_count") return { kind: "bad", text: text.notACount };
  if (code === "out_of_date") return { kind: "bad", text: text.outOfDate };
  if (code === "stale_version") return { kind: "bad", text: text.changedSince };
  return { kind: "bad", text: reason(text, error) };
}

/** The typed text as a number of doses; null when it is none. */
export function countOf(typed: string): number | null {
  const text = typed.trim();
  const count = Number(text);
  return /^\d{1,12}$/.test(text) && Number.isSafeInteger(count) ? count : null;
}
