// SPDX-License-Identifier: Apache-2.0

// Client of titer, a replicated database for vaccine availability. README.md shows it by example.

export { countOf, isAvailable } from "./availability.js";
export { Client } from "./client.js";
export * from "./errors.js";
export type { ClientOptions, Text } from "./exchange.js";
export type { Change } from "./follower.js";
export type * as models from "./models.js";
export type {
  Availability, Claim, Claimed, Event, EventPage, ImportReport, Key, NearPage, NearSite, NewSite, Outcome, Site, SiteFields, SitePage,
  Status, StockLine,
} from "./models.js";
