// SPDX-License-Identifier: Apache-2.0

// Log, as clinics meet it: several at once, at different replicas.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isLive, world } from "./harness.mjs";

const at = world({ before, after });

/** A site of its own for each test. */
async function site(name, availability) {
  await at.cluster.titer("add", name, "--zip", "02139", "--availability", availability);
  return name.toLowerCase().replaceAll(" ", "-");
}

const open = (index, id) => at.browser.open(at.cluster.page(index, `#/log/${id}`));
const button = (page, name) => page.getByRole("button", { name, exact: true });
const amount = (page, value) => page.locator(".panel .amount b", { hasText: new RegExp(`^${value}$`) });

test("a site is found by its name and its stock set", async () => {
  const id = await site("Oak Clinic", 4);
  const page = await at.browser.open(at.cluster.page(0, "#/log"));
  await page.getByLabel("Name or ZIP code").fill("oak");
  await button(page, "Find site").click();
  await page.getByRole("link", { name: "Oak Clinic" }).click();
  await amount(page, 4).waitFor();
  await page.getByLabel("Your name").fill("María Ñandú");
  await page.getByLabel("Doses on hand").fill("25");
  await button(page, "Set").click();
  await page.getByText("Stored: 25 doses").waitFor();
  assert.equal(await at.cluster.stock(id), 25);
  await page.getByText("by María Ñandú").first().waitFor();
  await button(page, "Available").click();
  await page.getByText("Stored: Available").waitFor();
  assert.equal(await at.cluster.stock(id), true); // yes is logged as yes, and not as a number
  await button(page, "Reserve").waitFor({ state: "detached" }); // there is no number to reserve from
  await page.getByRole("link", { name: "Other site" }).click();
  await page.getByRole("heading", { name: "Opened on this device before" }).waitFor();
  await page.getByRole("link", { name: "Oak Clinic" }).click();
  await page.getByRole("heading", { name: "Oak Clinic" }).waitFor();
});

test("what is logged at one replica is seen at once at another", async () => {
  const id = await site("Birch Clinic", 4);
  const [one, other] = [await open(0, id), await open(2, id)];
  await amount(other, 4).waitFor();
  await isLive(other);
  await amount(one, 4).waitFor();
  await button(one, "+1").click();
  await amount(one, 5).waitFor();
  await amount(other, 5).waitFor();
});

test("of two who reserve the last dose at once one has it and one is told", async () => {
  const id = await site("Last Dose Clinic", 1);
  const pages = [await open(0, id), await open(1, id)];
  await Promise.all(pages.map((page) => amount(page, 1).waitFor()));
  await Promise.all(pages.map((page) => button(page, "Reserve").click()));
  const told = await Promise.all(pages.map((page) => page.locator(".told [data-kind]").first().innerText()));
  assert.equal(told.filter((text) => /^Stored: 0 doses/.test(text)).length, 1, String(told));
  assert.equal(told.filter((text) => /Asked for: 1 dose\. There now: 0 doses\./.test(text)).length, 1, String(told));
  assert.equal(await at.cluster.stock(id), 0);
});

test("nobody overwrites what they have not seen", async () => {
  const id = await site("Conflict Clinic", 10);
  const page = await open(0, id);
  await amount(page, 10).waitFor();
  await page.getByLabel("Doses on hand").fill("8");
  await at.cluster.titer("set", id, 3);
  await amount(page, 3).waitFor();
  await button(page, "Set").click();
  await page.getByText("Somebody else logged 3 doses while you were looking").waitFor();
  assert.equal(await at.cluster.stock(id), 3);
  await button(page, "Store 8 doses anyway").click();
  await page.getByText("Stored: 8 doses").waitFor();
  assert.equal(await at.cluster.stock(id), 8);
});

