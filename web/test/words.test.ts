// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  address,
  ago,
  dialable,
  directionsLink,
  duration,
  freshness,
  geoLink,
  inWords,
  levelOf,
  siteLevel,
  webLink,
} from "../src/format";
import { agesOf } from "../products_table";
import {
  agesInWords,
  brands,
  choices,
  covers,
  formulations,
  groupOf,
  kGroups,
  kindName,
  productName,
} from "../src/products";
import { countOf } from "../src/log/writing";
import { countSeries, undoable, until } from "../src/log/series";
import { withSite } from "../src/log/own_sites";
import { isIn, queriesOf } from "../src/log/site_query";
import { hashOf, hashOfPath, parseRoute } from "../src/route";
import { languageFrom } from "../src/text";
import { en, type Catalogue } from "../src/text/en";
import { es } from "../src/text/es";
import { ht } from "../src/text/ht";
import { tourWords } from "../src/text/tours";
import type { SiteEvent, StockLine } from "../src/api/types";
import { zipOf } from "../src/zip";

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
  assert.equal(ago(en, "2026-11-23T09:00:00Z", now), "3 hours ago");
  assert.equal(ago(es, "2026-11-22T12:00:00Z", now), "ayer");
  assert.equal(ago(en, "2026-11-23T12:00:05Z", now), "now");
  assert.equal(ago(en, "2026-11-23T11:59:01Z", now), "now"); // the words are a minute old before they are drawn again
  assert.equal(duration(en, 95_000), "1 min");
  const line = {
    product: "any",
    availability: 1,
    version: 1,
    freshness: "stale",
    valid_at: "2026-11-21T12:00:00Z",
  } as const;
  assert.equal(freshness(en, line, now), "checked 2 days ago, may be out of date");
  assert.match(freshness(es, line, Date.parse(line.valid_at) + 59_000), /^comprobado ahora mismo/);
});

test("phones and links of clinics' records are made safe to follow, or left out", () => {
  assert.equal(dialable("1 (617) 555-0100"), "+16175550100");
  assert.equal(dialable("555-0100"), null);
  assert.equal(dialable("+1 (617) 555-0199 ext. 4521"), "+16175550199;ext=4521");
  assert.equal(dialable("617.555.0199 x7"), "+16175550199;ext=7");
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
    "#/find?zip=02139&within=10&show=300",
    "#/find?lat=42.37&lon=-71.11&within=50&unit=km&product=309&available=true",
    "#/find?zip=02139&within=25&product=flu",
    "#/site/elm-street-clinic",
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
  assert.equal(languageFrom(null, ["fr", "ht-HT"]), "ht");
});

// Written alike in both languages: names, signs, and words that they share.
const kAlike: Record<string, string[]> = {
  es: [
    "control",
    "fromTo",
    "codeOf",
    "microseconds",
    "kilometres",
    "groups.covid",
    "groups.hib",
    "groups.hepb",
    "groups.hepa",
    "groups.meningococcal",
    "groups.rotavirus",
  ],
  ht: [
    "fromTo",
    "codeOf",
    "microseconds",
    "kilometres",
    "groups.covid",
    "groups.hpv",
    "groups.mpox",
    "groups.hib",
  ],
};

/** What each text says, by its name; of those that are made of something, for one and for many. */
function said(texts: object, prefix = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, text] of Object.entries(texts)) {
    const name = prefix + key;
    if (typeof text === "object") for (const [inner, words] of said(text, `${name}.`)) out.set(inner, words);
    else if (typeof text === "function")
      for (const n of [1, 5]) out.set(`${name}(${n})`, String(text(String(n), n, n, n)));
    else out.set(name, String(text));
  }
  return out;
}
const all = (text: Catalogue) => said({ ...without(text), ...tourWords[text.code] });
const without = ({
  code: _code,
  locale: _locale,
  figures: _figures,
  unreviewed: _unreviewed,
  ...texts
}: Catalogue) => texts;

