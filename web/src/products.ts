// SPDX-License-Identifier: Apache-2.0

// Names of vaccines by CVX code, from the table that the database has too.
import rows from "virtual:products";
import type { Catalogue } from "./text/en";

const names = new Map(rows.map(([cvx, name]) => [cvx, name]));

/** Its name is one of the table, in English. */
export const isDescribed = (product: string): boolean => names.has(product);

export function productName(text: Catalogue, product: string): string {
  return product === "any" ? text.unnamedProduct : (names.get(product) ?? product);
}

export interface Group {
  name: string;
  products: { product: string; name: string }[];
}

/** The products in use today: those that most people ask for, then all others. */
export function choices(text: Catalogue): Group[] {
  const first = [
    ["COVID-19", "COVID-19"],
    ["FLU", text.groupFlu],
    ["RSV", text.groupRsv],
  ] as const;
  const inUse = rows.filter(([, , , active]) => active === 1);
  const group = (name: string, wanted: (of: string) => boolean): Group => ({
    name,
    products: inUse.filter(([, , of]) => wanted(of)).map(([product, name]) => ({ product, name })),
  });
  return [
    ...first.map(([of, name]) => group(name, (other) => other === of)),
    group(text.groupOther, (of) => !first.some(([known]) => known === of)),
  ];
}
