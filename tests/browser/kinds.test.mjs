// SPDX-License-Identifier: Apache-2.0

// Find by the kind of vaccine, and the card of a site, as a resident meets them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { requestsOf, world } from "./harness.mjs";

const kPack = "49281-0425-50"; // Fluzone, trivalent: a pack of CVX 140

const at = world(
  { before, after },
  {
    fill: async (cluster) => {
      const add = (name, ...more) => cluster.titer("add", name, "--zip", "02139", "--city", "Cambridge", "--state", "MA", ...more);
      await add("Elm Clinic", "--street", "1 Elm St", "--phone", "617-555-0100");
      await cluster.titer("set", "elm-clinic", 7, "--product", "140");
      await cluster.titer("set", "elm-clinic", "true", "--product", "309");
      await add("Oak Pharmacy");
      await cluster.titer("set", "oak-pharmacy", 5, "--product", kPack);
      await add("Ash Hospital");
      await cluster.titer("set", "ash-hospital", 0, "--product", "141");
      await add("Fir Clinic");
      await cluster.titer("set", "fir-clinic", 9, "--product", "309", "--valid-at", "2026-01-02");
    },
  },
);

const open = (hash, options) => at.browser.open(at.cluster.page(0, hash), options);
const row = (page, id) => page.locator(`#site-${id}`);
const tile = (page, name) => page.getByRole("radio", { name, exact: true });
const standing = (page, id) => row(page, id).locator(".standing").innerText();

test("a kind of vaccine finds all its vaccines and packs, and says of each site whether it has it", async () => {
  const page = await open("#/find?zip=02139&within=5");
  await row(page, "elm-clinic").waitFor();
  await tile(page, "Flu").check();
  await row(page, "fir-clinic").waitFor({ state: "detached" });
  assert.match(page.url(), /[?&]product=flu(&|$)/);
  assert.equal(await standing(page, "elm-clinic"), "Has it");
  assert.equal(await standing(page, "oak-pharmacy"), "Has it");
  assert.equal(await standing(page, "ash-hospital"), "None");
  assert.match(await row(page, "oak-pharmacy").innerText(), /5 doses\s+Flu: Fluzone/);
  assert.equal(await row(page, "elm-clinic").getByText("Comirnaty").count(), 0);
  await tile(page, "COVID-19").check();
  await row(page, "fir-clinic").waitFor();
  assert.equal(await standing(page, "fir-clinic"), "Call first");
  assert.match(await row(page, "fir-clinic").innerText(), /checked \d+ months ago, too old to rely on/);
  await page.goBack();
  await row(page, "oak-pharmacy").waitFor();
  assert.ok(await tile(page, "Flu").isChecked());
});

test("the brand is a further choice within the kind, and its CDC description stands in the details alone", async () => {
  const page = await open("#/find?zip=02139&within=5&product=covid");
  await row(page, "elm-clinic").getByText("Comirnaty (12 years and older)").waitFor();
  const description = row(page, "elm-clinic").getByText("COVID-19, mRNA, LNP-S, PF, tris-sucrose, 30 mcg/0.3 mL");
  assert.ok(!(await description.isVisible()));
  await row(page, "elm-clinic").getByText("Exact vaccine and time").click();
  assert.ok(await description.isVisible());
  await row(page, "elm-clinic").getByText("CVX 309").waitFor();
  await page.getByLabel("Brand").selectOption({ label: "Spikevax (12 years and older)" });
  await page.getByText("No site within 5 miles").waitFor();
  await page.getByRole("button", { name: "Search for any brand (COVID-19)" }).click();
  await row(page, "elm-clinic").waitFor();
});

