// SPDX-License-Identifier: Apache-2.0

// The rules of one call, with a fetch that answers as it is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as titer from "../dist/index.js";

const stream = "0123456789abcdef";
const lost = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } });
const refused = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
const reply = (status = 200, body = {}, headers = {}) => new Response(JSON.stringify(body), { status, headers });

/** A client of two replicas, and what it sends: [{ url, method, headers, body }]. */
function play(answers, options = {}) {
  const sent = [];
  const waiting = [...answers];
  const client = new titer.Client(["http://a", "http://b/"], {
    timeout: 5000,
    ...options,
    fetch: async (url, request) => {
      sent.push({ url, ...request });
      assert.ok(waiting.length, `nobody has told how to answer ${url}`);
      const answer = waiting.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, sent, answer: (...more) => waiting.push(...more) };
}

test("a call stays with the replica that answers", async () => {
  const { client, sent } = play([reply(), reply()]);
  await client.getSite("elm");
  await client.getSite("a/b c");
  assert.deepEqual(sent.map((one) => one.url), ["http://a/api/v1/sites/elm", "http://a/api/v1/sites/a%2Fb%20c"]);
});

test("a read goes on at the next replica and stays there", async () => {
  for (const failure of [lost, refused, reply(503, { code: "busy" }), reply(504), reply(502)]) {
    const { client, sent } = play([failure, reply(), reply()]);
    await client.getSite("elm");
    await client.getSite("elm");
    assert.deepEqual(sent.map((one) => one.url[7]), ["a", "b", "b"]);
  }
});

test("a change is repeated under one key, and the next change has another", async () => {
  const { client, sent } = play([lost, lost, reply(504), reply(), reply()]);
  await client.reserveStock("elm", "208", { doses: 2 });
  await client.reserveStock("elm", "208");
  const keys = sent.map((one) => one.headers["Idempotency-Key"]);
  assert.equal(new Set(keys.slice(0, 4)).size, 1);
  assert.notEqual(keys[4], keys[0]);
  assert.equal(sent[3].body, '{"doses":2}');
});

test("the key of the caller is used", async () => {
  const { client, sent } = play([lost, reply()]);
  await client.setStock("elm", "208", "yes", { idempotencyKey: "visit-17" });
  assert.deepEqual(sent.map((one) => [one.headers["Idempotency-Key"], one.body]), [["visit-17", '"yes"'], ["visit-17", '"yes"']]);
});

test("key and actor are sent, the actor with changes alone", async () => {
  const { client, sent } = play([reply(), reply()], { key: "titer_k", actor: "me" });
  await client.getSite("elm");
  await client.reserveStock("elm", "208");
  assert.deepEqual(sent.map(({ headers }) => [headers["Authorization"], headers["Titer-Actor"]]),
                   [["Bearer titer_k", undefined], ["Bearer titer_k", "me"]]);
});

test("a change without key is repeated only if it was not sent", async () => {
  const { client, sent } = play([refused, reply(503, { code: "unavailable" }), reply()]);
  await client.createKey({ owner: "Elm", role: "reader" });
  assert.equal(sent.length, 3);
  for (const failure of [lost, reply(504), reply(502)]) {
    const once = play([failure]);
    await assert.rejects(once.client.createKey({ owner: "Elm", role: "reader" }), titer.OutcomeUnknown);
  }
});

test("what a replica refuses is final", async () => {
  for (const [status, code, kind] of [
    [409, "not_enough", titer.NotEnough], [409, "something_new", titer.Conflict], [404, "not_found", titer.NotFound],
    [422, "idempotency_key_reused", titer.IdempotencyKeyReused], [503, "writes_stopped", titer.WritesStopped], [500, "", titer.Problem],
  ]) {
    const { client } = play([reply(status, { code, detail: "why", current: 7 })]);
    const error = await client.reserveStock("elm", "208").catch((caught) => caught);
    assert.equal(error.constructor, kind);
    assert.deepEqual([error.status, error.code, error.current, error.name], [status, code, 7, kind.name]);
  }
});

test("time that is over tells whether the change may be done", async () => {
  const options = { idempotencyKey: "k" };
  const unknown = await play([lost], { timeout: 0 }).client.reserveStock("elm", "208", {}, options).catch((caught) => caught);
  assert.ok(unknown instanceof titer.OutcomeUnknown);
  assert.equal(unknown.idempotencyKey, "k");
  await assert.rejects(play([refused], { timeout: 0 }).client.reserveStock("elm", "208", {}, options), titer.Unavailable);
  await assert.rejects(play([lost], { timeout: 0 }).client.getSite("elm"), titer.Unavailable);
});

test("without a connection nothing was sent", async () => {
  for (const code of ["ECONNREFUSED", "ENOTFOUND", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "ERR_TLS_CERT_ALTNAME_INVALID"]) {
    const failure = Object.assign(new TypeError("fetch failed"), { cause: { code } });
    await assert.rejects(play([failure], { timeout: 0 }).client.reserveStock("elm", "208"), titer.Unavailable);
  }
});

test("too many requests for longer than the timeout is an error", async () => {
  const { client } = play([reply(429, { code: "too_many_requests" }, { "Retry-After": "60" })]);
  await assert.rejects(client.getSite("elm"), titer.TooManyRequests);
});

test("reads wait for what was seen, and the position never goes back", async () => {
  const at = (position, of = stream) => reply(200, {}, { "Titer-Position": position, "Titer-Stream": of });
  const { client, sent } = play([at("7"), at("6"), at("3", "f".repeat(16))]);
  await client.reserveStock("elm", "208");
  await client.getSite("elm");
  assert.equal(sent[1].headers["Titer-Min-Position"], `7-${stream}`);
  assert.equal(client.position, `7-${stream}`);
  await client.getSite("elm");
  assert.equal(client.position, `3-${"f".repeat(16)}`, "another stream counts from 0");
});

test("a stream that changed is told apart from a history that is too short", async () => {
  const tooOld = () => reply(410, { code: "too_old", oldest: 5 });
  const { client, sent, answer } = play([tooOld(), tooOld()], { position: `7-${stream}` });
  const short = await client.listEvents().catch((caught) => caught);
  assert.deepEqual([short.constructor, short.oldest, client.position], [titer.TooOld, 5, `7-${stream}`]);
  answer(tooOld(), reply());
  await assert.rejects(client.listEvents(), titer.StreamChanged);
  assert.equal(sent.at(-1).headers["Titer-Min-Position"], undefined);
  assert.equal(client.position, undefined);
});

const sse = (...lines) => new Response(lines.map((line) => `${line}\n`).join(""), { headers: { "Titer-Position": "9", "Titer-Stream": stream } });

test("the change stream goes on after the last event at the next replica", async () => {
  const { client, sent } = play([
    sse("retry: 1000", "", ": alive", ""),
    sse("event: change", `id: 10.0-${stream}`, 'data: {"kind":"set"}', "", "event: change", "id: 11.0-x"),
    sse("event: end", 'data: {"end":"stopping","resume_from":"12.0-x"}', ""),
    reply(410, { code: "too_old", oldest: 20 }),
  ]);
  const seen = [];
  await assert.rejects(async () => {
    for await (const change of client.changes()) seen.push(change);
  }, titer.TooOld);
  assert.deepEqual(seen, [{ id: `10.0-${stream}`, event: { kind: "set" } }]);
  assert.deepEqual(sent.map((one) => decodeURIComponent(one.url.slice("http://a/api/v1/changes".length))),
                   ["", `?since=9-${stream}`, `?since=10.0-${stream}`, "?since=12.0-x"]);
  assert.deepEqual(sent.map((one) => one.url[7]), ["a", "b", "a", "b"]);
});

test("when no replica answers, the change stream says where it was", async () => {
  const { client } = play([lost, lost], { timeout: -1 });
  await assert.rejects(client.changes("5").next(), /go on with changes\("5"\)/);
});

test("true is no count", () => {
  assert.deepEqual([0, 7, true, false, "unknown"].map(titer.countOf), [0, 7, undefined, undefined, undefined]);
  assert.deepEqual([0, 7, true, false, "unknown"].map(titer.isAvailable), [false, true, true, false, undefined]);
});

test("addresses without a scheme are refused", () => {
  for (const wrong of [[], "127.0.0.1:8080", ["http://a", "b"]]) assert.throws(() => new titer.Client(wrong), TypeError);
});
