// SPDX-License-Identifier: Apache-2.0

// Log with keys: a visitor without one is asked for it, and the tab keeps it until it is closed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { world } from "./harness.mjs";

const at = world({ before, after });
const button = (page, name) => page.getByRole("button", { name, exact: true });

test("a key is asked for when it is needed, in both languages, and kept for the tab only", async () => {
  await at.cluster.titer("add", "Key Clinic", "--zip", "02139", "--availability", 4);
  const local = ["--at", `unix:${at.cluster.socket(0)}`];
  const operator = (await at.cluster.titer("key", "create", "--owner", "ann", "--role", "operator", ...local)).trim();
  const words = ["key", "create", "--owner", "Key Clinic", "--role", "provider", "--key", operator];
  const [own, other] = [
    (await at.cluster.titer(...words, "--site", "key-clinic")).trim(),
    (await at.cluster.titer(...words, "--site", "elsewhere")).trim(),
  ];

  const page = await at.browser.open(at.cluster.page(0, "#/log/key-clinic"));
  await page.locator(".panel .amount b", { hasText: /^4$/ }).waitFor();
  assert.equal(await page.getByLabel("Your key").count(), 0); // nobody is bothered before it is needed
  await button(page, "+1").click();
  await page.getByText("only with a key that is valid").waitFor();
  await page.getByLabel("Your key").fill(other);
  await button(page, "Use this key").click();
  await button(page, "+1").click();
  await page.getByText("your key does not allow this here").waitFor();
  await button(page, "Forget it").click();
  await page.getByLabel("Your key").fill(own);
  await button(page, "Use this key").click();
  await button(page, "+1").click();
  await page.getByText("Stored: 5 doses").waitFor();
  assert.equal(await at.cluster.stock("key-clinic"), 5);
  const kept = await page.evaluate(() => [sessionStorage.getItem("titer.key"), JSON.stringify(localStorage)]);
  assert.equal(kept[0], own);
  assert.ok(!kept[1].includes(own));

  await at.cluster.titer("writes", "stop", "--reason", "moving", "--key", operator);
  await button(page, "+1").click();
  await page.getByText("the operators have stopped all changes").waitFor();
  await at.cluster.titer("writes", "allow", "--key", operator);

  const spanish = await at.browser.open(at.cluster.page(1, "#/log/key-clinic"), { locale: "es-ES" });
  await button(spanish, "+1").click();
  await spanish.getByText("solo acepta cambios con una clave válida").waitFor();
  await spanish.getByLabel("Su clave").waitFor();
});
