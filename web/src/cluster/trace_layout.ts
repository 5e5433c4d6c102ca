// SPDX-License-Identifier: Apache-2.0

// From what each replica saw of the last frames to one picture of all of them. Pure.
//
// A frame is named by its sender, the view and its number there. The sender's own trace says when it was sent; each receiver's says
// when it came and when it became stable, safe and executed there.
//
// A frame takes a tenth of a millisecond to arrive, and the next one may come a quarter of a second later. On a true time
// axis one of the two could not be seen. So the axis keeps the order of all moments and shortens what lies between them.
import type { Trace } from "../api/types";

export const kMoments = ["received", "stable", "safe", "executed"] as const;
export type Moment = (typeof kMoments)[number];
export type Seen = Partial<Record<Moment, number>>; // microseconds

export interface Frame {
  key: string;
  from: number;
  clock: number;
  requests: number;
  sent: number;
  seen: Map<number, Seen>; // by replica, the sender included
}

export const kFramesShown = 18; // in one picture; more cannot be told apart

/**
 * All frames, oldest first: `before` and what the traces add. A frame whose sending nobody knows has no beginning to draw and is
 * left out.
 */
export function mergeTraces(traces: readonly Trace[], before: readonly Frame[] = []): Frame[] {
  const frames = new Map(before.map((frame) => [frame.key, { ...frame, seen: new Map(frame.seen) }]));
  for (const { replica, frames: own } of traces) {
    for (const {
      from,
      view,
      seq,
      clock,
      requests,
      sent_us,
      received_us,
      stable_us,
      safe_us,
      executed_us,
    } of own) {
      const key = `${from}.${view}.${seq}`;
      const frame = frames.get(key) ?? { key, from, clock, requests, sent: 0, seen: new Map<number, Seen>() };
      frames.set(key, frame);
      if (sent_us) frame.sent = sent_us;
      const seen: Seen = {};
      if (received_us && replica !== from) seen.received = received_us;
      if (stable_us) seen.stable = stable_us;
      if (safe_us) seen.safe = safe_us;
      if (executed_us) seen.executed = executed_us;
      frame.seen.set(replica, { ...frame.seen.get(replica), ...seen });
    }
  }
  return [...frames.values()].filter((frame) => frame.sent > 0).sort((a, b) => a.sent - b.sent);
}

const kUnitUs = 25; // gaps of this order are drawn true; longer ones grow with their logarithm only

/** Time → 0 … 1, in the order of time. Only moments of these frames have a place. */
export function timeScale(frames: readonly Frame[]): (time: number) => number {
  const times = new Set<number>();
  for (const frame of frames) {
    times.add(frame.sent);
    for (const seen of frame.seen.values())
      for (const moment of kMoments) if (seen[moment]) times.add(seen[moment]);
  }
  const sorted = [...times].sort((a, b) => a - b);
  const place = new Map<number, number>();
  let at = 0;
  sorted.forEach((time, i) => {
    if (i > 0) at += Math.log2(1 + (time - sorted[i - 1]!) / kUnitUs);
    place.set(time, at);
  });
  return (time) => (at > 0 ? (place.get(time) ?? 0) / at : 0);
}
