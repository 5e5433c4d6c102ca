// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Search } from "../src/api/database";
import type { SiteEvent } from "../src/api/types";
import { concernOf } from "../src/find/concern";
import { kGatherMs, kReloadMs, Refresher } from "../src/refresher";

/** A refresher under a clock of its own; each read ends when the test says so. */
function refreshing() {
  let now = 0;
  let planned: { at: number; run: () => void }[] = [];
  const reads: { signal: AbortSignal; end(changed: boolean): void; fail(): void; at: number }[] = [];
  const refresher = new Refresher(
    (signal) =>
      new Promise((end, fail) => reads.push({ signal, end, fail: () => fail(new Error("nobody")), at: now })),
    {
      now: () => now,
      later: (run, ms) => {
        const one = { at: now + ms, run };
        planned.push(one);
        return () => (planned = planned.filter((other) => other !== one));
      },
    },
  );
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms: number) => {
    for (const end = now + ms; ;) {
      const next = planned.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      now = next?.at ?? end;
      if (!next) return settle();
      planned = planned.filter((one) => one !== next);
      next.run();
      await settle();
    }
  };
  const finish = async (changed = true) => (reads.at(-1)!.end(changed), settle());
  const fail = async () => (reads.at(-1)!.fail(), settle());
  return { refresher, reads, pass, finish, fail };
}

test("a read is never broken off for a change; one more follows it", async () => {
  const { refresher, reads, pass, finish } = refreshing();
  refresher.now();
  for (let change = 0; change < 50; change += 1) {
    refresher.want(true);
    await pass(100);
  }
  assert.equal(reads.length, 1);
  assert.ok(!reads[0]!.signal.aborted);
  await finish();
  await pass(4_999);
  assert.equal(reads.length, 1); // the line is slow: the pause is as long as the read was
  await pass(1);
  assert.equal(reads.length, 2);
  await finish();
  await pass(60_000);
  assert.equal(reads.length, 2);
});

test("changes that come together are read together", async () => {
  const { refresher, reads, pass, finish } = refreshing();
  refresher.now();
  await finish();
  await pass(kReloadMs);
  for (let change = 0; change < 10; change += 1) refresher.want(true);
  await pass(kGatherMs);
  assert.equal(reads.length, 2);
});

test("changes that may concern a view are looked at less and less while they do not", async () => {
  const { refresher, reads, pass, finish } = refreshing();
  refresher.now();
  await finish();
  for (let second = 0; second < 60; second += 1) {
    refresher.want(false);
    const before = reads.length;
    await pass(1_000);
    if (reads.length > before) await finish(false);
  }
  assert.ok(reads.length < 10, `${reads.length} reads in a minute`);
  refresher.want(true); // and one that does concern it is not delayed by that
  await pass(kReloadMs);
  assert.equal(reads.at(-1)!.at, 60_000 + kGatherMs);
});

test("a read that fails is repeated until it succeeds, sooner when the replicas answer again", async () => {
  const { refresher, reads, pass, fail, finish } = refreshing();
  refresher.now();
  for (const pause of [1_000, 2_000, 4_000]) {
    await fail();
    await pass(pause - 1);
    const before = reads.length;
    await pass(1);
    assert.equal(reads.length, before + 1);
  }
  await fail();
  refresher.retry();
  assert.equal(reads.length, 5);
  await finish();
  refresher.retry();
  assert.equal(reads.length, 5); // nothing failed
});

test("asking again reads at once; nothing is read for a view that nobody sees", async () => {
  const { refresher, reads, pass, finish } = refreshing();
  refresher.now();
  await finish();
  refresher.now();
  assert.equal(reads.length, 2);
  await finish();
  refresher.shown(false);
  refresher.want(true);
  await pass(60_000);
  assert.equal(reads.length, 2);
  refresher.shown(true);
  await pass(kGatherMs);
  assert.equal(reads.length, 3);
  refresher.stop();
  assert.ok(reads[2]!.signal.aborted);
});

test("only a change that can bring a site into the list may concern it, beside those of its sites", () => {
  const search: Search = { zip: "02139", within: 5, unit: "mi", product: "", available: false, limit: 100 };
  const event = (more: Partial<SiteEvent>): SiteEvent => ({
    ...{ position: 1, time: "", kind: "set", site_id: "far", product: "140", before: 3, after: 4 },
    ...more,
  });
  const listed = new Set(["near"]);
  const concern = (choices: Partial<Search>, more: Partial<SiteEvent>) =>
    concernOf({ ...search, ...choices }, listed, event(more));
  assert.equal(concern({}, { site_id: "near" }), "yes");
  assert.equal(concern({}, {}), "no");
  assert.equal(concernOf(search, null, event({})), "maybe"); // the first answer may be older than the change
  assert.equal(concern({ product: "140" }, {}), "no"); // it has the product already, so it would be listed
  const { before: _before, ...first } = event({});
  assert.equal(concernOf({ ...search, product: "140" }, listed, first), "maybe");
  assert.equal(concern({ available: true }, {}), "maybe");
  assert.equal(concern({ available: true }, { after: 0 }), "no");
  assert.equal(concern({ available: true, product: "141" }, {}), "no");
  const { product: _product, ...added } = event({ kind: "add_site" });
  assert.equal(concernOf(search, listed, added), "maybe");
});
