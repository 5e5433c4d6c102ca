// SPDX-License-Identifier: Apache-2.0

// Log beyond one count: all vaccines at once, sites that are added and edited, files, the code on the fridge.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isLive, world } from "./harness.mjs";

const at = world({ before, after });

async function site(name, stock) {
  await at.cluster.titer("add", name, "--zip", "02139");
  const id = name.toLowerCase().replaceAll(" ", "-");
  for (const [product, value] of Object.entries(stock)) await at.cluster.titer("set", id, value, "--product", product);
  return id;
}
const open = (index, hash, options) => at.browser.open(at.cluster.page(index, hash), options);
const button = (page, name) => page.getByRole("button", { name, exact: true });

test("all vaccines are counted in one table and stored together; one that somebody else changed is told, the others stored", async () => {
  const id = await site("Shelf Clinic", { 140: 4, 309: 5, 115: 6 });
  const page = await open(0, `#/log/${id}`);
  await isLive(page);
  await page.getByText("Count all vaccines at once").click();
  const count = (name) => page.getByLabel(`Doses counted: ${name}`);
  await count("Flu").fill("14");
  await count("COVID-19").fill("x");
  await count("Tdap").fill("16");
  await at.cluster.titer("set", id, 7, "--product", "115");
  await page.getByRole("cell", { name: "7 doses" }).waitFor();
  await button(page, "Store 3 counts").click();
  await page.getByText("A count is a whole number").waitFor();
  assert.equal(await at.cluster.stock(id, "140"), 4); // nothing of a wrong table is stored
  await count("COVID-19").fill("15");
  await button(page, "Store 3 counts").click();
  await page.locator(".count-all").getByText("Somebody else logged 7 doses").waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".count-all input")].filter(({ value }) => value).length === 1);
  assert.equal(await count("Tdap").inputValue(), "16"); // what is not stored stays
  assert.deepEqual([await at.cluster.stock(id, "140"), await at.cluster.stock(id, "309"), await at.cluster.stock(id, "115")], [14, 15, 7]);
});

test("a site is added, and edited by what was changed alone", async () => {
  const page = await open(0, "#/log");
  await page.getByText("Add a site", { exact: true }).first().click();
  const form = page.locator(".site-form");
  await form.getByLabel("Name").fill("Pine Clinic");
  await form.getByLabel("ZIP code").fill("02139");
  await button(form, "Add a site").click();
  await page.getByRole("heading", { name: "Pine Clinic", level: 1 }).waitFor();
  await page.getByText("Name, address and phone").click();
  await form.getByLabel("Hours").fill("Mo-Fr 9-17");
  await button(form, "Store").click();
  const stored = () => at.cluster.ask(1, "GET", "/sites/pine-clinic", undefined);
  await page.waitForFunction(() => document.querySelector(".site-form input[id$=hours]").value === "Mo-Fr 9-17");
  await page.getByText("site edited").waitFor();
  assert.equal((await stored()).hours, "Mo-Fr 9-17");
  await isLive(page);
  await form.getByLabel("Hours").fill("Sa 9-12");
  await at.cluster.ask(1, "PATCH", "/sites/pine-clinic", { hours: "closed today", phone: "617-555-0100" });
  await page.getByText('Somebody else has changed this meanwhile: Hours: closed today. "Store" replaces it.').waitFor();
  assert.equal(await form.getByLabel("Hours").inputValue(), "Sa 9-12"); // what was typed stays
  assert.equal(await form.getByLabel("Phone").inputValue(), "617-555-0100"); // and the rest is up to date
  await button(form, "Store").click();
  await page.waitForFunction(() => document.querySelector(".site-form .told").innerText === "Stored.");
  const { hours, phone } = await stored();
  assert.deepEqual([hours, phone], ["Sa 9-12", "617-555-0100"]);
});

test("my site is one click away from everywhere, on this device", async () => {
  const id = await site("Mine Clinic", { 140: 1 });
  const page = await open(1, `#/log/${id}`);
  await button(page, "My site").click();
  await page.getByRole("link", { name: "Find", exact: true }).click();
  await page.reload();
  await page.getByRole("link", { name: "Log", exact: true }).click();
  await page.getByRole("heading", { name: "Mine Clinic" }).waitFor();
  await page.getByRole("link", { name: "Other site" }).click();
  await page.getByLabel("Name or ZIP code").waitFor();
});

