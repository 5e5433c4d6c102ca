// SPDX-License-Identifier: Apache-2.0

// The frames that were seen since the view was opened. Pure.
//
// A replica keeps its last 200 frames, and takes them with it when it dies. What it saw has happened nevertheless, so the log adds
// up what all replicas told, second after second, and takes nothing back: a frame that three replicas saw stays one that three
// replicas saw.
import type { Trace } from "../api/types";
import { mergeTraces, type Frame } from "./trace_layout";

export const kFramesKept = 1_000;

/** Oldest first. */
export function withTraces(log: readonly Frame[], traces: readonly Trace[]): Frame[] {
  return mergeTraces(traces, log).slice(-kFramesKept);
}

/** The part of the log that is drawn: as many frames as can be told apart, up to the one named `last`, or to the newest. */
export function windowOf(log: readonly Frame[], last: string | null, most: number): Frame[] {
  const at = last === null ? -1 : log.findIndex(({ key }) => key === last);
  const end = at < 0 ? log.length : Math.max(at + 1, Math.min(most, log.length));
  return log.slice(Math.max(0, end - most), end);
}
