// SPDX-License-Identifier: Apache-2.0

/** The five digits of a ZIP code as people type and paste it, with blanks around it and four more digits; null: it is none. Pure. */
export function zipOf(typed: string): string | null {
  return /^\s*(\d{5})(?:-?\d{4})?\s*$/.exec(typed)?.[1] ?? null;
}
