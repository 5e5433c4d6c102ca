// SPDX-License-Identifier: Apache-2.0

// One site of the list: what it has, how far, how sure, and how to get there.
import type { NearSite, StockLine } from "../api/types";
import { address, dialable, freshness, linesOf, siteLevel, webLink } from "../format";
import { productName } from "../products";
import { hashOf } from "../route";
import { useText } from "../text";
import { Amount } from "../ui/amount";

interface Props {
  site: NearSite;
  product: string;
  now: number;
  changed: boolean;
  chosen: boolean;
}

export function Row({ site, product, now, changed, chosen }: Props) {
  const text = useText();
  const lines = linesOf(site, product);
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
        <p class="distance">
          {site.distance.toLocaleString(text.locale, { maximumFractionDigits: 1 })} {site.unit}
        </p>
      </div>
      <p class="address">{address(site)}</p>
      {lines.length === 0 && <p class="none-logged">{text.nothingLogged}</p>}
      {lines.length > 0 && (
        <ul class="lines">
          {lines.map((line) => (
            <Line key={line.product} line={line} now={now} />
          ))}
        </ul>
      )}
      <Ways site={site} />
    </li>
  );
}

function Line({ line, now }: { line: StockLine; now: number }) {
  const text = useText();
  return (
    <li data-freshness={line.freshness}>
      <Amount value={line.availability} />
      <span class="product">{productName(text, line.product)}</span>
      <span class="freshness">{freshness(text, line, now)}</span>
    </li>
  );
}

function Ways({ site }: { site: NearSite }) {
  const text = useText();
  const phone = dialable(site.phone);
  const book = webLink(site.booking_url);
  const info = webLink(site.info_url);
  return (
    <p class="ways">
      {book && (
        <a class="strong" href={book} rel="noreferrer" aria-label={text.bookName(site.name)}>
          {text.book}
        </a>
      )}
      {phone && (
        <a href={`tel:${phone}`} aria-label={`${text.callName(site.name)}: ${site.phone}`}>
          {site.phone}
        </a>
      )}
      {info && (
        <a href={info} rel="noreferrer" aria-label={text.websiteName(site.name)}>
          {text.website}
        </a>
      )}
      <a href={hashOf({ view: "log", site: site.id, text: "" })} aria-label={text.logName(site.name)}>
        {text.logHere}
      </a>
    </p>
  );
}
