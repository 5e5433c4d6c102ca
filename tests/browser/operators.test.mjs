// SPDX-License-Identifier: Apache-2.0

// Cluster, as operators meet it: which replicas are heard, figures with their values, the switch, the keys. The last test makes the first key, after which
// every write needs one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeSource, world } from "./harness.mjs";

const at = world({ before, after }, { fill: (cluster) => cluster.titer("add", "Elm Clinic", "--zip", "02139", "--availability", 50) });

const button = (page, name) => page.getByRole("button", { name, exact: true });
const open = (index, options) => at.browser.open(at.cluster.page(index, "#/cluster"), options);
const beats = (page, kind) => page.locator(`.beat[data-kind="${kind}"]`);

test("an idle cluster shows that every replica is heard, and one that fails who fell silent and what the others did", async () => {
  const page = await open(1);
  await page.waitForFunction(() => document.querySelectorAll('.beat[data-kind="serving"]').length >= 9);
  assert.equal(await beats(page, "silent").count(), 0);
  await page.getByText("Nothing has happened since this page was opened.").waitFor();
  const { view } = await at.cluster.status(0);
  await at.cluster.kill(2);
  const events = page.locator(".happenings li");
  await events.filter({ hasText: "Replica 2 gives no answer." }).waitFor();
  await events.filter({ hasText: `View ${view + 1} begins, with replicas 0 and 1.` }).waitFor();
  await beats(page, "silent").first().waitFor();
  await page.locator(".view-change").getByText(`view ${view + 1}`).waitFor();
  at.cluster.type("start 2");
  await events.filter({ hasText: "Replica 2 serves." }).waitFor();
});

test("figures have values at every moment, of lag too, and a time range", async () => {
  const page = await open(0);
  await page.waitForFunction(() => document.querySelectorAll('.beat[data-kind="serving"]').length >= 12);
  const chart = (title) => page.locator(".chart", { hasText: title });
  const lag = chart("Requests behind the furthest replica");
  await lag.locator(".plot").focus();
  await page.keyboard.press("ArrowLeft");
  await lag.locator(".reading").getByText(/Replica 0: \d+; Replica 1: \d+; Replica 2: \d+$/).waitFor();
  const latency = chart("One linearizable read");
  await latency.locator(".plot").focus();
  await page.keyboard.press("ArrowLeft");
  await latency.locator(".reading").getByText(/Replica 0: [\d.]+ ms; /).waitFor();
  await page.getByLabel("Time shown").selectOption({ label: "10 min" });
  await latency.locator(".plot").focus();
  await page.keyboard.press("ArrowLeft");
  await latency.locator(".reading").getByText(/Replica 0: [\d.]+ ms; /).waitFor();
});

test("the switch stops all writes, says why, and lets them go on", async () => {
  const page = await open(1);
  await page.getByText("Changes are accepted.").waitFor();
  await page.getByLabel("Reason, which is shown to everybody").fill("moving");
  await button(page, "Stop all changes").click();
  await page.getByText("All changes are stopped; reading goes on. Reason: moving").waitFor();
  await assert.rejects(at.cluster.titer("set", "elm-clinic", 1), /moving/);
  await button(page, "Accept changes again").click();
  await page.getByText("Changes are accepted.").waitFor();
  await at.cluster.titer("set", "elm-clinic", 2);
});

test("an operator makes a key, sees it once, lists all, and revokes it; others see none", async () => {
  const page = await open(0);
  await page.getByText("There are no keys, so every client may do everything.").waitFor();
  const local = ["--at", `unix:${at.cluster.socket(0)}`];
  const operator = (await at.cluster.titer("key", "create", "--owner", "ann", "--role", "operator", ...local)).trim();
  const provider = (await at.cluster.titer("key", "create", "--owner", "Elm", "--role", "provider", "--site", "elm-clinic", "--key", operator)).trim();
  const enter = async (key) => {
    await page.getByLabel("Your key").fill(key);
    await button(page, "Use this key").click();
    await page.getByText("You write with your key.").waitFor();
  };
  await page.reload();
  await page.getByText("Keys are shown to operators and auditors.").waitFor();
  await enter(provider);
  await page.getByText("Your key does not allow you to see the keys.").waitFor();
  await button(page, "Forget the key").click();
  await enter(operator);
  const rows = page.getByRole("table", { name: "Keys" }).getByRole("row");
  await rows.filter({ hasText: "Elm" }).getByText("elm-clinic").waitFor();
  await page.getByText("New key").click();
  await page.getByLabel("Owner").fill("Oak Clinic");
  await page.getByLabel(/^For: ids of sites/).fill("oak-1, oak-2");
  await page.getByLabel("Valid until").fill("2037-05-06");
  await button(page, "Create the key").click();
  const made = await page.locator(".made code").innerText();
  assert.match(made, /^titer_[0-9a-f]{16}_[0-9a-f]{64}$/);
  const oak = rows.filter({ hasText: "Oak Clinic" });
  await oak.getByText("oak-1, oak-2").waitFor();
  assert.match(await oak.innerText(), /provider.*May \d, 2037/s);
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  await page.evaluate(axeSource());
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
  await oak.getByRole("button", { name: "Revoke the key of Oak Clinic" }).click();
  await oak.getByRole("button", { name: "Really revoke the key of Oak Clinic" }).click();
  await oak.getByText(/^revoked /).waitFor();
  const refused = await fetch(`${at.cluster.page(1)}api/v1/keys`, { headers: { Authorization: `Bearer ${made}` } });
  assert.equal(refused.status, 401);
});
