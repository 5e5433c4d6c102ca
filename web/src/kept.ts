// SPDX-License-Identifier: Apache-2.0

// What the page remembers on this device: the language, who logs, for which sites, the last answers, and where replicas are. Storage may be forbidden (private
// windows) or full: then it remembers as long as it is open.
const memory = new Map<string, string>();

export type Kept = "language" | "actor" | "sites" | "mine" | "answers" | "replicas";

export function kept(what: Kept): string | null {
  try {
    return localStorage.getItem(`titer.${what}`);
  } catch {
    return memory.get(what) ?? null;
  }
}

// The key with which this tab writes: for as long as the tab is open, and nowhere else. The next person at a
// clinic's computer finds none.
export function keptKey(): string {
  try {
    return sessionStorage.getItem("titer.key") ?? "";
  } catch {
    return memory.get("key") ?? "";
  }
}

export function keepKey(key: string): void {
  memory.set("key", key);
  try {
    if (key) sessionStorage.setItem("titer.key", key);
    else sessionStorage.removeItem("titer.key");
  } catch {
    // memory has it
  }
}

export function keep(what: Kept, value: string): void {
  memory.set(what, value);
  try {
    localStorage.setItem(`titer.${what}`, value);
  } catch {
    // memory has it
  }
}
