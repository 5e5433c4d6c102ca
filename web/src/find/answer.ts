// SPDX-License-Identifier: Apache-2.0

// The answer to a search, kept true.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useLive } from "../app";
import type { Database, Search } from "../api/database";
import { isPassing } from "../api/replicas";
import type { Center, Nearby, NearSite } from "../api/types";
import { hashOf, kListLimit } from "../route";
import { concernOf } from "./concern";
import { keepAnswer, keptAnswer } from "./kept_answers";

const kNewsMs = 8_000; // how long a change is news
const kRemembered = 6; // searches

// The first read, begun before anything is drawn: on a slow phone that takes as long as an answer.
let early: { key: string; answer: Promise<Nearby> } | null = null;

export function readEarly(database: Database, search: Search): void {
  const answer = database.near(search, new AbortController().signal);
  answer.catch(() => undefined); // told where it is taken
  early = { key: hashOf({ view: "find", search }), answer };
}

function takeEarly(key: string): Promise<Nearby> | null {
  const answer = early?.key === key ? early.answer : null;
  early = null;
  return answer;
}

export interface Answer {
  center: Center;
  sites: NearSite[];
  more: boolean; // others fit, farther away
  at: number; // when it was read
  changed: ReadonlySet<string>; // ids of sites that differ from the answer before; for a moment
  kept: boolean; // it was kept on this device, and nobody has answered since
}

/** "Cambridge, MA 02139"; "" for a place that has no name here. */
export function placeOf(search: Search, center: Center | undefined): string {
  const { city, state } = center ?? {};
  const town = [city, [state, search.zip].filter(Boolean).join(" ")].filter(Boolean).join(", ");
  return search.zip ? town || search.zip : "";
}

// So that "Back" shows the list as it was left, before it is read again.
const remembered = new Map<string, Answer>();

function remember(key: string, answer: Answer): void {
  if (answer.kept) return;
  remembered.delete(key);
  remembered.set(key, { ...answer, changed: new Set() });
  for (const old of [...remembered.keys()].slice(0, -kRemembered)) remembered.delete(old);
}

// The rows that changed between two answers to the same search. Those that "show more" brought in are not news.
function changedIn(before: NearSite[], after: NearSite[]): Set<string> {
  const old = new Map(before.map((site) => [site.id, JSON.stringify(site.stock)]));
  const farthest = before.at(-1)?.distance ?? Infinity;
  const differs = (site: NearSite) =>
    old.has(site.id) ? old.get(site.id) !== JSON.stringify(site.stock) : site.distance < farthest;
  return new Set(after.filter(differs).map((site) => site.id));
}

function fromDevice(key: string): Answer | null {
  const found = keptAnswer(key);
  return found && { ...found, changed: new Set(), kept: true };
}

/** An error leaves the last answer in sight. */
export function useAnswer(search: Search): { answer: Answer | null; error: unknown } {
  const { database } = useApp();
  const whole = hashOf({ view: "find", search });
  const place = hashOf({ view: "find", search: { ...search, limit: kListLimit } });
  const shown = useRef<{ place: string; answer: Answer | null }>({ place: "", answer: null });
  const [error, setError] = useState<unknown>(null);
  const [, draw] = useState(0);
  if (shown.current.place !== place)
    shown.current = { place, answer: remembered.get(whole) ?? fromDevice(whole) };
  const show = (answer: Answer) => {
    shown.current = { place, answer };
    remember(whole, answer);
    draw((n) => n + 1);
  };
  useEffect(() => setError(null), [place]);
  const read = async (signal: AbortSignal): Promise<boolean> => {
    try {
      const { center, sites, more } = await (takeEarly(whole) ?? database.near(search, signal));
      if (signal.aborted) return false;
      const old = shown.current.answer;
      const changed = old ? changedIn(old.sites, sites) : new Set<string>();
      const same = old !== null && !old.kept && changed.size === 0 && old.sites.length === sites.length;
      setError(null);
      show({
        center,
        sites,
        more,
        at: Date.now(),
        changed: changed.size > 0 ? changed : (old?.changed ?? changed),
        kept: false,
      });
      keepAnswer({ hash: whole, place: placeOf(search, center), center, sites, more, at: Date.now() });
      return !same;
    } catch (failure) {
      if (signal.aborted) return false;
      setError(failure);
      if (isPassing(failure)) throw failure;
      return false;
    }
  };
  const { answer } = shown.current;
  const listed = answer && new Set(answer.sites.map((site) => site.id));
  useLive(read, (event) => concernOf(search, listed, event), whole);
  useEffect(() => {
    if (!answer?.changed.size) return;
    const timer = setTimeout(() => {
      const now = shown.current.answer;
      if (now) show({ ...now, changed: new Set() });
    }, kNewsMs);
    return () => clearTimeout(timer);
  }, [answer?.changed]);
  return { answer, error };
}
