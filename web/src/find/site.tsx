// SPDX-License-Identifier: Apache-2.0

// One site on a page of its own, as residents see it: where a link that was shared leads.
import { useState } from "preact/hooks";
import { useApp, useLive, useNow, useTitle } from "../app";
import { isPassing, Refused } from "../api/replicas";
import type { Site } from "../api/types";
import { hashOf, noSearch } from "../route";
import { useText } from "../text";
import { Why } from "../why";
import { Card } from "./row";

const kMinuteMs = 60_000;

export default function SitePage({ site: id }: { site: string }) {
  const text = useText();
  const { database } = useApp();
  const [site, setSite] = useState<Site | null>(null);
  const [error, setError] = useState<unknown>(null);
  const now = useNow(kMinuteMs);
  const read = async () => {
    try {
      setSite(await database.site(id));
      setError(null);
    } catch (failure) {
      setError(failure);
      if (isPassing(failure)) throw failure;
    }
    return true;
  };
  useLive(read, (event) => (event.site_id === id ? "yes" : "no"), id);
  useTitle(site?.name ?? text.find);
  const gone = error instanceof Refused && error.problem.status === 404;
  return (
    <div class="one-site">
      {error !== null && (
        <p class="notice" role="alert">
          {gone ? text.gone : <Why error={error} />}
        </p>
      )}
      {!site && error === null && <p role="status">{text.searching}</p>}
      {site && (
        <>
          <h1>{site.name}</h1>
          {site.status === "closed" ? (
            <p class="notice">{text.closedHere}</p>
          ) : (
            <Card site={site} product="" now={now} />
          )}
          {site.zip && (
            <p>
              <a href={hashOf({ view: "find", search: { ...noSearch, zip: site.zip } })}>{text.othersNear}</a>
            </p>
          )}
        </>
      )}
    </div>
  );
}
