// SPDX-License-Identifier: Apache-2.0

// Find: where near me, now? The search stands in the address; the answer follows the change stream.
import { useEffect, useRef, useState } from "preact/hooks";
import { go, reason, useApp, useLive, useNow } from "../app";
import type { Search } from "../api/database";
import { Refused } from "../api/replicas";
import type { NearSite, Point } from "../api/types";
import { hashOf, noSearch, searchAt } from "../route";
import { useText } from "../text";
import { Country } from "./country";
import { Form } from "./form";
import { Map } from "./map";
import { Row } from "./row";

const kMinuteMs = 60_000; // ages in words change no faster

export function Find({ search }: { search: Search | null }) {
  const text = useText();
  return (
    <div class="find" data-searched={search !== null}>
      <section class="find-form" aria-labelledby="find-title">
        <h1 id="find-title">{text.findTitle}</h1>
        <Form search={search} submit={(next) => go({ view: "find", search: next })} />
        {!search && <p class="intro">{text.intro}</p>}
      </section>
      {search ? (
        <Results search={search} />
      ) : (
        <Country choose={({ lat, lon }) => go({ view: "find", search: searchAt(noSearch, lat, lon) })} />
      )}
    </div>
  );
}

interface Answer {
  center: Point;
  sites: NearSite[];
  changed: ReadonlySet<string>; // ids of sites that differ from the answer before
}

// The rows that changed between two answers to the same search; they are marked for a moment.
function changedIn(before: NearSite[], after: NearSite[]): Set<string> {
  const old = new globalThis.Map(before.map((site) => [site.id, JSON.stringify(site.stock)]));
  return new Set(
    after.filter((site) => old.get(site.id) !== JSON.stringify(site.stock)).map((site) => site.id),
  );
}

/** The answer to a search, kept true. An error leaves the last answer in sight. */
function useAnswer(search: Search): { answer: Answer | null; error: unknown } {
  const { database } = useApp();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const asked = useRef<AbortController | null>(null);
  const key = hashOf({ view: "find", search });
  useEffect(() => {
    setAnswer(null);
    setError(null);
    return () => asked.current?.abort();
  }, [key]);
  const read = () => {
    asked.current?.abort();
    const mine = (asked.current = new AbortController());
    database
      .near(search, mine.signal)
      .then(({ center, sites }) => {
        setError(null);
        setAnswer((old) => ({ center, sites, changed: old ? changedIn(old.sites, sites) : new Set() }));
      })
      .catch((failure: unknown) => {
        if (!mine.signal.aborted) setError(failure);
      });
  };
  // A site that is not listed may come in by any change when only available ones are wanted.
  useLive(
    read,
    (event) =>
      search.available ||
      !event.product ||
      event.kind === "import" ||
      (answer?.sites.some((site) => site.id === event.site_id) ?? true),
    key,
  );
  return { answer, error };
}

function Results({ search }: { search: Search }) {
  const text = useText();
  const now = useNow(kMinuteMs);
  const { answer, error } = useAnswer(search);
  const [chosen, setChosen] = useState<string | null>(null);
  const choose = (id: string) => {
    setChosen(id);
    document.getElementById(`site-${id}`)?.scrollIntoView({ block: "nearest" });
  };
  if (error instanceof Refused && !answer)
    return (
      <p class="notice" role="alert">
        {error.message}
      </p>
    );
  const sites = answer?.sites ?? [];
  return (
    <>
      <section class="find-list" aria-labelledby="found" aria-busy={answer === null}>
        <div role="status">
          <h2 id="found">{answer === null ? text.searching : heading(text, sites.length, search.limit)}</h2>
        </div>
        {error !== null && (
          <p class="notice" role="alert">
            {reason(text, error)}
          </p>
        )}
        {answer && sites.length === 0 && <p class="intro">{text.noResults}</p>}
        <ol class="sites">
          {sites.map((site) => (
            <Row
              key={site.id}
              site={site}
              product={search.product}
              now={now}
              changed={answer!.changed.has(site.id)}
              chosen={chosen === site.id}
            />
          ))}
        </ol>
        <p class="quiet" role="status">
          {answer && answer.changed.size > 0 && text.changedNow(answer.changed.size)}
        </p>
      </section>
      {answer && <Map search={search} center={answer.center} sites={sites} choose={choose} />}
    </>
  );
}

const heading = (text: ReturnType<typeof useText>, found: number, limit: number) =>
  found < limit ? text.results(found) : text.resultsFirst(found);
