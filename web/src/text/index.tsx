// SPDX-License-Identifier: Apache-2.0

// Which language the page speaks: that of the link (?lang=es), else what was chosen here before, else what the browser asks for,
// else English.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { kept } from "../kept";
import { en, type Catalogue } from "./en";
import { es } from "./es";

export type Language = "en" | "es";
export const catalogues: Record<Language, Catalogue> = { en, es };

/** `chosen` is what was stored, `asked` the browser's list. Pure. */
export function languageFrom(chosen: string | null, asked: readonly string[]): Language {
  for (const tag of chosen ? [chosen, ...asked] : asked) {
    const short = tag.slice(0, 2).toLowerCase();
    if (short === "en" || short === "es") return short;
  }
  return "en";
}

const linked = (): string | null => new URLSearchParams(location.search).get("lang");

/** From now on the address, which may be sent to somebody, names the language. */
export function linkLanguage(language: Language): void {
  history.replaceState(history.state, "", `${location.pathname}?lang=${language}${location.hash}`);
}

export const firstLanguage = (): Language => languageFrom(linked() ?? kept("language"), navigator.languages);

export const TextContext = createContext<Catalogue>(en);
export const useText = (): Catalogue => useContext(TextContext);
