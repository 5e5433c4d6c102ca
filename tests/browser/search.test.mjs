// SPDX-License-Identifier: Apache-2.0

// Find on a bad line, with many sites, in many tabs; and what it says of old claims.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isLive, requestsOf, throttle, waitUntil, world } from "./harness.mjs";

const kNear = 150; // sites around Cambridge, a tenth of a mile apart
const kFar = 200; // sites in California

// Degrees of latitude in a tenth of a mile.
const kStep = 0.1 / 69.05;
const csv = [
  "site_id,name,zip,city,state,lat,lon,phone",
  ...Array.from({ length: kNear }, (_, i) => `near-${i},Near Site ${i},02139,Cambridge,MA,${42.3647 + i * kStep},-71.1042,`),
  ...Array.from({ length: kFar }, (_, i) => `far-${i},Far Site ${i},90012,Los Angeles,CA,34.06,-118.24,`),
].join("\n");

const at = world({ before, after }, { fill: (cluster) => cluster.ask(0, "POST", "/import", csv) });

const set = (index, site, availability, more = {}) =>
  at.cluster.ask(index, "PUT", `/sites/${site}/stock/140`, { availability, ...more });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const row = (page, id) => page.locator(`#site-${id}`);
const open = (index, hash, options) => at.browser.open(at.cluster.page(index, hash), options);
const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString();

/** Changes in California, some each second, until the returned function is called. */
function elsewhere(perSecond) {
  let on = true;
  const running = (async () => {
    for (let i = 0; on; i += 1) {
      await set(2, `far-${i % kFar}`, { count: 1 + (i % 997) });
      await new Promise((resolve) => setTimeout(resolve, 1000 / perSecond));
    }
  })();
  return () => ((on = false), running);
}

test("on a slow line a search ends, whatever changes elsewhere", async () => {
  await set(0, "near-0", { count: 5 });
  const stop = elsewhere(5);
  const page = await open(0, "#/log");
  await page.getByLabel("Name or ZIP code").waitFor();
  await isLive(page);
  await throttle(page, 1500, 50);
  const asked = requestsOf(page, "/sites/near");
  for (const choices of ["", "&available=true"]) {
    await page.goto(at.cluster.page(0, `#/find?zip=02139&within=5${choices}`));
    await row(page, "near-0").waitFor({ timeout: 15_000 });
  }
  await waitUntil(() => asked.begun >= 3, "the list to be read again after changes that may concern it");
  assert.ok(asked.begun <= 8, `${asked.begun} lists were asked for`);
  await stop();
  await throttle(page, 0, 10_000);
  await set(1, "near-0", { count: 31 });
  await row(page, "near-0").getByText("31").waitFor();
  assert.equal(asked.failed, 0);
});

test("after a gap in the network the search that was asked for appears by itself", async () => {
  const page = await open(1, "#/find?zip=02139&within=1");
  await row(page, "near-1").waitFor();
  await isLive(page);
  await page.context().setOffline(true);
  await page.getByLabel("ZIP code").fill("90012");
  await button(page, "Search").click();
  await page.locator(".banner").getByText("No replica answers").waitFor();
  await page.context().setOffline(false);
  await row(page, "far-1").waitFor();
  await page.locator(".banner").waitFor({ state: "detached" });
  const asked = requestsOf(page, "/sites/near");
  await button(page, "Search").click(); // the same search: it is asked for again
  await waitUntil(() => asked.begun > 0, "the list to be read again");
});

test("a claim that is too old to rely on is not called available", async () => {
  await set(0, "near-3", { count: 9 }, { valid_at: daysAgo(400) });
  await set(0, "near-4", { count: 2 });
  const page = await open(0, "#/find?zip=02139&within=1&product=140");
  assert.equal(await row(page, "near-3").locator(".standing").innerText(), "Call first");
  assert.match(await row(page, "near-3").innerText(), /9 doses, checked last year, too old to rely on/);
  const doubtful = page.locator('.point .dot[data-level="call"]');
  await doubtful.first().waitFor({ state: "attached" }); // the map is loaded after the list
  assert.equal(await doubtful.count(), 1);
  await page.getByLabel("Only where it is available").check();
  await row(page, "near-3").waitFor({ state: "detached" });
  await row(page, "near-4").waitFor();
});

test("the map reaches as far as the list, and the list as far as the search", async () => {
  const page = await open(0, "#/find?zip=02139&within=25");
  await page.getByRole("heading", { name: "The 100 nearest sites" }).waitFor();
  await page.getByText("Near Cambridge, MA 02139, within 25 miles").waitFor();
  assert.equal(await page.title(), "Vaccines near Cambridge, MA 02139 · titer");
  await page.getByText("The map reaches as far as the list: 9.9 mi.").waitFor();
  const farthest = await page.locator(".point .dot").evaluateAll((dots) =>
    Math.max(...dots.map((dot) => Math.hypot(dot.getAttribute("cx") - 300, dot.getAttribute("cy") - 300))),
  );
  assert.ok(farthest > 250, `the farthest point is ${farthest} from the middle of 300`);
  await button(page, "Show more sites").click();
  await page.getByRole("heading", { name: `${kNear} sites` }).waitFor();
  await page.locator(".site").nth(kNear - 1).waitFor(); // the rows come in parts
  assert.equal(await page.locator(".site").count(), kNear);
  await page.getByText("25 mi", { exact: true }).waitFor(); // the whole circle now
  await page.reload();
  await page.getByRole("heading", { name: `${kNear} sites` }).waitFor();
});

