// SPDX-License-Identifier: Apache-2.0

// The service worker: keeps the page itself on the device, so that it opens without a network, and when the replica in its address is
// dead. It keeps no answers of the database: those the page keeps itself and marks with their age (find/kept_answers.ts).
//
// The document is asked for first, because a new program brings a new page; the files that it names have their content in their name, so
// one that is here is right. An old build's files go when a new build's worker takes over.
interface Waiting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Asked extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
declare const __TITER_FILES__: string[]; // put in by vite.config.ts: all but the map's data and the licences
declare const __TITER_BUILD__: string;

const kCache = `titer-${__TITER_BUILD__}`;
const kDocument = "/";
const worker = self as unknown as {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: Waiting) => void): void;
  addEventListener(type: "fetch", listener: (event: Asked) => void): void;
};

worker.addEventListener("install", (event) => {
  const fill = async () => {
    await (await caches.open(kCache)).addAll([kDocument, ...__TITER_FILES__]);
    await worker.skipWaiting();
  };
  event.waitUntil(fill());
});

worker.addEventListener("activate", (event) => {
  const clear = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== kCache).map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(clear());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && pathname === kDocument) event.respondWith(documentOf(request));
  else if (pathname.startsWith("/assets/")) event.respondWith(fileOf(request));
});

async function documentOf(request: Request): Promise<Response> {
  const answer = await fetch(request).catch(() => null);
  if (answer && answer.status < 500) return answer;
  const kept = await caches.match(kDocument, { cacheName: kCache });
  return kept ?? answer ?? Response.error();
}

async function fileOf(request: Request): Promise<Response> {
  const kept = await caches.match(request, { cacheName: kCache });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(kCache)).put(request, answer.clone());
  return answer;
}
