// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NearSite } from "../src/api/types";
import { withAnswer, type KeptAnswer } from "../src/find/kept_answers";

const site = (id: number): NearSite => ({
  ...{ id: `s${id}`, name: `S ${id}`, status: "active", version: 1, stock: [], distance: id, unit: "mi" },
});
const answer = (hash: string, sites = 1): KeptAnswer => ({
  ...{ hash, place: "", center: { lat: 1, lon: 2 }, more: false, at: 5 },
  sites: Array.from({ length: sites }, (_, i) => site(i)),
});

test("the last answers are kept, the newest first, each once, and not too many of them or too long", () => {
  const kept = ["a", "b", "c", "d", "b"].reduce(
    (before, hash) => withAnswer(before, answer(hash)),
    [] as KeptAnswer[],
  );
  assert.deepEqual(
    kept.map(({ hash }) => hash),
    ["b", "d", "c"],
  );
  const [long] = withAnswer([], answer("x", 250));
  assert.equal(long!.sites.length, 100);
  assert.equal(long!.more, true); // the others are not denied
});
