// SPDX-License-Identifier: Apache-2.0

// Which vaccine? The kinds that people ask for as large choices, all others in a list; then the brand, for those who care.
import { formulations, groupOf, kGroups, kLargeGroups, productName, type GroupWord } from "../products";
import { useText } from "../text";

interface Props {
  value: string; // as in a search: a group's word, a code, or ""
  change(product: string): void;
}

export function Kinds({ value, change }: Props) {
  const text = useText();
  const group = groupOf(value);
  const large = kGroups.slice(0, kLargeGroups).map(({ word }) => word);
  const others = kGroups.slice(kLargeGroups).map(({ word }) => word);
  const isOther = group !== null && !(large as GroupWord[]).includes(group);
  return (
    <fieldset class="kinds">
      <legend>{text.whichVaccine}</legend>
      <div class="tiles">
        {(["", ...large] as const).map((word) => (
          <label key={word} class="tile">
            <input
              type="radio"
              name="kind"
              value={word}
              checked={word === (isOther ? null : (group ?? value))}
              onChange={() => change(word)}
            />
            <span>{word ? text.groups[word] : text.anyVaccine}</span>
          </label>
        ))}
      </div>
      <p class="others-of">
        <label for="other-kind">{text.groupOther}</label>
        <select
          id="other-kind"
          value={isOther ? group : group ? "" : value}
          onChange={(event) => change(event.currentTarget.value)}
        >
          <option value="">—</option>
          {value && !group && <option value={value}>{productName(text, value)}</option>}
          {others.map((word) => (
            <option key={word} value={word}>
              {text.groups[word]}
            </option>
          ))}
        </select>
      </p>
    </fieldset>
  );
}

/** A further choice within the kind; nothing where there is none. */
export function Brand({ value, change }: Props) {
  const text = useText();
  const group = groupOf(value);
  if (!group) return null;
  const sold = formulations(text, group);
  const isKnown = value === group || sold.some(({ product }) => product === value);
  if (isKnown && sold.length < 2) return null;
  return (
    <span>
      <label for="brand">{text.brand}</label>
      <select id="brand" value={value} onChange={(event) => change(event.currentTarget.value)}>
        <option value={group}>{text.anyBrand}</option>
        {!isKnown && <option value={value}>{productName(text, value)}</option>}
        {sold.map(({ product, name }) => (
          <option key={product} value={product}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}
