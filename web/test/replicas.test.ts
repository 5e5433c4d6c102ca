// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { Refused, Replicas } from "../src/api/replicas";

const home = "http://one";
const peers = [
  { index: 0, http: "http://one" },
  { index: 1, http: "http://two/" },
  { index: 2, http: "http://three" },
];

/** A cluster whose replicas answer with these functions; undefined: nobody there. */
function cluster(answers: Record<string, (init: RequestInit) => Response | undefined>) {
  const asked: string[] = [];
  const replicas = new Replicas(home, async (url, init) => {
    asked.push(url);
    const answer = answers[new URL(url).origin]?.(init);
    if (!answer) throw new TypeError("connection refused");
    return answer;
  });
  replicas.learn(peers);
  return { replicas, asked };
}

const yes = () => new Response("{}");

test("a request goes to the replica that served the page", async () => {
  const { replicas, asked } = cluster({ "http://one": yes, "http://two": yes });
  await replicas.ask("/x");
  assert.deepEqual(asked, ["http://one/x"]);
  assert.equal(replicas.where().moves, 0);
});

test("when it is dead the next one is asked, and stays", async () => {
  const { replicas, asked } = cluster({ "http://two": yes });
  let told = 0;
  replicas.onMove(() => (told += 1));
  await replicas.ask("/x");
  await replicas.ask("/y");
  assert.deepEqual(asked, ["http://one/x", "http://two/x", "http://two/y"]);
  assert.deepEqual(replicas.where(), { origin: "http://two", answered: "http://two", moves: 1 });
  assert.equal(told, 1);
});

test("a write that is sent again carries the same key", async () => {
  const keys: unknown[] = [];
  const note = (init: RequestInit) =>
    void keys.push((init.headers as Record<string, string>)["Idempotency-Key"]);
  const { replicas } = cluster({
    "http://one": (init) => (note(init), undefined),
    "http://two": (init) => (note(init), yes()),
  });
  await replicas.ask("/x", { method: "PUT", headers: { "Idempotency-Key": "k" } });
  assert.deepEqual(keys, ["k", "k"]);
});

test("a refusal is an answer: nobody else is asked", async () => {
  const { replicas, asked } = cluster({
    "http://one": () => new Response('{"code":"not_enough","detail":"only 1"}', { status: 409 }),
  });
  await assert.rejects(replicas.ask("/x"), (error: unknown) => {
    assert.ok(error instanceof Refused);
    assert.equal(error.problem.status, 409);
    assert.equal(error.problem.code, "not_enough");
    assert.equal(error.message, "only 1");
    return true;
  });
  assert.equal(asked.length, 1);
});

test("a replica that cannot serve now is left", async () => {
  const { replicas, asked } = cluster({
    "http://one": () => new Response("", { status: 503 }),
    "http://two": yes,
  });
  await replicas.ask("/x");
  assert.deepEqual(asked, ["http://one/x", "http://two/x"]);
});

test("while nobody answers it goes round until somebody does", async () => {
  let rounds = 0;
  const { replicas } = cluster({ "http://three": () => ((rounds += 1) > 2 ? yes() : undefined) });
  await replicas.ask("/x");
  assert.equal(rounds, 3);
});

test("what is not wanted any more is not repeated", async () => {
  const wanted = new AbortController();
  const { replicas, asked } = cluster({ "http://one": () => (wanted.abort(), undefined), "http://two": yes });
  await assert.rejects(replicas.ask("/x", { signal: wanted.signal }), { name: "AbortError" });
  assert.equal(asked.length, 1);
});

test("two requests that fail together move once", async () => {
  const { replicas } = cluster({ "http://two": yes, "http://three": yes });
  await Promise.all([replicas.ask("/x"), replicas.ask("/y")]);
  assert.equal(replicas.where().moves, 1);
});

const once = (listen: (done: () => void) => void) => new Promise<void>((resolve) => void listen(resolve));

test("where nobody answers the page has not moved, and is out of reach until somebody does", async () => {
  let there = false;
  const { replicas } = cluster({ "http://two": () => (there ? yes() : undefined) });
  const states: boolean[] = [];
  replicas.onState(() => states.push(replicas.isReachable()));
  const answer = replicas.ask("/x");
  await once((out) => replicas.onState(() => !replicas.isReachable() && out()));
  assert.equal(replicas.where().moves, 0);
  assert.deepEqual(states, [false]);
  there = true;
  await answer;
  assert.deepEqual(states, [false, true]);
  assert.equal(replicas.where().answered, "http://two");
  assert.equal(replicas.where().moves, 0); // the network was away, not the replica
});
