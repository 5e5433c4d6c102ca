// SPDX-License-Identifier: Apache-2.0

// What this page has heard from each replica, look after look, and what happened between two looks. Pure.
//
// A silent replica is one that gave the page no answer; whether the others suspect it, they say by the view that they move to. So this shows
// what an outsider can know, and no more.
import type { Peer } from "../api/types";
import type { Heard, Round } from "./rounds";

export type Pulse = "serving" | "learning" | "silent";

export const pulseOf = (heard: Heard | null | undefined): Pulse =>
  !heard ? "silent" : heard.full ? "serving" : "learning";

export type Happening =
  | { at: number; kind: Pulse; replica: number }
  | { at: number; kind: "changing"; view: number } // the replicas move to this view, and are not in it yet
  | { at: number; kind: "view"; view: number; members: number[] };

const newestView = (round: Round): Heard | null =>
  round.statuses.reduce<Heard | null>(
    (best, heard) => (heard && heard.full && (!best || heard.view > best.view) ? heard : best),
    null,
  );

const targetOf = (round: Round): number =>
  Math.max(-1, ...round.statuses.map((heard) => (heard?.full ? (heard.target ?? heard.view) : -1)));

/** Newest first. The first look is no event: nobody knows how it was before. */
export function happenings(rounds: readonly Round[], peers: readonly Peer[]): Happening[] {
  const out: Happening[] = [];
  for (let i = 1; i < rounds.length; i += 1) {
    const [before, now] = [rounds[i - 1]!, rounds[i]!];
    const at = now.timeMs;
    peers.forEach(({ index }, place) => {
      const kind = pulseOf(now.statuses[place]);
      if (kind !== pulseOf(before.statuses[place])) out.push({ at, kind, replica: index });
    });
    const [old, view] = [newestView(before), newestView(now)];
    if (old && view && view.view > old.view)
      out.push({ at, kind: "view", view: view.view, members: (view.members ?? []).map(({ id }) => id) });
    else if (view && targetOf(now) > view.view && targetOf(before) <= view.view)
      out.push({ at, kind: "changing", view: targetOf(now) });
  }
  return out.reverse();
}
