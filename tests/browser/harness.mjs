// SPDX-License-Identifier: Apache-2.0

// Real clusters and a real browser for the tests of the page. Rules as in ../e2e: a test waits for what it can see, never
// for time to pass; only processes that were started here are ended; a cluster ends with its test, however that ends.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "../../web/node_modules/playwright-core/index.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const titerBinary = process.env.TITER_BIN || join(root, "build/release/bin/titer");
// A page that was just built (web/README.md), instead of the one in the program.
const pageFolder = process.env.TITER_PAGE;
const chromiumBinary = process.env.TITER_CHROMIUM || "/usr/bin/chromium";
export const samples = join(root, "data/samples");
const run = promisify(execFile);
const kPatienceMs = 20_000;

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
async function freePorts(count) {
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

const kTypes = { webmanifest: "application/manifest+json", png: "image/png", html: "text/html", js: "text/javascript", css: "text/css", json: "application/json", svg: "image/svg+xml", txt: "text/plain" };

/** Answers what the program would serve of its page from TITER_PAGE, with the program's own headers. */
async function serveOurs(context) {
  await context.route(
    ({ pathname }) => pathname === "/" || existsSync(join(pageFolder, pathname)),
    async (route) => {
      const { pathname, origin } = new URL(route.request().url());
      const name = pathname === "/" ? "index.html" : pathname;
      const theirs = await fetch(origin).catch(() => null);
      if (!theirs) return route.abort("connectionrefused");
      const policy = theirs.headers.get("content-security-policy");
      await route.fulfill({
        body: readFileSync(join(pageFolder, name)),
        contentType: kTypes[name.split(".").at(-1)] ?? "application/octet-stream",
        headers: { "Content-Security-Policy": policy, "Access-Control-Allow-Origin": "*" },
      });
    },
  );
}

/** Chromium without a window. Every page notes what it complains of; complaints() must be empty at the end. */
export class Browser {
  static async start() {
    assert.ok(existsSync(chromiumBinary), `there is no ${chromiumBinary}; ./dev test installs it`);
    const browser = new Browser();
    // Its sandbox needs rights that a build machine may not give; the pages are our own.
    const args = ["--no-sandbox", "--disable-dev-shm-usage"];
    // A page that does not come from a replica counts as one of the internet there, which may not ask this machine.
    if (pageFolder) args.push("--disable-features=LocalNetworkAccessChecks");
    browser.chromium = await chromium.launch({ executablePath: chromiumBinary, args });
    browser.found = [];
    return browser;
  }

  /** A page in a context of its own: another person at another machine. */
  async open(url, options = {}) {
    const page = await (await this.person(options)).newPage();
    await page.goto(url);
    return page;
  }

  /** Another person at another machine; newPage() opens a tab. */
  async person(options = {}) {
    // What a service worker asks for cannot be answered from TITER_PAGE here; tests of one use a Gateway.
    const context = await this.chromium.newContext({ locale: "en-US", serviceWorkers: "block", ...options });
    context.setDefaultTimeout(kPatienceMs);
    if (pageFolder && options.serviceWorkers !== "allow") await serveOurs(context);
    context.on("page", (page) => this.watch(page));
    return context;
  }

  watch(page) {
    page.on("pageerror", (error) => this.found.push(`${page.url()}: ${error}`));
    page.on("console", (message) => {
      if (message.type() === "error") this.found.push(`${page.url()}: ${message.text()}`);
    });
  }

  /** Errors on the console of any page. A dead replica and a refusal are told there too, by the browser itself. */
  complaints() {
    const network = /ERR_CONNECTION_|ERR_FAILED|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|ERR_NETWORK|ERR_SOCKET_NOT_CONNECTED|status of (401|403|404|409|412|422|503)|ERR_INTERNET_DISCONNECTED/;
    return this.found.filter((text) => !network.test(text));
  }

  async stop() {
    await this.chromium.close();
  }
}

/** A server of its own in front of one replica, with the page that is tested: a test can take it away. */
export class Gateway {
  static async start(cluster, index) {
    const gateway = new Gateway();
    const target = cluster.page(index);
    gateway.server = createHttpServer((asked, answer) => void gateway.pass(asked, answer, target));
    const port = await freePorts(1);
    await new Promise((resolve) => gateway.server.listen(port, "127.0.0.1", resolve));
    gateway.origin = `http://127.0.0.1:${port}`;
    return gateway;
  }

  async pass(asked, answer, target) {
    const { pathname } = new URL(asked.url, target);
    const name = pathname === "/" ? "index.html" : pathname;
    if (pageFolder && existsSync(join(pageFolder, name))) {
      const theirs = await fetch(target);
      const policy = theirs.headers.get("content-security-policy");
      answer.writeHead(200, { "Content-Type": kTypes[name.split(".").at(-1)] ?? "application/octet-stream", "Content-Security-Policy": policy });
      return answer.end(readFileSync(join(pageFolder, name)));
    }
    const { host: _host, ...headers } = asked.headers;
    const further = httpRequest(target.slice(0, -1) + asked.url, { method: asked.method, headers }, (theirs) => {
      answer.writeHead(theirs.statusCode, theirs.headers);
      theirs.pipe(answer);
    });
    further.on("error", () => answer.destroy());
    answer.on("close", () => further.destroy());
    asked.pipe(further);
  }

  /** Nobody is there from now on, and answers that are under way are broken off. */
  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** The network of a phone: milliseconds there and back, KiB a second. */
export async function throttle(page, latencyMs, kibPerSecond) {
  const tools = await page.context().newCDPSession(page);
  await tools.send("Network.enable");
  const bytes = kibPerSecond * 1024;
  const line = { latency: latencyMs, downloadThroughput: bytes, uploadThroughput: bytes };
  await tools.send("Network.emulateNetworkConditions", { offline: false, ...line });
}

/** Notes the requests of a page whose address has this in it: how many began, and how many were broken off. */
export function requestsOf(pages, part) {
  const seen = { begun: 0, failed: 0 };
  pages.on("request", (request) => request.url().includes(part) && (seen.begun += 1));
  pages.on("requestfailed", (request) => request.url().includes(part) && (seen.failed += 1));
  return seen;
}

/** The page follows the change stream. */
export const isLive = (page) => page.locator('.pulse[data-live="true"]').waitFor();

/** A cluster and a browser for all tests of a file: `const at = world(test, …)`; `at.cluster`, `at.browser`. */
export function world({ before, after }, { options = [], fill = async () => {} } = {}) {
  const at = {};
  before(async () => {
    [at.cluster, at.browser] = await Promise.all([Cluster.start({ options }), Browser.start()]);
    await fill(at.cluster);
  });
  after(async () => {
    const complaints = at.browser?.complaints() ?? [];
    await at.browser?.stop();
    await at.cluster?.stop();
    assert.deepEqual(complaints, []);
  });
  return at;
}

export const axeSource = () => readFileSync(join(root, "web/node_modules/axe-core/axe.min.js"), "utf8");
