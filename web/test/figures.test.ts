// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Status } from "../src/api/types";
import { windowOf, withTraces } from "../src/cluster/frame_log";
import { happenings } from "../src/cluster/heard";
import {
  lags,
  lastOf,
  patienceMs,
  rowsOf,
  throughput,
  withRound,
  kRoundsMax,
  type Round,
} from "../src/cluster/rounds";
import { mergeTraces, timeScale } from "../src/cluster/trace_layout";
import { kScripts, kTours, sceneOf } from "../src/cluster/tours";
import { tourWords } from "../src/text/tours";
import { frameOf, kMetres, kSize } from "../src/find/geometry";

const status = (position: number, full = true) =>
  ({ position, full, view: 0, members: [] }) as object as Status;
const round = (timeMs: number, ...positions: (number | null)[]): Round<Status> => ({
  timeMs,
  statuses: positions.map((position) => (position === null ? null : status(position))),
  readMs: positions.map(() => 1),
});
const peers = [
  { index: 0, http: "http://127.0.0.1:8080" },
  { index: 1, http: "http://127.0.0.1:8081" },
];

test("a replica that does not answer is down, one that has not all is learning", () => {
  const rows = rowsOf(peers, { ...round(0, 100, null) });
  assert.deepEqual(
    rows.map((row) => row.state),
    ["serving", "down"],
  );
  assert.equal(rows[0]!.address, "127.0.0.1:8080");
  const behind = rowsOf(peers, { timeMs: 0, statuses: [status(100), status(40, false)], readMs: [1, 1] });
  assert.deepEqual(
    behind.map((row) => [row.state, row.lag]),
    [
      ["serving", 0],
      ["learning", 60],
    ],
  );
});

test("throughput is counted once, though every replica executes, and a death leaves no hole", () => {
  const { values } = throughput([
    round(0, 100, 100),
    round(1000, 150, 150),
    round(3000, null, 250),
    round(4000, 250, 260),
  ]);
  assert.deepEqual(values, [50, 50, 10]);
});

test("an empty database has a throughput, one that nobody sees has none", () => {
  assert.deepEqual(
    throughput([round(0, 0, 0), round(1000, 5, 5), round(2000, null, null), round(3000, 9, 9)]).values,
    [5, null, null],
  );
});

test("lag is counted from the furthest, and a replica without an answer has none", () => {
  const rounds = [round(0, 100, 90), round(1000, 120, null)];
  assert.deepEqual(lags(rounds, 1).values, [10, null]);
  assert.deepEqual(lastOf([...rounds, round(9000, 1, 1)], 5).length, 1);
});

test("what happened is told once: a silent replica, the change of view, and its members", () => {
  const heard = (view: number, target = view, members = [0, 1]) =>
    ({ position: 1, full: true, view, target, members: members.map((id) => ({ id })) }) as object as Status;
  const look = (timeMs: number, ...statuses: (Status | null)[]): Round => ({ timeMs, statuses, readMs: [] });
  const found = happenings(
    [
      look(1, heard(3), heard(3)),
      look(2, heard(3), null),
      look(3, heard(3, 4), null),
      look(4, heard(3, 4), null),
      look(5, heard(4, 4, [0]), null),
      look(6, heard(4, 4, [0]), { ...heard(4), full: false }),
    ],
    peers,
  );
  assert.deepEqual(found, [
    { at: 6, kind: "learning", replica: 1 },
    { at: 5, kind: "view", view: 4, members: [0] },
    { at: 3, kind: "changing", view: 4 },
    { at: 2, kind: "silent", replica: 1 },
  ]);
});

test("the charts forget", () => {
  let rounds: Round[] = [];
  for (let i = 0; i < kRoundsMax + 5; i += 1) rounds = withRound(rounds, round(i, i));
  assert.equal(rounds.length, kRoundsMax);
  assert.equal(rounds.at(-1)!.timeMs, kRoundsMax + 4);
});

const traces = [
  {
    replica: 0,
    now_us: 900,
    frames: [
      { from: 0, view: 0, seq: 1, clock: 5, requests: 2, sent_us: 100, safe_us: 400, executed_us: 410 },
    ],
  },
  {
    replica: 1,
    now_us: 900,
    frames: [
      { from: 0, view: 0, seq: 1, clock: 5, requests: 2, sent_us: 100, received_us: 220, stable_us: 300 },
      { from: 1, view: 0, seq: 1, clock: 6, requests: 0, received_us: 0 },
    ],
  },
];

