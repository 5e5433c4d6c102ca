// SPDX-License-Identifier: Apache-2.0

// The choice of a vaccine, in groups. `any` is the first choice's name, or none when one must be chosen.
import { choices, productName } from "../products";
import { useText } from "../text";

interface Props {
  id: string;
  value: string;
  first: { value: string; name: string };
  change(product: string): void;
}

export function VaccineSelect({ id, value, first, change }: Props) {
  const text = useText();
  const groups = choices(text);
  const known = value === first.value || groups.some((g) => g.products.some((p) => p.product === value));
  return (
    <select id={id} value={value} onChange={(event) => change(event.currentTarget.value)}>
      <option value={first.value}>{first.name}</option>
      {!known && <option value={value}>{productName(text, value)}</option>}
      {groups.map((group) => (
        <optgroup key={group.name} label={group.name}>
          {group.products.map(({ product, name }) => (
            <option key={product} value={product}>
              {name}
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}
