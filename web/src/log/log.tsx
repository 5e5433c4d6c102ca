// SPDX-License-Identifier: Apache-2.0

// Log: a clinic chooses its site and says what it has.
import { useState } from "preact/hooks";
import { reason, useApp, useLive } from "../app";
import { Refused } from "../api/replicas";
import type { Site, SiteEvent } from "../api/types";
import { address } from "../format";
import { hashOf } from "../route";
import { keep, kept } from "../kept";
import { useText } from "../text";
import { Choose } from "./choose";
import { History } from "./history";
import { Key } from "./key";
import { Stock } from "./stock";

export function Log({ site, query }: { site: string | null; query: string }) {
  return site === null ? <Choose query={query} /> : <SitePage key={site} id={site} />;
}

interface Known {
  site: Site;
  events: SiteEvent[];
}

function SitePage({ id }: { id: string }) {
  const text = useText();
  const { database } = useApp();
  const [known, setKnown] = useState<Known | null>(null);
  const [error, setError] = useState<unknown>(null);
  const read = async (): Promise<Site | null> => {
    try {
      const [site, events] = await Promise.all([database.site(id), database.history(id)]);
      setKnown({ site, events });
      setError(null);
      return site;
    } catch (failure) {
      setError(failure);
      return null;
    }
  };
  useLive(
    () => void read(),
    (event) => event.site_id === id,
    id,
  );
  const message =
    error instanceof Refused && error.problem.status === 404 ? text.gone : error && reason(text, error);
  return (
    <div class="log">
      <p class="back">
        <a href={hashOf({ view: "log", site: null, text: "" })}>← {text.otherSite}</a>
      </p>
      {message && (
        <p class="notice" role="alert">
          {message}
        </p>
      )}
      {known && (
        <>
          <header>
            <h1>{known.site.name}</h1>
            <p class="address">{address(known.site)}</p>
          </header>
          <Who />
          <Key />
          <Stock site={known.site} read={read} />
          <History events={known.events} read={read} />
        </>
      )}
    </div>
  );
}

/** The name of the person that logs, for the history: asked once on a device. */
function Who() {
  const text = useText();
  const [name, setName] = useState(() => kept("actor") ?? "");
  return (
    <p class="who">
      <label for="who">{text.who}</label>
      <input
        id="who"
        autocomplete="name"
        maxLength={60}
        value={name}
        onInput={(event) => {
          setName(event.currentTarget.value);
          keep("actor", event.currentTarget.value.trim());
        }}
      />
    </p>
  );
}