test("every text is there in every language, says something, and is not left in English by mistake", () => {
  const english = all(en);
  assert.ok(english.size > 300);
  for (const text of [es, ht]) {
    const theirs = all(text);
    assert.deepEqual([...theirs.keys()].sort(), [...english.keys()].sort());
    for (const [name, words] of theirs) {
      assert.ok(words.trim().length > 0, `${text.code}: ${name}`);
      assert.ok(!/undefined|\[object/.test(words), `${text.code}: ${name}: ${words}`);
      const alike = kAlike[text.code]!.includes(name.replace(/\(\d\)$/, ""));
      if (!alike) assert.notEqual(words, english.get(name), `${text.code}: ${name}`);
    }
  }
});

test("a translation that nobody has checked says so, in its own language", () => {
  assert.deepEqual(
    [en, es].map(({ unreviewed }) => unreviewed),
    ["", ""],
  );
  assert.match(ht.unreviewed, /Pa gen moun ki revize/);
});

test("numbers, plurals, dates and times are those of the language", () => {
  const time = Date.UTC(2026, 10, 23, 17, 5, 6);
  assert.equal(en.figures.plural(1, "dose", "doses"), "1 dose");
  assert.equal(en.doses(1234567), "1,234,567 doses");
  assert.equal(es.doses(1), "1 dosis");
  assert.equal(ht.doses(12345).replace(/\s/g, " "), "12 345 dòz");
  assert.match(en.figures.moment(time), /^Nov 23, 2026/);
  assert.match(es.figures.moment(time), /^23 nov 2026/);
  assert.match(ht.figures.moment(time), /^23\/11\/2026/); // no French month in a Creole sentence
  assert.equal(ht.figures.ago(3, "hour"), "sa gen 3 èdtan");
  assert.equal(ht.figures.ago(0, "second"), "kounye a");
  assert.equal(ht.figures.list(["0", "1", "2"]), "0, 1 ak 2");
  assert.equal(en.figures.list(["0", "1"]), "0 and 1");
  assert.equal(en.figures.signed(-5), "−5");
});

test("vaccines that are in use are offered by group; any other code still has its name", () => {
  const groups = choices(en);
  assert.ok(groups[0]!.products.some(({ product }) => product === "309"));
  assert.ok(!groups.some(({ products }) => products.some(({ product }) => product === "208")));
  assert.match(productName(en, "208"), /COVID-19/);
  assert.equal(productName(en, "nonsense"), "nonsense");
});

test("vaccines are known by their trade names, and by the ages that the CDC names", () => {
  assert.equal(brands("309"), "Comirnaty");
  assert.equal(brands("115"), "Adacel, Boostrix");
  assert.equal(brands("208"), ""); // it is sold no more
  assert.equal(kindName(es, "140"), "Gripe");
  assert.equal(kindName(en, "110"), ""); // of three kinds: its description tells them
  assert.equal(agesInWords(en, "309"), "12 years and older");
  assert.equal(agesInWords(es, "310"), "de 5 años a 11 años");
  assert.equal(agesInWords(en, "311"), "6 months to 11 years");
  assert.equal(agesInWords(en, "03"), "");
  assert.deepEqual(agesOf("starting Fall 2025, ages 12 yrs and older, BLA"), [12, null]);
});

test("a kind stands for its vaccines and their packs, and for no others", () => {
  const line = (product: string, cvx?: string) => ({ product, ...(cvx ? { cvx } : {}) });
  assert.equal(covers("flu", line("140")), true);
  assert.equal(covers("flu", line("140.vfc")), true);
  assert.equal(covers("flu", line("49281-0521-00", "161")), true);
  assert.equal(covers("flu", line("309")), false);
  assert.equal(covers("140", line("49281-0000-00", "140")), true);
  assert.equal(covers("flu", line("49281-0521-00")), null); // an event does not say what is in a pack
  assert.equal(covers("flu", line("any")), false);
  assert.equal(covers("", line("any")), true);
  assert.equal(groupOf("140"), "flu");
  assert.equal(groupOf("flu"), "flu");
  assert.equal(groupOf("204"), null);
});

test("every kind has a name in every language, and vaccines that are sold, each told from the others", () => {
  for (const { word } of kGroups) {
    const names = formulations(en, word).map(({ name }) => name);
    assert.ok(names.length > 0, word);
    assert.deepEqual([...new Set(names)], names, word);
    for (const text of [en, es, ht]) assert.ok(text.groups[word].length > 1, word);
  }
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

test("a claim that is too old to rely on is a reason to call, not to drive", () => {
  const line = (availability: number | boolean, freshness: "fresh" | "expired"): StockLine => ({
    ...{ product: "any", version: 1 },
    ...{ availability, freshness },
  });
  const level = (...stock: StockLine[]) =>
    siteLevel({ id: "x", name: "X", status: "active", version: 1, stock }, "");
  assert.equal(level(line(9, "expired")), "call");
  assert.equal(level(line(true, "expired"), line(1, "fresh")), "some");
  assert.equal(level(line(0, "expired")), "none");
  assert.equal(level(line(9, "expired"), line(false, "fresh")), "call");
});

test("ZIP codes are taken as people type and paste them", () => {
  const typed = ["02139", " 02139 ", "02139-4307", "021394307", "2139", "0213", "Cambridge", ""];
  assert.deepEqual(typed.map(zipOf), ["02139", "02139", "02139", "02139", null, null, null, null]);
  const route = parseRoute("#/find?zip=02139-4307&within=5");
  assert.ok(route.view === "find" && route.search?.zip === "02139");
});

test("an address without # leads to the view that it names", () => {
  assert.equal(hashOfPath("/log"), "#/log");
  assert.equal(hashOfPath("/log/elm-street-clinic/"), "#/log/elm-street-clinic");
  assert.equal(hashOfPath("/"), null);
});

test("a site is looked for by ZIP code, by name, and by name and place", () => {
  assert.deepEqual(queriesOf("02139-4307"), [{ ask: { zip: "02139" }, place: "" }]);
  assert.deepEqual(queriesOf(" cvs "), [{ ask: { q: "cvs" }, place: "" }]);
  assert.deepEqual(queriesOf("Elm Street Clinic, Cambridge, MA").at(-1), {
    ask: { q: "Elm Street Clinic" },
    place: "Cambridge, MA",
  });
  const site = {
    id: "x",
    name: "X",
    status: "active",
    version: 1,
    stock: [],
    city: "San José",
    state: "CA",
  } as const;
  assert.ok(isIn({ ...site, stock: [] }, "san jose, ca"));
  assert.ok(!isIn({ ...site, stock: [] }, "San Diego"));
});

test("directions lead to the address, by what the device has for it", () => {
  const site = {
    id: "x",
    name: "Elm",
    status: "active",
    version: 1,
    stock: [],
    street: "1 Elm St",
    city: "Boston",
  } as const;
  const to = (more: object, agent: string) => directionsLink({ ...site, stock: [], ...more }, agent);
  assert.equal(geoLink({ ...site, stock: [] }, "Android 14"), "geo:0,0?q=Elm%2C%201%20Elm%20St%2C%20Boston");
  assert.equal(geoLink({ ...site, stock: [] }, "X11; Linux"), null); // nothing opens it there
  assert.match(to({}, "iPhone")!, /^https:\/\/maps\.apple\.com\/\?daddr=Elm/);
  assert.equal(
    to({ lat: 42.1, lon: -71.2, point: "given" }, "X11; Linux"),
    "https://www.openstreetmap.org/directions?to=42.1%2C-71.2",
  );
  assert.equal(to({ street: undefined, lat: 42.1, lon: -71.2, point: "zip_centroid" }, "iPhone"), null); // nobody lives there
});

test("the sites of this device are remembered, the last one first, and not too many", () => {
  const sites = ["a", "b", "c", "d", "e", "f", "c"].reduce(
    (before, id) => withSite(before, { id, name: id }),
    [] as { id: string; name: string }[],
  );
  assert.deepEqual(
    sites.map(({ id }) => id),
    ["c", "f", "e", "d", "b"],
  );
});

test("the newest change of each vaccine can be undone", () => {
  const event = (position: number, product?: string, part?: number): SiteEvent => ({
    ...{ position, time: "2026-11-23T12:00:00Z", kind: "set", site_id: "x", after: 1 },
    ...(product ? { product } : {}),
    ...(part ? { part } : {}),
  });
  const events = [event(5, "140", 1), event(4, "any"), event(3, "140"), event(2, "any"), event(1)];
  assert.deepEqual(
    [...undoable(events)].map(({ position }) => position),
    [4],
  );
});
