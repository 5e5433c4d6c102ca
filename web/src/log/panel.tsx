// SPDX-License-Identifier: Apache-2.0

// What a site has of one vaccine, and what can be done with it: set, count up and down, reserve and give back.
//
// Set goes with the version that was in sight when typing began, so nobody overwrites what they have not seen. The
// others need no version: the database carries them out one after the other and never below 0. All go through the outbox,
// so a click is never lost, and a typed number stays in its field until it is stored.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useApp, useNow } from "../app";
import type { Availability, StockLine } from "../api/types";
import { freshness, inWords } from "../format";
import { productName } from "../products";
import { useText } from "../text";
import { Amount } from "../ui/amount";
import { ProductName, VaccineName } from "../ui/product_name";
import type { Lane, What } from "./outbox";
import { Outcome, Waiting } from "./told";
import { useLane } from "./use_lane";
import { countOf } from "./writing";

const kMinuteMs = 60_000;
const kSteps = [-10, -5, -1, 1, 5, 10];

interface Props {
  siteId: string;
  line: StockLine;
  read(): Promise<unknown>;
}

export function Panel({ siteId, line, read }: Props) {
  const text = useText();
  const now = useNow(kMinuteMs);
  const { outbox } = useApp();
  const { product } = line;
  const lane = useLane(siteId, product);
  const [wrong, setWrong] = useState(false);
  const title = useId();
  useEffect(() => void (lane.result && read()), [lane.result]);
  const add = (what: What) => {
    setWrong(false);
    return outbox.add(siteId, product, what);
  };
  const name = productName(text, product);
  return (
    <section class="panel" aria-labelledby={title} aria-busy={lane.waiting.length > 0}>
      <div class="panel-now">
        <Amount value={line.availability} />
        <h3 id={title}>
          <VaccineName line={line} />
        </h3>
        {product !== "any" && (
          <p class="quiet">
            <ProductName product={line.cvx ?? product} /> · {text.codeOf(product)}
          </p>
        )}
        {line.version > 0 && <p class="freshness">{freshness(text, line, now)}</p>}
      </div>
      <div class="panel-do">
        <SetForm line={line} lane={lane} add={add} wrong={() => setWrong(true)} />
        {typeof line.availability === "number" && (
          <CountForm name={name} add={add} wrong={() => setWrong(true)} />
        )}
      </div>
      <div role="status" class="told">
        {wrong && <p data-kind="bad">{text.wrongCount}</p>}
        <Waiting lane={lane} discard={() => outbox.discard(siteId, product)} />
        <Outcome
          result={lane.result}
          storeOver={(mine, version) => add({ kind: "set", mine, version })}
          leave={() => outbox.read(siteId, product)}
          read={read}
        />
      </div>
    </section>
  );
}

interface SetProps {
  line: StockLine;
  lane: Lane;
  add(what: What): number;
  wrong(): void;
}

/** A typed number, with the version that was in sight when typing began; it stays until it is stored. */
function useDraft(lane: Lane) {
  const [draft, setDraft] = useState("");
  const seen = useRef(0);
  const sent = useRef<{ id: number; draft: string } | null>(null);
  const { result } = lane;
  useEffect(() => {
    const { outcome, entry } = result ?? {};
    if (!outcome || !entry) return;
    if (outcome.changed && outcome.stock_version === seen.current + 1) seen.current += 1; // our own write
    if (entry.id !== sent.current?.id) return;
    setDraft((now) => (now === sent.current?.draft ? "" : now));
    sent.current = null;
  }, [result]);
  return { draft, setDraft, seen, sent };
}

function SetForm({ line, lane, add, wrong }: SetProps) {
  const text = useText();
  const field = useId();
  const { draft, setDraft, seen, sent } = useDraft(lane);
  const send = (event: Event) => {
    event.preventDefault();
    const count = countOf(draft);
    if (count === null) return wrong();
    sent.current = { id: add({ kind: "set", mine: count, version: seen.current }), draft };
  };
  const type = (typed: string) => {
    if (draft === "") seen.current = line.version;
    setDraft(typed);
  };
  return (
    <form class="set" onSubmit={send}>
      <label for={field}>{text.setValue}</label>
      <input
        id={field}
        inputMode="numeric"
        autocomplete="off"
        size={5}
        value={draft}
        onInput={(event) => type(event.currentTarget.value)}
      />
      <button type="submit" class="primary">
        {text.set}
      </button>
      <span class="or">{text.orSay}</span>
      {([true, false, "unknown"] as Availability[]).map((value) => (
        <button
          key={String(value)}
          type="button"
          aria-pressed={line.version > 0 && line.availability === value}
          onClick={() => add({ kind: "set", mine: value, version: line.version })}
        >
          {inWords(text, value)}
        </button>
      ))}
    </form>
  );
}

interface CountProps {
  name: string;
  add(what: What): number;
  wrong(): void;
}

/** Counting by steps, for one thumb; and reservations by a typed number. */
function CountForm({ name, add, wrong }: CountProps) {
  const text = useText();
  const field = useId();
  const [draft, setDraft] = useState("1");
  const withCount = (kind: "reserve" | "release") => {
    const doses = countOf(draft);
    if (doses === null || doses === 0) wrong();
    else add({ kind, doses });
  };
  return (
    <>
      <div class="steps" role="group" aria-label={`${text.adjust}: ${name}`}>
        {kSteps.map((by) => (
          <button key={by} type="button" onClick={() => add({ kind: "adjust", by })}>
            {text.figures.signed(by)}
          </button>
        ))}
      </div>
      <form
        class="count"
        onSubmit={(event) => {
          event.preventDefault();
          withCount("reserve");
        }}
      >
        <label for={field}>{text.dosesField}</label>
        <input
          id={field}
          inputMode="numeric"
          autocomplete="off"
          size={5}
          value={draft}
          onInput={(event) => setDraft(event.currentTarget.value)}
        />
        <button type="submit">{text.reserve}</button>
        <button type="button" onClick={() => withCount("release")}>
          {text.release}
        </button>
      </form>
    </>
  );
}
