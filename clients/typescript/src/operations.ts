// SPDX-License-Identifier: Apache-2.0

// The operations of the HTTP interface as methods.
// Made of docs/reference/openapi.json by clients/generate.py. Change those, not this file.

import type { Given, Operation, Text } from "./exchange.js";
import type { Adjustment, Claim, ControlToken, CreatedKey, Doses, Event, EventPage, ImportReport, Imports, Key,
  KeyPage, Message, NearPage, NewKey, NewSite, Outcome, Reason, Site, SiteFields, SitePage, SmartManifest, Status,
  Trace, WriteOrder, WriteSwitch } from "./models.js";

const healthz: Operation = { name: "healthz", method: "GET", path: "/healthz",
  retry: "read", follows: false, json: false };
const readyz: Operation = { name: "readyz", method: "GET", path: "/readyz",
  retry: "read", follows: false, json: false };
const status: Operation = { name: "status", method: "GET", path: "/api/v1/status",
  retry: "read", follows: false, json: true };
const trace: Operation = { name: "trace", method: "GET", path: "/api/v1/trace",
  retry: "read", follows: false, json: true };
const control_token: Operation = { name: "control_token", method: "GET", path: "/api/v1/cluster/token",
  retry: "read", follows: false, json: true };
const kill_replica: Operation = { name: "kill_replica", method: "POST", path: "/api/v1/cluster/replicas/{index}/kill",
  retry: "once", follows: false, json: true };
const start_replica: Operation = { name: "start_replica", method: "POST", path: "/api/v1/cluster/replicas/{index}/start",
  retry: "once", follows: false, json: true };
const list_sites: Operation = { name: "list_sites", method: "GET", path: "/api/v1/sites",
  retry: "read", follows: true, json: true };
const add_site: Operation = { name: "add_site", method: "POST", path: "/api/v1/sites",
  retry: "key", follows: false, json: true };
const near_sites: Operation = { name: "near_sites", method: "GET", path: "/api/v1/sites/near",
  retry: "read", follows: true, json: true };
const get_site: Operation = { name: "get_site", method: "GET", path: "/api/v1/sites/{id}",
  retry: "read", follows: true, json: true };
const edit_site: Operation = { name: "edit_site", method: "PATCH", path: "/api/v1/sites/{id}",
  retry: "key", follows: false, json: true };
const close_site: Operation = { name: "close_site", method: "DELETE", path: "/api/v1/sites/{id}",
  retry: "key", follows: false, json: true };
const set_stock: Operation = { name: "set_stock", method: "PUT", path: "/api/v1/sites/{id}/stock/{product}",
  retry: "key", follows: false, json: true };
const adjust_stock: Operation = { name: "adjust_stock", method: "POST", path: "/api/v1/sites/{id}/stock/{product}/adjust",
  retry: "key", follows: false, json: true };
const reserve_stock: Operation = { name: "reserve_stock", method: "POST", path: "/api/v1/sites/{id}/stock/{product}/reserve",
  retry: "key", follows: false, json: true };
const release_stock: Operation = { name: "release_stock", method: "POST", path: "/api/v1/sites/{id}/stock/{product}/release",
  retry: "key", follows: false, json: true };
const site_history: Operation = { name: "site_history", method: "GET", path: "/api/v1/sites/{id}/history",
  retry: "read", follows: true, json: true };
const list_events: Operation = { name: "list_events", method: "GET", path: "/api/v1/events",
  retry: "read", follows: true, json: true };
const undo: Operation = { name: "undo", method: "POST", path: "/api/v1/events/{position}/undo",
  retry: "key", follows: false, json: true };
const export_: Operation = { name: "export", method: "GET", path: "/api/v1/export",
  retry: "read", follows: true, json: false };
const import_: Operation = { name: "import", method: "POST", path: "/api/v1/import",
  retry: "once", follows: false, json: true };
const imports: Operation = { name: "imports", method: "GET", path: "/api/v1/imports",
  retry: "read", follows: false, json: true };
