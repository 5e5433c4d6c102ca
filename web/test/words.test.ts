// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { address, ago, dialable, duration, freshness, inWords, levelOf, webLink } from "../src/format";
import { choices, productName } from "../src/products";
import { countOf } from "../src/log/writing";
import { countSeries, until } from "../src/log/series";
import { hashOf, parseRoute } from "../src/route";
import { languageFrom } from "../src/text";
import { en } from "../src/text/en";
import { es } from "../src/text/es";
import type { SiteEvent } from "../src/api/types";

test("claims are told as claimed: yes is no number, none is not zero", () => {
  assert.equal(inWords(en, true), "Available");
  assert.equal(inWords(en, 1), "1 dose");
  assert.equal(inWords(en, 0), "0 doses");
  assert.equal(inWords(en, false), "None");
  assert.equal(inWords(es, 1200), "1,200 dosis");
  assert.deepEqual([true, 3, 0, false, "unknown" as const, undefined].map(levelOf), [
    "some",
    "some",
    "none",
    "none",
    "unknown",
    "unknown",
  ]);
});

test("products have names: vaccines by CVX code, treatments by NDC, others are their code", () => {
  assert.match(productName(en, "208"), /^COVID-19, mRNA/);
  assert.equal(productName(en, "00069-1085-30"), "Paxlovid, COVID-19 treatment");
  assert.equal(productName(en, "00069-1085-31"), "00069-1085-31");
});

test("ages are words, and the future is now", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  assert.equal(ago("en-US", "2026-11-23T09:00:00Z", now), "3 hours ago");
  assert.equal(ago("es-US", "2026-11-22T12:00:00Z", now), "ayer");
  assert.equal(ago("en-US", "2026-11-23T12:00:05Z", now), "now");
  assert.equal(duration("en-US", 95_000), "1 min");
  const line = {
    product: "any",
    availability: 1,
    version: 1,
    freshness: "stale",
    valid_at: "2026-11-21T12:00:00Z",
  } as const;
  assert.equal(freshness(en, line, now), "checked 2 days ago, may be out of date");
});

test("phones and links of clinics' records are made safe to follow, or left out", () => {
  assert.equal(dialable("1 (617) 555-0100"), "+16175550100");
  assert.equal(dialable("555-0100"), null);
  assert.equal(webLink("www.cvs.com/x"), "https://www.cvs.com/x");
  assert.equal(webLink("javascript:alert(1)"), null);
  assert.equal(webLink("data:text/html,x"), null);
  assert.equal(webLink(" "), null);
});

test("an address leaves out what is not known", () => {
  const site = { id: "x", name: "X", status: "active", version: 1, stock: [] } as const;
  assert.equal(address({ ...site, stock: [], city: "Boston", state: "MA" }), "Boston, MA");
  assert.equal(address({ ...site, stock: [], zip: "02139" }), "02139");
});

test("the address of the page and what it shows are the same thing", () => {
  for (const hash of [
    "#/find",
    "#/find?zip=02139&within=10",
    "#/find?lat=42.37&lon=-71.11&within=50&unit=km&product=309&available=true",
    "#/log",
    "#/log?q=Elm+Street",
    "#/log/elm-street-clinic",
    "#/cluster",
  ])
    assert.equal(hashOf(parseRoute(hash)), hash);
});

test("an address that somebody typed wrongly is still a page", () => {
  assert.deepEqual(parseRoute("#/nonsense"), { view: "find", search: null });
  assert.deepEqual(parseRoute("#/log/%E0%A4%A"), { view: "log", site: "%E0%A4%A", text: "" });
  const route = parseRoute("#/find?zip=02139&within=-5&unit=parsec");
  assert.ok(route.view === "find" && route.search?.within === 25 && route.search.unit === "mi");
});

test("the language is the chosen one, else the browser's, else English", () => {
  assert.equal(languageFrom("es", ["en-US"]), "es");
  assert.equal(languageFrom(null, ["fr", "es-MX", "en"]), "es");
  assert.equal(languageFrom(null, ["de"]), "en");
});

test("nothing is left in English by mistake", () => {
  // Written alike in both languages, or names.
  const alike = ["control"];
  for (const [key, english] of Object.entries(en)) {
    const spanish = es[key as keyof typeof es];
    if (typeof english === "string" && !alike.includes(key)) assert.notEqual(spanish, english, key);
  }
});

test("vaccines that are in use are offered by group; any other code still has its name", () => {
  const groups = choices(en);
  assert.ok(groups[0]!.products.some(({ product }) => product === "309"));
  assert.ok(!groups.some(({ products }) => products.some(({ product }) => product === "208")));
  assert.match(productName(en, "208"), /COVID-19/);
  assert.equal(productName(en, "nonsense"), "nonsense");
});

test("a count is a whole number from 0 on", () => {
  assert.deepEqual(["12", " 0 ", "-1", "1.5", "", "1e3", "99999999999999"].map(countOf), [
    12,
    0,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("history becomes a line per counted vaccine, oldest first, with a hole where no number was logged", () => {
  const event = (position: number, after: number | boolean): SiteEvent => ({
    position,
    time: "2026-11-23T12:00:00Z",
    kind: "set",
    site_id: "x",
    product: "any",
    after,
  });
  const [line] = countSeries([event(3, 5), event(2, true), event(1, 9)]);
  assert.deepEqual(line!.counts, [9, null, 5]);
  assert.ok(line!.times.every((time, i) => i === 0 || time > line!.times[i - 1]!));
  assert.equal(until(Date.parse("2026-11-23T12:01:00Z"), line!.times).length, 4);
  assert.deepEqual(countSeries([event(1, true), event(2, false)]), []);
});
