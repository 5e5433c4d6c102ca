// SPDX-License-Identifier: Apache-2.0

// What titer answers and takes.
// Made of docs/reference/openapi.json by clients/generate.py. Change those, not this file.

import type { components } from "./schema.js";

type Schemas = components["schemas"];

export type Availability = Schemas["Availability"];
export type Count = Schemas["Count"];
export type PlainClaim = Schemas["PlainClaim"];
export type Claimed = Schemas["Claimed"];
export type StockLine = Schemas["StockLine"];
export type Site = Schemas["Site"];
export type Explanation = Schemas["Explanation"];
export type SitePage = Schemas["SitePage"];
export type NearPage = Schemas["NearPage"];
export type Links = Schemas["Links"];
export type SiteFields = Schemas["SiteFields"];
export type NewSite = Schemas["NewSite"];
export type Claim = Schemas["Claim"];
export type Event = Schemas["Event"];
export type EventPage = Schemas["EventPage"];
export type Outcome = Schemas["Outcome"];
export type Problem = Schemas["Problem"];
export type ImportReport = Schemas["ImportReport"];
export type ImportRun = Schemas["ImportRun"];
export type SmartManifest = Schemas["SmartManifest"];
export type Key = Schemas["Key"];
export type WriteSwitch = Schemas["WriteSwitch"];
export type Adjustment = Schemas["Adjustment"];
export type Doses = Schemas["Doses"];
export type Reason = Schemas["Reason"];
export type NewKey = Schemas["NewKey"];
export type WriteOrder = Schemas["WriteOrder"];
export type CreatedKey = Schemas["CreatedKey"];
export type KeyPage = Schemas["KeyPage"];
export type Imports = Schemas["Imports"];
export type ControlToken = Schemas["ControlToken"];
export type Status = Schemas["Status"];
export type Trace = Schemas["Trace"];
export type Message = Schemas["Message"];
export type StockClaim = Schemas["StockClaim"];
export type NewStock = Schemas["NewStock"];
export type NearSite = Schemas["NearSite"];
export type Center = Schemas["Center"];
export type ImportRemark = Schemas["ImportRemark"];
export type ExternalId = Schemas["ExternalId"];
export type TracedFrame = Schemas["TracedFrame"];
