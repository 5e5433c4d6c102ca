// SPDX-License-Identifier: Apache-2.0

// data/codes/cvx.csv and treatments.csv → the rows that the page needs. Pure: text in, rows out.

// [CVX code, or NDC of a treatment; name; group; 1: a vaccine in use today]
export type ProductRow = readonly [code: string, name: string, group: string, active: 0 | 1];

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

export function productTable(cvx: string, treatments: string): ProductRow[] {
  const vaccines = columns(cvx, ["cvx", "short_description", "vaccine_groups", "status"]).map(
    ([code = "", name = "", group = "", status = ""]): ProductRow => [
      code,
      name,
      group,
      status.toLowerCase() === "active" ? 1 : 0,
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
    ]),
  ];
}
