// SPDX-License-Identifier: Apache-2.0

// Find: where near me, now? The search stands in the address; the answer follows the change stream.
import { useEffect, useState } from "preact/hooks";
import { go, replaceRoute, useMedia, useNow, useTitle } from "../app";
import type { Search } from "../api/database";
import { Refused } from "../api/replicas";
import type { NearSite, Point } from "../api/types";
import { ago, siteLevel } from "../format";
import { groupOf } from "../products";
import { hashOf, kListLimit, kListMax, noSearch, parseRoute, searchAt } from "../route";
import { useText } from "../text";
import type { Catalogue } from "../text/en";
import { Later } from "../later";
import { Why } from "../why";
import { placeOf, useAnswer, type Answer } from "./answer";
import { Empty } from "./empty";
import { Form } from "./form";
import { keptAnswers } from "./kept_answers";
import { Row } from "./row";
import { Share } from "./share";

const kMinuteMs = 60_000; // ages in words change no faster
const kWide = "(min-width: 58rem)"; // list and map stand beside one another (find.css)

const submit = (search: Search) => go({ view: "find", search });
const searchThere = ({ lat, lon }: Point) => submit(searchAt(noSearch, lat, lon));

export const loadMap = () => import("./map");
const loadCountry = () => import("./country");

export function Find({ search }: { search: Search | null }) {
  const text = useText();
  useTitle(search ? null : "");
  return (
    <div class="find" data-searched={search !== null}>
      <section class="find-form" aria-labelledby="find-title">
        <h1 id="find-title">{text.findTitle}</h1>
        <Form search={search} submit={submit} />
        {!search && <p class="intro">{text.intro}</p>}
        {!search && <Recent />}
      </section>
      {search ? <Results search={search} /> : <Later load={loadCountry} props={{ choose: searchThere }} />}
    </div>
  );
}

