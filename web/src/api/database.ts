// SPDX-License-Identifier: Apache-2.0

// What the page asks of the database, one function per route. Nothing else in the page knows a path.
import { Refused, type Replicas } from "./replicas";
import type {
  ApiKey,
  Availability,
  ImportReport,
  Nearby,
  NewKey,
  Outcome,
  Site,
  SiteEvent,
  SiteFields,
  Status,
  Trace,
  WriteSwitch,
} from "./types";

const kRoot = "/api/v1";
const kHistoryPage = 200; // events
const kKeysMax = 1000; // shown
const kFileTypes = [
  [".gz", "application/gzip"],
  ["json", "application/x-ndjson"],
] as const;

export interface SitePage {
  sites: Site[];
  next: string | null;
}

export interface HistoryPage {
  events: SiteEvent[];
  more: boolean; // there are older ones
}

interface Write {
  path: string;
  body: object;
  ifVersion?: number | undefined;
  once?: string; // the Idempotency-Key of all its tries; a new one when it is tried once only
}

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

  private async write(method: string, write: Write): Promise<Outcome> {
    const headers: Record<string, string> = {
      "Content-Type": "application/json",
      "Idempotency-Key": write.once ?? newKey(),
    };
    const actor = this.actor();
    if (actor) headers["Titer-Actor"] = headerText(actor);
    if (write.ifVersion === 0)
      headers["If-None-Match"] = "*"; // it must not be there yet
    else if (write.ifVersion !== undefined) headers["If-Match"] = `"${write.ifVersion}"`;
    const answer = await this.keyed(write.path, { method, headers, body: JSON.stringify(write.body) });
    return (await answer.json()) as Outcome;
  }

  /** A request with the key, if there is one. */
  private async keyed(path: string, init: RequestInit): Promise<Response> {
    try {
      return await this.replicas.ask(kRoot + path, {
        ...init,
        headers: { ...init.headers, ...shown(this.key()) },
      });
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 401)
        for (const wanter of this.wanters) wanter();
      throw error;
    }
  }

  /** Does this key count? For "": does the database take changes without one? */
  async keyStanding(key: string): Promise<"good" | "bad"> {
    if (!key) return (await this.status()).keys ? "bad" : "good";
    try {
      await this.replicas.ask(`${kRoot}/keys?limit=1`, { headers: shown(key) });
      return "good";
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.problem.status === 401) return "bad";
      if (error.problem.status === 403) return "good"; // it counts, and may not see the others
      throw error;
    }
  }

  near(search: Search, signal: AbortSignal): Promise<Nearby> {
    return this.read(nearPath(search), signal);
  }

  /** Sites by ZIP code, or by a part of their name; `next` is the address of the next page. */
  async named(query: { zip: string } | { q: string }, limit: number, signal: AbortSignal): Promise<SitePage> {
    return this.page(`/sites?${new URLSearchParams({ ...query, limit: String(limit) })}`, signal);
  }

  /** A further page, by the `next` of the one before. */
  further(next: string, signal: AbortSignal): Promise<SitePage> {
    return this.page(next.replace(kRoot, ""), signal);
  }

  private async page(path: string, signal: AbortSignal): Promise<SitePage> {
    const { sites, links } = await this.read<{ sites: Site[]; links: { next?: string } }>(path, signal);
    return { sites, next: links.next ?? null };
  }

  site(id: string): Promise<Site> {
    return this.read(`/sites/${encodeURIComponent(id)}`);
  }

  /** Newest first; `before`: those with a lower position than this. */
  async history(id: string, before?: number): Promise<HistoryPage> {
    const older = before === undefined ? "" : `&before=${before}`;
    const path = `/sites/${encodeURIComponent(id)}/history?limit=${kHistoryPage}${older}`;
    const { events, links } = await this.read<{ events: SiteEvent[]; links: { next?: string } }>(path);
    return { events, more: links.next !== undefined };
  }

  /** `ifVersion` of the stock line as it was seen, 0 when there was none; undefined: whatever is there. */
  set(id: string, product: string, availability: Availability, ifVersion: number | undefined, once: string) {
    const claim = typeof availability === "number" ? { count: availability } : spoken(availability);
    const body = { availability: claim };
    return this.write("PUT", { path: stockPath(id, product), body, ifVersion, once });
  }

  adjust(id: string, product: string, by: number, once: string): Promise<Outcome> {
    return this.write("POST", { path: `${stockPath(id, product)}/adjust`, body: { by }, once });
  }

  reserve(id: string, product: string, doses: number, once: string): Promise<Outcome> {
    return this.write("POST", { path: `${stockPath(id, product)}/reserve`, body: { doses }, once });
  }

  release(id: string, product: string, doses: number, once: string): Promise<Outcome> {
    return this.write("POST", { path: `${stockPath(id, product)}/release`, body: { doses }, once });
  }

  undo(position: number): Promise<Outcome> {
    return this.write("POST", { path: `/events/${position}/undo`, body: {} });
  }

  addSite(fields: SiteFields, once: string): Promise<Outcome> {
    return this.write("POST", { path: "/sites", body: fields, once });
  }

  editSite(id: string, fields: SiteFields, version: number, once: string): Promise<Outcome> {
    return this.write("PATCH", {
      path: `/sites/${encodeURIComponent(id)}`,
      body: fields,
      ifVersion: version,
      once,
    });
  }

  /**
   * A file of sites, as it is. It takes as long as it takes, so it is sent once, to the replica that is asked now; the same file again
   * changes nothing.
   */
  async importFile(file: File, dryRun: boolean): Promise<ImportReport> {
    const type = kFileTypes.find(([ending]) => file.name.toLowerCase().endsWith(ending))?.[1] ?? "text/csv";
    const actor = this.actor();
    const answer = await this.replicas.send(`${kRoot}/import?dry_run=${dryRun}`, {
      method: "POST",
      headers: {
        "Content-Type": type,
        ...(actor ? { "Titer-Actor": headerText(actor) } : {}),
        ...shown(this.key()),
      },
      body: file,
    });
    return (await answer.json()) as ImportReport;
  }

  status(): Promise<Status> {
    return this.read("/status");
  }

  writes(): Promise<WriteSwitch> {
    return this.read("/writes");
  }

  async stopWrites(stopped: boolean, reason: string): Promise<Outcome> {
    const body = { stopped, ...(reason ? { reason } : {}) };
    return (await this.command("PUT", "/writes", body).then((answer) => answer.json())) as Outcome;
  }

  /** Of auditors and operators. */
  async keys(): Promise<ApiKey[]> {
    const answer = await this.keyed(`/keys?limit=${kKeysMax}`, {});
    return ((await answer.json()) as { keys: ApiKey[] }).keys;
  }

  /** `key` is told this once and never again. */
  async createKey(wanted: NewKey): Promise<{ id: string; key: string }> {
    return (await this.command("POST", "/keys", wanted).then((answer) => answer.json())) as {
      id: string;
      key: string;
    };
  }

  async revokeKey(id: string): Promise<void> {
    await this.command("DELETE", `/keys/${encodeURIComponent(id)}`);
  }

  // Keys and the switch take no Idempotency-Key: these are sent once, and not to another replica when the answer is lost.
  private async command(method: string, path: string, body?: object): Promise<Response> {
    const headers = { ...(body ? { "Content-Type": "application/json" } : {}), ...shown(this.key()) };
    return this.replicas.send(kRoot + path, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }

  /** Kills or starts a replica. "duplicate" says that it is so already: a replica that kills itself gives no answer, and the next one is asked. */
  async control(index: number, what: "kill" | "start"): Promise<void> {
    const { token } = await this.read<{ token: string }>("/cluster/token");
    try {
      const headers = { "Titer-Token": token };
      await this.keyed(`/cluster/replicas/${index}/${what}`, { method: "POST", headers });
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.code !== "duplicate") throw error;
    }
  }

  /** The frames that one replica saw; with the key, which it may ask for. */
  traceOf(origin: string, patienceMs: number): Promise<Looked<Trace>> {
    return lookAt(origin, "/trace", patienceMs, shown(this.key()));
  }
}

