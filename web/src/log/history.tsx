// SPDX-License-Identifier: Apache-2.0

// What happened at a site, newest first, as a list and as a line. The newest change of a vaccine can be undone; an older
// one cannot, because a later one stands on it.
import { useRef, useState } from "preact/hooks";
import { useApp, useNow } from "../app";
import type { HistoryPage } from "../api/database";
import type { SiteEvent } from "../api/types";
import { inWords } from "../format";
import { productName } from "../products";
import { useText } from "../text";
import type { Catalogue } from "../text/en";
import { Chart } from "../ui/chart";
import { ProductName } from "../ui/product_name";
import { Told, why, type Reason } from "../why";
import { countSeries, undoable, until } from "./series";

const kMinuteMs = 60_000;
const kSpan = 120; // seconds; a shorter history is drawn in these
const kFirst = 12; // events in sight at first

interface Props {
  id: string;
  newest: HistoryPage;
  read(): Promise<unknown>;
}

function whatOf(text: Catalogue, event: SiteEvent): string {
  const kind = text.kinds[event.kind] ?? event.kind;
  if (event.after === undefined) return kind;
  const change = text.fromTo(
    event.before === undefined ? "—" : inWords(text, event.before),
    inWords(text, event.after),
  );
  return `${kind}: ${change}`;
}

const isNewer = (a: SiteEvent, b: SiteEvent) => b.position - a.position || (b.part ?? 0) - (a.part ?? 0);
const nameOf = ({ position, part }: SiteEvent) => `${position}.${part ?? 0}`;

/** All events that were read, newest first: the page that the view keeps true, and older ones. An event never changes. */
function useEvents(id: string, newest: HistoryPage) {
  const { database } = useApp();
  const read = useRef(new Map<string, SiteEvent>());
  const [end, setEnd] = useState<boolean | null>(null); // has the oldest one been read? null: only the newest page was
  const [all, setAll] = useState(false);
  for (const event of newest.events) read.current.set(nameOf(event), event);
  const known = [...read.current.values()].sort(isNewer);
  const showMore = async () => {
    if (!all) return setAll(true);
    const page = await database.history(id, known.at(-1)?.position).catch(() => null);
    for (const event of page?.events ?? []) read.current.set(nameOf(event), event);
    if (page) setEnd(!page.more);
  };
  const older = end === null ? newest.more : !end;
  return {
    known,
    shown: all ? known : known.slice(0, kFirst),
    more: older || (!all && known.length > kFirst),
    showMore,
  };
}

export function History({ id, newest, read }: Props) {
  const text = useText();
  const { database } = useApp();
  const [reason, setReason] = useState<Reason | null>(null);
  const now = useNow(kMinuteMs);
  const { known, shown, more, showMore } = useEvents(id, newest);
  const undo = async (event: SiteEvent) => {
    setReason(
      await database.undo(event.position).then(
        () => ({ words: text.undone }),
        (error: unknown) => why(text, error),
      ),
    );
    await read();
  };
  const free = undoable(known);
  return (
    <section aria-labelledby="history-title">
      <h2 id="history-title">{text.history}</h2>
      {countSeries(known).map((series) => (
        <Chart
          key={series.product}
          title={text.historyOf(
            series.product === "any" ? text.allVaccines : productName(text, series.product),
          )}
          times={until(now, series.times)}
          lines={[
            { name: inWords(text, series.last), values: [...series.counts, series.counts.at(-1) ?? null] },
          ]}
          span={kSpan}
          stepped
          word={text.doses}
        />
      ))}
      <div role="status" class="told">
        {reason && (
          <p>
            <Told reason={reason} />
          </p>
        )}
      </div>
      <p class="quiet">{known.length === 0 ? text.noHistory : text.undoRule}</p>
      <ol class="events">
        {shown.map((event) => (
          <Item
            key={nameOf(event)}
            event={event}
            {...(free.has(event) ? { undo: () => void undo(event) } : {})}
          />
        ))}
      </ol>
      {more && (
        <button type="button" class="plain" onClick={() => void showMore()}>
          {text.showOlder}
        </button>
      )}
    </section>
  );
}

function Item({ event, undo }: { event: SiteEvent; undo?: () => void }) {
  const text = useText();
  const what = whatOf(text, event);
  const when = text.figures.moment(Date.parse(event.time));
  return (
    <li>
      <span class="what">
        {what}
        {event.product && event.product !== "any" && (
          <small>
            {" "}
            <ProductName product={event.product} />
          </small>
        )}
      </span>
      <span class="when">
        <time dateTime={event.time}>{when}</time> {event.actor && text.by(event.actor)}
        {event.reason && ` · ${event.reason}`}
      </span>
      {undo && (
        <button type="button" onClick={undo}>
          {event.before === undefined ? text.undo : text.undoTo(inWords(text, event.before))}
        </button>
      )}
    </li>
  );
}