const smart_manifest: Operation = { name: "smart_manifest", method: "GET", path: "/api/v1/smart/$bulk-publish",
  retry: "read", follows: false, json: true };
const smart_file: Operation = { name: "smart_file", method: "GET", path: "/api/v1/smart/{publication}/{file}",
  retry: "read", follows: false, json: false };
const metrics: Operation = { name: "metrics", method: "GET", path: "/metrics",
  retry: "read", follows: false, json: false };
const list_keys: Operation = { name: "list_keys", method: "GET", path: "/api/v1/keys",
  retry: "read", follows: true, json: true };
const create_key: Operation = { name: "create_key", method: "POST", path: "/api/v1/keys",
  retry: "once", follows: false, json: true };
const key_history: Operation = { name: "key_history", method: "GET", path: "/api/v1/keys/history",
  retry: "read", follows: true, json: true };
const revoke_key: Operation = { name: "revoke_key", method: "DELETE", path: "/api/v1/keys/{id}",
  retry: "once", follows: false, json: true };
const get_writes: Operation = { name: "get_writes", method: "GET", path: "/api/v1/writes",
  retry: "read", follows: true, json: true };
const set_writes: Operation = { name: "set_writes", method: "PUT", path: "/api/v1/writes",
  retry: "once", follows: false, json: true };

export interface HealthzOptions {
  minPosition?: string;
}

export interface ReadyzOptions {
  minPosition?: string;
}

export interface StatusOptions {
  minPosition?: string;
}

export interface TraceOptions {
  minPosition?: string;
}

export interface ControlTokenOptions {
  minPosition?: string;
}

export interface KillReplicaOptions {
  token?: string;
}

export interface StartReplicaOptions {
  token?: string;
}

export interface ListSitesOptions {
  zip?: string;
  state?: string;
  product?: string;
  available?: boolean;
  expired?: boolean;
  q?: string;
  updatedSince?: string;
  closed?: boolean;
  explain?: boolean;
  limit?: number;
  cursor?: string;
  minPosition?: string;
}

export interface AddSiteOptions {
  actor?: string;
  idempotencyKey?: string;
}

export interface NearSitesOptions {
  zip?: string;
  lat?: number;
  lon?: number;
  within?: number;
  unit?: "mi" | "km";
  state?: string;
  product?: string;
  available?: boolean;
  expired?: boolean;
  q?: string;
  updatedSince?: string;
  closed?: boolean;
  explain?: boolean;
  limit?: number;
  minPosition?: string;
}

export interface GetSiteOptions {
  minPosition?: string;
}

export interface EditSiteOptions {
  ifMatch?: string;
  actor?: string;
  idempotencyKey?: string;
  ifNoneMatch?: string;
}

export interface CloseSiteOptions {
  reason?: string;
  ifMatch?: string;
  actor?: string;
  idempotencyKey?: string;
  ifNoneMatch?: string;
}

export interface SetStockOptions {
  ifMatch?: string;
  ifNoneMatch?: string;
  actor?: string;
  idempotencyKey?: string;
}

export interface AdjustStockOptions {
  ifMatch?: string;
  actor?: string;
  idempotencyKey?: string;
  ifNoneMatch?: string;
}

export interface ReserveStockOptions {
  ifMatch?: string;
  actor?: string;
  idempotencyKey?: string;
  ifNoneMatch?: string;
}

export interface ReleaseStockOptions {
  ifMatch?: string;
  actor?: string;
  idempotencyKey?: string;
  ifNoneMatch?: string;
}

export interface SiteHistoryOptions {
  limit?: number;
  before?: number;
  minPosition?: string;
}

export interface ListEventsOptions {
  limit?: number;
  before?: number;
  minPosition?: string;
}

export interface UndoOptions {
  actor?: string;
  idempotencyKey?: string;
}

export interface ExportOptions {
  format?: "csv" | "ndjson" | "geojson";
  minPosition?: string;
}