test("history tells who did what, and undo puts it back", async () => {
  const id = await site("History Clinic", 10);
  await at.cluster.titer("set", id, 700, "--actor", "maria", "--reason", "typing error");
  const page = await open(1, id);
  const event = page.getByRole("listitem").filter({ hasText: "set: 10 doses → 700 doses" });
  await event.getByText("by maria").waitFor();
  await event.getByText("typing error").waitFor();
  await page.getByText(/Doses of .* over time/).waitFor();
  await event.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.").waitFor();
  await amount(page, 10).waitFor();
  assert.equal(await at.cluster.stock(id), 10);
  await event.getByRole("button").waitFor({ state: "detached" }); // a later change stands on it
});

test("an undo stands beside what was stored", async () => {
  const id = await site("Tap Clinic", 120);
  const page = await open(1, id);
  await amount(page, 120).waitFor();
  await button(page, "None").click();
  const told = page.locator(".told").first();
  await told.getByText("Stored: None").waitFor();
  await told.getByRole("button", { name: "Undo" }).click();
  await told.getByText("Undone.").waitFor();
  await amount(page, 120).waitFor();
});

test("history goes back as far as there is any, and the last claim is named as it was claimed", async () => {
  const id = await site("Long Clinic", 0);
  for (let doses = 1; doses <= 210; doses += 1)
    await at.cluster.ask(0, "PUT", `/sites/${id}/stock/any`, { availability: { count: doses } });
  await at.cluster.titer("set", id, "true");
  const page = await open(0, id);
  await page.locator(".events li").first().waitFor();
  assert.equal(await page.locator(".chart .keys").innerText(), "Available");
  assert.equal(await page.locator(".events button").count(), 1); // the others cannot be undone
  await button(page, "Show older events").click();
  await page.waitForFunction(() => document.querySelectorAll(".events li").length === 200);
  await button(page, "Show older events").click();
  await page.getByText("site added").waitFor();
  assert.equal(await page.locator(".events li").count(), 213);
  await button(page, "Show older events").waitFor({ state: "detached" });
  await at.cluster.titer("set", id, 5);
  await page.waitForFunction(() => document.querySelectorAll(".events li").length === 214); // none was lost between the pages
});

test("a site is found by its ZIP code with four more digits, and by its name and town", async () => {
  const rows = Array.from({ length: 30 }, (_, i) => `cedar-${i},Cedar Pharmacy ${i},0213${i % 3},${i === 7 ? "Somerville" : "Boston"},MA`);
  await at.cluster.ask(0, "POST", "/import", ["site_id,name,zip,city,state", ...rows].join("\n"));
  const page = await at.browser.open(at.cluster.page(0, "#/log?q=cedar"));
  const choices = page.locator(".choices li");
  await page.getByText("The first 25 sites. Type more of the name").waitFor();
  await button(page, "Show more sites").click();
  await page.getByText("30 sites", { exact: true }).waitFor();
  assert.equal(await choices.count(), 30);
  const look = async (typed, said) => {
    await page.getByLabel("Name or ZIP code").fill(typed);
    await button(page, "Find site").click();
    await page.getByText(said, { exact: true }).waitFor();
  };
  await look("cedar somerville", "1 site");
  await look("Cedar Pharmacy, Somerville, MA", "1 site");
  await look("02132-4307", "10 sites");
  await look("59999", "No site has this ZIP code.");
  await look("nothing like it", "No site has this in its name.");
});

test("a closed site says so and offers nothing to change", async () => {
  const id = await site("Closed Clinic", 4);
  const page = await open(0, id);
  await amount(page, 4).waitFor();
  await at.cluster.titer("close", id);
  await page.getByText("This site is closed.").waitFor();
  assert.equal(await page.locator(".panel").count(), 0);
});

test("a wrong number is told before it is sent", async () => {
  const page = await open(0, await site("Number Clinic", 2));
  await page.getByLabel("Doses on hand").fill("2.5");
  await button(page, "Set").click();
  await page.getByText("whole number").waitFor();
});

test("another vaccine can be logged", async () => {
  const id = await site("Flu Clinic", 2);
  const page = await open(0, id);
  await page.getByLabel("Another vaccine").selectOption("140");
  await page.getByLabel("Doses on hand").last().fill("60");
  await button(page, "Set").last().click();
  await amount(page, 60).waitFor();
  assert.equal(await at.cluster.stock(id, "140"), 60);
});
