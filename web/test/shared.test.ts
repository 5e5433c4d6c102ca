// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { Changes } from "../src/api/changes";
import { Replicas } from "../src/api/replicas";
import { SharedChanges, type Channel } from "../src/api/shared_changes";
import { FakeSource } from "./fake_source";

/** A browser with one lock and one channel, and the streams that its tabs open. */
function browser({ withLocks = true } = {}) {
  const streams: FakeSource[] = [];
  const queue: (() => void)[] = [];
  let held = false;
  const next = () => {
    const taker = held ? undefined : queue.shift();
    if (taker) taker();
  };
  const locks = {
    request: async (_name: string, { signal }: { signal: AbortSignal }, run: () => Promise<void>) => {
      const take = () => {
        held = true;
        void run().then(() => ((held = false), next()));
      };
      queue.push(take);
      signal.addEventListener("abort", () => queue.includes(take) && queue.splice(queue.indexOf(take), 1));
      next();
    },
  };
  const channels: Channel[] = [];
  const tab = () => {
    const changes = new Changes(
      new Replicas("http://one"),
      (url) => {
        streams.push(new FakeSource(url));
        return streams.at(-1)!;
      },
      () => undefined,
    );
    const channel: Channel = {
      onmessage: null,
      postMessage: (said) =>
        channels
          .filter((other) => other !== channel)
          .forEach((other) => other.onmessage?.({ data: said } as never)),
    };
    channels.push(channel);
    const shared = new SharedChanges(changes, withLocks ? locks : undefined, channel);
    const heard: string[] = [];
    shared.listen({ change: (event) => void heard.push(event.kind), gap: () => void heard.push("gap") });
    shared.shown(true);
    return { shared, heard };
  };
  return { tab, streams };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("all tabs hear one stream", async () => {
  const { tab, streams } = browser();
  const [one, two] = [tab(), tab()];
  assert.equal(streams.length, 1);
  streams[0]!.onopen!(new Event("open"));
  streams[0]!.says("7.0", { kind: "set" });
  assert.deepEqual(one.heard, ["gap", "set"]);
  assert.ok(two.heard.includes("set"));
  assert.ok(one.shared.isLive() && two.shared.isLive());
  const three = tab(); // it comes later, learns that there is a stream, and reads
  await settle();
  assert.ok(three.shared.isLive());
  assert.deepEqual(three.heard, ["gap"]);
  assert.equal(streams.length, 1);
});

test("when the tab that follows is hidden another one resumes after the last change", async () => {
  const { tab, streams } = browser();
  const [one, two] = [tab(), tab()];
  streams[0]!.onopen!(new Event("open"));
  streams[0]!.says("7.0", { kind: "set" });
  one.shared.shown(false);
  await settle();
  assert.ok(streams[0]!.closed);
  assert.equal(streams[1]!.url, "http://one/api/v1/changes?since=7.0");
  streams[1]!.onopen!(new Event("open"));
  streams[1]!.says("8.0", { kind: "adjust" });
  assert.equal(two.heard.at(-1), "adjust");
  assert.ok(!one.heard.includes("adjust"));
  one.shared.shown(true); // back again: it reads what it missed
  await settle();
  assert.equal(one.heard.at(-1), "gap");
  assert.ok(one.shared.isLive());
});

test("a tab that nobody sees follows nothing, and begins at now when it is shown", () => {
  const { tab, streams } = browser();
  const { shared } = tab();
  streams[0]!.onopen!(new Event("open"));
  streams[0]!.says("7.0", { kind: "set" });
  shared.shown(false);
  assert.ok(!shared.isLive());
  shared.shown(true);
  return settle().then(() => assert.equal(streams[1]!.url, "http://one/api/v1/changes"));
});

test("without locks each tab has its own stream", () => {
  const { tab, streams } = browser({ withLocks: false });
  const [one, two] = [tab(), tab()];
  assert.equal(streams.length, 2);
  streams[1]!.onopen!(new Event("open"));
  streams[1]!.says("7.0", { kind: "set" });
  assert.deepEqual([one.heard, two.heard], [[], ["gap", "set"]]);
});
