// SPDX-License-Identifier: Apache-2.0

// What the page asks of the database, one function per route. Nothing else in the page knows a path.
import { Refused, type Replicas } from "./replicas";
import type { Availability, Nearby, Outcome, Site, SiteEvent, Status, Trace } from "./types";

const kRoot = "/api/v1";

export interface Search {
  zip?: string;
  lat?: number;
  lon?: number;
  within: number;
  unit: "mi" | "km";
  product: string; // "": any
  available: boolean;
  limit: number;
}

export function nearPath(search: Search): string {
  const query = new URLSearchParams();
  if (search.zip) query.set("zip", search.zip);
  else {
    query.set("lat", String(search.lat));
    query.set("lon", String(search.lon));
  }
  query.set("within", String(search.within));
  query.set("unit", search.unit);
  if (search.product) query.set("product", search.product);
  if (search.available) query.set("available", "true");
  query.set("limit", String(search.limit));
  return `/sites/near?${query}`;
}

export class Database {
  private readonly wanters = new Set<() => void>();

  /** `actor` is who writes, for the history; `key` what writes are allowed by. Empty: nobody said, there is none. */
  constructor(
    private readonly replicas: Replicas,
    private readonly actor: () => string,
    private readonly key: () => string = () => "",
  ) {}

  /** Called when a write was refused for want of a key that counts. */
  onKeyWanted(listener: () => void): () => void {
    this.wanters.add(listener);
    return () => this.wanters.delete(listener);
  }

  private async read<T>(path: string, signal?: AbortSignal): Promise<T> {
    const answer = await this.replicas.ask(kRoot + path, signal ? { signal } : {});
    return (await answer.json()) as T;
  }

  private async write(method: string, path: string, body: object, ifVersion?: number): Promise<Outcome> {
    const headers: Record<string, string> = {
      "Content-Type": "application/json",
      "Idempotency-Key": crypto.randomUUID?.() ?? randomKey(),
    };
    const actor = this.actor();
    if (actor) headers["Titer-Actor"] = headerText(actor);
    if (ifVersion === 0)
      headers["If-None-Match"] = "*"; // it must not be there yet
    else if (ifVersion !== undefined) headers["If-Match"] = `"${ifVersion}"`;
    Object.assign(headers, this.shown());
    try {
      const answer = await this.replicas.ask(kRoot + path, { method, headers, body: JSON.stringify(body) });
      return (await answer.json()) as Outcome;
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 401)
        for (const wanter of this.wanters) wanter();
      throw error;
    }
  }

  /** The key, as a header; nothing when there is none. */
  private shown(): Record<string, string> {
    const key = this.key();
    return key ? { Authorization: `Bearer ${headerText(key)}` } : {};
  }

  near(search: Search, signal: AbortSignal): Promise<Nearby> {
    return this.read(nearPath(search), signal);
  }

  async named(text: string, signal: AbortSignal): Promise<Site[]> {
    const query = new URLSearchParams(/^\d{5}$/.test(text) ? { zip: text } : { q: text });
    query.set("limit", "25");
    return (await this.read<{ sites: Site[] }>(`/sites?${query}`, signal)).sites;
  }

  site(id: string): Promise<Site> {
    return this.read(`/sites/${encodeURIComponent(id)}`);
  }

  async history(id: string): Promise<SiteEvent[]> {
    return (await this.read<{ events: SiteEvent[] }>(`/sites/${encodeURIComponent(id)}/history?limit=200`))
      .events;
  }

  /** `ifVersion` of the stock line as it was seen, 0 when there was none; undefined: whatever is there. */
  set(
    id: string,
    product: string,
    availability: Availability,
    ifVersion: number | undefined,
  ): Promise<Outcome> {
    const claim = typeof availability === "number" ? { count: availability } : spoken(availability);
    return this.write("PUT", stockPath(id, product), { availability: claim }, ifVersion);
  }

  adjust(id: string, product: string, by: number): Promise<Outcome> {
    return this.write("POST", `${stockPath(id, product)}/adjust`, { by });
  }

  reserve(id: string, product: string, doses: number): Promise<Outcome> {
    return this.write("POST", `${stockPath(id, product)}/reserve`, { doses });
  }

  release(id: string, product: string, doses: number): Promise<Outcome> {
    return this.write("POST", `${stockPath(id, product)}/release`, { doses });
  }

  undo(position: number): Promise<Outcome> {
    return this.write("POST", `/events/${position}/undo`, {});
  }

  status(): Promise<Status> {
    return this.read("/status");
  }

  async control(index: number, what: "kill" | "start"): Promise<void> {
    const { token } = await this.read<{ token: string }>("/cluster/token");
    const headers = { "Titer-Token": token, ...this.shown() };
    await this.replicas.ask(`${kRoot}/cluster/replicas/${index}/${what}`, { method: "POST", headers });
  }
}

/** One replica and no other: the Cluster view wants to know who is there. Null when it does not answer. */
export async function statusOf(origin: string, patienceMs: number): Promise<Status | null> {
  return readOf(origin, "/status", patienceMs);
}

export async function traceOf(origin: string, patienceMs: number): Promise<Trace | null> {
  return readOf(origin, "/trace", patienceMs);
}

/** Milliseconds of one linearizable read at that replica, as seen from here. Null when it does not answer. */
export async function readTimeOf(origin: string, patienceMs: number): Promise<number | null> {
  const start = performance.now();
  const answer = await readOf<object>(origin, "/sites?limit=1", patienceMs);
  return answer && performance.now() - start;
}

async function readOf<T>(origin: string, path: string, patienceMs: number): Promise<T | null> {
  try {
    const answer = await fetch(origin + kRoot + path, { signal: AbortSignal.timeout(patienceMs) });
    return answer.ok ? ((await answer.json()) as T) : null;
  } catch {
    return null;
  }
}

const stockPath = (id: string, product: string) =>
  `/sites/${encodeURIComponent(id)}/stock/${encodeURIComponent(product)}`;

const spoken = (value: boolean | "unknown") => (value === "unknown" ? value : value ? "yes" : "no");

// Headers take one byte per character; the database reads them as UTF-8.
const headerText = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));

// crypto.randomUUID is there only on https and localhost; a page served to another host gets this one.
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-");
}
