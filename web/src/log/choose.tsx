// SPDX-License-Identifier: Apache-2.0

// Which site? By a part of its name or its ZIP code; the search itself is in the address.
import { useEffect, useState } from "preact/hooks";
import { go, reason, useApp } from "../app";
import type { Site } from "../api/types";
import { address } from "../format";
import { hashOf } from "../route";
import { useText } from "../text";

export function Choose({ query }: { query: string }) {
  const text = useText();
  const [draft, setDraft] = useState(query);
  useEffect(() => setDraft(query), [query]);
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
      {query && <Found key={query} query={query} />}
    </div>
  );
}

function Found({ query }: { query: string }) {
  const text = useText();
  const { database } = useApp();
  const [sites, setSites] = useState<Site[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const asked = new AbortController();
    database
      .named(query, asked.signal)
      .then(setSites)
      .catch((failure: unknown) => !asked.signal.aborted && setError(failure));
    return () => asked.abort();
  }, [database, query]);
  return (
    <section aria-busy={sites === null && error === null}>
      <p role="status" class="quiet">
        {error
          ? reason(text, error)
          : sites === null
            ? text.searching
            : sites.length
              ? text.results(sites.length)
              : text.noSite}
      </p>
      <ul class="choices">
        {sites?.map((site) => (
          <li key={site.id}>
            <a href={hashOf({ view: "log", site: site.id, text: "" })}>{site.name}</a>
            <span class="address">{address(site)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
