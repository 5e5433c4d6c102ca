// SPDX-License-Identifier: Apache-2.0

// data/codes/cvx.csv, ndc.csv and treatments.csv → the rows that the page needs. Pure: text in, rows out.

/** In years, those below two in fractions of one; `to` null: and older. As the CDC's notes have them, where they do. */
export type Ages = readonly [from: number, to: number | null];

// [CVX code, or NDC of a treatment; name; groups, with "|" between them; 1: a vaccine in use today; trade names; ages]
export type ProductRow = readonly [
  code: string,
  name: string,
  groups: string,
  active: 0 | 1,
  brands: string,
  ages: Ages | null,
];

const kBrandsMax = 4; // of one vaccine: flu has more makers than anybody reads

// One line of CSV with quotes; the table has no line breaks inside its fields.
function fields(line: string): string[] {
  const out: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    out.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
  return out;
}

// The wanted columns of each row, in their order.
function columns(csv: string, wanted: string[]): string[][] {
  const [head = "", ...lines] = csv.trim().split(/\r?\n/);
  const names = fields(head);
  const at = wanted.map((name) => names.indexOf(name));
  return lines.map(fields).map((row) => at.map((index) => row[index] ?? ""));
}

// FLUZONE High-Dose Northern Hemisphere → Fluzone High-Dose; mNEXSPIKE and M-M-R II stay as they are.
function brandOf(trade: string): string {
  return trade
    .replace(
      /\s*\b((northern|southern) hemisphere|trivalent|quadrivalent|covid-19 vaccine|adjuvanted)\b,?/gi,
      "",
    )
    .replace(/\b[A-Z][A-Z]{3,}\b/g, (word) => word[0] + word.slice(1).toLowerCase())
    .replace(/[\s,]+$/, "")
    .trim();
}

/**
 * Trade names by CVX code, of the packs that are still sold: those without an end, or with one after the newest pack of the table came
 * on the market. The newest first.
 */
function brandsOf(ndc: string): Map<string, string[]> {
  const packs = columns(ndc, ["cvx", "trade_name", "start_yyyymmdd", "end_yyyymmdd"]);
  const newest = packs.reduce((max, [, , start = ""]) => (start > max ? start : max), "");
  const sold = packs
    .filter(([, , , end = ""]) => end === "" || end > newest)
    .sort(([, , a = ""], [, , b = ""]) => b.localeCompare(a));
  const out = new Map<string, string[]>();
  for (const [cvx = "", trade = ""] of sold) {
    const known = out.get(cvx) ?? [];
    const brand = brandOf(trade);
    if (brand && !known.some((other) => other.toLowerCase() === brand.toLowerCase())) known.push(brand);
    out.set(cvx, known.slice(0, kBrandsMax));
  }
  return out;
}

/** "Pfizer Fall Seasonal 5 years through 11 years of age" → [5, 11]; null: the note says nothing of ages. */
export function agesOf(note: string): Ages | null {
  const found = /(\d+) (months|years|yrs)(?: of age)? (?:and older|through (\d+) years)/.exec(note);
  if (!found) return null;
  const from = Number(found[1]) / (found[2] === "months" ? 12 : 1);
  return [from, found[3] ? Number(found[3]) : null];
}

export function productTable(cvx: string, ndc: string, treatments: string): ProductRow[] {
  const brands = brandsOf(ndc);
  const vaccines = columns(cvx, ["cvx", "short_description", "vaccine_groups", "status", "notes"]).map(
    ([code = "", name = "", groups = "", status = "", notes = ""]): ProductRow => [
      code,
      name,
      groups,
      status.toLowerCase() === "active" ? 1 : 0,
      (brands.get(code) ?? []).join(", "),
      agesOf(notes),
    ],
  );
  // Codes for what is given elsewhere, or was never specified, only make the list of choices longer.
  const known = vaccines.filter(([code, , , active]) => code !== "" && (active === 1 || Number(code) < 500));
  return [
    ...known,
    ...columns(treatments, ["ndc11", "name"]).map(([code = "", name = ""]): ProductRow => [
      code,
      name,
      "",
      0,
      "",
      null,
    ]),
  ];
}
