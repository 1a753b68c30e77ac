/** Finished tables: what stands in each cell, and what its number is. */

import type { Cube, Kind } from "./cube";
import { expected } from "./expected";
import { mayBeChance, wilson } from "./statistics";
import { at, shown, tally, triangle, type Tally } from "./tally";
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

/** Ages that a wide triangle keeps, as the report's. */
const AGES = [0, 1, 2, 3, 4, 6, 8, 13, 26, 39, 52, 78, 104];
const MOST_AGES = 14;
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

  constructor(readonly cube: Cube, readonly view: View, readonly texts: Texts) {}

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
      const ripens = view.show === "table" || ((view.show === "pivot" || view.show === "lines") && this.step > 0);
      const young = age < header.young && view.count === "raw" && ripens;
      const imported = weeks.some((week) => header.imported.includes(week));
      const kind = header.periods[view.period === "all" ? "week" : view.period];
      let label = view.period === "all" ? texts.t("explorer_together") : kind.labels[view.lang]![position]!;
      const whole = view.period === "all" ? weeks.length : kind.weeks[position]!;
      if (weeks.length < whole) {
        label += ` (${texts.t("explorer_weeks_of", { n: weeks.length, of: whole })})`;
        this.notes.add(texts.t("explorer_note_part"));
      }
      return { position, label, start: view.period === "all" ? header.weeks[weeks[0]!]! : kind.starts[position]!, age, young, imported };
    });
  }

  /** Whether shares are shown: numbers of few leads are no less sure, and how many leads came is known at once. */
  get shares(): boolean {
    return this.view.show === "table" || (this.step > 0 && this.view.of !== "number");
  }

  /** The name of a period with its marks. */
  marked(span: Span, leads: number): string {
    const { header, texts } = this;
    const marks = [span.young ? "*" : "", this.shares && leads < header.small ? "°" : "", span.imported ? "§" : ""].filter(Boolean);
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
    const tip = () => [texts.t("explorer_expected_of", { part: texts.number(mean, 1), whole: leads }), interval, ...(mostly ? [texts.t("doubt_mostly_tail")] : [])];
    if (mostly) this.notes.add(`‡ ${texts.t("doubt_mostly_tail")}`);
    const number = as === "number";
    const text = number ? texts.number(mean, 1) : texts.percent(mean / leads, digits);
    const few = leads < this.header.small;
    return { value: number ? mean : mean / leads, text: mostly ? `${text} ‡` : text, tip, few, ...(mostly ? { tone: "muted" as const } : {}) };
  }

  /** The chosen number of the chosen stage. */
  measure(counted: Tally, row: number, period: number): Cell {
    const { view, texts, step } = this;
    const leads = at(counted, row, period, 0);
    const part = at(counted, row, period, step);
    const last = step === counted.steps - 1;
    const codes = row < counted.rows.length ? counted.rows[row]! : null;
    if (view.count === "expected" && step > 0)
      return this.told(codes, counted.periods[period]!, view.stage, view.of === "number" ? "number" : "share", last ? 2 : 1);
    if (step === 0 || view.of === "number")
      return { value: part, text: texts.number(part), tip: () => [texts.t("n_leads", { n: leads })] };
    return view.of === "before"
      ? this.share(part, at(counted, row, period, step - 1), 1)
      : this.share(part, leads, last ? 2 : 1);
  }

  /** What stands under the table. */
  told_notes(): string[] {
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
    const hurt = this.header.hurt.includes("leads") || (!ofLeads && this.header.hurt.includes("stage_entries"));
    return hurt ? `${title} ${GAP}` : title;
  }

  rowCells(codes: number[] | null): Cell[] {
    return this.view.by.map((name, number) => {
      if (!codes) return { value: "", text: number ? "" : this.texts.t("all_leads") };
      const attribute = this.header.attributes.find((one) => one.name === name)!;
      return { value: attribute.values[codes[number]!] ?? this.texts.t("explorer_merged"), text: this.texts.value(attribute, codes[number]!) };
    });
  }

  rowHeads(): Head[] {
    return this.view.by.map((name) => ({ key: name, title: this.attribute(name), text: true }));
  }
}

/** Rows of a tally with leads, most first, and the total at the end. */
function ranked(counted: Tally): number[] {
  const sum = (row: number) => counted.periods.reduce((whole, _, period) => whole + at(counted, row, period, 0), 0);
  const sums = counted.rows.map((_, row) => sum(row));
  return counted.rows.map((_, row) => row).filter((row) => sums[row]! > 0).sort((a, b) => sums[b]! - sums[a]!);
}

