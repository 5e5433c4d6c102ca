// SPDX-License-Identifier: Apache-2.0

// Why something failed, in the visitor's language: the page has a sentence for each `code` that a visitor can meet. Only for
// the others the database's own sentence is shown, which is English and marked so.
import { Refused } from "./api/replicas";
import { useText } from "./text";
import type { Catalogue } from "./text/en";

export interface Reason {
  words: string;
  detail?: string; // of the database, in English
}

export function why(text: Catalogue, error: unknown): Reason {
  if (!(error instanceof Refused)) return { words: text.unreachable };
  const words = text.refusals[error.problem.code ?? ""];
  return words ? { words } : { words: text.wentWrong, detail: error.message };
}

export function Why({ error }: { error: unknown }) {
  return <Told reason={why(useText(), error)} />;
}

export function Told({ reason: { words, detail } }: { reason: Reason }) {
  return (
    <>
      {words}
      {detail && (
        <>
          {" "}
          <span lang="en">{detail}</span>
        </>
      )}
    </>
  );
}
