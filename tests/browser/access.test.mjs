// SPDX-License-Identifier: Apache-2.0

// The page for those who do not see it, use no mouse, or hold a small phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeSource, world } from "./harness.mjs";

const at = world(
  { before, after },
  {
    fill: async (cluster) => {
      await cluster.titer("add", `Long ${"x".repeat(60)}`, "--zip", "02139", "--street", `1 ${"y".repeat(70)} Avenue`);
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
  ["#/find?zip=02139&within=5&product=309&available=true", "No site within 5 miles"],
  ["#/site/elm-clinic", "Find other sites near this one"],
  ["#/log", "Log the stock of a site"],
  ["#/log/elm-clinic", "History"],
  ["#/cluster", "3 of 3 replicas serve"],
];
const phone = { viewport: { width: 320, height: 640 } };
const looks = { light: {}, dark: { colorScheme: "dark" }, phone, Spanish: { locale: "es-US" }, Creole: { locale: "ht-HT", ...phone } };

for (const [look, options] of Object.entries(looks))
  test(`no view has an accessibility fault (${look})`, async () => {
    for (const [hash, sign] of views) {
      const page = await at.browser.open(at.cluster.page(0, hash), options);
      if (look === "Spanish" || look === "Creole") await page.locator("h1, h2, h3").last().waitFor();
      else await page.getByText(sign).first().waitFor();
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      if (hash === "#/log") await page.locator(".drop").first().waitFor();
      if (hash.startsWith("#/log/")) await page.locator(".qr").waitFor();
      if (hash === "#/cluster") await page.locator("[aria-labelledby=tours-title] .others button").last().click();
      await page.evaluate(axeSource()); // not as a script of the page: its policy forbids that
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${hash}: ${id}: ${nodes[0].html}`), []);
      await page.context().close();
    }
  });

const large = { viewport: { width: 390, height: 844 } };
for (const [look, options, size] of [
  ["a narrow phone", phone, "100%"],
  ["a phone with text of twice the size", large, "200%"],
])
  test(`nothing is wider than ${look}`, async () => {
    for (const [hash, sign] of views) {
      const page = await at.browser.open(at.cluster.page(0, hash), options);
      await page.getByText(sign).first().waitFor();
      const [content, screen] = await page.evaluate((size) => {
        document.documentElement.style.fontSize = size;
        document.querySelectorAll("details").forEach((one) => (one.open = true));
        return [document.documentElement.scrollWidth, innerWidth];
      }, size);
      assert.ok(content <= screen, `${hash} is ${content} pixels wide on a screen of ${screen}`);
      await page.context().close();
    }
  });

/**
 * In the page: the least contrast (WCAG 2.2, 1.4.11) of the borders of these elements with what lies around them, and of the map's
 * lines with land and water.
 */
function borderContrast(selector) {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) =>
    [r, g, b]
      .map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const behind = (element) => {
    for (let at = element.parentElement; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour[3] !== 0) return light(colour);
    }
    return 1;
  };
  const drawn = [...document.querySelectorAll(selector)].filter((element) => {
    const style = getComputedStyle(element);
    return channels(style.borderTopColor)[3] !== 0 && style.borderTopStyle !== "none" && element.offsetParent;
  });
  const borders = drawn.map((element) => ratio(light(channels(getComputedStyle(element).borderTopColor)), behind(element)));
  const part = (of, property) => {
    const element = document.querySelector(of);
    return element && light(channels(getComputedStyle(element)[property]));
  };
  const line = part(".county", "stroke");
  const around = line === null ? [] : [part(".land", "fill"), part(".map svg", "backgroundColor")];
  return Math.min(...borders, ...around.map((colour) => ratio(line, colour)));
}

test("borders of what can be operated, and those on the map, can be seen", async () => {
  for (const colorScheme of ["light", "dark"])
    for (const hash of ["#/find?zip=02139&within=25", "#/log/elm-clinic"]) {
      const page = await at.browser.open(at.cluster.page(0, hash), { colorScheme });
      await page.getByText("Elm Clinic").first().waitFor();
      if (hash.startsWith("#/find")) await page.locator(".county-name").first().waitFor();
      const contrast = await page.evaluate(borderContrast, "input:not([type=checkbox]), select, button");
      assert.ok(contrast >= 3, `${colorScheme} ${hash}: ${contrast.toFixed(2)} : 1`);
      await page.context().close();
    }
});

test("with forced colours the view and the language that are chosen differ from the others", async () => {
  const page = await at.browser.open(at.cluster.page(0), { forcedColors: "active" });
  await page.getByRole("heading", { name: "Find a vaccine" }).waitFor();
  const tabs = await page.locator(".head nav a").evaluateAll((all) => all.map((a) => getComputedStyle(a).borderBottomStyle));
  assert.deepEqual(tabs, ["solid", "none", "none"]);
  const [chosen, other] = await page.locator(".languages button").evaluateAll((all) => all.map((b) => getComputedStyle(b).backgroundColor));
  assert.notEqual(chosen, other);
});

test("a printed list has the sites, and nothing that paper cannot do", async () => {
  const page = await at.browser.open(at.cluster.page(0, "#/find?zip=02139&within=25"));
  await page.getByRole("heading", { name: "Elm Clinic" }).waitFor();
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.getByRole("heading", { name: "Elm Clinic" }).isVisible());
  for (const gone of [".head nav", ".find-form form", ".map", ".to-log", ".foot"]) assert.ok(!(await page.locator(gone).first().isVisible()), gone);
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
  await press("ArrowRight"); // the kinds of vaccine are one stop
  assert.equal(await page.evaluate(() => document.activeElement.value), "covid");
  await press("ArrowLeft");
  await press("Tab", 2);
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
