// SPDX-License-Identifier: Apache-2.0

// Which site? By a part of its name or its ZIP code; the search itself is in the address.
import { useEffect, useState } from "preact/hooks";
import { go, useApp, useTitle } from "../app";
import type { Database, SitePage } from "../api/database";
import { address } from "../format";
import { hashOf } from "../route";
import { useText } from "../text";
import type { Catalogue } from "../text/en";
import { Why } from "../why";
import { zipOf } from "../zip";
import { Later } from "../later";
import { Key } from "./key";
import { mySite, ownSites } from "./own_sites";
import { SiteForm } from "./site_form";
import { isIn, queriesOf } from "./site_query";

const kPage = 25; // sites
const loadImport = () => import("./import");
const kLookedThrough = 500; // for those of one place among all of one name

export function Choose({ query }: { query: string }) {
  const text = useText();
  const [draft, setDraft] = useState(query);
  useEffect(() => setDraft(query), [query]);
  useTitle(text.logTitle);
  const send = (event: Event) => {
    event.preventDefault();
    if (draft.trim()) go({ view: "log", site: null, text: draft.trim() });
  };
  return (
    <div class="log">
      <h1>{text.logTitle}</h1>
      <p class="intro">{text.logIntro}</p>
      <form class="where" onSubmit={send} role="search">
        <label for="site-text">{text.siteText}</label>
        <input id="site-text" value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />
        <button type="submit" class="primary">
          {text.chooseSite}
        </button>
      </form>
      {query ? <Found key={query} query={query} /> : <Own />}
      <Key />
      <details class="more-ways">
        <summary>{text.addSite}</summary>
        <SiteForm done={() => undefined} />
      </details>
      <details class="more-ways">
        <summary>{text.importFile}</summary>
        <Later load={loadImport} props={{}} />
      </details>
    </div>
  );
}

function Own() {
  const text = useText();
  const mine = mySite();
  const sites = [...(mine ? [mine] : []), ...ownSites().filter(({ id }) => id !== mine?.id)];
  if (sites.length === 0) return null;
  return (
    <section aria-labelledby="own-title">
      <h2 id="own-title">{text.ownSites}</h2>
      <ul class="choices">
        {sites.map(({ id, name }) => (
          <li key={id}>
            <a href={hashOf({ view: "log", site: id, text: "" })}>{name}</a>
            {id === mine?.id && <span class="quiet">{text.mySite}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

async function lookFor(database: Database, query: string, signal: AbortSignal): Promise<SitePage> {
  let found: SitePage = { sites: [], next: null };
  for (const { ask, place } of queriesOf(query)) {
    found = await database.named(ask, place ? kLookedThrough : kPage, signal);
    if (place) found = { sites: found.sites.filter((site) => isIn(site, place)), next: null };
    if (found.sites.length > 0) break;
  }
  return found;
}

function Found({ query }: { query: string }) {
  const text = useText();
  const { database } = useApp();
  const [found, setFound] = useState<SitePage | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [asked] = useState(() => new AbortController());
  const take = (page: Promise<SitePage>, before: SitePage["sites"]) =>
    page
      .then(({ sites, next }) => setFound({ sites: [...before, ...sites], next }))
      .catch((failure: unknown) => !asked.signal.aborted && setError(failure));
  useEffect(() => {
    void take(lookFor(database, query, asked.signal), []);
    return () => asked.abort();
  }, [database, query]);
  const sites = found?.sites ?? [];
  const more = found?.next;
  return (
    <section aria-busy={found === null && error === null}>
      <p role="status" class="quiet">
        {error !== null ? (
          <Why error={error} />
        ) : found === null ? (
          text.searching
        ) : (
          saidOf(text, query, found)
        )}
      </p>
      <ul class="choices">
        {sites.map((site) => (
          <li key={site.id}>
            <a href={hashOf({ view: "log", site: site.id, text: "" })}>{site.name}</a>
            <span class="address">{address(site)}</span>
          </li>
        ))}
      </ul>
      {more && (
        <button type="button" onClick={() => void take(database.further(more, asked.signal), sites)}>
          {text.showMore}
        </button>
      )}
    </section>
  );
}

function saidOf(text: Catalogue, query: string, { sites, next }: SitePage): string {
  if (sites.length === 0) return zipOf(query) ? text.noSiteInZip : text.noSite;
  return next ? text.resultsSome(sites.length) : text.results(sites.length);
}
