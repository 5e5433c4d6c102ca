// SPDX-License-Identifier: Apache-2.0

// The page on a device without a network, and where the replica in its address is dead.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway, isLive, world } from "./harness.mjs";

const at = world(
  { before, after },
  {
    fill: async (cluster) => {
      await cluster.titer("add", "Elm Clinic", "--zip", "02139", "--city", "Cambridge", "--state", "MA");
      await cluster.titer("set", "elm-clinic", 12, "--product", "140");
    },
  },
);

const amount = (page, value) => page.locator(".amount b", { hasText: new RegExp(`^${value}$`) });

/** A person whose browser has the page and one answer. */
async function visited(options = {}) {
  const gateway = await Gateway.start(at.cluster, 0);
  after(() => gateway.stop());
  const person = await at.browser.person({ serviceWorkers: "allow", ...options });
  const page = await person.newPage();
  await page.goto(`${gateway.origin}/#/find?zip=02139&within=5&product=flu`);
  await amount(page, 12).waitFor();
  await isLive(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  return { gateway, person, page };
}

test("without a network the page opens, with the last answer, which is marked as such", async () => {
  const { gateway, person, page } = await visited();
  assert.equal(await page.locator(".kept").count(), 0);
  gateway.stop();
  await person.setOffline(true);
  await page.reload();
  await page.getByRole("heading", { name: "Elm Clinic" }).waitFor();
  await page.getByText(/^From .* \((now|\d+ .* ago)\), not live\. Call before you go\.$/).waitFor();
  await page.locator('.pulse[data-live="false"]').waitFor();
  await page.goto(`${gateway.origin}/#/find`);
  await page.getByRole("link", { name: "Flu: Vaccines near Cambridge, MA 02139" }).click();
  await page.getByRole("heading", { name: "Elm Clinic" }).waitFor();
  await page.getByRole("link", { name: "Log", exact: true }).click(); // another view's code is here too
  await page.getByRole("heading", { name: "Log the stock of a site" }).waitFor();
});

test("where the replica in the address is dead, the page opens and goes on with the others", async () => {
  const { gateway, page } = await visited();
  gateway.stop();
  await at.cluster.titer("set", "elm-clinic", 13, "--product", "140");
  await page.reload();
  await amount(page, 13).waitFor();
  await page.locator(".kept").waitFor({ state: "detached" });
  await isLive(page);
  await at.cluster.titer("set", "elm-clinic", 12, "--product", "140");
});

test("the page can be installed: its manifest and all that it names are there", async () => {
  const { gateway, page } = await visited();
  const tools = await page.context().newCDPSession(page);
  const { installabilityErrors } = await tools.send("Page.getInstallabilityErrors");
  assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito"), []);
  const manifest = await (await fetch(`${gateway.origin}/manifest.webmanifest`)).json();
  assert.equal(manifest.display, "standalone");
  for (const { src, sizes } of manifest.icons) {
    const bytes = Buffer.from(await (await fetch(gateway.origin + src)).arrayBuffer());
    assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, sizes); // of a PNG
  }
});

test("paper has the time of what is printed, and where it came from", async () => {
  const { page } = await visited();
  await page.emulateMedia({ media: "print" });
  await page.getByText(/^as of .* · http:\/\/127\.0\.0\.1:\d+\/#\/find\?zip=02139/).waitFor();
  for (const gone of [".share", ".exactly", ".kinds"]) assert.ok(!(await page.locator(gone).first().isVisible()), gone);
});
