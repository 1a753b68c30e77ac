/** Cells: what stands in them, what their number is, and which marks and notes go with it. */

import type { Cube } from "./cube";
import { expected } from "./expected";
import { wilson } from "./statistics";
import { at, type Tally } from "./tally";
import { EMPTY, type Texts } from "./texts";
import type { View } from "./view";

export interface Cell {
  /** For sorting and for CSV; null where nothing is known. */
  value: number | string | null;
  text: string;
  /** Place on the heat scale, 0 to 1. */
  shade?: number;
  /** Of few leads: it would stretch the heat scale. */
  few?: boolean;
  tone?: "up" | "down" | "muted";
  /** What is said when it is pointed at. */
  tip?: () => string[];
  /** Key of the text that says why there is no number. */
  why?: string;
}

export interface Head {
  /** Name of the column in CSV and in the address. */
  key: string;
  title: string;
  group?: string;
  colour?: string;
  text?: boolean;
}

export interface Row {
  cells: Cell[];
  muted?: boolean;
  strong?: boolean;
}

export interface Sheet {
  heads: Head[];
  rows: Row[];
  notes: string[];
}

const GAP = "⚠";

/** Everything that is true of a shown period and does not depend on its rows. */
export interface Span {
  position: number;
  label: string;
  start: string;
  /** Age of its youngest week. */
  age: number;
  young: boolean;
  imported: boolean;
}

export class Maker {
  readonly notes = new Set<string>();
  private readonly whys = new Set<string>();

  constructor(
    readonly cube: Cube,
    readonly view: View,
    readonly texts: Texts,
  ) {}

  get header() {
    return this.cube.header;
  }

  /** The position of the stage that is looked at. */
  get step(): number {
    return this.header.steps.findIndex((one) => one.key === this.view.stage);
  }

  stage(position: number): string {
    const step = this.header.steps[position]!;
    return this.texts.named(step.names, step.key);
  }

  attribute(name: string): string {
    return this.texts.named(this.header.attributes.find((one) => one.name === name)!.names, name);
  }

  spans(counted: { periods: number[]; weeks: number[][] }): Span[] {
    const { header, view, texts } = this;
    return counted.periods.map((position, number) => {
      const weeks = counted.weeks[number]!;
      const age = Math.min(...weeks.map((week) => header.ages[week]!));
      const ripens =
        view.show === "table" || ((view.show === "pivot" || view.show === "lines") && this.step > 0);
      const young = age < header.young && view.count === "raw" && ripens;
      const imported = weeks.some((week) => header.imported.includes(week));
      const kind = header.periods[view.period === "all" ? "week" : view.period];
      let label = view.period === "all" ? texts.t("explorer_together") : kind.labels[view.lang]![position]!;
      const whole = view.period === "all" ? weeks.length : kind.weeks[position]!;
      if (weeks.length < whole) {
        label += ` (${texts.t("explorer_weeks_of", { n: weeks.length, of: whole })})`;
        this.notes.add(texts.t("explorer_note_part"));
      }
      return {
        position,
        label,
        start: view.period === "all" ? header.weeks[weeks[0]!]! : kind.starts[position]!,
        age,
        young,
        imported,
      };
    });
  }

  /** Whether shares are shown: numbers of few leads are no less sure, and how many leads came is known at once. */
  get shares(): boolean {
    return this.view.show === "table" || (this.step > 0 && this.view.of !== "number");
  }

  /** The name of a period with its marks. */
  marked(span: Span, leads: number): string {
    const { header, texts } = this;
    const marks = [
      span.young ? "*" : "",
      this.shares && leads < header.small ? "°" : "",
      span.imported ? "§" : "",
    ].filter(Boolean);
    if (span.young) this.notes.add(texts.t("note_unripe", { n: header.young }));
    if (this.shares) this.few(leads);
    if (span.imported) this.notes.add(texts.t("note_imported"));
    return [span.label, ...marks].join(" ");
  }

  few(leads: number): boolean {
    const few = leads < this.header.small;
    if (few) this.notes.add(this.texts.t("note_few", { n: this.header.small }));
    return few;
  }

  /** A number that is not told, and why. */
  dash(why: string): Cell {
    this.whys.add(why);
    return { value: null, text: EMPTY, why, tone: "muted", tip: () => [this.texts.t(why, this.reasons())] };
  }

  private reasons(): Record<string, string> {
    const names = this.header.slices.map((name) => this.attribute(name)).join(", ");
    return { slices: names || EMPTY, stage: this.stage(this.header.steps.length - 1) };
  }

