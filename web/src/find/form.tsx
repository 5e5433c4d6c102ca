// SPDX-License-Identifier: Apache-2.0

// The search form. It holds what is typed; the search itself is in the address.
import { useEffect, useState } from "preact/hooks";
import type { Search } from "../api/database";
import { kListLimit, kRadii, noSearch, searchAt, searchFor } from "../route";
import { useText } from "../text";
import { zipOf } from "../zip";
import { Brand, Kinds } from "./kinds";

const kDenied = 1; // GeolocationPositionError.PERMISSION_DENIED
const kPlaceMs = 10_000; // how long the browser may take to find out where it is

interface Props {
  search: Search | null;
  submit(search: Search): void;
}

export function Form({ search, submit }: Props) {
  const text = useText();
  const [draft, setDraft] = useState<Search>(search ?? noSearch);
  const [error, setError] = useState("");
  useEffect(() => setDraft(search ?? noSearch), [search]);

  // Everything but the ZIP code takes effect at once when there is a search already, at the place of that search.
  const change = (part: Partial<Search>) => {
    setDraft({ ...draft, ...part });
    if (search && !("zip" in part)) submit({ ...search, ...part, limit: kListLimit });
  };
  const send = (event: Event) => {
    event.preventDefault();
    const zip = zipOf(draft.zip ?? "");
    if (!zip) {
      setError(text.zipWrong);
      document.getElementById("zip")?.focus();
      return;
    }
    setError("");
    submit(searchFor(draft, zip));
  };
  const { locating, locate } = useLocation((lat, lon) => {
    setError("");
    submit(searchAt(draft, lat, lon));
  }, setError);

  return (
    <form onSubmit={send} noValidate>
      <Kinds value={draft.product} change={(product) => change({ product })} />
      <div class="where">
        <label for="zip">{text.zip}</label>
        <input
          id="zip"
          name="zip"
          inputMode="numeric"
          autocomplete="postal-code"
          placeholder={text.zipHint}
          value={draft.zip ?? ""}
          aria-invalid={error !== ""}
          aria-describedby="form-error"
          onInput={(event) => change({ zip: event.currentTarget.value })}
        />
        <button type="submit" class="primary">
          {text.search}
        </button>
        {"geolocation" in navigator && (
          <button type="button" class="plain" aria-busy={locating} onClick={locate}>
            {text.usePlace}
          </button>
        )}
        <span role="status" class="quiet">
          {locating ? text.locating : ""}
        </span>
      </div>
      <p id="form-error" class="field-error" role="alert">
        {error}
      </p>
      <div class="refine">
        <span>
          <label for="within">{text.within}</label>
          <Radius draft={draft} change={change} />
        </span>
        <Brand value={draft.product} change={(product) => change({ product })} />
        <label class="check">
          <input
            type="checkbox"
            checked={draft.available}
            onChange={(event) => change({ available: event.currentTarget.checked })}
          />
          {text.onlyAvailable}
        </label>
      </div>
    </form>
  );
}

/** Where the browser says that it is; it may take a while, or refuse, or not be allowed to on plain http. */
function useLocation(found: (lat: number, lon: number) => void, failed: (why: string) => void) {
  const text = useText();
  const [locating, setLocating] = useState(false);
  const locate = () => {
    if (locating) return;
    if (!isSecureContext) return failed(text.placeInsecure);
    setLocating(true);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setLocating(false);
        found(coords.latitude, coords.longitude);
      },
      ({ code }) => {
        setLocating(false);
        failed(code === kDenied ? text.placeDenied : text.placeWrong);
      },
      { timeout: kPlaceMs, maximumAge: 60_000 },
    );
  };
  return { locating, locate };
}

/** One choice for number and unit: "25 miles" reads better than two fields. */
function Radius({ draft, change }: { draft: Search; change(part: Partial<Search>): void }) {
  const text = useText();
  const radii = [...new Set([...kRadii, draft.within])].sort((a, b) => a - b);
  return (
    <select
      id="within"
      value={`${draft.within} ${draft.unit}`}
      onChange={(event) => {
        const [within, unit] = event.currentTarget.value.split(" ");
        change({ within: Number(within), unit: unit === "km" ? "km" : "mi" });
      }}
    >
      {(["mi", "km"] as const).map((unit) =>
        radii.map((radius) => (
          <option key={`${radius} ${unit}`} value={`${radius} ${unit}`}>
            {unit === "mi" ? text.miles(radius) : text.kilometres(radius)}
          </option>
        )),
      )}
    </select>
  );
}
