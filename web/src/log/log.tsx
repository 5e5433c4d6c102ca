// SPDX-License-Identifier: Apache-2.0

// Log: a clinic chooses its site and says what it has.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useLive, useTitle } from "../app";
import { isPassing, Refused } from "../api/replicas";
import type { HistoryPage } from "../api/database";
import type { Site } from "../api/types";
import { address } from "../format";
import { hashOf } from "../route";
import { keep, kept } from "../kept";
import { Later } from "../later";
import { useText } from "../text";
import { Why } from "../why";
import { Choose } from "./choose";
import { History } from "./history";
import { Key, useKey } from "./key";
import { keepMine, keepSite, mySite } from "./own_sites";
import { SiteForm } from "./site_form";
import { Stock } from "./stock";

const loadQr = () => import("./qr");

export default function Log({ site, query }: { site: string | null; query: string }) {
  return site === null ? <Choose query={query} /> : <SitePage key={site} id={site} />;
}

interface Known {
  site: Site;
  history: HistoryPage;
}

/** The site and its newest events, kept true. An error leaves what was known in sight. */
function useSite(id: string) {
  const { database } = useApp();
  const [known, setKnown] = useState<Known | null>(null);
  const [error, setError] = useState<unknown>(null);
  const begun = useRef(0); // an answer that comes late changes nothing
  const read = async (): Promise<boolean> => {
    const mine = (begun.current += 1);
    try {
      const [site, history] = await Promise.all([database.site(id), database.history(id)]);
      if (mine !== begun.current) return true;
      setKnown({ site, history });
      setError(null);
      return true;
    } catch (failure) {
      if (mine === begun.current) setError(failure);
      if (isPassing(failure)) throw failure;
      return true;
    }
  };
  useLive(read, (event) => (event.site_id === id ? "yes" : "no"), id);
  return { known, error, read: () => read().catch(() => undefined) };
}

function SitePage({ id }: { id: string }) {
  const text = useText();
  const { known, error, read } = useSite(id);
  useTitle(known?.site.name ?? text.log);
  const { name, status } = known?.site ?? {};
  useEffect(() => {
    if (name && status !== "closed") keepSite({ id, name });
  }, [id, name, status]);
  const gone = error instanceof Refused && error.problem.status === 404;
  return (
    <div class="log">
      <p class="back">
        <a href={hashOf({ view: "log", site: null, text: "" })}>← {text.otherSite}</a>
      </p>
      {error !== null && (
        <p class="notice" role="alert">
          {gone ? text.gone : <Why error={error} />}
        </p>
      )}
      {!known && error === null && <p role="status">{text.searching}</p>}
      {known && (
        <>
          <header>
            <h1>{known.site.name}</h1>
            <p class="address">{address(known.site)}</p>
            <Mine id={id} name={known.site.name} />
          </header>
          {known.site.status === "closed" ? (
            <p class="notice">{text.siteClosed}</p>
          ) : (
            <>
              <Who />
              <Key />
              <Stock site={known.site} read={read} />
              <About site={known.site} read={read} />
            </>
          )}
          <History id={id} newest={known.history} read={read} />
        </>
      )}
    </div>
  );
}

function Mine({ id, name }: { id: string; name: string }) {
  const text = useText();
  const [mine, setMine] = useState(() => mySite()?.id === id);
  const change = () => {
    keepMine(mine ? null : { id, name });
    setMine(!mine);
  };
  return (
    <p>
      <button type="button" aria-pressed={mine} onClick={change}>
        {text.mySite}
      </button>
    </p>
  );
}

/** All that is not its stock: its name and address, and the code that leads here. */
function About({ site, read }: { site: Site; read(): Promise<unknown> }) {
  const text = useText();
  const [shown, setShown] = useState(false);
  return (
    <>
      <details class="more-ways">
        <summary>{text.editSite}</summary>
        <SiteForm site={site} done={() => void read()} />
      </details>
      <details class="more-ways" onToggle={(event) => setShown(event.currentTarget.open)}>
        <summary>{text.qr}</summary>
        {shown && (
          <Later load={loadQr} props={{ url: `${location.origin}/#/log/${encodeURIComponent(site.id)}` }} />
        )}
      </details>
    </>
  );
}

/** The name of the person that logs, for the history: asked once on a device. With a key it is the key's owner. */
function Who() {
  const text = useText();
  const key = useKey();
  const [name, setName] = useState(() => kept("actor") ?? "");
  if (key !== "free" && key !== "unknown") return null;
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
