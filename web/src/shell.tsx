// SPDX-License-Identifier: Apache-2.0

// What surrounds every view: the head with the ways between them, the banner when the page had to move, the foot.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useRoute, useStatus } from "./app";
import { Cluster } from "./cluster/cluster";
import { Find } from "./find/find";
import { keep } from "./kept";
import { Log } from "./log/log";
import { hashOf, type Route } from "./route";
import { catalogues, firstLanguage, TextContext, useText, type Language } from "./text";
import { Mark } from "./ui/mark";

const kStatusMs = 3_000; // a replica that died is noticed at the latest then, if nothing else asked it before

export function Shell() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const route = useRoute();
  const text = catalogues[language];
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = text.title;
  }, [language, text]);
  const choose = (next: Language) => {
    keep("language", next);
    setLanguage(next);
  };
  return (
    <TextContext.Provider value={text}>
      <SkipLink />
      <Head route={route} language={language} choose={choose} />
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

function Head({
  route,
  language,
  choose,
}: {
  route: Route;
  language: Language;
  choose: (l: Language) => void;
}) {
  const text = useText();
  const ways: [Route, string][] = [
    [{ view: "find", search: null }, text.find],
    [{ view: "log", site: null, text: "" }, text.log],
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
          <a key={to.view} href={hashOf(to)} aria-current={to.view === route.view ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div class="languages" role="group" aria-label={text.language}>
        {(["en", "es"] as const).map((each) => (
          <button
            key={each}
            type="button"
            lang={each}
            aria-pressed={each === language}
            onClick={() => choose(each)}
          >
            {each === "en" ? "English" : "Español"}
          </button>
        ))}
      </div>
    </header>
  );
}

/** Says once, and to screen readers too, that the page has moved to another replica. */
function Banner() {
  const { replicas } = useApp();
  const text = useText();
  const [where, setWhere] = useState(replicas.where());
  const [seen, setSeen] = useState(0);
  useEffect(() => replicas.onMove(() => setWhere(replicas.where())), [replicas]);
  return (
    <div role="status" class="banner-place">
      {where.moves > seen && (
        <p class="banner">
          {text.moved(new URL(where.origin).host)}
          <button type="button" onClick={() => setSeen(where.moves)}>
            {text.dismiss}
          </button>
        </p>
      )}
    </div>
  );
}

/** After a change of view the focus goes to the new content, as it would on a new page. */
function Main({ route }: { route: Route }) {
  const main = useRef<HTMLElement>(null);
  const key = route.view === "log" ? `log/${route.site}` : route.view;
  const before = useRef(key);
  useEffect(() => {
    if (before.current !== key) main.current?.focus();
    before.current = key;
  }, [key]);
  return (
    <main id="main" ref={main} tabIndex={-1}>
      {route.view === "find" && <Find search={route.search} />}
      {route.view === "log" && <Log site={route.site} query={route.text} />}
      {route.view === "cluster" && <Cluster />}
    </main>
  );
}

function Foot() {
  const { changes, replicas } = useApp();
  const text = useText();
  const status = useStatus(kStatusMs);
  const live = status !== null && changes.isLive();
  return (
    <footer class="foot">
      <p class="pulse" data-live={live}>
        <span aria-hidden="true" />
        {live ? text.live : text.reconnecting} · {text.servedBy(new URL(replicas.where().origin).host)}
        {status && (
          <>
            {" "}
            · {text.position} <b class="position">{status.position.toLocaleString(text.locale)}</b>
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
