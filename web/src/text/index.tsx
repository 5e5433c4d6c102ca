// SPDX-License-Identifier: Apache-2.0

// Which language the page speaks: that of the link (?lang=es), else what was chosen here before, else what the browser asks for,
// else English. English and Spanish are there at once; further ones are loaded when somebody wants them.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { kept } from "../kept";
import { en, type Catalogue } from "./en";
import { es } from "./es";

export type Language = "en" | "es" | "ht";

/** As each is called in itself. */
export const kLanguages: Record<Language, string> = { en: "English", es: "Español", ht: "Kreyòl" };
const isLanguage = (tag: string): tag is Language => tag in kLanguages;

/** Rejects when the language could not be loaded. */
export async function catalogueOf(language: Language): Promise<Catalogue> {
  if (language === "ht") return (await import("./ht")).ht;
  return { en, es }[language];
}

/** `chosen` is what was stored, `asked` the browser's list. Pure. */
export function languageFrom(chosen: string | null, asked: readonly string[]): Language {
  for (const tag of chosen ? [chosen, ...asked] : asked) {
    const short = tag.toLowerCase().split("-")[0]!;
    if (isLanguage(short)) return short;
  }
  return "en";
}

const linked = (): string | null => new URLSearchParams(location.search).get("lang");

/** From now on the address, which may be sent to somebody, names the language. */
export function linkLanguage(language: Language): void {
  history.replaceState(history.state, "", `${location.pathname}?lang=${language}${location.hash}`);
}

export const firstLanguage = (): Language => languageFrom(linked() ?? kept("language"), navigator.languages);

/** To begin with: English where the wanted language cannot be loaded. */
export const firstCatalogue = (): Promise<Catalogue> => catalogueOf(firstLanguage()).catch(() => en);

export const TextContext = createContext<Catalogue>(en);
export const useText = (): Catalogue => useContext(TextContext);
