// SPDX-License-Identifier: Apache-2.0

// Cluster: the machine at work, and what happens when a part of it is taken away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { world } from "./harness.mjs";

const at = world({ before, after }, { fill: (cluster) => cluster.titer("add", "Elm Clinic", "--zip", "02139", "--availability", 50) });

const states = (page) => page.locator("td.state").allInnerTexts();
const reached = (page, expected) =>
  page.waitForFunction((text) => [...document.querySelectorAll("td.state")].map((td) => td.innerText).join() === text, expected.join());

test("every replica is shown as it describes itself", async () => {
  const page = await at.browser.open(at.cluster.page(1, "#/cluster"));
  await reached(page, ["serving", "serving", "serving"]);
  await page.getByText("3 of 3 replicas serve").waitFor();
  const { view } = await at.cluster.status(0);
  const cells = await page.getByRole("row").nth(1).getByRole("cell").allInnerTexts();
  assert.equal(cells[1], String(view));
  await page.getByText("Requests executed per second").waitFor();
});

test("a replica that dies is shown as down, and serves again when it is started", async () => {
  const page = await at.browser.open(at.cluster.page(1, "#/cluster"));
  await reached(page, ["serving", "serving", "serving"]);
  await at.cluster.kill(0);
  await reached(page, ["down", "serving", "serving"]);
  await page.getByText("2 of 3 replicas serve").waitFor();
  at.cluster.type("start 0");
  await reached(page, ["serving", "serving", "serving"]);
});

test("the buttons kill a replica and start it again", async () => {
  const page = await at.browser.open(at.cluster.page(1, "#/cluster"));
  await reached(page, ["serving", "serving", "serving"]);
  await page.getByRole("button", { name: "Kill replica 2" }).click();
  await reached(page, ["serving", "serving", "down"]);
  await page.getByRole("button", { name: "Start replica 2" }).click();
  await reached(page, ["serving", "serving", "serving"]);
});

test("frames of the cluster itself are in the picture", async () => {
  const page = await at.browser.open(at.cluster.page(1, "#/cluster"));
  await page.getByRole("heading", { name: "Space and time" }).waitFor(); // somebody looks, so frames are kept
  for (const by of ["+1", "+2", "+3"]) await at.cluster.titer("adjust", "Elm Clinic", by);
  await page.waitForFunction(() => document.querySelectorAll(".picture .frame").length > 3);
});

// Three replicas that saw the same two frames: one of replica 0 with two requests, and the null frame that replica 1
// acknowledged it with.
function traceOf(replica) {
  const frame = (from, clock, requests, sent) => ({
    ...{ from, view: 0, seq: clock, clock, requests, sent_us: sent, received_us: sent + 100 + replica },
    ...{ stable_us: sent + 200 + replica, safe_us: sent + 300 + replica, executed_us: sent + 400 + replica },
  });
  return { replica, now_us: 900_000, frames: [frame(0, 41, 2, 500_000), frame(1, 42, 0, 500_120)] };
}

test("the space-time picture tells who sent what, and when it was stable, safe and executed", async () => {
  const page = await at.browser.open("about:blank");
  for (const replica of [0, 1, 2])
    await page.route(`${at.cluster.page(replica)}api/v1/trace`, (route) =>
      route.fulfill({ json: traceOf(replica), headers: { "Access-Control-Allow-Origin": "*" } }),
    );
  await page.goto(at.cluster.page(0, "#/cluster"));
  await page.getByRole("heading", { name: "Space and time" }).waitFor();
  assert.equal(await page.locator(".picture .frame").count(), 2);
  assert.equal(await page.locator(".picture .frame[data-null]").count(), 1);
  await page.getByRole("button", { name: "Older frame" }).click(); // begins with the last that carries requests
  const table = page.locator(".moments table");
  await table.getByText("Frame of replica 0, clock 41, 2 requests, after sending").waitFor();
  const rows = await table.getByRole("row").allInnerTexts();
  assert.deepEqual(rows.map((text) => text.split(/\s*\t\s*/)).slice(1), [
    ["0", "sent", "200 µs", "300 µs", "400 µs"],
    ["1", "101 µs", "201 µs", "301 µs", "401 µs"],
    ["2", "102 µs", "202 µs", "302 µs", "402 µs"],
  ]);
  await page.getByRole("button", { name: "Go on" }).click();
  await table.waitFor({ state: "detached" });
});
