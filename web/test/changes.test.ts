// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { Changes } from "../src/api/changes";
import { Replicas } from "../src/api/replicas";
import { FakeSource } from "./fake_source";

function following() {
  const waiting: (() => void)[] = [];
  const sources: FakeSource[] = [];
  const replicas = new Replicas("http://one");
  replicas.learn([
    { index: 0, http: "http://one" },
    { index: 1, http: "http://two" },
  ]);
  const open = (url: string) => {
    sources.push(new FakeSource(url));
    return sources.at(-1)!;
  };
  const changes = new Changes(replicas, open, (run) => void waiting.push(run));
  const pass = () => waiting.splice(0).forEach((run) => run()); // the pause is over
  const heard: string[] = [];
  changes.listen({ change: (event) => void heard.push(event.kind), gap: () => void heard.push("gap") });
  changes.follow();
  return { changes, replicas, sources, heard, pass };
}

test("it begins at now, and says so", () => {
  const { sources, heard, changes } = following();
  assert.equal(sources[0]!.url, "http://one/api/v1/changes");
  sources[0]!.opened();
  sources[0]!.says("7.0", { kind: "set" });
  assert.deepEqual(heard, ["gap", "set"]);
  assert.ok(changes.isLive());
});

test("when its replica dies it goes on at the next one, after the last change that it saw", () => {
  const { sources, heard, changes, pass } = following();
  sources[0]!.opened();
  sources[0]!.says("7.3", { kind: "set" });
  sources[0]!.fails();
  assert.ok(!changes.isLive());
  pass();
  assert.equal(sources.length, 2);
  assert.ok(sources[0]!.closed);
  assert.equal(sources[1]!.url, "http://two/api/v1/changes?since=7.3");
  sources[1]!.opened();
  sources[1]!.says("8.0", { kind: "adjust" });
  assert.deepEqual(heard, ["gap", "set", "adjust"]);
});

test("when a request of the page has moved already, it follows at once", () => {
  const { sources, replicas, pass } = following();
  sources[0]!.opened();
  sources[0]!.says("7.0", { kind: "set" });
  replicas.leave("http://one");
  assert.equal(sources[1]!.url, "http://two/api/v1/changes?since=7.0");
  sources[0]!.fails();
  pass();
  assert.equal(sources.length, 2);
});

test("a place that is too old begins at now, with a gap", () => {
  const { sources, heard, pass } = following();
  sources[0]!.opened();
  sources[0]!.says("7.0", { kind: "set" });
  sources[0]!.fails(2);
  pass();
  assert.equal(sources[1]!.url, "http://one/api/v1/changes");
  sources[1]!.opened();
  assert.deepEqual(heard, ["gap", "set", "gap"]);
});

test("while every try fails the pauses grow, and one success ends that", () => {
  const replicas = new Replicas("http://one");
  const pauses: number[] = [];
  const sources: FakeSource[] = [];
  const waiting: (() => void)[] = [];
  const changes = new Changes(
    replicas,
    (url) => (sources.push(new FakeSource(url)), sources.at(-1)!),
    (run, ms) => (pauses.push(ms), void waiting.push(run)),
  );
  changes.follow();
  const fail = () => (sources.at(-1)!.fails(), waiting.splice(0).forEach((run) => run()));
  for (let tries = 0; tries < 8; tries += 1) fail();
  assert.deepEqual(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  sources.at(-1)!.opened();
  fail();
  assert.equal(pauses.at(-1), 200);
});
