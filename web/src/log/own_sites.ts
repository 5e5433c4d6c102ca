// SPDX-License-Identifier: Apache-2.0

// The sites that were opened on this device, the last one first: a nurse logs for one or two, and need not look for them again.
import { keep, kept } from "../kept";

export interface OwnSite {
  id: string;
  name: string;
}

const kOwnMax = 5;

/** `before` with this site in front. Pure. */
export const withSite = (before: readonly OwnSite[], { id, name }: OwnSite): OwnSite[] =>
  [{ id, name }, ...before.filter((other) => other.id !== id)].slice(0, kOwnMax);

export function ownSites(): OwnSite[] {
  try {
    return JSON.parse(kept("sites") ?? "[]") as OwnSite[];
  } catch {
    return [];
  }
}

/** The one that the visitor called theirs: "Log" leads there. */
export function mySite(): OwnSite | null {
  try {
    return JSON.parse(kept("mine") ?? "null") as OwnSite | null;
  } catch {
    return null;
  }
}

export const kMineChanged = "titer-mine"; // an event of the window

export function keepMine(site: OwnSite | null): void {
  keep("mine", JSON.stringify(site));
  dispatchEvent(new Event(kMineChanged));
}

export const keepSite = (site: OwnSite): void => keep("sites", JSON.stringify(withSite(ownSites(), site)));
