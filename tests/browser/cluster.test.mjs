// SPDX-License-Identifier: Apache-2.0

// Cluster: the machine at work, and what happens when a part of it is taken away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { requestsOf, throttle, waitUntil, world } from "./harness.mjs";

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

test("a page can kill the very replica that serves it, and tells no error of it", async () => {
  const page = await at.browser.open(at.cluster.page(1, "#/cluster"));
  await reached(page, ["serving", "serving", "serving"]);
  await page.getByRole("button", { name: "Kill replica 1" }).click();
  await reached(page, ["serving", "down", "serving"]);
  await page.getByText("You are now at").waitFor();
  assert.equal(await page.locator(".notice").count(), 0);
  await page.getByRole("button", { name: "Start replica 1" }).click();
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

const openTraces = { "Access-Control-Allow-Origin": "*" };
const tracePath = (replica) => `${at.cluster.page(replica)}api/v1/trace`;
const arrows = (page) => page.locator(".picture polygon").count();

test("what was seen of a frame stays when a replica that saw it is gone", async () => {
  const page = await at.browser.open("about:blank");
  const asked = [0, 0, 0];
  for (const replica of [0, 1, 2])
    await page.route(tracePath(replica), (route) => {
      asked[replica] += 1;
      return replica === 2 && asked[2] > 1 ? route.abort("connectionrefused") : route.fulfill({ json: traceOf(replica), headers: openTraces });
    });
  await page.goto(at.cluster.page(0, "#/cluster"));
  await page.locator(".picture polygon").first().waitFor();
  const before = await arrows(page);
  assert.equal(before, 4);
  await waitUntil(() => asked[2] > 3, "replica 2 to be silent for a while");
  assert.equal(await arrows(page), before);
});

test("space and time appears when the frames do, however late", async () => {
  const page = await at.browser.open("about:blank");
  let asked = 0;
  for (const replica of [0, 1, 2])
    await page.route(tracePath(replica), (route) => {
      asked += 1;
      return asked <= 6 ? route.abort("connectionrefused") : route.fulfill({ json: traceOf(replica), headers: openTraces });
    });
  await page.goto(at.cluster.page(0, "#/cluster"));
  await page.locator(".picture .frame").first().waitFor();
});

test("on a slow line no replica is called down", async () => {
  const page = await at.browser.open(at.cluster.page(0, "#/log"));
  await page.getByLabel("Name or ZIP code").waitFor();
  await throttle(page, 600, 50);
  await page.goto(at.cluster.page(0, "#/cluster"));
  await page.locator("td.state").first().waitFor();
  for (let looks = 0; looks < 3; looks += 1) {
    assert.deepEqual(await states(page), ["serving", "serving", "serving"]);
    const positions = requestsOf(page, "/api/v1/status");
    await waitUntil(() => positions.begun >= 3, "the next round");
  }
});

test("the space-time picture tells who sent what, and when it was stable, safe and executed", async () => {
  const page = await at.browser.open("about:blank");
  for (const replica of [0, 1, 2])
    await page.route(tracePath(replica), (route) => route.fulfill({ json: traceOf(replica), headers: openTraces }));
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

test("a guided tour tells a rule step by step, with the picture of real frames", async () => {
  const page = await at.browser.open(at.cluster.page(0, "#/cluster"));
  await page.getByRole("button", { name: "Why safe is needed" }).click();
  const tour = page.locator("section", { has: page.getByRole("heading", { name: "Guided tours" }) });
  const signs = (sign) => tour.locator(".marks text", { hasText: sign }).count();
  await tour.getByText("Step 1 of 3.").waitFor();
  assert.equal(await tour.locator(".frame").count(), 3);
  assert.equal(await signs("◇"), 0);
  await tour.getByRole("button", { name: "Next step" }).click();
  await tour.getByText("an answered request would be lost").waitFor();
  assert.deepEqual([await signs("◇"), await signs("□")], [1, 0]); // stable, and not safe
  await tour.getByRole("button", { name: "Next step" }).click();
  await tour.getByText("Step 3 of 3.").waitFor();
  assert.deepEqual([await signs("◇"), await signs("□"), await signs("●")], [1, 1, 1]);
  assert.ok(await tour.getByRole("button", { name: "Next step" }).isDisabled());
});
