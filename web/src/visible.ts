// SPDX-License-Identifier: Apache-2.0

// Is the page in sight? Nothing is asked for one that nobody sees: a phone in a pocket, a tab behind another.
export const isShown = (): boolean => document.visibilityState !== "hidden";

/** Tells when that changes; also when the browser puts the page aside and brings it back ("Back"). */
export function onShown(listener: (shown: boolean) => void): () => void {
  const changed = () => listener(isShown());
  const hidden = () => listener(false);
  document.addEventListener("visibilitychange", changed);
  addEventListener("pagehide", hidden);
  addEventListener("pageshow", changed);
  return () => {
    document.removeEventListener("visibilitychange", changed);
    removeEventListener("pagehide", hidden);
    removeEventListener("pageshow", changed);
  };
}

/** Calls `ask` again and again, `everyMs` after it has ended, while the page is in sight. Returns what ends that. */
export function whileShown(ask: () => Promise<void>, everyMs: number): () => void {
  let on = true;
  let busy = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = async () => {
    if (busy || !on || !isShown()) return;
    busy = true;
    await ask();
    busy = false;
    clearTimeout(timer);
    if (on) timer = setTimeout(() => void again(), everyMs);
  };
  const stop = onShown((shown) => shown && void again());
  void again();
  return () => {
    on = false;
    clearTimeout(timer);
    stop();
  };
}
