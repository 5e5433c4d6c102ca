// SPDX-License-Identifier: Apache-2.0

// Log with keys: a visitor without one is asked for it, and the tab keeps it until it is closed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { world } from "./harness.mjs";

const at = world({ before, after });
const button = (page, name) => page.getByRole("button", { name, exact: true });

const wrongKey = `titer_${"5".repeat(16)}_${"0".repeat(64)}`;
const keys = {};

test("where no keys are, nobody is asked for one", async () => {
  await at.cluster.titer("add", "Key Clinic", "--zip", "02139", "--availability", 4);
  const page = await at.browser.open(at.cluster.page(0, "#/log/key-clinic"));
  await page.locator(".panel .amount b", { hasText: /^4$/ }).waitFor();
  await page.getByLabel("Your name").waitFor();
  assert.equal(await page.getByLabel("Your key").count(), 0);
});

test("a key is asked for before anything is typed in vain, checked when it is entered, and kept for the tab only", async () => {
  const local = ["--at", `unix:${at.cluster.socket(0)}`];
  keys.operator = (await at.cluster.titer("key", "create", "--owner", "ann", "--role", "operator", ...local)).trim();
  const words = ["key", "create", "--owner", "Key Clinic", "--role", "provider", "--key", keys.operator];
  const [own, other] = [
    (await at.cluster.titer(...words, "--site", "key-clinic")).trim(),
    (await at.cluster.titer(...words, "--site", "elsewhere")).trim(),
  ];
  const page = await at.browser.open(at.cluster.page(0, "#/log/key-clinic"));
  const field = page.getByLabel("Your key");
  await field.waitFor();
  assert.equal(await page.getByLabel("Your name").count(), 0); // a key says who it is
  await page.getByLabel("Doses on hand").fill("41");
  await button(page, "Set").click();
  await page.getByText("only with a valid key").waitFor();
  assert.equal(await page.getByLabel("Doses on hand").inputValue(), "41");
  for (const wrong of ["hello", wrongKey]) {
    await field.fill(wrong);
    await button(page, "Use this key").click();
    await page.getByText("This key is not valid here").waitFor();
  }
  assert.equal(await page.evaluate(() => sessionStorage.getItem("titer.key")), null);
  await field.fill(other);
  await button(page, "Use this key").click();
  await page.getByText("You write with your key.").waitFor();
  await button(page, "+1").click();
  await page.getByText("Your key does not allow this here").waitFor();
  await button(page, "Forget the key").click();
  await field.fill(own);
  await button(page, "Use this key").click();
  await page.getByText("You write with your key.").waitFor();
  await button(page, "+1").click();
  await page.getByText("Stored: 5 doses").waitFor();
  assert.equal(await at.cluster.stock("key-clinic"), 5);
  const kept = await page.evaluate(() => [sessionStorage.getItem("titer.key"), JSON.stringify(localStorage)]);
  assert.equal(kept[0], own);
  assert.ok(!kept[1].includes(own));

  await at.cluster.titer("writes", "stop", "--reason", "moving", "--key", keys.operator);
  await button(page, "+1").click();
  await page.getByText("the operators have stopped all changes").waitFor();
  await at.cluster.titer("writes", "allow", "--key", keys.operator);

  await at.cluster.titer("key", "revoke", own.split("_")[1], "--key", keys.operator);
  await button(page, "+1").click();
  await page.getByText("This key is not valid here").waitFor(); // and it is not believed after a reload
  await page.reload();
  await field.waitFor();
});

test("in Spanish too", async () => {
  const page = await at.browser.open(at.cluster.page(1, "#/log/key-clinic"), { locale: "es-ES" });
  await page.getByLabel("Su clave").waitFor();
  await button(page, "+1").click();
  await page.getByText("solo acepta cambios con una clave válida").waitFor();
});

test("an operator's key opens the cluster's switches and its frames", async () => {
  const page = await at.browser.open(at.cluster.page(1, "#/cluster"));
  await page.getByText("Frames are shown to operators.").waitFor();
  await button(page, "Kill replica 2").click();
  await page.getByText("only with a valid key").waitFor();
  await page.getByLabel("Your key").fill(keys.operator);
  await button(page, "Use this key").click();
  await page.getByText("You write with your key.").waitFor();
  await page.getByText("Frames are shown to operators.").waitFor({ state: "detached" });
  await at.cluster.titer("adjust", "Key Clinic", "+1", "--key", keys.operator);
  await page.locator(".picture .frame").first().waitFor();
  await button(page, "Kill replica 2").click();
  await page.locator('tr[data-state="down"]').waitFor();
});