/** What one replica and no other answered. `problem`: the HTTP status of its refusal, or 0: no answer in time. */
export type Looked<T> = { found: T } | { problem: number };

/** One replica and no other: the Cluster view wants to know who is there. Null when it does not answer. */
export async function statusOf(origin: string, patienceMs: number): Promise<Status | null> {
  const looked = await lookAt<Status>(origin, "/status", patienceMs);
  return "found" in looked ? looked.found : null;
}

/** Milliseconds of one linearizable read at that replica, as seen from here. Null when it does not answer. */
export async function readTimeOf(origin: string, patienceMs: number): Promise<number | null> {
  const start = performance.now();
  const looked = await lookAt<object>(origin, "/sites?limit=1", patienceMs);
  return "found" in looked ? performance.now() - start : null;
}

async function lookAt<T>(
  origin: string,
  path: string,
  patienceMs: number,
  headers: Record<string, string> = {},
): Promise<Looked<T>> {
  try {
    const answer = await fetch(origin + kRoot + path, { headers, signal: AbortSignal.timeout(patienceMs) });
    return answer.ok ? { found: (await answer.json()) as T } : { problem: answer.status };
  } catch {
    return { problem: 0 };
  }
}

/** A key as a header; nothing for none. */
const shown = (key: string): Record<string, string> =>
  key ? { Authorization: `Bearer ${headerText(key)}` } : {};

const stockPath = (id: string, product: string) =>
  `/sites/${encodeURIComponent(id)}/stock/${encodeURIComponent(product)}`;

const spoken = (value: boolean | "unknown") => (value === "unknown" ? value : value ? "yes" : "no");

// Headers take one byte per character; the database reads them as UTF-8.
const headerText = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));

/** For one write and all its repetitions. crypto.randomUUID is there only on https and localhost. */
export function newKey(): string {
  return (
    crypto.randomUUID?.() ??
    Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-")
  );
}
