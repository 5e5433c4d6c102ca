// SPDX-License-Identifier: Apache-2.0

// What every view needs, made once in main.tsx and handed down: the database, the change stream, the way here.
import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Changes } from "./api/changes";
import type { Database } from "./api/database";
import { Refused, type Replicas } from "./api/replicas";
import type { SiteEvent, Status } from "./api/types";
import { hashOf, parseRoute, type Route } from "./route";
import type { Catalogue } from "./text/en";

export interface App {
  replicas: Replicas;
  database: Database;
  changes: Changes;
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

export function go(route: Route): void {
  location.hash = hashOf(route);
}

const kReloadMs = 400; // at most one read per view in this time, however fast changes come

/** Calls `read` once at first, then when `concerns` says so of a change, and after a gap in the stream. */
export function useLive(read: () => void, concerns: (event: SiteEvent) => boolean, key: string): void {
  const { changes } = useApp();
  const now = useRef({ read, concerns });
  now.current = { read, concerns };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        now.current.read();
      }, kReloadMs);
    };
    now.current.read();
    const stop = changes.listen({
      change: (event) => now.current.concerns(event) && soon(),
      gap: soon,
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [changes, key]);
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
  useEffect(() => {
    let on = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      const found = await database.status().catch(() => null);
      if (!on) return;
      if (found?.peers) replicas.learn(found.peers);
      setStatus(found);
      timer = setTimeout(() => void ask(), everyMs);
    };
    void ask();
    return () => {
      on = false;
      clearTimeout(timer);
    };
  }, [database, replicas, everyMs]);
  return status;
}

/** Why something failed, in a sentence: the database's own one when it refused. */
export function reason(text: Catalogue, error: unknown): string {
  if (error instanceof Refused) return text.wentWrong(error.message);
  return text.unreachable;
}
