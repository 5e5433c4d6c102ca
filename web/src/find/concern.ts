// SPDX-License-Identifier: Apache-2.0

// Does a change concern the list of a search? Pure.
//
// An event names its site but not where that is. A change of a listed site concerns the list. One of another site can only
// bring that site in, if it is near enough, which nobody knows here: "maybe". While the first answer is on its way nothing is
// listed yet, and it may have been given before the change: "maybe" too.
import type { Search } from "../api/database";
import type { SiteEvent } from "../api/types";
import { levelOf } from "../format";
import { covers } from "../products";

export type Concern = "yes" | "maybe" | "no";

export function concernOf(search: Search, listed: ReadonlySet<string> | null, event: SiteEvent): Concern {
  if (!listed) return "maybe";
  if (listed.has(event.site_id)) return "yes";
  if (!event.product) return "maybe"; // a site that was added, moved or opened
  if (covers(search.product, { product: event.product }) === false) return "no";
  if (search.available) return levelOf(event.after) === "some" ? "maybe" : "no";
  // Without that filter a site comes in by its first line of the product, or stands there already.
  return search.product && event.before === undefined ? "maybe" : "no";
}
