// SPDX-License-Identifier: Apache-2.0

// Values in words of the visitor's language. Pure: the time is an argument.
import type { Availability, Site, StockLine } from "./api/types";
import { covers } from "./products";
import type { Catalogue } from "./text/en";
import type { Unit } from "./text/figures";

/** "call": some was claimed, too long ago to rely on. */
export type Level = "some" | "call" | "none" | "unknown";

export function levelOf(value: Availability | undefined): Level {
  if (value === undefined || value === "unknown") return "unknown";
  return value === true || (typeof value === "number" && value > 0) ? "some" : "none";
}

/** What a claim is worth today. */
export function lineLevel({ availability, freshness }: StockLine): Level {
  const level = levelOf(availability);
  return level === "some" && freshness === "expired" ? "call" : level;
}

const kBestFirst: Level[] = ["some", "call", "none"];

/** The best that a site has of a product or group ("": of any). */
export function siteLevel(site: Site, product: string): Level {
  const levels = linesOf(site, product).map(lineLevel);
  return kBestFirst.find((level) => levels.includes(level)) ?? "unknown";
}

export const linesOf = (site: Site, product: string): StockLine[] =>
  site.stock.filter((line) => covers(product, line) === true);

export function inWords(text: Catalogue, value: Availability | undefined): string {
  if (typeof value === "number") return text.doses(value);
  if (value === true) return text.available;
  if (value === false) return text.no;
  return text.unknown;
}

const kSteps: [Unit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** "3 hours ago"; less than a minute is now, and so is the future: the database's clock may be ahead of the visitor's. */
export function ago({ figures }: Catalogue, then: string, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - Date.parse(then)) / 1000);
  const [unit, size] = kSteps.find(([, length]) => seconds >= length && length >= 60) ?? ["second", Infinity];
  return figures.ago(Math.floor(seconds / size), unit);
}

const kMinuteMs = 60_000;

/** Freshness in words: when it was last claimed to be so, and whether that is too long ago. */
export function freshness(text: Catalogue, line: StockLine, nowMs: number): string {
  const when = line.valid_at ?? line.checked_at ?? line.changed_at;
  if (!when) return text.neverChecked;
  const isNow = nowMs - Date.parse(when) < kMinuteMs;
  const checked = isNow ? text.checkedNow : text.checked(ago(text, when, nowMs));
  const doubt = line.freshness === "stale" ? text.stale : line.freshness === "expired" ? text.expired : "";
  return doubt ? `${checked}, ${doubt}` : checked;
}

export function address(site: Site): string {
  const town = [site.city, [site.state, site.zip].filter(Boolean).join(" ")].filter(Boolean).join(", ");
  return [site.street, town].filter(Boolean).join(", ");
}

/** +16175550100, perhaps with ";ext=4521" (RFC 3966), from what people write; null when it is no American number. */
export function dialable(phone: string | undefined): string | null {
  const [, number = "", more = ""] = /^([^a-z#]*)(.*)$/is.exec(phone ?? "") ?? [];
  const digits = number.replace(/\D/g, "").replace(/^1(?=\d{10}$)/, "");
  const extension = more.replace(/\D/g, "");
  return digits.length === 10 ? `+1${digits}${extension && `;ext=${extension}`}` : null;
}

/** Where a map or a navigator is to lead: the address where there is one, else the point; null: neither is known. */
export function destination(site: Site): { query: string; lat?: number; lon?: number } | null {
  const point = site.point === "given" && site.lat !== undefined && site.lon !== undefined;
  if (!site.street && !point) return null;
  const query = site.street ? `${site.name}, ${address(site)}` : `${site.lat},${site.lon}`;
  return point ? { query, lat: site.lat!, lon: site.lon! } : { query };
}

/** The way there in the app that the device has for maps, by a geo: address; null on devices that do not know what that is. */
export function geoLink(site: Site, userAgent: string): string | null {
  const to = destination(site);
  if (!to || !/Android/i.test(userAgent)) return null;
  return `geo:${to.lat ?? 0},${to.lon ?? 0}?q=${encodeURIComponent(to.query)}`;
}

/**
 * The way there on a web page: Apple's maps on their devices, which open the app by it, OpenStreetMap on others. Nothing is asked of
 * either before the link is followed.
 */
export function directionsLink(site: Site, userAgent: string): string | null {
  const to = destination(site);
  if (!to) return null;
  const query = encodeURIComponent(to.query);
  if (/iPhone|iPad|Macintosh/i.test(userAgent)) return `https://maps.apple.com/?daddr=${query}`;
  return to.lat === undefined
    ? `https://www.openstreetmap.org/search?query=${encodeURIComponent(address(site))}`
    : `https://www.openstreetmap.org/directions?to=${to.lat}%2C${to.lon}`;
}

/** Links come from clinics' own records: only the web is followed. */
export function webLink(url: string | undefined): string | null {
  if (!url) return null;
  const full = /^https?:\/\//i.test(url)
    ? url
    : /^[\w-]+(\.[\w-]+)+([/?#]|$)/.test(url)
      ? `https://${url}`
      : "";
  try {
    return full ? new URL(full).href : null;
  } catch {
    return null;
  }
}

export function duration({ figures }: Catalogue, ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [unit, size] =
    kSteps.find(([name, length]) => name !== "year" && name !== "month" && seconds >= length) ??
    kSteps.at(-1)!;
  return figures.lasting(Math.floor(seconds / size), unit);
}
