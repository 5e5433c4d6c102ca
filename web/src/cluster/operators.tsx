// SPDX-License-Identifier: Apache-2.0

// For operators: the switch that stops all writes, and the keys. A key that does not allow it gets the refusal of the database.
import { useEffect, useId, useState } from "preact/hooks";
import { useApp } from "../app";
import { Refused } from "../api/replicas";
import { kRoles, type ApiKey, type NewKey, type Role, type WriteSwitch } from "../api/types";
import { useKey } from "../log/key";
import { useText } from "../text";
import { Told, why, type Reason } from "../why";

export function Operators({ keyed }: { keyed: boolean }) {
  const text = useText();
  return (
    <section class="operators" aria-labelledby="operators-title">
      <h2 id="operators-title">{text.operators}</h2>
      <Writes />
      {keyed ? <Keys /> : <p class="quiet">{text.noKeysYet}</p>}
    </section>
  );
}

/** Tries, and keeps why it did not work. */
function useTry() {
  const text = useText();
  const [reason, setReason] = useState<Reason | null>(null);
  const attempt = async <T,>(act: Promise<T>): Promise<T | null> => {
    setReason(null);
    try {
      return await act;
    } catch (error) {
      setReason(why(text, error));
      return null;
    }
  };
  return { reason, attempt };
}

function Trouble({ reason }: { reason: Reason | null }) {
  return (
    <div role="alert">
      {reason && (
        <p class="notice">
          <Told reason={reason} />
        </p>
      )}
    </div>
  );
}

function Writes() {
  const text = useText();
  const { database } = useApp();
  const { reason, attempt } = useTry();
  const [state, setState] = useState<WriteSwitch | null>(null);
  const [words, setWords] = useState("");
  const field = useId();
  const read = () =>
    database.writes().then(
      (found) => setState(found),
      () => undefined, // the banner says that nobody answers
    );
  useEffect(() => void read(), [database]);
  if (!state) return null;
  const change = async (event: Event) => {
    event.preventDefault();
    const done = await attempt(database.stopWrites(!state.stopped, words.trim()));
    if (done) setWords("");
    await read();
  };
  return (
    <form class="writes" onSubmit={(event) => void change(event)}>
      <p role="status">
        <b>{state.stopped ? text.writesStopped : text.writesGoOn}</b>
        {state.stopped && state.reason && ` ${text.writesBecause(state.reason)}`}
      </p>
      {!state.stopped && (
        <p>
          <label for={field}>{text.reasonField}</label>{" "}
          <input
            id={field}
            maxLength={200}
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        </p>
      )}
      <button type="submit">{state.stopped ? text.allowWrites : text.stopWrites}</button>
      <Trouble reason={reason} />
    </form>
  );
}

function Keys() {
  const text = useText();
  const { database } = useApp();
  const standing = useKey();
  const { reason, attempt } = useTry();
  const [keys, setKeys] = useState<ApiKey[] | null>(null);
  const [may, setMay] = useState(true);
  const read = () =>
    database.keys().then(setKeys, (error: unknown) => {
      if (error instanceof Refused) setMay(false);
    });
  useEffect(() => {
    setMay(true);
    if (standing === "good") void read();
    else setKeys(null);
  }, [database, standing]);
  if (standing !== "good") return <p class="quiet">{text.keysWantKey}</p>;
  if (!may) return <p class="quiet">{text.keysForbidden}</p>;
  const revoke = async (id: string) => {
    await attempt(database.revokeKey(id));
    await read();
  };
  return (
    <>
      <div class="table-wrap" role="group" tabIndex={0} aria-label={text.keys}>
        <table class="rows">
          <caption>{text.keys}</caption>
          <thead>
            <tr>
              {[text.keyOwner, text.keyRole, text.keyScope, text.keyUntil, text.keyRevoke].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {keys?.map((key) => (
              <KeyRow key={key.id} of={key} revoke={() => void revoke(key.id)} />
            ))}
          </tbody>
        </table>
      </div>
      <Trouble reason={reason} />
      <NewKeyForm read={read} />
    </>
  );
}

function KeyRow({ of: key, revoke }: { of: ApiKey; revoke(): void }) {
  const text = useText();
  const [asked, setAsked] = useState(false);
  const day = (time: string) => text.figures.day(Date.parse(time));
  const ends = key.expires ? day(key.expires) : text.keyNoEnd;
  return (
    <tr>
      <th scope="row">
        {key.owner} <small>{key.id}</small>
      </th>
      <td>{text.roles[key.role]}</td>
      <td>{key.scope?.join(", ") || "–"}</td>
      <td>{key.revoked ? text.keyRevoked(day(key.revoked)) : ends}</td>
      <td>
        {!key.revoked && (
          <button
            type="button"
            onClick={() => (asked ? revoke() : setAsked(true))}
            onBlur={() => setAsked(false)}
          >
            {asked ? text.keyRevokeReally(key.owner) : text.keyRevokeOf(key.owner)}
          </button>
        )}
      </td>
    </tr>
  );
}

const kScoped: Role[] = ["provider", "jurisdiction", "aggregator"];

function NewKeyForm({ read }: { read(): Promise<unknown> }) {
  const text = useText();
  const { database } = useApp();
  const { reason, attempt } = useTry();
  const [owner, setOwner] = useState("");
  const [role, setRole] = useState<Role>("provider");
  const [scope, setScope] = useState("");
  const [until, setUntil] = useState("");
  const [made, setMade] = useState<string | null>(null);
  const form = useId();
  const send = async (event: Event) => {
    event.preventDefault();
    const scoped = scope.split(/[\s,]+/).filter(Boolean);
    const wanted: NewKey = {
      ...{ owner: owner.trim(), role },
      ...(kScoped.includes(role) ? { scope: scoped } : {}),
      ...(until ? { expires: `${until}T00:00:00Z` } : {}),
    };
    const answer = await attempt(database.createKey(wanted));
    if (!answer) return;
    setMade(answer.key);
    setOwner("");
    setScope("");
    await read();
  };
  return (
    <details class="more-ways">
      <summary>{text.keyNew}</summary>
      <form class="site-form" onSubmit={(event) => void send(event)}>
        <p>
          <label for={`${form}-owner`}>{text.keyOwner}</label>
          <input
            id={`${form}-owner`}
            required
            maxLength={60}
            value={owner}
            onInput={(event) => setOwner(event.currentTarget.value)}
          />
        </p>
        <p>
          <label for={`${form}-role`}>{text.keyRole}</label>
          <select
            id={`${form}-role`}
            value={role}
            onChange={(event) => setRole(event.currentTarget.value as Role)}
          >
            {kRoles.map((each) => (
              <option key={each} value={each}>
                {text.roles[each]}
              </option>
            ))}
          </select>
        </p>
        {kScoped.includes(role) && (
          <p>
            <label for={`${form}-scope`}>{text.keyScopeHint}</label>
            <input
              id={`${form}-scope`}
              value={scope}
              onInput={(event) => setScope(event.currentTarget.value)}
            />
          </p>
        )}
        <p>
          <label for={`${form}-until`}>{text.keyUntil}</label>
          <input
            id={`${form}-until`}
            type="date"
            value={until}
            onInput={(event) => setUntil(event.currentTarget.value)}
          />
        </p>
        <button type="submit" class="primary">
          {text.keyCreate}
        </button>
        <div role="status">
          {made && (
            <p class="made">
              {text.keyMade} <code>{made}</code>
            </p>
          )}
        </div>
        <Trouble reason={reason} />
      </form>
    </details>
  );
}