/** Cohorts, or values, by row; each stage by column. */
export function cohortSheet(make: Maker): Sheet {
  const { cube, view, texts, header } = make;
  const counted = tally(cube, view);
  const spans = make.spans(counted);
  const together = view.period === "all";
  const ahead = view.count === "expected";
  const last = counted.steps - 1;
  const heads: Head[] = [
    ...(together && view.by.length ? [] : [{ key: "cohort_week", title: texts.t("col_cohort"), text: true }]),
    ...(together ? [] : [{ key: "age_weeks", title: texts.t("col_age") }]),
    ...make.rowHeads(),
    { key: "leads", title: make.head(texts.t("col_leads"), true) },
  ];
  for (let step = 1; step <= last; step++) {
    const { key, colour } = header.steps[step]!;
    const group = { group: make.stage(step), colour };
    heads.push({ key: ahead ? `${key}_expected` : key, title: make.head(texts.t("explorer_number"), false), ...group });
    heads.push({ key: ahead ? `${key}_expected_share` : `${key}_rate`, title: make.head(texts.t(ahead ? "explorer_share_of_leads" : "col_rate"), false), ...group });
  }
  const overall = { group: texts.t("stage_overall") };
  if (ahead) heads.push({ key: "low", title: texts.t("col_interval"), ...overall });
  else
    heads.push(
      { key: "overall_rate", title: make.head(texts.t("col_rate"), false), ...overall },
      { key: "low", title: texts.t("col_interval"), ...overall },
      ...(together ? [] : [{ key: "overall_change", title: make.head(texts.t("explorer_change"), false), ...overall }]),
    );
  const rows: Row[] = [];
  const order = view.by.length ? ranked(counted) : [counted.rows.length];
  const whole = view.by.length && together ? [counted.rows.length] : [];
  for (let period = 0; period < spans.length; period++) {
    const span = spans[period]!;
    for (const row of [...whole, ...order]) {
      const codes = row < counted.rows.length ? counted.rows[row]! : null;
      const count = (step: number, where = period) => at(counted, row, where, step);
      const leads = count(0);
      if (codes && leads === 0) continue;
      const cells: Cell[] = [];
      const name = make.marked(span, leads);
      if (!(together && view.by.length)) cells.push({ value: span.start, text: name });
      if (!together) cells.push({ value: span.age, text: texts.number(span.age) });
      cells.push(...make.rowCells(codes));
      if (together && view.by.length && make.few(leads)) cells[0]!.text += " °";
      cells.push({ value: leads, text: texts.number(leads) });
      for (let step = 1; step <= last; step++)
        if (ahead)
          cells.push(
            make.told(codes, span.position, header.steps[step]!.key, "number", 1),
            make.told(codes, span.position, header.steps[step]!.key, "share", step === last ? 2 : 1),
          );
        else cells.push({ value: count(step), text: texts.number(count(step)) }, make.share(count(step), count(step - 1), 0));
      if (ahead) cells.push(interval(make, codes, span.position));
      else {
        cells.push(make.share(count(last), leads, 2));
        const limits = wilson(count(last), leads);
        cells.push(limits ? { value: limits[0], text: texts.range(...limits) } : { value: null, text: EMPTY });
        if (!together) cells.push(change(make, counted, row, period, spans));
      }
      rows.push({ cells, muted: span.young, strong: Boolean(whole.length) && !codes });
    }
  }
  return { heads, rows, notes: make.told_notes() };
}

/** The interval of the last stage's expected share of the leads, as the edition told it. */
function interval(make: Maker, codes: number[] | null, period: number): Cell {
  const found = expected(make.cube, make.view, codes, period, make.header.steps[make.header.steps.length - 1]!.key);
  if ("why" in found) return make.dash(found.why);
  const [leads, , low, high] = found.told;
  return { value: low / leads, text: make.texts.range(low / leads, high / leads), ...(found.told[5] ? { tone: "muted" as const } : {}) };
}

/** The change of the overall share against the period before, coloured where it is more than chance makes. */
function change(make: Maker, counted: Tally, row: number, period: number, spans: Span[]): Cell {
  if (period === 0) return { value: null, text: EMPTY };
  const last = counted.steps - 1;
  const of = (where: number): [number, number] => [at(counted, row, where, last), at(counted, row, where, 0)];
  const [won, leads] = of(period);
  const [wonThen, leadsThen] = of(period - 1);
  if (!leads || !leadsThen || !wonThen) return { value: null, text: EMPTY };
  const relative = won / leads / (wonThen / leadsThen) - 1;
  const { header, texts } = make;
  const plain = spans[period]!.young || Math.min(leads, leadsThen) < header.small || spans[period]!.imported || spans[period - 1]!.imported;
  const chance = mayBeChance(won, leads, wonThen, leadsThen);
  const arrow = relative > 0 ? "▲" : relative < 0 ? "▼" : "";
  const text = texts.change(relative);
  make.notes.add(texts.t("note_coloured"));
  return {
    value: relative,
    text: arrow && /[1-9]/.test(text) ? `${arrow} ${text}` : text,
    ...(plain || chance ? {} : { tone: relative > 0 ? ("up" as const) : ("down" as const) }),
    tip: () => [texts.t("explorer_before_now", { before: texts.percent(wonThen / leadsThen, 2), now: texts.percent(won / leads, 2) }), ...(chance || plain ? [texts.t("explorer_chance")] : [])],
  };
}

