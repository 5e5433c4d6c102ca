// SPDX-License-Identifier: Apache-2.0

// The TypeScript client on real clusters in which replicas are killed and hang.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Cluster, waitUntil } from "../browser/cluster.mjs";
import * as titer from "../../clients/typescript/dist/index.js";

const kWriters = 4;

const addresses = (cluster) => Array.from({ length: cluster.replicas }, (_, i) => new URL(cluster.page(i)).origin);

/** fetch that loses every so many answers on their way: the replicas have executed the request, and the client does not know it. */
function losing(every) {
  const counted = { came: 0, lost: 0 };
  counted.fetch = async (...words) => {
    const answer = await fetch(...words).catch((error) => {
      counted.lost += error.cause?.code !== "ECONNREFUSED";
      throw error;
    });
    if (++counted.came % every) return answer;
    await answer.text();
    counted.lost += 1;
    throw new TypeError("lost on its way");
  };
  return counted;
}

/** Until exactly these replicas are full members of one view. */
function members(cluster, wanted) {
  return waitUntil(async () => {
    const all = await Promise.all(wanted.map((index) => cluster.status(index)));
    const ids = wanted.join();
    return all.every((one) => one?.full && one.view === all[0].view && one.members.map(({ id }) => id).sort().join() === ids);
  }, `replicas ${wanted} to be the members`);
}

async function stored(client) {
  return titer.countOf((await client.getSite("elm")).stock[0].availability);
}

describe("while replicas fail", () => {
  let cluster, replicas;
  before(async () => {
    cluster = await Cluster.start();
    replicas = addresses(cluster);
    await members(cluster, [0, 1, 2]);
    await new titer.Client(replicas).addSite({ id: "elm", name: "Elm Street Clinic", zip: "02139" });
  });
  after(() => cluster.stop());

  test("each change is made once while every replica is killed in turn, and the stream has each of them once", async () => {
    const network = losing(10);
    const client = new titer.Client(replicas, { fetch: network.fetch });
    await client.setStock("elm", "208", 0);
    const begin = client.position;
    const sign = "the count is complete";
    const events = [];
    const following = (async () => {
      for await (const { event } of new titer.Client(replicas).changes(begin)) {
        events.push(event);
        if (event.reason === sign) return;
      }
    })();
    let done = 0, stop = false;
    const writers = Array.from({ length: kWriters }, async () => {
      while (!stop) {
        await client.adjustStock("elm", "208", { by: 1 });
        done += 1;
      }
    });
    const more = (so) => waitUntil(() => done > so + 20, "changes");
    const killing = (async () => {
      for (const index of [0, 1, 2]) {
        await more(done);
        await cluster.kill(index);
        await members(cluster, [0, 1, 2].filter((i) => i !== index));
        await more(done);
        cluster.type(`start ${index}`);
        await members(cluster, [0, 1, 2]);
      }
    })().finally(() => (stop = true));
    await Promise.all([killing, ...writers]);
    console.log(`${done} changes, ${network.lost} of them sent again because no answer came`);
    assert.ok(network.lost > 0);
    assert.equal(await stored(client), done);
    await client.adjustStock("elm", "208", { by: 1, reason: sign });
    await following;
    assert.deepEqual(events.map((event) => event.after), Array.from({ length: done + 1 }, (_, i) => i + 1));
  });

  test("a change that hangs is sent to the next replica, and made once", async () => {
    const client = new titer.Client(replicas, { attemptTimeout: 300 });
    await client.setStock("elm", "208", 1);
    const { replica, pid } = await client.status();
    process.kill(pid, "SIGSTOP");
    try {
      const outcome = await client.adjustStock("elm", "208", { by: 1 });
      assert.deepEqual([outcome.before, outcome.after], [1, 2]);
    } finally {
      await waitUntil(async () => (await cluster.status((replica + 1) % 3))?.members.length === 2 || !alive(pid), "the death of the silent one");
    }
    assert.equal(await stored(client), 2);
    cluster.type(`start ${replica}`);
    await members(cluster, [0, 1, 2]);
  });

  test("when all replicas are gone the client says so", async () => {
    const pids = await Promise.all([0, 1, 2].map(async (index) => (await cluster.status(index)).pid));
    for (const pid of pids) process.kill(pid, "SIGKILL");
    const client = new titer.Client(replicas, { timeout: 500 });
    await assert.rejects(client.getSite("elm"), /no replica has answered/);
    await assert.rejects(client.changes().next(), titer.Unavailable);
  });
});

function alive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("without failures", () => {
  let cluster, replicas, client;
  before(async () => {
    cluster = await Cluster.start({ replicas: 2 });
    replicas = addresses(cluster);
    client = new titer.Client(replicas, { actor: "tests" });
  });
  after(() => cluster.stop());

  test("pages are one sequence", async () => {
    const names = Array.from({ length: 11 }, (_, i) => `Page ${String(i).padStart(2, "0")}`);
    for (const name of names) await client.addSite({ name, zip: "99801" });
    const found = [];
    for await (const site of client.iterateSites({ zip: "99801", limit: 2 })) found.push(site.name);
    assert.deepEqual(found, names);
  });

  test("another client reads what this one has written", async () => {
    const [first, second] = replicas.map((one) => new titer.Client(one));
    await first.addSite({ id: "ryw", name: "Read Your Writes", zip: "02139" });
    for (let count = 1; count < 30; count++) {
      await first.setStock("ryw", "208", count);
      second.see(first.position);
      assert.equal((await second.getSite("ryw")).stock[0].availability, count);
    }
    assert.equal(second.position, first.position);
  });

  test("a position of another stream is an error once", async () => {
    const restored = new titer.Client(replicas, { position: "1-0123456789abcdef" });
    await assert.rejects(restored.listSites(), titer.StreamChanged);
    assert.ok((await restored.listSites()).sites);
    await assert.rejects(restored.changes("1-0123456789abcdef").next(), titer.TooOld);
  });

  test("refusals have types and say what is there", async () => {
    await client.addSite({ id: "refusing", name: "Refusing", zip: "02139" });
    await client.setStock("refusing", "208", { availability: { count: 3 } });
    const refusal = await client.reserveStock("refusing", "208", { doses: 4 }).catch((error) => error);
    assert.deepEqual([refusal.constructor, refusal.current], [titer.NotEnough, 3]);
    await assert.rejects(client.addSite({ id: "refusing", name: "Refusing", zip: "02139" }), titer.Duplicate);
    await assert.rejects(client.getSite("nowhere"), titer.NotFound);
    await assert.rejects(client.setStock("refusing", "208", 4, { ifMatch: '"9"' }), titer.StaleVersion);
  });

  test("whole files go in and come out with their position", async () => {
    const report = await client.import("site_id,name,zip,product,availability\noak,Oak Pharmacy,2139,208,7\n");
    assert.deepEqual([report.added, report.rejected], [1, 0]);
    const copy = await client.export({ format: "ndjson" });
    assert.match(copy.text, /"oak"/);
    await client.setStock("oak", "208", 8);
    const changes = client.changes(copy.position);
    const { value } = await changes.next();
    assert.deepEqual([value.event.site_id, value.event.after], ["oak", 8]);
    await changes.return();
  });
});
