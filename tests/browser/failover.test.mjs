// SPDX-License-Identifier: Apache-2.0

// The page while its replica dies. The tests share a cluster, which has one replica less after each.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isLive, world } from "./harness.mjs";

const at = world(
  { before, after },
  { fill: (cluster) => cluster.titer("add", "Elm Clinic", "--zip", "02139", "--availability", 50) },
);

const amount = (page, value) => page.locator(".amount b", { hasText: new RegExp(`^${value}$`) }).first();

test("a write whose replica dies under it is applied once", async () => {
  const page = await at.browser.open(at.cluster.page(0, "#/log/elm-clinic"));
  await amount(page, 50).waitFor();
  const more = page.getByRole("button", { name: "+1", exact: true });
  await Promise.all([more.click(), at.cluster.kill(0)]);
  await page.getByText("Stored: 51 doses").waitFor();
  assert.equal(await at.cluster.stock("elm-clinic"), 51);
});

test("when the replica that served the page is killed, reading, writing and watching go on", async () => {
  const { browser, cluster } = at;
  const find = await browser.open(cluster.page(1, "#/find?zip=02139"));
  const log = await browser.open(cluster.page(1, "#/log/elm-clinic"));
  for (const page of [find, log]) {
    await amount(page, 51).waitFor();
    await isLive(page);
  }
  await cluster.kill(1);
  await log.getByLabel("Doses on hand").fill("41");
  await log.getByRole("button", { name: "Set", exact: true }).click();
  await log.getByText("Stored: 41 doses").waitFor();
  await log.getByText("does not answer. You are now at").waitFor();
  await amount(find, 41).waitFor(); // by the change stream of another replica
  await find.getByText("does not answer. You are now at").waitFor();
  await cluster.titer("set", "elm-clinic", 7);
  await amount(find, 7).waitFor();
  await amount(log, 7).waitFor();
  assert.equal((await cluster.status(2)).members.length, 1);
});
