// SPDX-License-Identifier: Apache-2.0

// Numbers, plurals, dates and lengths of time as a language writes them, by the browser's Intl.
export type Unit = "year" | "month" | "day" | "hour" | "minute" | "second";

export interface Figures {
  number(n: number): string;
  /** "1 dose", "3 doses". */
  plural(n: number, one: string, other: string): string;
  /** "+5", "−5", with a true minus sign. */
  signed(n: number): string;
  /** "3 hours ago"; 0: now. */
  ago(n: number, unit: Unit): string;
  /** "3 min". */
  lasting(n: number, unit: Unit): string;
  moment(ms: number): string; // date and time
  second(ms: number): string; // the time of the day
  instant(ms: number): string; // date, and time with its second
  day(ms: number): string;
  list(words: string[]): string;
}

/** For a language that Intl speaks. */
export function figuresOf(locale: string): Figures {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  const dates = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(locale, options);
    return (ms: number) => format.format(ms);
  };
  return {
    number: (n) => numbers.format(n),
    plural: (n, one, other) => `${numbers.format(n)} ${rules.select(n) === "one" ? one : other}`,
    signed: (n) => `${n < 0 ? "−" : "+"}${numbers.format(Math.abs(n))}`,
    ago: (n, unit) => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-n, unit),
    lasting: (n, unit) =>
      new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(n),
    moment: dates({ dateStyle: "medium", timeStyle: "short" }),
    second: dates({ timeStyle: "medium" }),
    instant: dates({ dateStyle: "medium", timeStyle: "medium" }),
    day: dates({ dateStyle: "medium" }),
    list: (words) => new Intl.ListFormat(locale).format(words),
  };
}
