// Which language the page speaks: what was chosen here before, else what the browser asks for, else English.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { en, type Catalogue } from "./en";
import { es } from "./es";

export type Language = "en" | "es";
export const catalogues: Record<Language, Catalogue> = { en, es };
const kKey = "titer.language";

/** `chosen` is what was stored, `asked` the browser's list. Pure. */
export function languageFrom(chosen: string | null, asked: readonly string[]): Language {
  for (const tag of chosen ? [chosen, ...asked] : asked) {
    const short = tag.slice(0, 2).toLowerCase();
    if (short === "en" || short === "es") return short;
  }
  return "en";
}

// Storage may be forbidden (private windows): then the choice lasts as long as the page.
export function firstLanguage(): Language {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(kKey);
  } catch {}
  return languageFrom(chosen, navigator.languages);
}

export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(kKey, language);
  } catch {}
}

export const TextContext = createContext<Catalogue>(en);
export const useText = (): Catalogue => useContext(TextContext);
