// SPDX-License-Identifier: Apache-2.0

// A site's history as lines over time, one per vaccine that was counted. Pure.
import type { Availability, SiteEvent } from "../api/types";

export interface CountSeries {
  product: string;
  times: number[]; // seconds, rising
  counts: (number | null)[]; // null: something else than a number was logged
  last: Availability; // as it was claimed, whether a number or not
}

const kPointsMin = 2; // fewer make no line

/** `events` come newest first, as the database tells them. */
export function countSeries(events: readonly SiteEvent[]): CountSeries[] {
  const byProduct = new Map<string, CountSeries>();
  for (const event of [...events].reverse()) {
    if (event.product === undefined || event.after === undefined) continue;
    const begun = { product: event.product, times: [], counts: [], last: event.after };
    const series: CountSeries = byProduct.get(event.product) ?? begun;
    byProduct.set(event.product, series);
    // Several changes in one second keep their order.
    const time = Math.max(Date.parse(event.time) / 1000, (series.times.at(-1) ?? 0) + 0.001);
    series.times.push(time);
    series.counts.push(typeof event.after === "number" ? event.after : null);
    series.last = event.after;
  }
  return [...byProduct.values()].filter(
    ({ counts }) => counts.filter((count) => count !== null).length >= kPointsMin,
  );
}

/** The times of a line that goes on as it is until now; the database's clock may be ahead of the visitor's. */
export const until = (nowMs: number, times: readonly number[]): number[] => [
  ...times,
  Math.max(nowMs / 1000, (times.at(-1) ?? 0) + 0.001),
];

/** Of these, newest first, the changes that can be undone: the last one of each vaccine. One of a bulk goes with all others. */
export function undoable(events: readonly SiteEvent[]): Set<SiteEvent> {
  const newest = new Map<string, SiteEvent>();
  for (const event of events)
    if (event.product !== undefined && event.after !== undefined && !newest.has(event.product))
      newest.set(event.product, event);
  return new Set([...newest.values()].filter(({ part }) => part === undefined));
}
