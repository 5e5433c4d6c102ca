// SPDX-License-Identifier: Apache-2.0

// The page for those who do not see it, use no mouse, or hold a small phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeSource, world } from "./harness.mjs";

const at = world(
  { before, after },
  {
    fill: async (cluster) => {
      const place = ["--zip", "02139", "--city", "Cambridge", "--state", "MA", "--phone", "617-555-0100"];
      await cluster.titer("add", "Elm Clinic", ...place, "--availability", 50);
      await cluster.titer("set", "elm-clinic", "true", "--product", "140");
      await cluster.titer("adjust", "elm-clinic", -3);
    },
  },
);

const views = [
  ["#/find", "Find a vaccine"],
  ["#/find?zip=02139&within=25", "Elm Clinic"],
  ["#/log", "Log the stock of a site"],
  ["#/log/elm-clinic", "History"],
  ["#/cluster", "3 of 3 replicas serve"],
];
const phone = { viewport: { width: 320, height: 640 } };
const looks = { light: {}, dark: { colorScheme: "dark" }, phone, Spanish: { locale: "es-US" } };

for (const [look, options] of Object.entries(looks))
  test(`no view has a serious accessibility fault (${look})`, async () => {
    for (const [hash, sign] of views) {
      const page = await at.browser.open(at.cluster.page(0, hash), options);
      if (look === "Spanish") await page.locator("h1, h2, h3").last().waitFor();
      else await page.getByText(sign).first().waitFor();
      await page.evaluate(axeSource()); // not as a script of the page: its policy forbids that
      const { violations } = await page.evaluate(() => window.axe.run());
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(serious.map(({ id, nodes }) => `${hash}: ${id}: ${nodes[0].html}`), []);
      await page.context().close();
    }
  });

test("nothing is wider than a narrow phone", async () => {
  for (const [hash, sign] of views) {
    const page = await at.browser.open(at.cluster.page(0, hash), phone);
    await page.getByText(sign).first().waitFor();
    const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= screen, `${hash} is ${content} pixels wide on a screen of ${screen}`);
    await page.context().close();
  }
});

// The browser goes to a fragment, and the page to a new view, in a task of its own after the key.
function atMain(page) {
  return page.waitForFunction(() => document.activeElement.id === "main", null, { timeout: 5000 });
}

test("a search and a reservation need no mouse", async () => {
  const page = await at.browser.open(at.cluster.page(0));
  const press = async (key, times = 1) => {
    for (let i = 0; i < times; i += 1) await page.keyboard.press(key);
  };
  await page.getByRole("heading", { name: "Find a vaccine" }).waitFor();
  await press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await press("Enter");
  await atMain(page);
  await press("Tab");
  await page.keyboard.type("02139");
  await press("Enter");
  await page.getByRole("link", { name: "Log the stock of Elm Clinic" }).focus();
  await press("Enter");
  await page.getByRole("heading", { name: "Elm Clinic" }).waitFor();
  await atMain(page); // the new view is read from its start
  await page.getByLabel("Doses", { exact: true }).first().focus();
  await press("Tab");
  await press("Enter");
  await page.getByRole("status").getByText("Stored: 46 doses").waitFor();
});
