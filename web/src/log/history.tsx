// SPDX-License-Identifier: Apache-2.0

// What happened at a site, newest first, as a list and as a line; each change of stock can be undone.
import { useState } from "preact/hooks";
import { useApp, useNow } from "../app";
import type { Site, SiteEvent } from "../api/types";
import { inWords } from "../format";
import { productName } from "../products";
import { useText } from "../text";
import type { Catalogue } from "../text/en";
import { Chart } from "../ui/chart";
import { countSeries, until } from "./series";
import { refused, type Message } from "./writing";

const kMinuteMs = 60_000;
const kSpan = 120; // seconds; a shorter history is drawn in these
const kFirst = 12; // events in sight before "show all"

interface Props {
  events: SiteEvent[];
  read(): Promise<Site | null>;
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

export function History({ events, read }: Props) {
  const text = useText();
  const { database } = useApp();
  const [message, setMessage] = useState<Message | null>(null);
  const [all, setAll] = useState(false);
  const now = useNow(kMinuteMs);
  const undo = async (event: SiteEvent) => {
    try {
      await database.undo(event.position);
      await read();
      setMessage({ kind: "good", text: text.undone });
    } catch (error) {
      setMessage(refused(text, error, { product: event.product ?? "" }, await read()));
    }
  };
  const shown = all ? events : events.slice(0, kFirst);
  return (
    <section aria-labelledby="history-title">
      <h2 id="history-title">{text.history}</h2>
      {countSeries(events).map((series) => (
        <Chart
          key={series.product}
          title={text.historyOf(productName(text, series.product))}
          times={until(now, series.times)}
          lines={[
            {
              name: inWords(text, series.counts.at(-1) ?? "unknown"),
              values: [...series.counts, series.counts.at(-1) ?? null],
            },
          ]}
          span={kSpan}
          stepped
        />
      ))}
      <div role="status" class="told" data-kind={message?.kind}>
        {message && <p>{message.text}</p>}
      </div>
      {events.length === 0 && <p class="quiet">{text.noHistory}</p>}
      <ol class="events">
        {shown.map((event) => (
          <Item key={`${event.position}.${event.part ?? 0}`} event={event} undo={() => void undo(event)} />
        ))}
      </ol>
      {shown.length < events.length && (
        <button type="button" class="plain" onClick={() => setAll(true)}>
          {text.showAll}
        </button>
      )}
    </section>
  );
}

function Item({ event, undo }: { event: SiteEvent; undo(): void }) {
  const text = useText();
  const what = whatOf(text, event);
  const when = new Date(event.time).toLocaleString(text.locale, { dateStyle: "medium", timeStyle: "short" });
  const undoable = event.after !== undefined && event.part === undefined;
  return (
    <li>
      <span class="what">
        {what}
        {event.product && event.product !== "any" && <small> {productName(text, event.product)}</small>}
      </span>
      <span class="when">
        <time dateTime={event.time}>{when}</time> {event.actor && text.by(event.actor)}
        {event.reason && ` · ${event.reason}`}
      </span>
      {undoable && (
        <button type="button" aria-label={text.undoEvent(what)} onClick={undo}>
          {text.undo}
        </button>
      )}
    </li>
  );
}
