// SPDX-License-Identifier: Apache-2.0

// The JSON of the HTTP interface, as docs/reference/openapi.json has it. Only what the page reads is named.

/** What a site claims to have: doses, yes, no, or nothing known. Never converted into one another. */
export type Availability = number | boolean | "unknown";
export type Freshness = "unknown" | "fresh" | "stale" | "expired";

export interface StockLine {
  product: string;
  cvx?: string; // of a pack: the vaccine in it
  availability: Availability;
  valid_at?: string;
  changed_at?: string;
  checked_at?: string;
  source?: string;
  updated_by?: string;
  version: number;
  freshness: Freshness;
}

export interface Site {
  id: string;
  name: string;
  zip?: string;
  street?: string;
  city?: string;
  state?: string;
  county?: string;
  lat?: number;
  lon?: number;
  point?: "given" | "zip_centroid";
  phone?: string;
  info_url?: string;
  booking_url?: string;
  hours?: string;
  status: "active" | "hidden" | "closed";
  version: number;
  stock: StockLine[];
}

export interface NearSite extends Site {
  distance: number;
  unit: "mi" | "km";
}

export interface Point {
  lat: number;
  lon: number;
}

/** A place that was asked for; with a ZIP code its town is known too. */
export interface Center extends Point {
  city?: string;
  state?: string;
}

/** The sites near a place, nearest first; distances begin at `center`. `more`: others fit, farther away. */
export interface Nearby {
  center: Center;
  sites: NearSite[];
  more: boolean;
}

export interface SiteEvent {
  position: number;
  part?: number;
  time: string;
  kind: string;
  actor?: string;
  site_id: string;
  product?: string;
  before?: Availability;
  after?: Availability;
  fields?: Record<string, [string, string]>;
  reason?: string;
  reverts?: number;
}

export interface Outcome {
  position: number;
  changed: boolean;
  site_id?: string;
  before?: Availability;
  after?: Availability;
  stock_version?: number;
}

/** What people may say of a site; a text that is empty clears the field. */
export type SiteFields = Partial<
  Pick<Site, "name" | "street" | "city" | "state" | "zip" | "phone" | "hours" | "booking_url" | "info_url">
>;

export interface RowRemark {
  line: number;
  field?: string;
  why: string;
  value?: string;
}

/** What became, or would become, of the rows of a file. */
export interface ImportReport {
  dry_run: boolean;
  rows: number;
  added: number;
  updated: number;
  unchanged: number;
  rejected: number;
  errors: RowRemark[];
  remarks: RowRemark[];
  errors_not_shown?: number;
  notes_not_shown?: number;
}

export interface Peer {
  index: number;
  http: string;
}

/** One replica as it describes itself (docs/how-to/operations.md). */
export interface Status {
  replica: number;
  address: string;
  full: boolean;
  view: number;
  target?: number; // the view that it moves to; that of `view` while it moves to none
  members: { id: number }[];
  clock: number;
  position: number;
  executed: number;
  sites: number;
  learned_percent?: number;
  pending_requests: number;
  memory_bytes: number;
  uptime_ms: number;
  peers?: Peer[];
  cluster_control?: boolean;
  keys?: boolean; // there are keys, so writes need one
}

/** One frame as one replica saw it; times are microseconds of a clock that all replicas of a machine share. */
export interface TraceFrame {
  from: number;
  view: number;
  seq: number;
  clock: number;
  requests: number;
  sent_us?: number;
  received_us?: number;
  stable_us?: number;
  safe_us?: number;
  executed_us?: number;
}

export interface Trace {
  replica: number;
  now_us: number;
  frames: TraceFrame[];
}

export const kRoles = ["reader", "provider", "jurisdiction", "aggregator", "auditor", "operator"] as const;
export type Role = (typeof kRoles)[number];

/** A key without its secret. */
export interface ApiKey {
  id: string;
  owner: string;
  role: Role;
  scope?: string[];
  created: string;
  expires?: string;
  revoked?: string;
}

export type NewKey = Pick<ApiKey, "owner" | "role" | "scope" | "expires">;

export interface WriteSwitch {
  stopped: boolean;
  reason?: string;
}

/** RFC 9457. `code` is one of src/base/result.h; the rest depends on it. */
export interface Problem {
  title?: string;
  detail?: string;
  status: number;
  code?: string;
  [more: string]: unknown;
}
