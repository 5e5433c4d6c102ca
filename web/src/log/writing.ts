// SPDX-License-Identifier: Apache-2.0

// What became of a write, in words for the one who made it. A refusal is never silent: it says what there is now. Pure.
import { Refused } from "../api/replicas";
import type { Availability, Problem } from "../api/types";
import { inWords } from "../format";
import type { Catalogue } from "../text/en";
import { why, type Reason } from "../why";
import type { Result, What } from "./outbox";

export type Message = Reason & { kind: "good" | "bad" } & {
  undo?: number; // the position of what was stored, if that can be taken back
  // Somebody was faster: what is there now was shown, and one's own value can be stored over exactly that.
  over?: { mine: Availability; version: number };
};

/** A change in words, as it was meant: "−5", "25 doses". */
export function meant(text: Catalogue, what: What): string {
  if (what.kind === "set") return inWords(text, what.mine);
  if (what.kind === "adjust") return text.figures.signed(what.by);
  return `${what.kind === "reserve" ? text.reserve : text.release}: ${text.doses(what.doses)}`;
}

export function messageOf(text: Catalogue, { entry, outcome, error }: Result): Message {
  if (!outcome) return refused(text, error, entry.what);
  if (!outcome.changed) return { kind: "good", words: text.unchanged };
  return { kind: "good", words: text.done(inWords(text, outcome.after)), undo: outcome.position };
}

function refused(text: Catalogue, error: unknown, what: What): Message {
  if (!(error instanceof Refused)) return { kind: "bad", ...why(text, error) };
  const { code, status } = error.problem;
  const now = inWords(text, currentOf(error.problem));
  if (status === 412 && what.kind === "set")
    return {
      kind: "bad",
      words: text.conflict(now, inWords(text, what.mine)),
      over: { mine: what.mine, version: Number(error.problem["stock_version"] ?? 0) },
    };
  if (code === "not_enough" && what.kind !== "set")
    return {
      kind: "bad",
      words: text.notEnough(now, text.doses(what.kind === "adjust" ? -what.by : what.doses)),
    };
  return { kind: "bad", ...why(text, error) };
}

/** What a refusal says there is now. */
const currentOf = (problem: Problem) => problem["current"] as Availability | undefined;

const kCountMax = 1_000_000_000; // doses at one site; the database's own limit

/** The typed text as a number of doses; null when it is none. */
export function countOf(typed: string): number | null {
  const text = typed.trim();
  const count = Number(text);
  return /^\d{1,12}$/.test(text) && count <= kCountMax ? count : null;
}
