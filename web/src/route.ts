// SPDX-License-Identifier: Apache-2.0

// The address of the page ⇄ what it shows. All of it stands behind #, so that a search can be sent to somebody else and
// every replica serves the same file for it. Pure.
import type { Search } from "./api/database";
import { zipOf } from "./zip";

export type Route =
  | { view: "find"; search: Search | null }
  | { view: "site"; site: string } // one site, as residents see it
  | { view: "log"; site: string | null; text: string }
  | { view: "cluster" };

export const kRadii = [5, 10, 25, 50, 100] as const;
export const kListLimit = 100; // sites at first, and with each "show more"
export const kListMax = 2000; // in one answer of the database

export const noSearch: Search = {
  zip: "",
  within: 25,
  unit: "mi",
  product: "",
  available: false,
  limit: kListLimit,
};

const kPlaceDigits = 2; // about a kilometre: enough to search by, and no more than that goes into the address

// The same choices at another place.
export function searchFor({ lat: _lat, lon: _lon, ...choices }: Search, zip: string): Search {
  return { ...choices, zip, limit: kListLimit };
}

export function searchAt({ zip: _zip, ...choices }: Search, lat: number, lon: number): Search {
  return {
    ...choices,
    limit: kListLimit,
    lat: Number(lat.toFixed(kPlaceDigits)),
    lon: Number(lon.toFixed(kPlaceDigits)),
  };
}

/** What a person typed behind the server's name, like /log, as the fragment that shows it; null: nothing. */
export function hashOfPath(path: string): string | null {
  const typed = path.replace(/^\/+|\/+$/g, "");
  return typed && typed !== "index.html" ? `#/${typed}` : null;
}

function searchOf(query: URLSearchParams): Search | null {
  const typed = query.get("zip") ?? "";
  const zip = zipOf(typed) ?? typed.trim();
  const lat = Number(query.get("lat") ?? NaN);
  const lon = Number(query.get("lon") ?? NaN);
  const byPoint = Number.isFinite(lat) && Number.isFinite(lon);
  if (!zip && !byPoint) return null;
  const within = Number(query.get("within"));
  const show = Number(query.get("show"));
  return {
    ...(zip ? { zip } : { lat, lon }),
    within: within > 0 && within <= 500 ? within : noSearch.within,
    unit: query.get("unit") === "km" ? "km" : "mi",
    product: query.get("product") ?? "",
    available: query.get("available") === "true",
    limit: show > kListLimit && show <= kListMax ? Math.ceil(show / kListLimit) * kListLimit : kListLimit,
  };
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view, id] = path.split("/", 2);
  const parameters = new URLSearchParams(query);
  if (view === "log") return { view, site: id ? decoded(id) : null, text: parameters.get("q") ?? "" };
  if (view === "cluster") return { view };
  if (view === "site" && id) return { view, site: decoded(id) };
  return { view: "find", search: searchOf(parameters) };
}

// A broken %-escape in a link that somebody typed is taken as it stands.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function hashOf(route: Route): string {
  if (route.view === "cluster") return "#/cluster";
  if (route.view === "site") return `#/site/${encodeURIComponent(route.site)}`;
  if (route.view === "log") {
    if (route.site !== null) return `#/log/${encodeURIComponent(route.site)}`;
    return route.text ? `#/log?${new URLSearchParams({ q: route.text })}` : "#/log";
  }
  const { search } = route;
  if (!search) return "#/find";
  const query = new URLSearchParams(
    search.zip ? { zip: search.zip } : { lat: String(search.lat), lon: String(search.lon) },
  );
  query.set("within", String(search.within));
  if (search.unit !== "mi") query.set("unit", search.unit);
  if (search.product) query.set("product", search.product);
  if (search.available) query.set("available", "true");
  if (search.limit > kListLimit) query.set("show", String(search.limit));
  return `#/find?${query}`;
}