test("what several replicas saw of a frame is one frame", () => {
  const frames = mergeTraces(traces);
  assert.equal(frames.length, 1); // nobody knows when the other one was sent
  assert.deepEqual(frames[0]!.seen.get(0), { safe: 400, executed: 410 });
  assert.deepEqual(frames[0]!.seen.get(1), { received: 220, stable: 300 });
});

test("what was seen stays seen when the replica that saw it is gone", () => {
  const before = withTraces([], traces);
  const survivor = { ...traces[0]!, frames: [{ ...traces[0]!.frames[0]!, stable_us: 350 }] };
  const after = withTraces(before, [survivor]);
  assert.equal(after.length, 1);
  assert.deepEqual(after[0]!.seen.get(1), { received: 220, stable: 300 });
  assert.deepEqual(after[0]!.seen.get(0), { stable: 350, safe: 400, executed: 410 });
  assert.deepEqual(withTraces(after, []), after);
});

test("the picture shows as many frames as fit, up to the one that is held", () => {
  const [frame] = mergeTraces(traces);
  const log = Array.from({ length: 30 }, (_, i) => ({ ...frame!, key: `0.0.${i}`, sent: i }));
  const keys = (last: string | null) => windowOf(log, last, 10).map(({ sent }) => sent);
  assert.deepEqual([keys(null)[0], keys(null).at(-1)], [20, 29]);
  assert.deepEqual([keys("0.0.14")[0], keys("0.0.14").at(-1)], [5, 14]);
  assert.deepEqual([keys("0.0.3")[0], keys("0.0.3").at(-1)], [0, 9]); // there are no earlier ones
});

test("a tour obeys the rules that it teaches, and has a sentence for each step", () => {
  for (const name of kTours) {
    const { frames, steps } = kScripts[name];
    for (const words of Object.values(tourWords))
      assert.equal(words.tourTexts[name].steps.length, steps.length, name);
    const last = sceneOf(name, steps.length - 1);
    assert.equal(last.frames.length, frames.length);
    for (const { sent, from, clock, seen } of frames)
      for (const [replica, { received, stable, safe, executed }] of seen) {
        if (received !== undefined) assert.ok(received > sent);
        // Stable: a frame above this one has come from every other replica but the sender and this one.
        const above = [0, 1, 2]
          .filter((other) => other !== from && other !== replica)
          .map((other) =>
            frames
              .filter((one) => one.from === other && one.clock > clock)
              .map((one) => one.seen.get(replica)?.received ?? Infinity),
          )
          .map((times) => Math.min(...times));
        if (stable !== undefined)
          assert.equal(stable, Math.max(...above), `${name} ${from}.${clock} at ${replica}`);
        if (executed !== undefined && name !== "crash") assert.ok(executed > stable! && executed > safe!); // there the flush settles it
      }
  }
  assert.equal(sceneOf("clock", 0).frames.length, 1);
  assert.deepEqual(sceneOf("crash", 1).down, [0]);
});

test("replicas get more time on a slow line, and none is called down for it at first", () => {
  const read = (readMs: (number | null)[]) => ({ timeMs: 0, statuses: [], readMs });
  assert.equal(patienceMs(undefined), 5_000);
  assert.equal(patienceMs(read([null, null])), 5_000);
  assert.equal(patienceMs(read([2, null])), 900);
  assert.equal(patienceMs(read([400, 450])), 3_200);
});

test("the time axis keeps the order and shortens what lies between", () => {
  const x = timeScale(mergeTraces(traces));
  const places = [100, 220, 300, 400, 410].map(x);
  assert.equal(places[0], 0);
  assert.equal(places.at(-1), 1);
  assert.ok(places.every((place, i) => i === 0 || place > places[i - 1]!));
});

test("a circle around the search on the ground is a circle on the map", () => {
  const frame = frameOf({ lat: 42.36, lon: -71.1 }, 25, "mi");
  const degrees = ((25 * kMetres.mi) / 6_371_008.8) * (180 / Math.PI);
  const [, north] = frame.place({ lat: 42.36 + degrees, lon: -71.1 });
  const [east] = frame.place({ lat: 42.36, lon: -71.1 + degrees / Math.cos((42.36 * Math.PI) / 180) });
  assert.ok(Math.abs(kSize / 2 - north - frame.radius) < 1);
  assert.ok(Math.abs(east - kSize / 2 - frame.radius) < 1);
  assert.deepEqual(frame.place(frame.center).map(Math.round), [kSize / 2, kSize / 2]);
});
