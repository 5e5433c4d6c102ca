// SPDX-License-Identifier: Apache-2.0

// An availability as a figure: the number of doses large, or the word that was logged. Never one turned into the other.
import type { Availability } from "../api/types";
import { levelOf } from "../format";
import { useText } from "../text";

export function Amount({ value }: { value: Availability | undefined }) {
  const text = useText();
  const level = levelOf(value);
  if (typeof value === "number")
    return (
      <span class="amount" data-level={level}>
        <b>{text.figures.number(value)}</b> <small>{text.dosesUnit(value)}</small>
      </span>
    );
  const word = value === true ? text.available : value === false ? text.no : text.unknown;
  return (
    <span class="amount word" data-level={level}>
      <b>{word}</b>
    </span>
  );
}
