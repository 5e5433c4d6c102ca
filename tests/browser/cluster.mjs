// SPDX-License-Identifier: Apache-2.0

// Real clusters for tests in JavaScript. Rules as in ../e2e: a test waits for what it can see, never for time to pass; only processes
// that were started here are ended; a cluster ends with its test, however that ends.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const titerBinary = process.env.TITER_BIN || join(root, "build/release/bin/titer");
const run = promisify(execFile);
export const kPatienceMs = 20_000;

/** Calls look() until it gives something true. */
export async function waitUntil(look, what, patienceMs = kPatienceMs) {
  const end = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `waited ${patienceMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20)); // a pause between two looks
  }
}

const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

// The first of `count` free ports in a row, below those that the system gives to outgoing connections.
export async function freePorts(count) {
  for (;;) {
    const base = 12_000 + Math.floor(Math.random() * 19_000);
    const ports = Array.from({ length: count }, (_, i) => base + i);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base;
  }
}

/** `titer cluster` in memory, with pages. */
export class Cluster {
  static async start({ replicas = 3, options = [] } = {}) {
    const base = await freePorts(2 * replicas);
    const cluster = new Cluster(replicas, base, base + replicas);
    await cluster.begin(options);
    return cluster;
  }

  constructor(replicas, wire, http) {
    Object.assign(this, { replicas, wire, http, said: "" });
    this.folder = mkdtempSync(join(tmpdir(), "titer-browser-"));
  }

  async begin(options) {
    const words = ["cluster", this.replicas, "--memory", "--no-restart", "--base-port", this.wire, "--http-port", this.http];
    // setpriv: the kernel ends the cluster when this process dies.
    this.process = spawn(
      "setpriv",
      ["--pdeathsig", "TERM", titerBinary, ...words.map(String), "--data", join(this.folder, "data"), ...options],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    this.process.stdout.on("data", (text) => (this.said += text));
    const ready = () => this.said.includes("Type an index") || this.process.exitCode !== null;
    await waitUntil(ready, () => `the cluster to serve; it said ${this.said}`);
    assert.equal(this.process.exitCode, null, this.said);
    for (let i = 0; i < this.replicas; i += 1)
      await waitUntil(() => this.status(i), `replica ${i} to answer`);
  }

  page(index, hash = "") {
    return `http://127.0.0.1:${this.http + index}/${hash}`;
  }

  /** Path of its local socket, where the machine's operator needs no key. */
  socket(index) {
    return join(this.folder, "data", `replica-${index}.sock`);
  }

  /** The replica's own status; null when it does not answer. */
  async status(index) {
    const answer = await fetch(`${this.page(index)}api/v1/status`).catch(() => null);
    return answer?.ok ? answer.json() : null;
  }

  /** kill -9: nobody is told. */
  async kill(index) {
    process.kill((await this.status(index)).pid, "SIGKILL");
  }

  /** A line at the supervisor's standard input. */
  type(line) {
    this.process.stdin.write(`${line}\n`);
  }

  /** A command against the cluster; what it printed. */
  async titer(...words) {
    const at = Array.from({ length: this.replicas }, (_, i) => `127.0.0.1:${this.wire + i}`).join();
    return (await run(titerBinary, words.map(String), { env: { ...process.env, TITER_AT: at } })).stdout;
  }

  /** A request to the HTTP interface of one replica; its JSON. */
  async ask(index, method, path, body, headers = {}) {
    const json = typeof body === "object";
    const answer = await fetch(`${this.page(index)}api/v1${path}`, {
      method,
      headers: { "Content-Type": json ? "application/json" : "text/csv", ...headers },
      body: json ? JSON.stringify(body) : body,
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
    return answer.json();
  }

  /** What the database says a site has of a product. */
  async stock(site, product = "any") {
    const [found] = JSON.parse(`[${await this.titer("view", site, "--json")}]`).flat();
    return found.stock.find((line) => line.product === product)?.availability;
  }

  async stop() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill("SIGTERM");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