/** The searches whose answers are kept here: also without a network there is something to be seen. */
function Recent() {
  const text = useText();
  const [answers] = useState(keptAnswers);
  if (answers.length === 0) return null;
  return (
    <nav class="recent" aria-labelledby="recent-title">
      <h2 id="recent-title">{text.recent}</h2>
      <ul>
        {answers.map(({ hash, place }) => (
          <li key={hash}>
            <a href={hash}>{recentName(text, hash, place)}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function recentName(text: Catalogue, hash: string, place: string): string {
  const route = parseRoute(hash);
  const product = route.view === "find" ? (route.search?.product ?? "") : "";
  const kind = groupOf(product);
  return kind ? `${text.groups[kind]}: ${text.nearTitle(place)}` : text.nearTitle(place);
}

const kSameTown = 5; // miles or kilometres: a site so near is in the visitor's town, or in the next one

/** "Cambridge, MA", of the nearest site: the database has no names for points. */
function townNearby(answer: Answer | null): string {
  const nearest = answer?.sites.find(({ city, state, distance }) => city && state && distance <= kSameTown);
  return nearest ? `${nearest.city}, ${nearest.state}` : "";
}

// Claims that are too old to rely on are no reason to drive there.
const relied = (search: Search, sites: NearSite[]): NearSite[] =>
  search.available ? sites.filter((site) => siteLevel(site, search.product) === "some") : sites;

/** A pin that was clicked: another object each time, so that the second click on it is seen too. */
interface Chosen {
  id: string;
}

function Results({ search }: { search: Search }) {
  const text = useText();
  const { answer, error } = useAnswer(search);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [view, setView] = useState<"list" | "map">("list");
  const wide = useMedia(kWide);
  const place = placeOf(search, answer?.center);
  useTitle(text.nearTitle(place));
  const choose = (id: string) => {
    setView("list");
    setChosen({ id });
  };
  if (error instanceof Refused && !answer)
    return (
      <p class="notice" role="alert">
        <Why error={error} />
      </p>
    );
  const sites = relied(search, answer?.sites ?? []);
  return (
    <>
      <section class="find-list" aria-labelledby="found" aria-busy={answer === null}>
        <Head search={search} answer={answer} shown={sites.length} place={place} />
        {error !== null && (
          <p class="notice" role="alert">
            <Why error={error} />
          </p>
        )}
        {answer && !wide && <Switch view={view} set={setView} />}
        {answer && (wide || view === "list") && (
          <List search={search} answer={answer} sites={sites} chosen={chosen} />
        )}
      </section>
      {answer && (wide || view === "map") && (
        <Later
          load={loadMap}
          props={{
            search,
            center: answer.center,
            sites,
            more: answer.more,
            chosen: chosen?.id ?? null,
            choose,
          }}
        />
      )}
    </>
  );
}

interface HeadProps {
  search: Search;
  answer: Answer | null;
  shown: number;
  place: string;
}

function Head({ search, answer, shown, place }: HeadProps) {
  const text = useText();
  const within = search.unit === "mi" ? text.miles(search.within) : text.kilometres(search.within);
  return (
    <div class="found">
      <div role="status">
        <h2 id="found">{heading(text, answer, shown)}</h2>
        {answer && (
          <p class="quiet">
            {place ? text.nearWithin(place, within) : text.hereWithin(townNearby(answer), within)}
          </p>
        )}
        {answer?.kept && <Kept at={answer.at} />}
        <p class="quiet news">{answer && answer.changed.size > 0 && text.changedNow(answer.changed.size)}</p>
      </div>
      {answer && (
        <Share title={text.nearTitle(place)} hash={hashOf({ view: "find", search })} words={text.share} />
      )}
    </div>
  );
}

/** The list was true once. Paper, which is never live, has the time too. */
function Kept({ at }: { at: number }) {
  const text = useText();
  const now = useNow(kMinuteMs);
  const since = ago(text, new Date(at).toISOString(), now);
  return <p class="kept">{text.keptFrom(text.figures.moment(at), since)}</p>;
}

function OnPaper({ at }: { at: number }) {
  const text = useText();
  return (
    <p class="on-paper">
      {text.asOf(text.figures.moment(at))} · {location.origin}/{location.hash}
    </p>
  );
}

function heading(text: Catalogue, answer: Answer | null, shown: number): string {
  if (answer === null) return text.searching;
  return answer.more ? text.resultsFirst(shown) : text.results(shown);
}

/** On a narrow screen a map below a hundred sites would never be seen. */
function Switch({ view, set }: { view: "list" | "map"; set(view: "list" | "map"): void }) {
  const text = useText();
  return (
    <div class="switch" role="group" aria-label={text.showAs}>
      {(["list", "map"] as const).map((each) => (
        <button key={each} type="button" aria-pressed={view === each} onClick={() => set(each)}>
          {each === "list" ? text.asList : text.asMap}
        </button>
      ))}
    </div>
  );
}

const kFirstRows = 8; // a screen; a slow phone takes seconds for a hundred
const kMoreRows = 24; // between two paints

/** How many rows are drawn now: a screen first, and after each paint some more, so that a slow phone shows the first ones at once. */
function useRowsNow(all: number): number {
  const [rows, setRows] = useState(kFirstRows);
  useEffect(() => {
    if (rows >= all) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const painted = requestAnimationFrame(() => {
      timer = setTimeout(() => setRows(rows + kMoreRows));
    });
    return () => {
      cancelAnimationFrame(painted);
      clearTimeout(timer);
    };
  }, [rows, all]);
  return rows;
}

interface ListProps {
  search: Search;
  answer: Answer;
  sites: NearSite[];
  chosen: Chosen | null;
}

function List({ search, answer, sites, chosen }: ListProps) {
  const text = useText();
  const now = Math.max(useNow(kMinuteMs), answer.at);
  const doubtful = answer.sites.length - sites.length;
  const rows = useRowsNow(sites.length);
  // Its row may come with the later ones.
  useEffect(() => {
    if (chosen) document.getElementById(`site-${chosen.id}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen, rows]);
  return (
    <>
      {sites.length === 0 && <Empty search={search} submit={submit} />}
      <OnPaper at={answer.at} />
      <ol class="sites">
        {sites.slice(0, rows).map((site) => (
          <Row
            key={site.id}
            site={site}
            product={search.product}
            now={now}
            changed={answer.changed.has(site.id)}
            chosen={chosen?.id === site.id}
          />
        ))}
      </ol>
      {doubtful > 0 && (
        <p class="more">
          {text.doubtful(doubtful)}{" "}
          <button type="button" onClick={() => submit({ ...search, available: false })}>
            {text.showThem}
          </button>
        </p>
      )}
      {answer.more && search.limit < kListMax && (
        <p class="more">
          <button
            type="button"
            onClick={() =>
              replaceRoute({ view: "find", search: { ...search, limit: search.limit + kListLimit } })
            }
          >
            {text.showMore}
          </button>
        </p>
      )}
    </>
  );
}
