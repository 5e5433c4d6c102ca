// What the page remembers on this device: the language, and who logs. Storage may be forbidden (private windows): then it
// remembers as long as it is open.
const memory = new Map<string, string>();

export type Kept = "language" | "actor";

export function kept(what: Kept): string | null {
  try {
    return localStorage.getItem(`titer.${what}`);
  } catch {
    return memory.get(what) ?? null;
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
