// SPDX-License-Identifier: Apache-2.0

// Real clusters (cluster.mjs) and a real browser for the tests of the page.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import { join } from "node:path";
import { chromium } from "../../web/node_modules/playwright-core/index.mjs";
import { Cluster, freePorts, kPatienceMs, root } from "./cluster.mjs";

export { Cluster, waitUntil } from "./cluster.mjs";

// A page that was just built (web/README.md), instead of the one in the program.
const pageFolder = process.env.TITER_PAGE;
const chromiumBinary = process.env.TITER_CHROMIUM || "/usr/bin/chromium";
export const samples = join(root, "data/samples");

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
