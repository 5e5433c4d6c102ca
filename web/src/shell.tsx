// SPDX-License-Identifier: Apache-2.0

// What surrounds every view: the head with the ways between them, the banner when the page had to move, the foot.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useApp, useConnection, useRoute, useStatus } from "./app";
import { Find, loadMap } from "./find/find";
import { keep } from "./kept";
import { Later } from "./later";
import { kMineChanged, mySite, type OwnSite } from "./log/own_sites";
import { placeToReturnTo } from "./places";
import { hashOf, type Route } from "./route";
import { catalogueOf, kLanguages, linkLanguage, TextContext, useText, type Language } from "./text";
import type { Catalogue } from "./text/en";
import { Mark } from "./ui/mark";

const kAheadMs = 4_000; // after the first view: the code of the others
const kStatusMs = 3_000; // a replica that died is noticed at the latest then, if nothing else asked it before

export function Shell({ first }: { first: Catalogue }) {
  const { replicas } = useApp();
  const [text, setText] = useState(first);
  const route = useRoute();
  useEffect(() => {
    document.documentElement.lang = text.code;
  }, [text]);
  useEffect(() => {
    const ahead = () =>
      [loadMap, loadSite, loadLog, loadCluster].forEach(
        (load: () => Promise<unknown>) => void load().catch(() => undefined),
      );
    // It keeps all that for the next time; where there is none (plain http), nothing is kept.
    const keepAhead = () => void navigator.serviceWorker?.register("/worker.js").catch(() => undefined);
    // On a slow line the first list is still on its way after that time, and comes first.
    const timer = setInterval(() => {
      if (replicas.isAsking()) return;
      clearInterval(timer);
      ahead();
      keepAhead();
    }, kAheadMs);
    return () => clearInterval(timer);
  }, [replicas]);
  const choose = async (next: Language) => {
    const found = await catalogueOf(next).catch(() => null);
    if (!found) return; // nobody answers, as the banner says
    keep("language", next);
    linkLanguage(next);
    setText(found);
  };
  return (
    <TextContext.Provider value={text}>
      <SkipLink />
      <Head route={route} choose={(next) => void choose(next)} />
      <Banner />
      <Main route={route} />
      <Foot />
    </TextContext.Provider>
  );
}

// Not a link to #main: what stands behind # is the view.
function SkipLink() {
  const text = useText();
  return (
    <button class="skip" type="button" onClick={() => document.getElementById("main")?.focus()}>
      {text.skip}
    </button>
  );
}

const isIn = (way: Route, route: Route): boolean =>
  way.view === route.view || (way.view === "find" && route.view === "site");

function Head({ route, choose }: { route: Route; choose(next: Language): void }) {
  const text = useText();
  const mine = useMySite();
  const ways: [Route, string][] = [
    [{ view: "find", search: null }, text.find],
    [{ view: "log", site: mine?.id ?? null, text: "" }, text.log],
    [{ view: "cluster" }, text.cluster],
  ];
  return (
    <header class="head">
      <a class="brand" href="#/find">
        <Mark />
        titer
      </a>
      <nav aria-label={text.nav}>
        {ways.map(([to, name]) => (
          <a key={to.view} href={hashOf(to)} aria-current={isIn(to, route) ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div class="languages" role="group" aria-label={text.language}>
        {(Object.keys(kLanguages) as Language[]).map((each) => (
          <button
            key={each}
            type="button"
            lang={each}
            aria-pressed={each === text.code}
            onClick={() => choose(each)}
          >
            {kLanguages[each]}
          </button>
        ))}
      </div>
      {text.unreviewed && <p class="unreviewed">{text.unreviewed}</p>}
    </header>
  );
}

function useMySite(): OwnSite | null {
  const [mine, setMine] = useState(mySite);
  useEffect(() => {
    const changed = () => setMine(mySite());
    addEventListener(kMineChanged, changed);
    return () => removeEventListener(kMineChanged, changed);
  }, []);
  return mine;
}

/** The changes that nobody has stored yet, in every view: somebody may have gone on to another one. */
function useUnstored(): number {
  const { outbox } = useApp();
  const [count, setCount] = useState(0);
  useEffect(() => outbox.listen(() => setCount(outbox.stuck())), [outbox]);
  return count;
}

/** Says that nobody answers, for as long as that is so; and once that the page has moved to another replica. */
function Banner() {
  const text = useText();
  const { reachable, answered, moves } = useConnection();
  const unstored = useUnstored();
  const [seen, setSeen] = useState(0);
  return (
    <div role="status" class="banner-place">
      {!reachable && <p class="banner">{text.unreachable}</p>}
      {unstored > 0 && <p class="banner">{text.unstored(unstored)}</p>}
      {reachable && moves > seen && (
        <p class="banner">
          {text.moved(new URL(answered).host)}
          <button type="button" onClick={() => setSeen(moves)}>
            {text.dismiss}
          </button>
        </p>
      )}
    </div>
  );
}

const loadLog = () => import("./log/log");
const loadCluster = () => import("./cluster/cluster");
const loadSite = () => import("./find/site");

/**
 * After a change of view the focus goes to the new content, as it would on a new page; on the way back to where it was.
 * Log and Cluster are loaded when they are needed, or when the first view is there: the replica that has them may be gone later.
 */
function Main({ route }: { route: Route }) {
  const main = useRef<HTMLElement>(null);
  const key = "site" in route ? `${route.view}/${route.site}` : route.view;
  const before = useRef(key);
  // Before the next frame, which looks for the place to return to (places.ts).
  useLayoutEffect(() => {
    if (before.current !== key && !placeToReturnTo()) main.current?.focus();
    before.current = key;
  }, [key]);
  return (
    <main id="main" ref={main} tabIndex={-1}>
      {route.view === "find" && <Find search={route.search} />}
      {route.view === "site" && <Later key={key} load={loadSite} props={{ site: route.site }} />}
      {route.view === "log" && <Later load={loadLog} props={{ site: route.site, query: route.text }} />}
      {route.view === "cluster" && <Later load={loadCluster} props={{}} />}
    </main>
  );
}

function Foot() {
  const text = useText();
  const status = useStatus(kStatusMs);
  const { live, answered } = useConnection();
  return (
    <footer class="foot">
      <p class="pulse" data-live={live}>
        <span aria-hidden="true" />
        {live ? text.live : text.reconnecting} · {text.servedBy(new URL(answered).host)}
        {status && (
          <>
            {" "}
            · {text.position} <b class="position">{text.figures.number(status.position)}</b>
          </>
        )}
      </p>
      <p>{text.footer}</p>
      <p>
        {text.sources} <a href="/licenses.txt">{text.licenses}</a>
      </p>
    </footer>
  );
}
