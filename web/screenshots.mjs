// SPDX-License-Identifier: Apache-2.0

// Makes docs/images/page-*.png: the views of a cluster of three with the real sites, some of which have logged something.
//   node web/screenshots.mjs
// Run it with build/release/bin/titer and Chromium there (`./dev test` installs it), and look at what comes out.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser, Cluster, samples } from "../tests/browser/harness.mjs";

const out = fileURLToPath(new URL("../docs/images/", import.meta.url));
const kSites = 60; // around the search, that have something

// The same sequence at every run, so that pictures differ only by what was changed.
function draws(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function fill(cluster) {
  const draw = draws(5);
  const elm = ["--zip", "02139", "--street", "173 Elm St", "--city", "Cambridge", "--state", "MA"];
  const reach = ["--phone", "617-555-0100", "--booking-url", "https://elm.example.org"];
  await cluster.titer("add", "Elm Street Clinic", ...elm, ...reach);
  await cluster.titer("set", "elm-street-clinic", "true", "--product", "140", "--actor", "maria");
  const sites = JSON.parse(await cluster.titer("near", "02139", "--json", "--limit", kSites));
  const day = [60, 52, 47, 80, 71, 66, 12]; // of the clinic; the others log in between
  const others = sites.filter(({ id }) => id !== "elm-street-clinic");
  for (const [i, { id }] of others.entries()) {
    const count = i % 8 === 0 && day.shift();
    if (count) await cluster.titer("set", "elm-street-clinic", count, "--product", "309", "--actor", "maria");
    if (draw(4) === 0) continue;
    const value = ["true", "false", 0, 1 + draw(80), 1 + draw(30)][draw(5)];
    await cluster.titer(
      "set",
      id,
      value,
      "--product",
      ["309", "310", "140", "any"][draw(4)],
      "--actor",
      "clinic",
    );
  }
}

const cluster = await Cluster.start({
  options: ["--import", join(samples, "national_cdc_sites_2024-08-01.csv.gz")],
});
const browser = await Browser.start();
const wide = { viewport: { width: 1200, height: 900 } };

/** One picture; `ready` waits until the view shows what it is to show. */
async function shoot(name, hash, ready, options = wide) {
  const page = await browser.open(cluster.page(0, hash), options);
  await ready(page);
  await page.screenshot({ path: join(out, `page-${name}.png`) });
  await page.context().close();
}

const borders = (page) => page.locator(".county-name").first().waitFor();

try {
  await fill(cluster);
  await shoot("find", "#/find?zip=02139&within=10", borders);
  const list = (page) => page.locator(".site").first().waitFor();
  await shoot("phone", "#/find?zip=02139&within=10&product=309&available=true", list, {
    viewport: { width: 375, height: 740 },
    deviceScaleFactor: 1.5,
    colorScheme: "dark",
    locale: "es-US",
  });
  await shoot("log", "#/log/elm-street-clinic", (page) => page.locator(".events li").first().waitFor(), {
    viewport: { width: 1000, height: 1250 },
  });
  const page = await browser.open(cluster.page(0, "#/cluster"), { viewport: { width: 1200, height: 1300 } });
  await page.getByText("3 of 3 replicas serve").waitFor();
  const load = (async () => {
    for (let i = 0; i < 150; i += 1)
      await cluster.titer("adjust", "elm-street-clinic", i % 2 ? 1 : -1, "--product", "309");
  })();
  await load;
  const older = page.getByRole("button", { name: "Older frame" });
  if (await older.count()) await older.click();
  await page.screenshot({ path: join(out, "page-cluster.png") });
} finally {
  await browser.stop();
  await cluster.stop();
}
