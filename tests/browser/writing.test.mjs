// SPDX-License-Identifier: Apache-2.0

// Log on a bad line: no click and no typed number is lost, and nothing is said that is not so.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isLive, throttle, world } from "./harness.mjs";

const at = world({ before, after });

async function opened(name, availability, index = 0) {
  await at.cluster.titer("add", name, "--zip", "02139", "--availability", availability);
  const id = name.toLowerCase().replaceAll(" ", "-");
  const page = await at.browser.open(at.cluster.page(index, `#/log/${id}`));
  await amount(page, availability).waitFor();
  return { id, page };
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const amount = (page, value) => page.locator(".panel .amount b", { hasText: new RegExp(`^${value}$`) });
const settled = (page) => page.waitForFunction(() => document.querySelector('.panel[aria-busy="false"]') !== null);

for (const latency of [0, 400])
  test(`five clicks on −1 take five doses (${latency} ms away)`, async () => {
    const { id, page } = await opened(`Clicks Clinic ${latency}`, 100);
    if (latency) await throttle(page, latency, 50);
    for (let click = 0; click < 5; click += 1) await button(page, "−1").click();
    await amount(page, 95).waitFor();
    await settled(page);
    assert.equal(await at.cluster.stock(id), 95);
  });

test("what waits is shown, and two values that are set in a row are both stored", async () => {
  const { id, page } = await opened("Row Clinic", 10);
  await throttle(page, 400, 50);
  const field = page.getByLabel("Doses on hand");
  await field.fill("20");
  await button(page, "Set").click();
  await page.getByText("Being stored: 20 doses").waitFor();
  await button(page, "Available").click();
  await page.getByText("Being stored: 20 doses, Available").waitFor();
  await page.getByText("Stored: Available").waitFor();
  assert.equal(await at.cluster.stock(id), true);
  const set = page.getByRole("listitem").filter({ hasText: "10 doses → 20 doses" });
  await set.waitFor(); // and not in conflict with itself
});

test("a typed number stays until it is stored, and a dead line is called one", async () => {
  const { id, page } = await opened("Typed Clinic", 10);
  await isLive(page);
  const field = page.getByLabel("Doses on hand");
  await field.fill("2347");
  await page.context().setOffline(true);
  await page.locator('.pulse[data-live="false"]').waitFor({ timeout: 3000 });
  await button(page, "Set").click();
  await page.getByText("Not stored yet: 2,347 doses. No replica answers").waitFor({ timeout: 30_000 });
  assert.equal(await field.inputValue(), "2347");
  await page.getByText("what you see may be out of date").waitFor();
  assert.equal(await page.getByText("You are now at").count(), 0); // it is nowhere else
  await page.context().setOffline(false);
  await page.getByText("Stored: 2,347 doses").waitFor();
  await page.waitForFunction(() => document.querySelector(".set input").value === "");
  assert.equal(await at.cluster.stock(id), 2347);
  await isLive(page);
});

test("one's own value is stored over the value that was shown, and over no third one", async () => {
  const { id, page } = await opened("Third Clinic", 10);
  await isLive(page);
  await page.getByLabel("Doses on hand").fill("8");
  await at.cluster.titer("set", id, 3);
  await amount(page, 3).waitFor();
  await button(page, "Set").click();
  await page.getByText("Somebody else logged 3 doses while you were looking").waitFor();
  await at.cluster.titer("set", id, 99);
  await button(page, "Store 8 doses anyway").click();
  await page.getByText("Somebody else logged 99 doses while you were looking").waitFor();
  assert.equal(await at.cluster.stock(id), 99);
  await button(page, "Store 8 doses anyway").click();
  await page.getByText("Stored: 8 doses").waitFor();
  assert.equal(await at.cluster.stock(id), 8);
});

test("a refusal is in the visitor's language", async () => {
  await at.cluster.titer("add", "Palabra", "--zip", "02139", "--availability", 1);
  const page = await at.browser.open(at.cluster.page(2, "#/log/palabra"), { locale: "es-US" });
  await amount(page, 1).waitFor();
  await at.cluster.titer("close", "palabra", "--at", `127.0.0.1:${at.cluster.wire + 1}`);
  await page.getByText("Este centro está cerrado.").waitFor();
});
