// SPDX-License-Identifier: Apache-2.0

// The TypeScript client in Chromium, in a page that a replica has served: it counts up while that replica is killed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Browser, Cluster, waitUntil } from "../browser/harness.mjs";

const dist = new URL("../../clients/typescript/dist/", import.meta.url);

test("in a browser each change is made once while the page's replica is killed", async (t) => {
  const [cluster, browser] = await Promise.all([Cluster.start(), Browser.start()]);
  t.after(() => Promise.all([cluster.stop(), browser.stop()]));
  const person = await browser.person();
  // As if the page had been built with the client: it comes from the page's own address.
  await person.route("**/titer-client/*", (route) =>
    route.fulfill({ contentType: "text/javascript", body: readFileSync(new URL(route.request().url().split("/").at(-1), dist)) }));
  const page = await person.newPage();
  await page.goto(cluster.page(0));
  const replicas = [0, 1, 2].map((index) => new URL(cluster.page(index)).origin);
  await page.evaluate(async (replicas) => {
    const { Client } = await import(`${location.origin}/titer-client/index.js`);
    const titer = new Client(replicas);
    await titer.addSite({ id: "elm", name: "Elm Street Clinic", zip: "02139" });
    await titer.setStock("elm", "208", 0);
    window.counting = { done: 0, stop: false, followed: [] };
    window.counting.follower = (async () => {
      for await (const { event } of titer.changes(titer.position)) {
        window.counting.followed.push(event.after);
        if (event.reason === "the end") return;
      }
    })();
    window.counting.end = (async () => {
      while (!window.counting.stop) {
        await titer.adjustStock("elm", "208", { by: 1 });
        window.counting.done += 1;
      }
      await titer.adjustStock("elm", "208", { by: 1, reason: "the end" });
      await window.counting.follower;
      return [window.counting.done + 1, (await titer.getSite("elm")).stock[0].availability, window.counting.followed];
    })();
  }, replicas);
  const done = () => page.evaluate(() => window.counting.done);
  await waitUntil(async () => (await done()) > 20, "changes before the kill");
  await cluster.kill(0);
  const before = await done();
  await waitUntil(async () => (await done()) > before + 20, "changes after the kill");
  const [acknowledged, stored, followed] = await page.evaluate(() => ((window.counting.stop = true), window.counting.end));
  assert.equal(stored, acknowledged);
  assert.deepEqual(followed, Array.from({ length: acknowledged }, (_, i) => i + 1));
});
