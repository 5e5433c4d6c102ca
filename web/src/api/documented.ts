// SPDX-License-Identifier: Apache-2.0

// Holds types.ts to docs/reference/openapi.json: the compiler refuses this file when an answer, as the document has it, is not what the page
// reads. Nothing of it is in the built page.
import type * as documented from "../../../clients/typescript/src/models.js";
import type * as page from "./types";

type Fits<Read, Answered extends Read> = [Read, Answered];

export type Checked = [
  Fits<page.Availability, documented.Availability>,
  Fits<page.StockLine, documented.StockLine>,
  Fits<page.Site, documented.Site>,
  Fits<page.Nearby, documented.NearPage>,
  Fits<Omit<page.SiteEvent, "site_id" | "fields">, documented.Event>,
  Fits<page.Outcome, documented.Outcome>,
  Fits<
    Pick<page.Status, "replica" | "full" | "view" | "members" | "position" | "peers" | "keys">,
    documented.Status
  >,
  Fits<page.Trace, documented.Trace>,
  Fits<page.Problem, documented.Problem & Record<string, unknown>>,
];
