// SPDX-License-Identifier: Apache-2.0

// Adds a site, or edits one: its name, where it is, and how it is reached. An edit sends the fields that were changed and nothing else, with
// the version that was in sight. What somebody else changes meanwhile comes into the form, except into fields that were typed in: there it is
// told, and the next "Store" is about a value that was seen. So two people who edit the same site at once do not undo each other's work.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { go, useApp } from "../app";
import { newKey } from "../api/database";
import { Refused } from "../api/replicas";
import type { Site, SiteFields } from "../api/types";
import { useText } from "../text";
import { Told, why, type Reason } from "../why";

const kFields = [
  "name",
  "street",
  "city",
  "state",
  "zip",
  "phone",
  "hours",
  "booking_url",
  "info_url",
] as const;
type Field = (typeof kFields)[number];
type Values = Record<Field, string>;
const kFill: Partial<Values> = {
  street: "street-address",
  city: "address-level2",
  state: "address-level1",
  zip: "postal-code",
  phone: "tel",
};

const valuesOf = (site?: Site): Values =>
  Object.fromEntries(kFields.map((field) => [field, site?.[field] ?? ""])) as Values;

/** The new values, except where something else was typed. */
const merged = (typed: Values, before: Values, now: Values): Values =>
  Object.fromEntries(
    kFields.map((field) => [field, typed[field] === before[field] ? now[field] : typed[field]]),
  ) as Values;

/** `site`: the one to edit; none: a new one. */
export function SiteForm({ site, done }: { site?: Site; done(): void }) {
  const text = useText();
  const { database } = useApp();
  const [draft, setDraft] = useState(() => valuesOf(site));
  const [reason, setReason] = useState<Reason | null>(null);
  const [busy, setBusy] = useState(false);
  const seen = useRef(site); // the values of others that were in sight
  const once = useRef(newKey()); // for one and the same addition, however often it is sent
  const form = useId();
  useEffect(() => {
    if (!site || site.version === seen.current?.version) return;
    const [before, now] = [valuesOf(seen.current), valuesOf(site)];
    seen.current = site;
    const taken = (field: Field) => draft[field] === before[field] || draft[field].trim() === now[field];
    const both = kFields.filter((field) => !taken(field) && now[field] !== before[field]);
    setDraft((typed) => merged(typed, before, now));
    const theirs = both.map((field) => `${text.siteFields[field]}: ${now[field] || "–"}`);
    if (theirs.length > 0) setReason({ words: text.fieldsChanged(theirs.join("; ")) });
  }, [site?.version]);
  const send = async (event: Event) => {
    event.preventDefault();
    const before = valuesOf(seen.current);
    const changed = kFields.filter((field) => draft[field].trim() !== before[field]);
    if (busy) return;
    if (seen.current && changed.length === 0) return setReason({ words: text.unchanged });
    setBusy(true);
    try {
      const fields: SiteFields = Object.fromEntries(changed.map((field) => [field, draft[field].trim()]));
      if (seen.current) await database.editSite(seen.current.id, fields, seen.current.version, newKey());
      else {
        const { site_id } = await database.addSite(fields, once.current);
        if (site_id) return go({ view: "log", site: site_id, text: "" });
      }
      setReason({ words: text.siteStored });
      done();
    } catch (error) {
      const late = error instanceof Refused && error.problem.status === 412;
      const taken = error instanceof Refused && error.problem.code === "duplicate";
      once.current = newKey();
      if (late) done();
      setReason(late ? { words: text.siteChanged } : taken ? { words: text.siteTaken } : why(text, error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="site-form" onSubmit={(event) => void send(event)}>
      {kFields.map((field) => (
        <p key={field}>
          <label for={`${form}-${field}`}>{text.siteFields[field]}</label>
          <input
            id={`${form}-${field}`}
            required={field === "name"}
            autocomplete={kFill[field] ?? "off"}
            value={draft[field]}
            onInput={(event) => setDraft({ ...draft, [field]: event.currentTarget.value })}
          />
        </p>
      ))}
      <button type="submit" class="primary" aria-busy={busy}>
        {site ? text.storeSite : text.addSite}
      </button>
      <p role="status" class="told">
        {reason && <Told reason={reason} />}
      </p>
    </form>
  );
}
