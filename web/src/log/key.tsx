// SPDX-License-Identifier: Apache-2.0

// The key with which this tab writes. Asked for only when the database wants one.
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import { keepKey, keptKey } from "../kept";
import { useText } from "../text";

export function Key() {
  const text = useText();
  const { database } = useApp();
  const [wanted, setWanted] = useState(() => keptKey() !== "");
  const [known, setKnown] = useState(() => keptKey() !== "");
  const [draft, setDraft] = useState("");
  useEffect(
    () =>
      database.onKeyWanted(() => {
        setWanted(true);
        setKnown(false);
      }),
    [database],
  );
  if (!wanted) return null;
  const set = (key: string) => {
    keepKey(key);
    setKnown(key !== "");
    setDraft("");
  };
  if (known)
    return (
      <p class="who">
        <span>{text.keyKnown}</span>{" "}
        <button type="button" class="plain" onClick={() => set("")}>
          {text.keyForget}
        </button>
      </p>
    );
  const send = (event: Event) => {
    event.preventDefault();
    if (draft.trim()) set(draft.trim());
  };
  return (
    <form class="who" onSubmit={send}>
      <label for="key">{text.key}</label>
      <input
        id="key"
        type="password"
        autocomplete="off"
        spellcheck={false}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
      <button type="submit">{text.keyUse}</button>
      <small>{text.keyHint}</small>
    </form>
  );
}
