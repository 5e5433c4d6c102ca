// SPDX-License-Identifier: Apache-2.0

// Values in words of the visitor's language. Pure: the time is an argument.
import type { Availability, Site, StockLine } from "./api/types";
import type { Catalogue } from "./text/en";

export type Level = "some" | "none" | "unknown";

export function levelOf(value: Availability | undefined): Level {
  if (value === undefined || value === "unknown") return "unknown";
  return value === true || (typeof value === "number" && value > 0) ? "some" : "none";
}

/** The best that a site has of a product ("": of any). */
export function siteLevel(site: Site, product: string): Level {
  const levels = linesOf(site, product).map((line) => levelOf(line.availability));
  return levels.includes("some") ? "some" : levels.includes("none") ? "none" : "unknown";
}

export const linesOf = (site: Site, product: string): StockLine[] =>
  product ? site.stock.filter((line) => line.product === product) : site.stock;

export function inWords(text: Catalogue, value: Availability | undefined): string {
  if (typeof value === "number") return text.doses(value);
  if (value === true) return text.available;
  if (value === false) return text.no;
  return text.unknown;
}

const kSteps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** "3 hours ago". The database's clock may be ahead of the visitor's: the future is now. */
export function ago(locale: string, then: string, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - Date.parse(then)) / 1000);
  const [unit, size] = kSteps.find(([, length]) => seconds >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-Math.floor(seconds / size), unit);
}

/** Freshness in words: when it was last claimed to be so, and whether that is too long ago. */
export function freshness(text: Catalogue, line: StockLine, nowMs: number): string {
  const when = line.valid_at ?? line.checked_at ?? line.changed_at;
  if (!when) return text.neverChecked;
  const checked = text.checked(ago(text.locale, when, nowMs));
  const doubt = line.freshness === "stale" ? text.stale : line.freshness === "expired" ? text.expired : "";
  return doubt ? `${checked}, ${doubt}` : checked;
}

export function address(site: Site): string {
  const town = [site.city, [site.state, site.zip].filter(Boolean).join(" ")].filter(Boolean).join(", ");
  return [site.street, town].filter(Boolean).join(", ");
}

/** +16175550100 from what people write; null when it is no American number. */
export function dialable(phone: string | undefined): string | null {
  const digits = (phone ?? "").replace(/\D/g, "").replace(/^1(?=\d{10}$)/, "");
  return digits.length === 10 ? `+1${digits}` : null;
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

export function duration(locale: string, ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [unit, size] =
    kSteps.find(([name, length]) => name !== "year" && name !== "month" && seconds >= length) ??
    kSteps.at(-1)!;
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(
    Math.floor(seconds / size),
  );
}
