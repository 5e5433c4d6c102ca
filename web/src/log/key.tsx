// SPDX-License-Identifier: Apache-2.0

// The key with which this tab writes. Asked for when the database wants one, and checked when it is entered.
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import type { KeyState } from "../own_key";
import { useText } from "../text";

export function useKey(): KeyState {
  const { ownKey } = useApp();
  const [state, setState] = useState(() => ownKey.now());
  useEffect(() => {
    const changed = () => setState(ownKey.now());
    changed();
    void ownKey.look();
    return ownKey.listen(changed);
  }, [ownKey]);
  return state;
}

export function Key() {
  const text = useText();
  const { ownKey } = useApp();
  const state = useKey();
  const [draft, setDraft] = useState("");
  useEffect(() => {
    if (state === "good" || state === "unchecked") setDraft("");
  }, [state]);
  if (state === "unknown" || state === "free") return null;
  if (state === "good" || state === "unchecked")
    return (
      <p class="who">
        <span role="status">{state === "good" ? text.keyKnown : text.keyUnchecked}</span>{" "}
        <button type="button" class="plain" onClick={() => ownKey.forget()}>
          {text.keyForget}
        </button>
      </p>
    );
  const send = (event: Event) => {
    event.preventDefault();
    if (draft.trim()) void ownKey.enter(draft.trim());
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
        aria-invalid={state === "bad"}
        aria-describedby="key-state key-hint"
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
      <button type="submit">{text.keyUse}</button>
      <span id="key-state" class="field-error" role="status">
        {state === "bad" ? text.keyBad : state === "checking" ? text.keyChecking : ""}
      </span>
      <small id="key-hint">{text.keyHint}</small>
    </form>
  );
}
