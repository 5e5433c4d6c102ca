// SPDX-License-Identifier: Apache-2.0

// One site: whether it has what was asked for, how far it is, how sure that is, and how to get there.
import { useState } from "preact/hooks";
import type { NearSite, Site, StockLine } from "../api/types";
import {
  address,
  dialable,
  directionsLink,
  freshness,
  geoLink,
  inWords,
  lineLevel,
  linesOf,
  siteLevel,
  webLink,
} from "../format";
import { hashOf } from "../route";
import { useText } from "../text";
import { Amount } from "../ui/amount";
import { ProductName, VaccineName } from "../ui/product_name";
import { Share } from "./share";

const kLinesShown = 4; // of one site; available vaccines stand first

interface Props {
  site: NearSite;
  product: string;
  now: number;
  changed: boolean;
  chosen: boolean;
}

export function Row({ site, product, now, changed, chosen }: Props) {
  const text = useText();
  const about = site.point === "zip_centroid";
  return (
    <li
      id={`site-${site.id}`}
      class="site"
      data-level={siteLevel(site, product)}
      data-changed={changed || undefined}
      data-chosen={chosen || undefined}
    >
      <div class="site-head">
        <h3>{site.name}</h3>
        <p class="distance" title={about ? text.aboutDistance : undefined}>
          {about && <abbr title={text.about}>≈ </abbr>}
          {site.distance.toLocaleString(text.locale, { maximumFractionDigits: 1 })} {site.unit}
        </p>
      </div>
      <Card site={site} product={product} now={now} />
    </li>
  );
}

/** All that stands below the name of a site, in a list and on a page of its own. */
export function Card({ site, product, now }: { site: Site; product: string; now: number }) {
  const text = useText();
  const lines = bestFirst(linesOf(site, product));
  const level = siteLevel(site, product);
  return (
    <>
      <p class="standing" data-level={level}>
        {lines.length === 0 ? text.nothingLogged : text.standings[level]}
      </p>
      <p class="address">{address(site)}</p>
      {site.hours && <p class="address">{text.hours(site.hours)}</p>}
      <Lines lines={lines.slice(0, kLinesShown)} now={now} />
      {lines.length > kLinesShown && (
        <details>
          <summary>{text.moreVaccines(lines.length - kLinesShown)}</summary>
          <Lines lines={lines.slice(kLinesShown)} now={now} />
        </details>
      )}
      <Ways site={site} />
      {lines.length > 0 && <Exactly lines={lines} />}
    </>
  );
}

const kOrder = ["some", "call", "none", "unknown"];

const bestFirst = (lines: StockLine[]): StockLine[] =>
  [...lines].sort((a, b) => kOrder.indexOf(lineLevel(a)) - kOrder.indexOf(lineLevel(b)));

function Lines({ lines, now }: { lines: StockLine[]; now: number }) {
  if (lines.length === 0) return null;
  return (
    <ul class="lines">
      {lines.map((line) => (
        <Line key={line.product} line={line} now={now} />
      ))}
    </ul>
  );
}

function Line({ line, now }: { line: StockLine; now: number }) {
  const text = useText();
  const call = lineLevel(line) === "call";
  return (
    <li data-freshness={line.freshness}>
      {call ? (
        <span class="amount word" data-level="call">
          <b>{text.callFirst}</b>
        </span>
      ) : (
        <Amount value={line.availability} />
      )}
      <span class="product">
        <VaccineName line={line} />
      </span>
      <span class="freshness">
        {call && `${inWords(text, line.availability)}, `}
        {freshness(text, line, now)}
      </span>
    </li>
  );
}

/** The codes and descriptions, for those who need them; drawn when somebody opens it, as a slow phone feels a hundred of them. */
function Exactly({ lines }: { lines: StockLine[] }) {
  const text = useText();
  const [open, setOpen] = useState(false);
  return (
    <details class="exactly" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{text.details}</summary>
      <ul>
        {(open ? lines : []).map((line) => (
          <li key={line.product} class="quiet">
            <ProductName product={line.cvx ?? line.product} />
            {line.product !== "any" && ` · ${text.codeOf(line.product)}`}
            {line.valid_at && ` · ${text.asOf(text.figures.moment(Date.parse(line.valid_at)))}`}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Ways({ site }: { site: Site }) {
  const text = useText();
  const phone = dialable(site.phone);
  const book = webLink(site.booking_url);
  const info = webLink(site.info_url);
  const app = geoLink(site, navigator.userAgent);
  const way = directionsLink(site, navigator.userAgent);
  return (
    <p class="ways">
      {book && (
        <a class="strong" href={book} rel="noreferrer" aria-label={text.bookName(site.name)}>
          {text.book}
        </a>
      )}
      {phone ? (
        <a href={`tel:${phone}`} aria-label={`${text.callName(site.name)}: ${site.phone}`}>
          {site.phone}
        </a>
      ) : (
        site.phone && <span>{site.phone}</span>
      )}
      {app && (
        <a href={app} aria-label={text.mapAppName(site.name)}>
          {text.mapApp}
        </a>
      )}
      {way && (
        <a href={way} rel="noreferrer" aria-label={text.directionsName(site.name)}>
          {text.directions}
        </a>
      )}
      {info && (
        <a href={info} rel="noreferrer" aria-label={text.websiteName(site.name)}>
          {text.website}
        </a>
      )}
      <Share
        title={site.name}
        hash={hashOf({ view: "site", site: site.id })}
        words={text.shareSite}
        label={text.shareSiteName(site.name)}
      />
      <a
        id={`log-${site.id}`}
        class="to-log"
        href={hashOf({ view: "log", site: site.id, text: "" })}
        aria-label={text.logName(site.name)}
      >
        {text.logHere}
      </a>
    </p>
  );
}