test("the database takes the word of every kind", async () => {
  const page = await open("#/find?zip=02139&within=5");
  await row(page, "elm-clinic").waitFor();
  const read = (selector) => page.locator(selector).evaluateAll((all) => all.map(({ value }) => value).filter(Boolean));
  const words = [...(await read(".tile input")), ...(await read("#other-kind option"))];
  assert.equal(words.length, 21);
  for (const word of words) {
    const answer = await fetch(`${at.cluster.page(0)}api/v1/sites/near?zip=02139&product=${word}`);
    assert.equal(answer.status, 200, word);
  }
});

test("a phone opens its own maps, any browser a map on the web", async () => {
  const userAgent = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36";
  const page = await open("#/find?zip=02139&within=5", { userAgent });
  const clinic = row(page, "elm-clinic");
  assert.match(await clinic.getByRole("link", { name: "Open Elm Clinic in the maps app" }).getAttribute("href"), /^geo:0,0\?q=Elm%20Clinic/);
  const way = clinic.getByRole("link", { name: "Directions to Elm Clinic" });
  assert.match(await way.getAttribute("href"), /^https:\/\/www\.openstreetmap\.org\//);
  const foreign = requestsOf(page, "openstreetmap");
  await way.hover();
  assert.equal(foreign.begun, 0); // before it is followed
});

test("one site is sent to somebody else, in the sender's language", async () => {
  const permissions = ["clipboard-read", "clipboard-write"];
  const page = await open("#/find?zip=02139&within=5", { permissions, locale: "es-US" });
  await row(page, "elm-clinic").waitFor();
  await page.getByRole("button", { name: "Compartir Elm Clinic", exact: true }).click();
  await row(page, "elm-clinic").getByText("Se copió el enlace.").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(link, /\/\?lang=es#\/site\/elm-clinic$/);
  const other = await at.browser.open(link);
  await other.getByRole("heading", { name: "Elm Clinic", level: 1 }).waitFor();
  await other.getByText("7 dosis").waitFor();
  await at.cluster.titer("set", "elm-clinic", 6, "--product", "140");
  await other.getByText("6 dosis").waitFor(); // it is live
  await at.cluster.titer("set", "elm-clinic", 7, "--product", "140");
});

test("the address carries the language that was chosen", async () => {
  const page = await open("#/find?zip=02139&within=5");
  await page.getByRole("button", { name: "Español" }).click();
  await page.waitForURL(/\/\?lang=es#\/find\?zip=02139/);
  await page.getByRole("group", { name: "¿Qué vacuna?" }).waitFor();
});

test("whoever searches from where they are is told where that is", async () => {
  const page = await open("#/find?lat=42.37&lon=-71.11&within=5");
  await page.getByText("Near your location (around Cambridge, MA), within 5 miles").waitFor();
});

test("on a narrow phone every kind can be read and touched", async () => {
  const page = await open("#/find", { viewport: { width: 320, height: 640 }, hasTouch: true });
  await tile(page, "Flu").waitFor();
  const small = await page.locator(".tile").evaluateAll((all) =>
    all.map((one) => [one.innerText, one.getBoundingClientRect(), one.scrollWidth > one.clientWidth]).filter(([, box, cut]) => box.height < 44 || cut),
  );
  assert.deepEqual(small, []);
});

test("it speaks Haitian Creole, and says that nobody has checked the translation", async () => {
  const page = await open("#/find?zip=02139&within=5&product=covid", { locale: "ht-HT" });
  await page.getByRole("heading", { name: "Jwenn yon vaksen toupre ou" }).waitFor();
  await page.getByText("Pa gen moun ki revize tradiksyon sa a ankò.").waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "ht");
  assert.equal(await standing(page, "elm-clinic"), "Genyen l");
  await row(page, "fir-clinic").getByText(/verifye sa gen \d+ mwa/).waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Find a vaccine near you" }).waitFor();
  assert.equal(await page.getByText("Pa gen moun").count(), 0);
  const linked = await at.browser.open(`${at.cluster.page(1)}?lang=ht#/log`);
  await linked.getByRole("heading", { name: "Anrejistre sa yon sant genyen" }).waitFor();
});
