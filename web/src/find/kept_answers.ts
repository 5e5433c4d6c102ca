// SPDX-License-Identifier: Apache-2.0

// The last answers, kept on this device: shown without a network, and until the first answer is there. They are not live, and whoever shows
// them says so, with their age. Pure but for the store.
import type { Center, NearSite } from "../api/types";
import { keep, kept } from "../kept";
import { kListLimit } from "../route";

export interface KeptAnswer {
  hash: string; // the search
  place: string; // in words, of the language in which it was asked
  center: Center;
  sites: NearSite[];
  more: boolean;
  at: number; // milliseconds: when it was true
}

const kKeptMax = 3; // searches; of each the first hundred sites: some 100 KB

/** `before` with this answer in front. Pure. */
export function withAnswer(before: readonly KeptAnswer[], answer: KeptAnswer): KeptAnswer[] {
  const cut = answer.sites.length > kListLimit;
  const sites = answer.sites.slice(0, kListLimit);
  const others = before.filter(({ hash }) => hash !== answer.hash);
  return [{ ...answer, sites, more: answer.more || cut }, ...others].slice(0, kKeptMax);
}

export function keptAnswers(): KeptAnswer[] {
  try {
    const found: unknown = JSON.parse(kept("answers") ?? "[]");
    return Array.isArray(found) ? (found as KeptAnswer[]) : [];
  } catch {
    return [];
  }
}

export const keepAnswer = (answer: KeptAnswer): void =>
  keep("answers", JSON.stringify(withAnswer(keptAnswers(), answer)));

export const keptAnswer = (hash: string): KeptAnswer | null =>
  keptAnswers().find((answer) => answer.hash === hash) ?? null;