  /** A share of counts, with what lies behind it. */
  share(part: number, whole: number, digits: number): Cell {
    const { texts } = this;
    if (whole <= 0) return { value: null, text: EMPTY, tip: () => [texts.t("explorer_no_leads")] };
    const few = whole < this.header.small;
    const tip = () => [
      texts.t("explorer_part", { part, whole }),
      texts.t("explorer_interval", { range: texts.range(...wilson(part, whole)!) }),
      ...(few ? [texts.t("tile_few", { n: this.header.small })] : []),
    ];
    return { value: part / whole, text: texts.percent(part / whole, digits), tip, few };
  }

  /** Expected leads of a stage (`number`) or their share of the leads, as the edition told it. */
  told(row: number[] | null, period: number, stage: string, as: "number" | "share", digits: number): Cell {
    const { texts } = this;
    const found = expected(this.cube, this.view, row, period, stage);
    if ("why" in found) return this.dash(found.why);
    const [leads, mean, low, high, tail, reason] = found.told;
    const interval = texts.t("explorer_interval", { range: texts.range(low / leads, high / leads) });
    if (reason) {
      const words = texts.t("note_not_reliable", { reason: texts.t(`doubt_${reason}`) });
      this.notes.add(`† ${words}`);
      return { value: null, text: "†", tone: "muted", tip: () => [words, interval] };
    }
    const mostly = tail >= this.header.tail;
    const tip = () => [
      texts.t("explorer_expected_of", { part: texts.number(mean, 1), whole: leads }),
      interval,
      ...(mostly ? [texts.t("doubt_mostly_tail")] : []),
    ];
    if (mostly) this.notes.add(`‡ ${texts.t("doubt_mostly_tail")}`);
    const number = as === "number";
    const text = number ? texts.number(mean, 1) : texts.percent(mean / leads, digits);
    const few = leads < this.header.small;
    return {
      value: number ? mean : mean / leads,
      text: mostly ? `${text} ‡` : text,
      tip,
      few,
      ...(mostly ? { tone: "muted" as const } : {}),
    };
  }

  /** The chosen number of the chosen stage. */
  measure(counted: Tally, row: number, period: number): Cell {
    const { view, texts, step } = this;
    const leads = at(counted, row, period, 0);
    const part = at(counted, row, period, step);
    const last = step === counted.steps - 1;
    const codes = row < counted.rows.length ? counted.rows[row]! : null;
    if (view.count === "expected" && step > 0)
      return this.told(
        codes,
        counted.periods[period]!,
        view.stage,
        view.of === "number" ? "number" : "share",
        last ? 2 : 1,
      );
    if (step === 0 || view.of === "number")
      return { value: part, text: texts.number(part), tip: () => [texts.t("n_leads", { n: leads })] };
    return view.of === "before"
      ? this.share(part, at(counted, row, period, step - 1), 1)
      : this.share(part, leads, last ? 2 : 1);
  }

  /** What stands under the table. */
  notes_below(): string[] {
    const { view, texts, header } = this;
    const first: string[] = [];
    if (view.show === "triangle") first.push(texts.t("explorer_note_triangle"));
    else if (view.count === "equal-age") first.push(texts.t("note_equal_age", { n: view.age }));
    else if (view.count === "expected") first.push(texts.t("note_expected", { n: header.horizon }));
    for (const why of this.whys) first.push(`${EMPTY} ${texts.t(why, this.reasons())}`);
    return [...first, ...this.notes, ...header.gaps[view.lang]!];
  }

  /** A head with the sign of data that are missing. */
  head(title: string, ofLeads: boolean): string {
    const hurt =
      this.header.hurt.includes("leads") || (!ofLeads && this.header.hurt.includes("stage_entries"));
    return hurt ? `${title} ${GAP}` : title;
  }

  rowCells(codes: number[] | null): Cell[] {
    return this.view.by.map((name, number) => {
      if (!codes) return { value: "", text: number ? "" : this.texts.t("all_leads") };
      const attribute = this.header.attributes.find((one) => one.name === name)!;
      return {
        value: attribute.values[codes[number]!] ?? this.texts.t("explorer_merged"),
        text: this.texts.value(attribute, codes[number]!),
      };
    });
  }

  rowHeads(): Head[] {
    return this.view.by.map((name) => ({ key: name, title: this.attribute(name), text: true }));
  }
}
