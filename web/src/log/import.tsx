// SPDX-License-Identifier: Apache-2.0

// A file of sites and stock: dropped on the page or chosen, checked first, and stored when the visitor has seen what would become of it.
import { useState } from "preact/hooks";
import { useApp } from "../app";
import { Refused } from "../api/replicas";
import type { ImportReport, RowRemark } from "../api/types";
import { useText } from "../text";
import { Told, why, type Reason } from "../why";

interface Checked {
  file: File;
  report: ImportReport;
}

export default function Import() {
  const text = useText();
  const { database } = useApp();
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState("");
  const [checked, setChecked] = useState<Checked | null>(null);
  const [reason, setReason] = useState<Reason | null>(null);
  const run = async (file: File, dryRun: boolean) => {
    setBusy(dryRun ? text.importChecking(file.name) : text.importStoring(file.name));
    setReason(null);
    try {
      setChecked({ file, report: await database.importFile(file, dryRun) });
    } catch (error) {
      // A file of which nothing can be taken is refused, with the report of its rows.
      const report =
        error instanceof Refused ? (error.problem["import"] as ImportReport | undefined) : undefined;
      setChecked(report ? { file, report } : null);
      setReason(report ? { words: text.importNothing } : why(text, error));
    } finally {
      setBusy("");
    }
  };
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file && !busy) void run(file, true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer?.files);
  };
  return (
    <div class="import">
      <p class="quiet">{text.importIntro}</p>
      <label
        class="drop"
        data-over={over || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <span>{text.importDrop}</span>
        <input
          type="file"
          accept=".csv,.ndjson,.json,.gz,text/csv"
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = ""; // the same file may be chosen again, when it was corrected
          }}
        />
      </label>
      <div role="status">
        {busy && <p class="quiet">{busy}</p>}
        {reason && (
          <p class="notice">
            <Told reason={reason} />
          </p>
        )}
        {checked && !busy && <p>{summary(text, checked)}</p>}
      </div>
      {checked && !busy && <Rows report={checked.report} />}
      {checked?.report.dry_run && !busy && checked.report.rows > 0 && (
        <button type="button" class="primary" onClick={() => void run(checked.file, false)}>
          {text.importStore(checked.report.rows)}
        </button>
      )}
    </div>
  );
}

function summary(text: ReturnType<typeof useText>, { file, report }: Checked): string {
  const { dry_run, rows, added, updated, unchanged, rejected } = report;
  return dry_run
    ? text.importWould(file.name, rows, rejected)
    : `${text.importDone(file.name)} ${text.importCounts(added, updated, unchanged, rejected)}`;
}

function Rows({ report }: { report: ImportReport }) {
  const text = useText();
  const rows: [RowRemark, string][] = [
    ...report.errors.map((row): [RowRemark, string] => [row, text.rowLeftOut]),
    ...report.remarks.map((row): [RowRemark, string] => [row, text.rowNoted]),
  ];
  const others = (report.errors_not_shown ?? 0) + (report.notes_not_shown ?? 0);
  if (rows.length === 0) return null;
  return (
    <div class="table-wrap" role="group" tabIndex={0} aria-label={text.importRows}>
      <table class="rows">
        <caption>{others > 0 ? text.importRowsFirst(rows.length, others) : text.importRows}</caption>
        <thead>
          <tr>
            <th scope="col">{text.rowLine}</th>
            <th scope="col">{text.rowResult}</th>
            <th scope="col">{text.rowField}</th>
            <th scope="col">{text.rowValue}</th>
            <th scope="col">{text.rowWhy}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([{ line, field, value, why: reason }, result], index) => (
            <tr key={index}>
              <th scope="row">{text.figures.number(line)}</th>
              <td>{result}</td>
              <td>{field ?? "–"}</td>
              <td>{value ?? "–"}</td>
              <td lang="en">{reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
