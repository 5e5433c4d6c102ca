// SPDX-License-Identifier: Apache-2.0

// Names of vaccines by CVX code, from the table that the database has too; and the groups in which people ask for them. Pure.
import rows from "virtual:products";
import type { Ages, ProductRow } from "../products_table";
import type { StockLine } from "./api/types";
import type { Catalogue } from "./text/en";

const table = new Map(rows.map((row) => [row[0], row]));
const rowOf = (product: string): ProductRow | undefined => table.get(product.replace(/\.vfc$/, ""));

/** Its name is one of the table, in English. */
export const isDescribed = (product: string): boolean => rowOf(product) !== undefined;

/** As the CDC describes it. */
export function productName(text: Catalogue, product: string): string {
  return product === "any" ? text.unnamedProduct : (rowOf(product)?.[1] ?? product);
}

/** Trade names that are sold today; "": none is known. */
export const brands = (product: string): string => rowOf(product)?.[4] ?? "";

/** "12 and older", where the CDC's notes say so; "" where they do not. */
export function agesInWords(text: Catalogue, product: string): string {
  const ages: Ages | null = rowOf(product)?.[5] ?? null;
  if (!ages) return "";
  const [from, to] = ages;
  const since = from < 2 ? text.months(Math.round(from * 12)) : text.years(from);
  return to === null ? text.agesFrom(since) : text.agesBetween(since, text.years(to));
}

/**
 * What people ask for: a word that the database's `product=` takes, and the groups of the CDC's table that it stands for there
 * (registry/product_names.cc). The first ones are asked for most.
 */
export const kGroups = [
  { word: "covid", of: ["COVID-19"] },
  { word: "flu", of: ["FLU"] },
  { word: "rsv", of: ["RSV"] },
  { word: "mmr", of: ["MMR"] },
  { word: "tdap", of: ["TDAP"] },
  { word: "hpv", of: ["HPV"] },
  { word: "shingles", of: ["ZOSTER"] },
  { word: "pneumococcal", of: ["PneumoPCV", "PneumoPPV"] },
  { word: "mpox", of: ["Orthopoxvirus"] },
  { word: "hepb", of: ["HepB"] },
  { word: "hepa", of: ["HepA"] },
  { word: "varicella", of: ["VARICELLA"] },
  { word: "meningococcal", of: ["MENING", "MeningB"] },
  { word: "dtap", of: ["DTAP"] },
  { word: "td", of: ["Td"] },
  { word: "polio", of: ["POLIO"] },
  { word: "hib", of: ["HIB"] },
  { word: "rotavirus", of: ["ROTAVIRUS"] },
  { word: "typhoid", of: ["TYPHOID"] },
  { word: "yellowfever", of: ["YELLOWFEVER"] },
  { word: "rabies", of: ["RABIES"] },
] as const;
export const kLargeGroups = 9; // of these, from the first on: those that are large choices

export type GroupWord = (typeof kGroups)[number]["word"];

const groupsOf = (product: string): string[] => rowOf(product)?.[2].split("|") ?? [];

const isOf = ({ of }: (typeof kGroups)[number], product: string): boolean =>
  groupsOf(product).some((group) => (of as readonly string[]).includes(group));

/** The group that is asked for, or in which a vaccine is; null: none of those above. */
export function groupOf(product: string): GroupWord | null {
  const found = kGroups.find(({ word }) => word === product) ?? kGroups.find((group) => isOf(group, product));
  return found?.word ?? null;
}

/** What kind of vaccine it is, in the visitor's language; "" where only the CDC's description says it. */
export function kindName(text: Catalogue, product: string): string {
  const kinds = kGroups.filter((group) => isOf(group, product));
  return kinds.length === 1 ? text.groups[kinds[0]!.word] : "";
}

/** Is a claim about what is asked for ("": anything)? A pack is of its vaccine. Null: a code that only the database knows. */
export function covers(asked: string, { product, cvx }: Pick<StockLine, "product" | "cvx">): boolean | null {
  if (!asked) return true;
  const vaccine = cvx ?? product.replace(/\.vfc$/, "");
  if (product === asked || vaccine === asked) return true;
  if (vaccine !== "any" && !isDescribed(vaccine)) return null;
  const group = kGroups.find(({ word }) => word === asked);
  return group !== undefined && isOf(group, vaccine);
}

export interface Choice {
  product: string;
  name: string;
}

/** The vaccines of a group that are sold, by their trade names; where two have the same, with their description. */
export function formulations(text: Catalogue, word: GroupWord): Choice[] {
  const group = kGroups.find((one) => one.word === word)!;
  const sold = rows.filter(([code, , , active, sale]) => active === 1 && sale !== "" && isOf(group, code));
  const times = (wanted: string) => sold.filter(([, , , , sale]) => sale === wanted).length;
  return sold.map(([product, description, , , sale]) => {
    const more = times(sale) > 1 ? agesInWords(text, product) || description : agesInWords(text, product);
    return { product, name: more ? `${sale} (${more})` : sale };
  });
}

export interface Group {
  name: string;
  products: Choice[];
}

/** All products in use today, described: those that most people ask for, then all others. */
export function choices(text: Catalogue): Group[] {
  const inUse = rows.filter(([, , , active]) => active === 1);
  const choice = ([product, name, , , sale]: ProductRow): Choice => ({
    product,
    name: sale ? `${sale}: ${name}` : name,
  });
  const large = kGroups.slice(0, 3).map((group) => ({
    name: text.groups[group.word],
    products: inUse.filter(([code]) => isOf(group, code)).map(choice),
  }));
  const others = inUse.filter(([code]) => !kGroups.slice(0, 3).some((group) => isOf(group, code)));
  return [...large, { name: text.groupOther, products: others.map(choice) }];
}