test("a file that is dropped is checked, and stored when that is said", async () => {
  const rows = ["site_id,name,zip,product,availability", "drop-1,Drop One,2139,140,7", "drop-2,Drop Two,02139,Pfizer,8"].join("\n");
  const page = await open(2, "#/log");
  await page.getByText("Import a file").click();
  await page.locator(".drop").waitFor();
  const data = await page.evaluateHandle((rows) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([rows], "stock.csv", { type: "text/csv" }));
    return transfer;
  }, rows);
  await page.dispatchEvent(".drop", "drop", { dataTransfer: data });
  await page.getByText("stock.csv was checked, and nothing is stored yet. 1 row can be stored, 1 cannot.").waitFor();
  const table = await page.locator(".rows tbody tr").allInnerTexts();
  assert.match(table[0], /^3\s+left out\s+product\s+Pfizer/);
  assert.match(table[1], /^2\s+taken, with a note\s+zip\s+2139/);
  const missing = await fetch(`${at.cluster.page(0)}api/v1/sites/drop-1`);
  assert.equal(missing.status, 404);
  await button(page, "Store 1 row").click();
  await page.getByText("stock.csv was stored. Rows: 1 added, 0 updated, 0 unchanged, 1 left out.").waitFor();
  assert.equal(await at.cluster.stock("drop-1", "140"), 7);
  const bad = join(at.cluster.folder, "bad.csv");
  writeFileSync(bad, "site_id,name,zip,product,availability\nx,X,02139,Pfizer,1\n");
  await page.locator(".drop input").setInputFiles(bad);
  await page.getByText("Nothing of this file can be taken.").waitFor();
  await page.locator(".rows").getByText("Pfizer").first().waitFor();
});

test("a code leads a phone to the site's form", async () => {
  const id = await site("Code Clinic", { 140: 1 });
  const page = await open(0, `#/log/${id}`);
  await page.getByText("QR code that leads to this form").click();
  await page.getByRole("img", { name: "QR code of this form's address" }).waitFor();
  const link = await page.locator(".qr a").getAttribute("href");
  assert.equal(link, at.cluster.page(0, `#/log/${id}`));
  // Its finder patterns, by the standard: a ring of 7 modules around 3 x 3, in three corners.
  const corner = await page.locator(".qr path").getAttribute("d");
  for (const module of ["M2,2h", "M8,8h", "M4,4h"]) assert.ok(corner.includes(module), module);
  assert.ok(!corner.includes("M3,3h"));
});

test("the values of the history are read with the pointer and with the keys", async () => {
  const id = await site("Chart Clinic", { 140: 11 });
  await at.cluster.titer("set", id, 22, "--product", "140");
  await at.cluster.titer("set", id, 33, "--product", "140");
  const page = await open(0, `#/log/${id}`);
  const plot = page.locator(".chart .plot");
  await plot.waitFor();
  await plot.focus();
  const reading = page.locator(".chart .reading");
  await page.keyboard.press("ArrowLeft");
  await reading.getByText(/: 33 doses$/).waitFor();
  for (let press = 0; press < 5; press += 1) await page.keyboard.press("ArrowLeft");
  await reading.getByText(/: 11 doses$/).waitFor();
  await page.locator(".chart .u-over").hover();
  await reading.getByText(/: \d+ doses$/).waitFor();
});

test("an undo says what it leads back to", async () => {
  const id = await site("Back Clinic", { 140: 10 });
  await at.cluster.titer("set", id, 700, "--product", "140");
  const page = await open(0, `#/log/${id}`);
  await page.getByText("The newest change of each vaccine can be undone").waitFor();
  await button(page, "Undo: back to 10 doses").click();
  await page.getByText("Undone.").waitFor();
  assert.equal(await at.cluster.stock(id, "140"), 10);
});

test("what is not stored yet is told in every view", async () => {
  const id = await site("Waiting Clinic", { 140: 10 });
  const page = await open(0, `#/log/${id}`);
  await isLive(page);
  await button(page, "+1").waitFor(); // the view's code is here before the line is gone
  await page.context().setOffline(true);
  await button(page, "+1").click();
  await page.getByText("Not stored yet: +1.").waitFor({ timeout: 40_000 });
  await page.getByRole("link", { name: "Find", exact: true }).click();
  await page.getByText("1 change is not stored yet, because no replica answers.").waitFor();
  await page.context().setOffline(false);
  await page.getByText("1 change is not stored yet").waitFor({ state: "detached" });
  assert.equal(await at.cluster.stock(id, "140"), 11);
});
