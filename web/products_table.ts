// SPDX-License-Identifier: Apache-2.0

// data/codes/cvx.csv → the rows that the page needs. Pure: text in, rows out.

// [CVX code, name, group, 1 when in use today]
export type ProductRow = readonly [cvx: string, name: string, group: string, active: 0 | 1];

// One line of CSV with quotes; the table has no line breaks inside its fields.
function fields(line: string): string[] {
  const out: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    out.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
  return out;
}

export function productTable(csv: string): ProductRow[] {
  const [head = "", ...lines] = csv.trim().split(/\r?\n/);
  const names = fields(head);
  const column = (name: string) => names.indexOf(name);
  const [cvx, text, status, group] = ["cvx", "short_description", "status", "vaccine_groups"].map(column);
  const rows = lines.map(fields).map((row): ProductRow => {
    const at = (index: number | undefined) => (index === undefined ? "" : (row[index] ?? ""));
    return [at(cvx), at(text), at(group), at(status).toLowerCase() === "active" ? 1 : 0];
  });
  // Codes for what is given elsewhere, or was never specified, only make the list of choices longer.
  return rows.filter(([code, , , active]) => code !== "" && (active === 1 || Number(code) < 500));
}
