// SPDX-License-Identifier: Apache-2.0

// What a site has of one vaccine, and what can be done with it: set, count up and down, reserve and give back.
//
// Set goes with the version that was in sight when typing began, so nobody overwrites what they have not seen. The
// others need no version: the database carries them out one after the other and never below 0.
import { useId, useRef, useState } from "preact/hooks";
import { useApp, useNow } from "../app";
import type { Availability, Outcome, Site, StockLine } from "../api/types";
import { freshness, inWords } from "../format";
import { productName } from "../products";
import { useText } from "../text";
import { Amount } from "../ui/amount";
import { countOf, refused, stored, type Attempt, type Message } from "./writing";

const kMinuteMs = 60_000;

interface Props {
  siteId: string;
  line: StockLine;
  read(): Promise<Site | null>;
}

/** One write at a time; its message stays until the next one. */
function useWriting(product: string, read: Props["read"]) {
  const text = useText();
  const [busy, setBusy] = useState(false);
  const [message, setMessage] = useState<Message | null>(null);
  const write = async (attempt: Omit<Attempt, "product">, run: () => Promise<Outcome>) => {
    if (busy) return;
    setBusy(true);
    setMessage(null);
    try {
      const outcome = await run();
      await read();
      setMessage(stored(text, outcome));
    } catch (error) {
      setMessage(refused(text, error, { ...attempt, product }, await read()));
    } finally {
      setBusy(false);
    }
  };
  return { busy, message, setMessage, write };
}

export function Panel({ siteId, line, read }: Props) {
  const text = useText();
  const now = useNow(kMinuteMs);
  const { database } = useApp();
  const { product } = line;
  const { busy, message, setMessage, write } = useWriting(product, read);
  const title = useId();
  const set = (mine: Availability, version: number | undefined) =>
    write({ mine }, () => database.set(siteId, product, mine, version));
  const isCount = typeof line.availability === "number";
  return (
    <section class="panel" aria-labelledby={title} aria-busy={busy}>
      <div class="panel-now">
        <Amount value={line.availability} />
        <h3 id={title}>{productName(text, product)}</h3>
        {line.version > 0 && <p class="freshness">{freshness(text, line, now)}</p>}
      </div>
      <div class="panel-do">
        <SetForm line={line} set={set} wrong={() => setMessage({ kind: "bad", text: text.wrongCount })} />
        {isCount && (
          <CountForm
            wrong={() => setMessage({ kind: "bad", text: text.wrongCount })}
            adjust={(by) => write({ doses: by }, () => database.adjust(siteId, product, by))}
            reserve={(doses) => write({ doses }, () => database.reserve(siteId, product, doses))}
            release={(doses) => write({ doses }, () => database.release(siteId, product, doses))}
          />
        )}
      </div>
      <Told message={message} storeAnyway={(mine) => set(mine, undefined)} leave={() => setMessage(null)} />
    </section>
  );
}

interface SetProps {
  line: StockLine;
  set(value: Availability, version: number): void;
  wrong(): void;
}

function SetForm({ line, set, wrong }: SetProps) {
  const text = useText();
  const field = useId();
  const [draft, setDraft] = useState("");
  const seen = useRef(0); // the version in sight when typing began
  const send = (event: Event) => {
    event.preventDefault();
    const count = countOf(draft);
    if (count === null) return wrong();
    set(count, seen.current);
    setDraft("");
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
      {([true, false, "unknown"] as const).map((value) => (
        <button
          key={String(value)}
          type="button"
          aria-pressed={line.version > 0 && line.availability === value}
          onClick={() => set(value, line.version)}
        >
          {inWords(text, value)}
        </button>
      ))}
    </form>
  );
}

interface CountProps {
  wrong(): void;
  adjust(by: number): void;
  reserve(doses: number): void;
  release(doses: number): void;
}

function CountForm({ wrong, adjust, reserve, release }: CountProps) {
  const text = useText();
  const field = useId();
  const [draft, setDraft] = useState("1");
  const withCount = (act: (doses: number) => void) => () => {
    const doses = countOf(draft);
    if (doses === null || doses === 0) wrong();
    else act(doses);
  };
  return (
    <form
      class="count"
      onSubmit={(event) => {
        event.preventDefault();
        withCount(reserve)();
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
      <button type="button" onClick={withCount(release)}>
        {text.release}
      </button>
      <span class="steps" role="group" aria-label={text.adjust}>
        <button type="button" onClick={() => adjust(-1)}>
          −1
        </button>
        <button type="button" onClick={() => adjust(1)}>
          +1
        </button>
      </span>
    </form>
  );
}

interface ToldProps {
  message: Message | null;
  storeAnyway(mine: Availability): void;
  leave(): void;
}

function Told({ message, storeAnyway, leave }: ToldProps) {
  const text = useText();
  return (
    <div role="status" class="told" data-kind={message?.kind}>
      {message && <p>{message.text}</p>}
      {message?.kind === "conflict" && (
        <p>
          <button type="button" class="primary" onClick={() => storeAnyway(message.mine)}>
            {text.storeAnyway(inWords(text, message.mine))}
          </button>
          <button type="button" onClick={leave}>
            {text.keepTheirs}
          </button>
        </p>
      )}
    </div>
  );
}
