// SPDX-License-Identifier: Apache-2.0

// An availability is a number of doses, true (yes), false (no) or "unknown".

import type { Availability } from "./models.js";

/** The number of doses; undefined where only yes, no or nothing is known. */
export function countOf(availability: Availability): number | undefined {
  return typeof availability === "number" ? availability : undefined;
}

/** Whether there is some; undefined where it is not known. */
export function isAvailable(availability: Availability): boolean | undefined {
  return availability === "unknown" ? undefined : Boolean(availability);
}