/** Values by row, periods by column: one stage, the higher the darker. */
export function pivotSheet(make: Maker): Sheet {
  const { cube, view, texts } = make;
  const counted = tally(cube, view);
  const spans = make.spans(counted);
  const total = counted.rows.length;
  const sums = (period: number) => at(counted, total, period, 0);
  const heads: Head[] = [
    ...(view.by.length ? make.rowHeads() : [{ key: "", title: "", text: true }]),
    { key: "leads", title: make.head(texts.t("col_leads"), true) },
    ...spans.map((span, period) => ({ key: span.start, title: make.marked(span, sums(period)) })),
  ];
  const rows = [total, ...(view.by.length ? ranked(counted) : [])].map((row): Row => {
    const codes = row < total ? counted.rows[row]! : null;
    const leads = spans.reduce((whole, _, period) => whole + at(counted, row, period, 0), 0);
    const names = view.by.length ? make.rowCells(codes) : [{ value: "", text: texts.t("all_leads") }];
    const numbers = spans.map((span, period) => {
      const cell = make.measure(counted, row, period);
      if (cell.few && cell.value !== null && view.of !== "number") {
        cell.text += " °";
        make.few(0);
      }
      if (span.young && cell.value !== null) cell.tone = "muted";
      return cell;
    });
    return { cells: [...names, { value: leads, text: texts.number(leads) }, ...numbers], strong: !codes };
  });
  shade(rows, heads.length - spans.length, view.of === "number" || make.step === 0);
  return { heads, rows, notes: make.told_notes() };
}

/** Give numbers their place on the heat scale, but those of few leads; the total is left out of it where its counts would drown the others. */
function shade(rows: Row[], from: number, alone: boolean): void {
  const scaled = alone && rows.length > 1 ? rows.filter((row) => !row.strong) : rows;
  const cells = scaled.flatMap((row) => row.cells.slice(from)).filter((cell) => typeof cell.value === "number" && !cell.few);
  const values = cells.map((cell) => Number(cell.value));
  const low = values.reduce((one, other) => Math.min(one, other), Infinity);
  const high = values.reduce((one, other) => Math.max(one, other), -Infinity);
  cells.forEach((cell, at) => (cell.shade = high > low ? (values[at]! - low) / (high - low) : 0));
}

/** Cohorts by row, ages by column: what had come of each cohort when it was so old. */
export function triangleSheet(make: Maker): Sheet {
  const { cube, view, texts, header, step } = make;
  const counted = shown(cube, view);
  const spans = make.spans(counted);
  const oldest = Math.max(0, ...spans.map((span) => span.age));
  const all = Array.from({ length: oldest + 1 }, (_, age) => age);
  const ages = all.length <= MOST_AGES ? all : all.filter((age) => AGES.includes(age) || age === oldest);
  const base = view.of === "before" ? step - 1 : 0;
  const [part, whole] = [triangle(cube, view, step, oldest), triangle(cube, view, Math.max(base, 0), oldest)];
  const leads = triangle(cube, view, 0, 0);
  const heads: Head[] = [
    { key: "cohort_week", title: texts.t("col_cohort"), text: true },
    { key: "leads", title: make.head(texts.t("col_leads"), true) },
    ...ages.map((age) => ({ key: String(age), title: texts.number(age), group: make.head(texts.t("col_age"), false) })),
  ];
  const rows = spans.map((span, period): Row => {
    const cells = ages.map((age): Cell => {
      if (age > span.age) return { value: null, text: "" };
      const where = period * (oldest + 1) + age;
      if (step === 0 || view.of === "number") return { value: part[where]!, text: texts.number(part[where]!), tip: () => [texts.t("n_leads", { n: leads[period]! })] };
      return make.share(part[where]!, whole[where]!, step === header.steps.length - 1 && base === 0 ? 2 : 1);
    });
    return { cells: [{ value: span.start, text: make.marked(span, leads[period]!) }, { value: leads[period]!, text: texts.number(leads[period]!) }, ...cells] };
  });
  shade(rows, 2, false);
  return { heads, rows, notes: make.told_notes() };
}

/** Return rows in the order that was asked for; what is not known comes last, the total first. */
export function sorted(sheet: Sheet, view: View): Row[] {
  const column = sheet.heads.findIndex((head) => head.key === view.sort);
  if (!view.sort || column < 0) return sheet.rows;
  const sign = view.descending ? -1 : 1;
  const words = new Intl.Collator(view.lang, { numeric: true });
  return [...sheet.rows].sort((a, b) => {
    if (a.strong !== b.strong) return a.strong ? -1 : 1;
    const [one, other] = [a.cells[column]!.value, b.cells[column]!.value];
    if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
    return sign * (typeof one === "number" && typeof other === "number" ? one - other : words.compare(String(one), String(other)));
  });
}

/** Return a sheet as CSV, as the archive writes it: ten digits, guarded against formulas. */
export function csv(sheet: Sheet, rows: Row[]): string {
  const field = (value: number | string | null) => {
    if (value === null) return "";
    const text = typeof value === "number" ? String(Number(value.toPrecision(10))) : /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const lines = [sheet.heads.map((head) => head.key || "row"), ...rows.map((row) => row.cells.map((cell) => cell.value))];
  return lines.map((line) => line.map(field).join(",")).join("\n") + "\n";
}

export type { Kind };
