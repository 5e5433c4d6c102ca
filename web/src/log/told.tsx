// SPDX-License-Identifier: Apache-2.0

// The changes that are on their way, and what became of the last one, below the panel that made them.
import { useState } from "preact/hooks";
import { useApp } from "../app";
import type { Availability } from "../api/types";
import { inWords } from "../format";
import { useText } from "../text";
import { Told, why, type Reason } from "../why";
import type { Lane, Result } from "./outbox";
import { meant, messageOf } from "./writing";

/** Changes that are not stored yet. While nobody answers it says so, and that they can be given up. */
export function Waiting({ lane: { waiting, stuck }, discard }: { lane: Lane; discard(): void }) {
  const text = useText();
  if (waiting.length === 0) return null;
  const what = waiting.map((entry) => meant(text, entry.what)).join(", ");
  if (!stuck) return <p class="waiting">{text.storing(what)}</p>;
  return (
    <p data-kind="bad">
      <span>{text.notStoredYet(what)}</span>
      <button type="button" onClick={discard}>
        {text.discard}
      </button>
    </p>
  );
}

interface OutcomeProps {
  result: Result | null;
  storeOver(mine: Availability, version: number): void;
  leave(): void;
  read(): Promise<unknown>;
}

export function Outcome({ result, storeOver, leave, read }: OutcomeProps) {
  const text = useText();
  const { database } = useApp();
  const [undone, setUndone] = useState<{ of: Result; reason: Reason } | null>(null);
  if (!result) return null;
  const message = messageOf(text, result);
  const { undo, over } = message;
  const takeBack = async (position: number) => {
    const reason = await database.undo(position).then(
      () => ({ words: text.undone }),
      (error: unknown) => why(text, error),
    );
    setUndone({ of: result, reason });
    await read();
  };
  if (undone?.of === result)
    return (
      <p>
        <Told reason={undone.reason} />
      </p>
    );
  return (
    <>
      <p data-kind={message.kind}>
        <span>
          <Told reason={message} />
        </span>
        {undo !== undefined && (
          <button type="button" class="plain" onClick={() => void takeBack(undo)}>
            {text.undo}
          </button>
        )}
      </p>
      {over && (
        <p data-kind="bad">
          <button type="button" class="primary" onClick={() => storeOver(over.mine, over.version)}>
            {text.storeAnyway(inWords(text, over.mine))}
          </button>
          <button type="button" onClick={leave}>
            {text.keepTheirs}
          </button>
        </p>
      )}
    </>
  );
}
