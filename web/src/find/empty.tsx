// SPDX-License-Identifier: Apache-2.0

// No site fits: what can be asked instead, each with one click. It names the filters that left nothing.
import type { Search } from "../api/database";
import { groupOf } from "../products";
import { kRadii, noSearch } from "../route";
import { useText } from "../text";

export function Empty({ search, submit }: { search: Search; submit(search: Search): void }) {
  const text = useText();
  const farther = kRadii.find((radius) => radius > search.within);
  const distance = (radius: number) => (search.unit === "mi" ? text.miles(radius) : text.kilometres(radius));
  const others: [string, Search][] = [];
  if (farther) others.push([text.searchWithin(distance(farther)), { ...search, within: farther }]);
  const group = groupOf(search.product);
  if (group && group !== search.product)
    others.push([text.anyOfKind(text.groups[group]), { ...search, product: group }]);
  if (search.product) others.push([text.anyVaccineInstead, { ...search, product: noSearch.product }]);
  if (search.available) others.push([text.alsoWithout, { ...search, available: false }]);
  return (
    <div class="empty">
      <p>{text.noResults(distance(search.within))}</p>
      <p class="others">
        {others.map(([name, other]) => (
          <button key={name} type="button" onClick={() => submit(other)}>
            {name}
          </button>
        ))}
      </p>
    </div>
  );
}
