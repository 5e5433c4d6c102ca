// SPDX-License-Identifier: Apache-2.0

// All vaccines of a site in one table: one goes along the shelf, types each count, and stores them together. Each row is a change of its
// own, with the version that was in sight when typing in it began, so a row that somebody else has changed meanwhile is told and the
// others are stored.
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import type { StockLine } from "../api/types";
import { inWords } from "../format";
import { brands, kindName, productName } from "../products";
import { useText } from "../text";
import type { Catalogue } from "../text/en";
import { VaccineName } from "../ui/product_name";
import { useLane } from "./use_lane";
import { countOf, messageOf } from "./writing";

interface Typed {
  text: string;
  version: number; // of the line when typing began
}

interface Props {
  siteId: string;
  lines: StockLine[];
}

export function CountAll({ siteId, lines }: Props) {
  const text = useText();
  const { outbox } = useApp();
  const [typed, setTyped] = useState<Record<string, Typed>>({});
  const [wrong, setWrong] = useState<string[]>([]);
  const type = (line: StockLine, words: string) =>
    setTyped((before) => ({
      ...before,
      [line.product]: {
        text: words,
        version: before[line.product]?.text ? before[line.product]!.version : line.version,
      },
    }));
  const filled = Object.entries(typed).filter(([, entry]) => entry.text.trim() !== "");
  const send = (event: Event) => {
    event.preventDefault();
    const bad = filled.filter(([, entry]) => countOf(entry.text) === null).map(([product]) => product);
    setWrong(bad);
    if (bad.length > 0) return;
    for (const [product, entry] of filled)
      outbox.add(siteId, product, { kind: "set", mine: countOf(entry.text)!, version: entry.version });
  };
  const stored = (product: string) => setTyped(({ [product]: _stored, ...others }) => others);
  return (
    <details class="count-all">
      <summary>{text.countAll}</summary>
      <form onSubmit={send}>
        <div class="table-wrap" role="group" tabIndex={0} aria-label={text.countAll}>
          <table>
            <thead>
              <tr>
                <th scope="col">{text.vaccine}</th>
                <th scope="col">{text.nowThere}</th>
                <th scope="col">{text.counted}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <Row
                  key={line.product}
                  siteId={siteId}
                  line={line}
                  value={typed[line.product]?.text ?? ""}
                  wrong={wrong.includes(line.product)}
                  type={(words) => type(line, words)}
                  stored={() => stored(line.product)}
                />
              ))}
            </tbody>
          </table>
        </div>
        <button type="submit" class="primary" disabled={filled.length === 0}>
          {text.storeAll(filled.length)}
        </button>
      </form>
    </details>
  );
}

/** A name that no other row has: a pack and its vaccine may have the same trade name. */
function nameOf(text: Catalogue, { product, cvx }: StockLine): string {
  const vaccine = cvx ?? product;
  const code = product === "any" ? "" : text.codeOf(product);
  return [kindName(text, vaccine), brands(vaccine), productName(text, vaccine), code]
    .filter(Boolean)
    .join(", ");
}

interface RowProps {
  siteId: string;
  line: StockLine;
  value: string;
  wrong: boolean;
  type(words: string): void;
  stored(): void;
}

function Row({ siteId, line, value, wrong, type, stored }: RowProps) {
  const text = useText();
  const lane = useLane(siteId, line.product);
  const { result, waiting, stuck } = lane;
  useEffect(() => {
    if (
      result?.outcome &&
      result.entry.what.kind === "set" &&
      String(result.entry.what.mine) === value.trim()
    )
      stored();
  }, [result]);
  const message = result && messageOf(text, result);
  const state = wrong
    ? text.wrongCount
    : waiting.length > 0
      ? stuck
        ? text.notYetStored
        : text.storingNow
      : (message?.words ?? "");
  const bad = wrong || (waiting.length > 0 ? stuck : message?.kind === "bad");
  return (
    <tr>
      <th scope="row">
        <VaccineName line={line} />
        {line.product !== "any" && <small> {text.codeOf(line.product)}</small>}
      </th>
      <td>{inWords(text, line.availability)}</td>
      <td>
        <input
          inputMode="numeric"
          autocomplete="off"
          size={6}
          aria-label={text.countOfVaccine(nameOf(text, line))}
          aria-invalid={wrong}
          value={value}
          onInput={(event) => type(event.currentTarget.value)}
        />
        <span role="status" class={bad ? "field-error" : "quiet"}>
          {state}
        </span>
      </td>
    </tr>
  );
}