export interface ImportOptions {
  format?: "csv" | "ndjson" | "smart" | "cdc" | "national" | "therapeutics" | "inventory";
  map?: string;
  dryRun?: boolean;
  label?: string;
  actor?: string;
  contentType?: string;
}

export interface ImportsOptions {
  minPosition?: string;
}

export interface SmartManifestOptions {
  since?: string;
  expired?: boolean;
  minPosition?: string;
}

export interface SmartFileOptions {
  since?: string;
  minPosition?: string;
}

export interface MetricsOptions {
  minPosition?: string;
}

export interface ListKeysOptions {
  limit?: number;
  after?: string;
  minPosition?: string;
}

export interface KeyHistoryOptions {
  limit?: number;
  before?: number;
  minPosition?: string;
}

export interface RevokeKeyOptions {
  reason?: string;
}

export interface GetWritesOptions {
  minPosition?: string;
}

/** The operations; Client says how they are done. */
export abstract class Operations {
  protected abstract call<T>(operation: Operation, given: Given): Promise<T>;
  protected abstract rows<T>(operation: Operation, given: Given, rows: string): AsyncGenerator<T, void, undefined>;

  /** Whether the process is alive. */
  healthz(options: HealthzOptions = {}): Promise<Text> {
    return this.call(healthz, { headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** Whether this replica answers linearizable reads. */
  readyz(options: ReadyzOptions = {}): Promise<Text> {
    return this.call(readyz, { headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** This replica: view, clock, position, lease, and where its peers serve HTTP. */
  status(options: StatusOptions = {}): Promise<Status> {
    return this.call(status, { headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** The last frames as this replica saw them: sent, received, stable, safe, executed. */
  trace(options: TraceOptions = {}): Promise<Trace> {
    return this.call(trace, { headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** The token with which replicas are killed and started without a key. */
  controlToken(options: ControlTokenOptions = {}): Promise<ControlToken> {
    return this.call(control_token, { headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** Kill a replica of a cluster on one machine. */
  killReplica(index: number, options: KillReplicaOptions = {}): Promise<Message> {
    return this.call(kill_replica, { path: [index], headers: { "Titer-Token": options.token } });
  }

  /** Start a replica of a cluster on one machine. */
  startReplica(index: number, options: StartReplicaOptions = {}): Promise<Message> {
    return this.call(start_replica, { path: [index], headers: { "Titer-Token": options.token } });
  }

  /** A page of sites with their stock, sorted by name. */
  listSites(options: ListSitesOptions = {}): Promise<SitePage> {
    return this.call(list_sites, { query: { "zip": options.zip, "state": options.state, "product": options.product,
      "available": options.available, "expired": options.expired, "q": options.q, "updated_since":
      options.updatedSince, "closed": options.closed, "explain": options.explain, "limit": options.limit, "cursor":
      options.cursor }, headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** A page of sites with their stock, sorted by name: all of them, page by page. */
  iterateSites(options: ListSitesOptions = {}): AsyncGenerator<Site, void, undefined> {
    return this.rows(list_sites, { query: { "zip": options.zip, "state": options.state, "product": options.product,
      "available": options.available, "expired": options.expired, "q": options.q, "updated_since":
      options.updatedSince, "closed": options.closed, "explain": options.explain, "limit": options.limit, "cursor":
      options.cursor }, headers: { "Titer-Min-Position": options.minPosition } }, "sites");
  }

  /** Add a site. */
  addSite(body: NewSite, options: AddSiteOptions = {}): Promise<Outcome> {
    return this.call(add_site, { headers: { "Titer-Actor": options.actor, "Idempotency-Key": options.idempotencyKey },
      body });
  }

  /** Sites near a ZIP code or point, nearest first. */
  nearSites(options: NearSitesOptions = {}): Promise<NearPage> {
    return this.call(near_sites, { query: { "zip": options.zip, "lat": options.lat, "lon": options.lon, "within":
      options.within, "unit": options.unit, "state": options.state, "product": options.product, "available":
      options.available, "expired": options.expired, "q": options.q, "updated_since": options.updatedSince, "closed":
      options.closed, "explain": options.explain, "limit": options.limit }, headers: { "Titer-Min-Position":
      options.minPosition } });
  }

  /** One site with its stock. */
  getSite(id: string, options: GetSiteOptions = {}): Promise<Site> {
    return this.call(get_site, { path: [id], headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** Change fields of a site; an absent field is left unchanged, null or an empty text clears it. */
  editSite(id: string, body: SiteFields = {}, options: EditSiteOptions = {}): Promise<Outcome> {
    return this.call(edit_site, { path: [id], headers: { "If-Match": options.ifMatch, "Titer-Actor": options.actor,
      "Idempotency-Key": options.idempotencyKey, "If-None-Match": options.ifNoneMatch }, body });
  }

  /** Close a site; it stays in history and can be undone. */
  closeSite(id: string, options: CloseSiteOptions = {}): Promise<Outcome> {
    return this.call(close_site, { path: [id], query: { "reason": options.reason }, headers: { "If-Match":
      options.ifMatch, "Titer-Actor": options.actor, "Idempotency-Key": options.idempotencyKey, "If-None-Match":
      options.ifNoneMatch } });
  }

  /** Log the stock of a site. */
  setStock(id: string, product: string, body: Claim, options: SetStockOptions = {}): Promise<Outcome> {
    return this.call(set_stock, { path: [id, product], headers: { "If-Match": options.ifMatch, "If-None-Match":
      options.ifNoneMatch, "Titer-Actor": options.actor, "Idempotency-Key": options.idempotencyKey }, body });
  }

  /** Add to a count, or subtract from it; never below 0. */
  adjustStock(id: string, product: string, body: Adjustment, options: AdjustStockOptions = {}): Promise<Outcome> {
    return this.call(adjust_stock, { path: [id, product], headers: { "If-Match": options.ifMatch, "Titer-Actor":
      options.actor, "Idempotency-Key": options.idempotencyKey, "If-None-Match": options.ifNoneMatch }, body });
  }

  /** Take doses from a count, atomically: never more than there are. */
  reserveStock(id: string, product: string, body: Doses = {}, options: ReserveStockOptions = {}): Promise<Outcome> {
    return this.call(reserve_stock, { path: [id, product], headers: { "If-Match": options.ifMatch, "Titer-Actor":
      options.actor, "Idempotency-Key": options.idempotencyKey, "If-None-Match": options.ifNoneMatch }, body });
  }

  /** Return reserved doses. */
  releaseStock(id: string, product: string, body: Doses = {}, options: ReleaseStockOptions = {}): Promise<Outcome> {
    return this.call(release_stock, { path: [id, product], headers: { "If-Match": options.ifMatch, "Titer-Actor":
      options.actor, "Idempotency-Key": options.idempotencyKey, "If-None-Match": options.ifNoneMatch }, body });
  }

  /** The events of a site, newest first. */
  siteHistory(id: string, options: SiteHistoryOptions = {}): Promise<EventPage> {
    return this.call(site_history, { path: [id], query: { "limit": options.limit, "before": options.before }, headers:
      { "Titer-Min-Position": options.minPosition } });
  }

  /** The events of a site, newest first: all of them, page by page. */
  iterateSiteHistory(id: string, options: SiteHistoryOptions = {}): AsyncGenerator<Event, void, undefined> {
    return this.rows(site_history, { path: [id], query: { "limit": options.limit, "before": options.before }, headers:
      { "Titer-Min-Position": options.minPosition } }, "events");
  }

  /** The events of all sites, newest first. */
  listEvents(options: ListEventsOptions = {}): Promise<EventPage> {
    return this.call(list_events, { query: { "limit": options.limit, "before": options.before }, headers: {
      "Titer-Min-Position": options.minPosition } });
  }

  /** The events of all sites, newest first: all of them, page by page. */
  iterateEvents(options: ListEventsOptions = {}): AsyncGenerator<Event, void, undefined> {
    return this.rows(list_events, { query: { "limit": options.limit, "before": options.before }, headers: {
      "Titer-Min-Position": options.minPosition } }, "events");
  }

  /** Revert the change of an event. */
  undo(position: number, body: Reason = {}, options: UndoOptions = {}): Promise<Outcome> {
    return this.call(undo, { path: [position], headers: { "Titer-Actor": options.actor, "Idempotency-Key":
      options.idempotencyKey }, body });
  }

  /** All open sites as a file, as they were at one position. */
  export(options: ExportOptions = {}): Promise<Text> {
    return this.call(export_, { query: { "format": options.format }, headers: { "Titer-Min-Position":
      options.minPosition } });
  }

  /** Adds and updates sites from a file of any length. */
  import(body: string | Blob, options: ImportOptions = {}): Promise<ImportReport> {
    return this.call(import_, { query: { "format": options.format, "map": options.map, "dry_run": options.dryRun,
      "label": options.label }, headers: { "Titer-Actor": options.actor, "Content-Type": options.contentType ??
      "text/csv" }, body });
  }

  /** The progress of the imports of this replica. */
  imports(options: ImportsOptions = {}): Promise<Imports> {
    return this.call(imports, { headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** Manifest of the SMART Scheduling Links feed. */
  smartManifest(options: SmartManifestOptions = {}): Promise<SmartManifest> {
    return this.call(smart_manifest, { query: { "_since": options.since, "expired": options.expired }, headers: {
      "Titer-Min-Position": options.minPosition } });
  }

  /** One file of a SMART publication. */
  smartFile(publication: string, file: string, options: SmartFileOptions = {}): Promise<Text> {
    return this.call(smart_file, { path: [publication, file], query: { "_since": options.since }, headers: {
      "Titer-Min-Position": options.minPosition } });
  }

  /** For Prometheus. */
  metrics(options: MetricsOptions = {}): Promise<Text> {
    return this.call(metrics, { headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** Keys, including expired and revoked ones, in the order of their ids. */
  listKeys(options: ListKeysOptions = {}): Promise<KeyPage> {
    return this.call(list_keys, { query: { "limit": options.limit, "after": options.after }, headers: {
      "Titer-Min-Position": options.minPosition } });
  }

  /** Keys, including expired and revoked ones, in the order of their ids: all of them, page by page. */
  iterateKeys(options: ListKeysOptions = {}): AsyncGenerator<Key, void, undefined> {
    return this.rows(list_keys, { query: { "limit": options.limit, "after": options.after }, headers: {
      "Titer-Min-Position": options.minPosition } }, "keys");
  }

  /** Create a key. */
  createKey(body: NewKey): Promise<CreatedKey> {
    return this.call(create_key, { body });
  }

  /** Keys made and revoked, writes stopped and allowed, newest first. */
  keyHistory(options: KeyHistoryOptions = {}): Promise<EventPage> {
    return this.call(key_history, { query: { "limit": options.limit, "before": options.before }, headers: {
      "Titer-Min-Position": options.minPosition } });
  }

  /** Keys made and revoked, writes stopped and allowed, newest first: all of them, page by page. */
  iterateKeyHistory(options: KeyHistoryOptions = {}): AsyncGenerator<Event, void, undefined> {
    return this.rows(key_history, { query: { "limit": options.limit, "before": options.before }, headers: {
      "Titer-Min-Position": options.minPosition } }, "events");
  }

  /** Revoke a key, for good. */
  revokeKey(id: string, options: RevokeKeyOptions = {}): Promise<Outcome> {
    return this.call(revoke_key, { path: [id], query: { "reason": options.reason } });
  }

  /** Whether writes are stopped. */
  getWrites(options: GetWritesOptions = {}): Promise<WriteSwitch> {
    return this.call(get_writes, { headers: { "Titer-Min-Position": options.minPosition } });
  }

  /** Stop all writes while reads continue, or allow them again. */
  setWrites(body: WriteOrder): Promise<Outcome> {
    return this.call(set_writes, { body });
  }
}
