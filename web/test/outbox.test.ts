// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { Refused, Unreachable } from "../src/api/replicas";
import type { Outcome } from "../src/api/types";
import { Outbox, type Entry } from "../src/log/outbox";

/** An outbox whose tries end when the test says so. */
function posting() {
  const tries: { entry: Entry; end(outcome: Partial<Outcome>): void; fail(error: unknown): void }[] = [];
  const waiting: (() => void)[] = [];
  let keys = 0;
  const outbox = new Outbox({
    send: (entry) =>
      new Promise((end, fail) =>
        tries.push({ entry, end: (outcome) => end({ position: 1, changed: true, ...outcome }), fail }),
      ),
    newKey: () => `key-${(keys += 1)}`,
    later: (run) => void waiting.push(run),
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (outcome: Partial<Outcome> = {}) => (tries.at(-1)!.end(outcome), settle());
  const fail = async (error: unknown) => (tries.at(-1)!.fail(error), settle());
  const pass = () => waiting.splice(0).forEach((run) => run());
  const step = (by: number) => outbox.add("elm", "any", { kind: "adjust", by });
  return { outbox, tries, end, fail, pass, step };
}

test("clicks that come while one is under way are added up", async () => {
  const { outbox, tries, end, step } = posting();
  for (let click = 0; click < 5; click += 1) step(-1);
  assert.deepEqual(
    outbox.lane("elm", "any").waiting.map(({ what }) => what),
    [
      { kind: "adjust", by: -1 },
      { kind: "adjust", by: -4 },
    ],
  );
  await end();
  await end();
  assert.deepEqual(
    tries.map(({ entry }) => [entry.what, entry.once]),
    [
      [{ kind: "adjust", by: -1 }, "key-1"],
      [{ kind: "adjust", by: -4 }, "key-2"],
    ],
  );
  assert.equal(outbox.size(), 0);
});

test("clicks that cancel one another are not sent", async () => {
  const { tries, end, step } = posting();
  [1, 5, -5].forEach(step);
  await end();
  assert.equal(tries.length, 1);
});

test("a change that nobody answers is kept and sent again as the same one", async () => {
  const { outbox, tries, end, fail, pass, step } = posting();
  step(-1);
  await fail(new Unreachable());
  assert.ok(outbox.lane("elm", "any").stuck);
  step(-2); // what was sent may have been applied: it is not changed any more
  pass();
  await fail(new Refused({ status: 503, code: "unavailable" }));
  outbox.retry();
  await end();
  await end();
  assert.deepEqual(
    tries.map(({ entry }) => entry.once),
    ["key-1", "key-1", "key-1", "key-2"],
  );
  assert.ok(!outbox.lane("elm", "any").stuck);
});

test("a refusal ends a change, and those behind it go on", async () => {
  const { outbox, tries, end, fail, step } = posting();
  outbox.add("elm", "any", { kind: "reserve", doses: 9 });
  step(1);
  const refusal = new Refused({ status: 409, code: "not_enough" });
  await fail(refusal);
  assert.equal(outbox.lane("elm", "any").result?.error, refusal);
  await end({ after: 3 });
  assert.equal(tries.length, 2);
  assert.equal(outbox.lane("elm", "any").result?.outcome?.after, 3);
});

test("a value that follows our own write is not in conflict with it, but with anybody else's", async () => {
  const { outbox, tries, end } = posting();
  const set = (mine: number, version: number) => outbox.add("elm", "any", { kind: "set", mine, version });
  set(5, 7);
  set(6, 7);
  await end({ stock_version: 8 });
  assert.deepEqual(tries[1]!.entry.what, { kind: "set", mine: 6, version: 8 });
  set(7, 7); // seen before both
  await end({ stock_version: 11 }); // others wrote between
  assert.deepEqual(tries[2]!.entry.what, { kind: "set", mine: 7, version: 7 });
});

test("lanes do not wait for one another, and what waits can be given up", async () => {
  const { outbox, tries, fail, pass, step } = posting();
  step(1);
  outbox.add("elm", "140", { kind: "reserve", doses: 1 });
  assert.equal(tries.length, 2);
  await fail(new Unreachable());
  outbox.discard("elm", "140");
  pass();
  assert.equal(outbox.size(), 1);
  assert.equal(tries.length, 2);
});
