/** Words and numbers as the report writes them. */

import type { Attribute, Header, Lang, Named } from "./cube";

export const EMPTY = "–";
const NBSP = "\u00a0";

export class Texts {
  private readonly rules: Intl.PluralRules;

  constructor(
    private readonly header: Header,
    readonly lang: Lang,
  ) {
    this.rules = new Intl.PluralRules(lang);
  }

  /** Return a text of the catalogue with its placeholders filled; `n` chooses the plural. */
  t(key: string, values: Record<string, string | number> = {}): string {
    let entry = this.header.texts[this.lang]?.[key];
    if (entry === undefined) return key;
    if (typeof entry !== "string") entry = entry[this.rules.select(Number(values.n))] ?? entry.other ?? "";
    return entry.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : typeof value === "number" ? this.number(value) : value;
    });
  }

  named(names: Named, fallback: string): string {
    return names[this.lang] ?? fallback;
  }

  value(attribute: Attribute, code: number): string {
    if (code >= attribute.values.length) return this.t("explorer_merged");
    const value = attribute.values[code]!;
    return attribute.labels[code] ?? (value === "" ? this.t("not_given") : value);
  }

  number(value: number | null, digits = 0): string {
    if (value === null || !Number.isFinite(value)) return EMPTY;
    const { group, decimal, minus } = this.header.formats[this.lang]!;
    const [whole, part] = rounded(Math.abs(value), digits).split(".");
    const grouped = whole!.length > 3 ? whole!.replace(/\B(?=(\d{3})+$)/g, group) : whole!;
    const text = part ? grouped + decimal + part : grouped;
    return value < 0 && /[1-9]/.test(text) ? minus + text : text;
  }

  percent(rate: number | null, digits = 0): string {
    return rate === null || !Number.isFinite(rate) ? EMPTY : `${this.number(rate * 100, digits)}${NBSP}%`;
  }

  change(relative: number | null, digits = 0): string {
    if (relative === null) return EMPTY;
    const text = this.percent(Math.abs(relative), digits);
    if (text === this.percent(0, digits)) return text;
    return (relative > 0 ? "+" : this.header.formats[this.lang]!.minus) + text;
  }

  range(low: number, high: number, digits = 1): string {
    return `${this.number(low * 100, digits)} – ${this.percent(high, digits)}`;
  }
}

/** Round a number that is not negative as the report does: its shortest decimal form, halves to even. */
export function rounded(value: number, digits: number): string {
  const text = String(value);
  if (text.includes("e")) return value.toFixed(digits);
  const [whole, part = ""] = text.split(".");
  const kept = part.slice(0, digits).padEnd(digits, "0");
  const rest = part.slice(digits);
  const half = rest.replace(/0+$/, "");
  let number = Number(whole + kept);
  if (!Number.isSafeInteger(number)) return value.toFixed(digits);
  if (half > "5" || (half === "5" && number % 2 === 1)) number += 1;
  const result = String(number).padStart(digits + 1, "0");
  return digits ? `${result.slice(0, -digits)}.${result.slice(-digits)}` : result;
}
