// SPDX-License-Identifier: Apache-2.0

// Where a visitor was on the page: how far down, and at which link. "Back" leads there again, from another view and from
// another site, although the list has to be drawn again.
//
// Each entry of the browser's history gets a number in its state; what it looked like when it was left is kept for the tab under
// that number. An entry that has its number already is one that somebody came back to.
const kSettleMs = 3_000; // a list that is not there again by then is not waited for
const kKept = "titer.places";
const kKeptMax = 50; // entries of the browser's history

interface Place {
  y: number;
  focus: string; // id of an element
}

type Places = Record<number, Place>;

function kept(): Places {
  try {
    return JSON.parse(sessionStorage.getItem(kKept) ?? "{}") as Places;
  } catch {
    return {};
  }
}

let current = 0; // the number of the entry that is shown
let returning: Place | null = null;

const numberOf = (state: unknown): number => Number((state as { titer?: number } | null)?.titer ?? 0);

/** The place that is being returned to; null: this entry is new. */
export const placeToReturnTo = (): Place | null => returning;

function leave(): void {
  if (returning) return; // it was not reached
  const places = kept();
  places[current] = { y: scrollY, focus: document.activeElement?.id ?? "" };
  for (const old of Object.keys(places).slice(0, -kKeptMax)) delete places[Number(old)];
  try {
    sessionStorage.setItem(kKept, JSON.stringify(places));
  } catch {
    // then "Back" begins at the top
  }
}

function arrive(): void {
  const number = numberOf(history.state);
  if (number && number === current) return; // the same entry shows something else
  if (current) leave();
  const places = kept();
  if (number && places[number]) {
    current = number;
    return goTo(places[number]!);
  }
  current = number || Math.max(0, ...Object.keys(places).map(Number), current) + 1;
  returning = null;
  history.replaceState({ titer: current }, "");
  scrollTo(0, 0);
}

// The list grows while it is drawn: until it is long enough, or the visitor moves by themselves.
function goTo(place: Place): void {
  returning = place;
  const end = performance.now() + kSettleMs;
  const stop = () => (returning = null);
  const step = () => {
    if (returning !== place) return;
    const reached = document.documentElement.scrollHeight - innerHeight >= place.y;
    const target = place.focus ? document.getElementById(place.focus) : null;
    if (!reached && performance.now() < end) return void requestAnimationFrame(step);
    scrollTo(0, place.y);
    target?.focus({ preventScroll: true });
    stop();
  };
  for (const moved of ["wheel", "touchstart", "keydown", "pointerdown"])
    addEventListener(moved, stop, { once: true, passive: true });
  requestAnimationFrame(step);
}

/** Before the views listen to the address: what is left must still be there. */
export function keepPlaces(): void {
  history.scrollRestoration = "manual";
  addEventListener("hashchange", arrive);
  addEventListener("pagehide", leave);
  arrive();
}