test("where no site fits, other searches are one click away", async () => {
  const page = await open(0, "#/find?zip=02139&within=5&product=309&available=true");
  await page.getByText("No site within 5 miles matches this search.").waitFor();
  await button(page, "Search within 10 miles").waitFor();
  await button(page, "Search for any vaccine").click();
  await row(page, "near-4").waitFor();
});

test("on a phone the list stands first, and the map is one tap away", async () => {
  const page = await open(0, "#/find?zip=02139&within=5", { viewport: { width: 390, height: 844 }, hasTouch: true });
  const borders = requestsOf(page, "counties");
  await row(page, "near-4").waitFor();
  assert.equal(await page.locator(".map").count(), 0);
  assert.equal(borders.begun, 0);
  await button(page, "Map").click();
  const pin = page.locator(".point", { has: page.locator("title", { hasText: /^Near Site 20$/ }) });
  await pin.dispatchEvent("click"); // others lie over it
  await row(page, "near-20").waitFor();
  await page.waitForFunction(() => {
    const { top } = document.getElementById("site-near-20").getBoundingClientRect();
    return top > 0 && top < innerHeight;
  });
});

test("Back leads to the place where one was, and to the link that was followed", async () => {
  const page = await open(2, "#/find?zip=02139&within=25");
  const link = page.getByRole("link", { name: "Log the stock of Near Site 60", exact: true });
  await link.click();
  await page.getByRole("heading", { name: "Near Site 60" }).waitFor();
  assert.equal(await page.title(), "Near Site 60 · titer");
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.goBack();
  await page.waitForFunction(() => document.activeElement.id === "log-near-60" && scrollY > 1000);
  await page.goto(`${at.cluster.page(2)}licenses.txt`); // as a clinic's own site would be
  await page.goBack();
  await page.waitForFunction(() => document.activeElement?.id === "log-near-60" && scrollY > 1000);
});

test("a phone number with an extension can be called, any other one read", async () => {
  const patch = (site, phone) => at.cluster.ask(0, "PATCH", `/sites/${site}`, { phone, hours: "Mo-Fr 9-17" });
  await patch("near-5", "+1 (617) 555-0199 ext. 4521");
  await patch("near-6", "ask at the desk");
  const page = await open(0, "#/find?zip=02139&within=1");
  const call = row(page, "near-5").getByRole("link", { name: "Call Near Site 5" });
  assert.equal(await call.getAttribute("href"), "tel:+16175550199;ext=4521");
  await row(page, "near-6").getByText("ask at the desk").waitFor();
  await row(page, "near-6").getByText("Hours: Mo-Fr 9-17").waitFor();
  await row(page, "near-6").getByRole("link", { name: "Directions to Near Site 6" }).waitFor();
});

test("a ZIP code is taken as it is pasted, and why it is none is told in the visitor's language", async () => {
  const page = await open(0, "", { locale: "es-US" });
  const zip = page.getByLabel("Código postal");
  await zip.focus();
  await page.keyboard.insertText(" 02139-4307 ");
  await button(page, "Buscar").click();
  await row(page, "near-1").waitFor();
  await zip.fill("00000");
  await button(page, "Buscar").click();
  await page.getByRole("alert").getByText("Ese código postal no existe en los Estados Unidos.").waitFor();
});

test("a browser that does not tell where it is gives its reason", async () => {
  const page = await open(0, "");
  await button(page, "Use my location").click();
  await page.getByRole("alert").getByText("Your browser was not allowed to tell your location.").waitFor();
});

test("all tabs of a browser share one stream, and keep it when the one that has it is closed", async () => {
  const person = await at.browser.person();
  const streams = requestsOf(person, "/api/v1/changes");
  const tabs = [];
  for (let tab = 0; tab < 8; tab += 1) {
    const page = await person.newPage();
    await page.goto(at.cluster.page(0, tab % 2 ? "#/log/near-2" : "#/find?zip=02139&within=1"));
    await isLive(page);
    tabs.push(page);
  }
  assert.equal(streams.begun, 1);
  await tabs[0].close();
  await waitUntil(() => streams.begun === 2, "another tab to follow");
  await set(1, "near-2", { count: 77 });
  for (const page of tabs.slice(1)) await page.locator(".amount b", { hasText: /^77$/ }).waitFor();
  assert.equal(streams.begun, 2);
  assert.equal(await tabs[7].locator(".banner").count(), 0);
});

test("a page that nobody sees asks for nothing, and is up to date when it is seen", async () => {
  const page = await open(0, "#/find?zip=02139&within=1");
  await row(page, "near-2").waitFor();
  await isLive(page);
  const show = (state) =>
    page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await show("hidden");
  await page.locator('.pulse[data-live="false"]').waitFor();
  const asked = requestsOf(page, "/api/");
  await set(1, "near-2", { count: 78 });
  const other = await open(0, "#/find");
  const seen = requestsOf(other, "/status");
  await waitUntil(() => seen.begun >= 2, "a page that is seen to ask twice how its replica is");
  assert.ok(asked.begun <= 1, `${asked.begun} requests of a hidden page`);
  await show("visible");
  await row(page, "near-2").getByText("78").waitFor();
});
