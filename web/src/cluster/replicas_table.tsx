// SPDX-License-Identifier: Apache-2.0

// A row per replica, and in a cluster on one machine the buttons that kill and start it.
import { useState } from "preact/hooks";
import { useApp } from "../app";
import { Refused } from "../api/replicas";
import { duration } from "../format";
import { useText } from "../text";
import type { Catalogue } from "../text/en";
import { Told, why, type Reason } from "../why";
import type { ReplicaRow } from "./rounds";

const kMebibyte = 1 << 20;

export function Replicas({ rows, control }: { rows: ReplicaRow[]; control: boolean }) {
  const text = useText();
  const { database } = useApp();
  const [trouble, setTrouble] = useState<Reason | null>(null);
  const act = async (index: number, what: "kill" | "start") => {
    setTrouble(null);
    await database.control(index, what).catch((error: unknown) => setTrouble(reasonOf(text, error)));
  };
  const heads = [
    text.replica,
    text.state,
    text.view,
    text.clock,
    text.position,
    text.lag,
    text.memory,
    text.up,
  ];
  return (
    <section aria-label={text.replica}>
      <div class="table-wrap" role="group" tabIndex={0} aria-label={text.replica}>
        <table class="replicas">
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
              {control && (
                <th scope="col" class="act">
                  {text.control}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.index} row={row} {...(control ? { act } : {})} />
            ))}
          </tbody>
        </table>
      </div>
      {control && <p class="quiet">{text.killNote}</p>}
      <div role="alert">
        {trouble && (
          <p class="notice">
            <Told reason={trouble} />
          </p>
        )}
      </div>
    </section>
  );
}

// Of a reservation the same code says something else.
function reasonOf(text: Catalogue, error: unknown): Reason {
  const last = error instanceof Refused && error.problem.code === "not_enough";
  return last ? { words: text.lastReplica } : why(text, error);
}

const stateText = (text: Catalogue, row: ReplicaRow) =>
  row.state === "learning" ? text.learning(row.learned) : row.state === "serving" ? text.serving : text.down;

function Row({
  row,
  act,
}: {
  row: ReplicaRow;
  act?: (index: number, what: "kill" | "start") => Promise<void>;
}) {
  const text = useText();
  const { status, index } = row;
  const number = (n: number | undefined) => (n === undefined ? "–" : text.figures.number(n));
  const down = row.state === "down";
  return (
    <tr data-state={row.state}>
      <th scope="row">
        {index} <small>{row.address}</small>
      </th>
      <td class="state">{stateText(text, row)}</td>
      <td>{number(status?.view)}</td>
      <td>{number(status?.clock)}</td>
      <td>{number(status?.position)}</td>
      <td>{status ? number(row.lag) : "–"}</td>
      <td>{status ? `${number(Math.round(status.memory_bytes / kMebibyte))} MiB` : "–"}</td>
      <td>{status ? duration(text, status.uptime_ms) : "–"}</td>
      {act && (
        <td class="act">
          <button
            type="button"
            aria-label={down ? text.startN(index) : text.killN(index)}
            onClick={() => void act(index, down ? "start" : "kill")}
          >
            {down ? text.start : text.kill}
          </button>
        </td>
      )}
    </tr>
  );
}
