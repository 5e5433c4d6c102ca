// SPDX-License-Identifier: Apache-2.0

// What somebody types to find their site, as questions that the database answers: by ZIP code, or by a part of the name.
// "Walgreens Cambridge" and "Elm Street Clinic, Cambridge" name a place too; the database does not look for both at once, so
// sites of the name are asked for and the place is looked for among them. Pure.
import type { Site } from "../api/types";
import { zipOf } from "../zip";

export interface SiteQuery {
  ask: { zip: string } | { q: string };
  place: string; // "": anywhere
}

/** In the order in which they are tried; a later one only where the ones before found nothing. */
export function queriesOf(typed: string): SiteQuery[] {
  const text = typed.trim().replace(/\s+/g, " ");
  const zip = zipOf(text);
  if (zip) return [{ ask: { zip }, place: "" }];
  const whole: SiteQuery = { ask: { q: text }, place: "" };
  const comma = /^(.+?) ?, ?(.+)$/.exec(text);
  const words = /^(.+) (\S+)$/.exec(text);
  const parts = comma ?? words;
  return parts ? [whole, { ask: { q: parts[1]! }, place: parts[2]! }] : [whole];
}

const plain = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Is this site in the town, state or ZIP code that was typed? All of its words count: "Cambridge, MA". */
export function isIn(site: Site, place: string): boolean {
  const where = plain([site.city, site.state, site.zip, site.street].filter(Boolean).join(" "));
  return plain(place)
    .split(/[ ,]+/)
    .every((word) => where.includes(word));
}
