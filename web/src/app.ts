// SPDX-License-Identifier: Apache-2.0

// What every view needs, made once in main.tsx and handed down: the database, the change stream, the way here.
import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Database } from "./api/database";
import type { Replicas } from "./api/replicas";
import type { SharedChanges } from "./api/shared_changes";
import type { SiteEvent, Status } from "./api/types";
import type { Concern } from "./find/concern";
import type { Outbox } from "./log/outbox";
import type { OwnKey } from "./own_key";
import { Refresher, type Read } from "./refresher";
import { keep } from "./kept";
import { hashOf, parseRoute, type Route } from "./route";
import { useText } from "./text";
import { onShown, whileShown } from "./visible";

export interface App {
  replicas: Replicas;
  database: Database;
  changes: SharedChanges;
  outbox: Outbox;
  ownKey: OwnKey;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("no AppContext above");
  return app;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

const kPollMs = 30_000; // while there is no stream: a replica has room for so many listeners
const kAgain = "titer-again"; // the view that is shown is asked for once more

/** To a view; to the one that is shown already: it reads again. */
export function go(route: Route): void {
  const hash = hashOf(route);
  if (hash === location.hash) dispatchEvent(new Event(kAgain));
  else location.hash = hash;
}

/** The same entry of the browser's history shows this from now on. */
export function replaceRoute(route: Route): void {
  history.replaceState(history.state, "", hashOf(route));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** Reads at first, when a change concerns the view, after a gap in the stream, when somebody asks for it, and without a stream now and then. */
export function useLive(read: Read, concerns: (event: SiteEvent) => Concern, key: string): void {
  const { changes, replicas } = useApp();
  const now = useRef({ read, concerns });
  now.current = { read, concerns };
  useEffect(() => {
    const refresher = new Refresher((signal) => now.current.read(signal));
    const again = () => refresher.now();
    refresher.now();
    const stops = [
      changes.listen({
        change: (event) => {
          const concern = now.current.concerns(event);
          if (concern !== "no") refresher.want(concern === "yes");
        },
        gap: () => refresher.want(true),
      }),
      replicas.onState(() => replicas.isReachable() && refresher.retry()),
      onShown((shown) => {
        refresher.shown(shown);
        if (shown) refresher.want(true);
      }),
    ];
    const poll = setInterval(() => !changes.isLive() && refresher.want(true), kPollMs);
    addEventListener(kAgain, again);
    return () => {
      clearInterval(poll);
      removeEventListener(kAgain, again);
      for (const stop of stops) stop();
      refresher.stop();
    };
  }, [changes, replicas, key]);
}

/** Now, every `everyMs`, so that "3 minutes ago" stays true. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** The status of the replica that serves the page, asked regularly: who else is there, and is ours still alive? */
export function useStatus(everyMs: number): Status | null {
  const { database, replicas } = useApp();
  const [status, setStatus] = useState<Status | null>(null);
  useEffect(
    () =>
      whileShown(async () => {
        const found = await database.status().catch(() => null);
        if (found?.peers) {
          replicas.learn(found.peers);
          keep("replicas", JSON.stringify(found.peers));
        }
        setStatus(found);
      }, everyMs),
    [database, replicas, everyMs],
  );
  return status;
}

export interface Connection {
  live: boolean; // changes arrive as they happen
  reachable: boolean; // some replica answers
  answered: string; // the one that answered last
  moves: number;
}

/** How the page stands to its replicas, at every moment. */
export function useConnection(): Connection {
  const { changes, replicas } = useApp();
  const look = (): Connection => {
    const { answered, moves } = replicas.where();
    const reachable = replicas.isReachable();
    return { live: reachable && changes.isLive(), reachable, answered, moves };
  };
  const [connection, setConnection] = useState(look);
  useEffect(() => {
    const changed = () => setConnection(look());
    changed();
    const stops = [replicas.onState(changed), changes.listen({ live: changed })];
    return () => stops.forEach((stop) => stop());
  }, [changes, replicas]);
  return connection;
}

/** Is this media query true now? */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const changed = () => setMatches(list.matches);
    changed();
    list.addEventListener("change", changed);
    return () => list.removeEventListener("change", changed);
  }, [query]);
  return matches;
}

/**
 * The title of the window, and so of the entry in the browser's history. "": what the page is called as a whole; null: another
 * component gives it.
 */
export function useTitle(name: string | null): void {
  const text = useText();
  useEffect(() => {
    if (name === null) return;
    document.title = name ? `${name} · titer` : text.title;
  }, [name, text]);
}
