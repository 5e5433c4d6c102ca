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

test("the buttons kill a replica for real and start it again", async () => {
  const page = await at.browser.open(at.cluster.page(1, "#/cluster"));
  await reached(page, ["serving", "serving", "serving"]);
  await page.getByRole("button", { name: "Kill replica 2" }).click();
  await reached(page, ["serving", "serving", "down"]);
  await page.getByText("2 of 3 replicas serve").waitFor();
  await page.getByRole("button", { name: "Start replica 2" }).click();
  await reached(page, ["serving", "serving", "serving"]);
});

test("the space-time picture tells when a frame was stable, safe and executed", async () => {
  const page = await at.browser.open(at.cluster.page(0, "#/cluster"));
  await page.getByRole("heading", { name: "Space and time" }).waitFor();
  await at.cluster.titer("adjust", "elm-clinic", 1);
  await page.locator(".frame:not([data-null])").first().waitFor();
  await page.getByRole("button", { name: "Older frame" }).click();
  const table = page.locator(".moments table");
  await table.getByText(/^Frame of replica \d, clock [\d,]+, \d+ request/).waitFor();
  assert.equal(await table.getByRole("row").count(), 4);
  assert.match(await table.innerText(), /µs|ms/);
  await page.getByRole("button", { name: "Go on" }).click();
  await table.waitFor({ state: "detached" });
});
