/** Finished tables: the funnel by cohort, a stage over time, a stage by age. */

import { expected } from "./expected";
import type { Cell, Head, Maker, Row, Sheet, Span } from "./maker";
import { mayBeChance, wilson } from "./statistics";
import { at, shown, tally, triangle, type Tally } from "./tally";
import { EMPTY } from "./texts";

/** Ages that a wide triangle keeps, as the report's. */
const AGES = [0, 1, 2, 3, 4, 6, 8, 13, 26, 39, 52, 78, 104];
const MOST_AGES = 14;

/** Rows of a tally with leads, most first, and the total at the end. */
function ranked(counted: Tally): number[] {
  const sum = (row: number) =>
    counted.periods.reduce((whole, _, period) => whole + at(counted, row, period, 0), 0);
  const sums = counted.rows.map((_, row) => sum(row));
  return counted.rows
    .map((_, row) => row)
    .filter((row) => sums[row]! > 0)
    .sort((a, b) => sums[b]! - sums[a]!);
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
    heads.push({
      key: ahead ? `${key}_expected` : key,
      title: make.head(texts.t("explorer_number"), false),
      ...group,
    });
    heads.push({
      key: ahead ? `${key}_expected_share` : `${key}_rate`,
      title: make.head(texts.t(ahead ? "explorer_share_of_leads" : "col_rate"), false),
      ...group,
    });
  }
  const overall = { group: texts.t("stage_overall") };
  if (ahead) heads.push({ key: "low", title: texts.t("col_interval"), ...overall });
  else
    heads.push(
      { key: "overall_rate", title: make.head(texts.t("col_rate"), false), ...overall },
      { key: "low", title: texts.t("col_interval"), ...overall },
      ...(together
        ? []
        : [{ key: "overall_change", title: make.head(texts.t("explorer_change"), false), ...overall }]),
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
        else
          cells.push(
            { value: count(step), text: texts.number(count(step)) },
            make.share(count(step), count(step - 1), 0),
          );
      if (ahead) cells.push(interval(make, codes, span.position));
      else {
        cells.push(make.share(count(last), leads, 2));
        const limits = wilson(count(last), leads);
        cells.push(
          limits ? { value: limits[0], text: texts.range(...limits) } : { value: null, text: EMPTY },
        );
        if (!together) cells.push(change(make, counted, row, period, spans));
      }
      rows.push({ cells, muted: span.young, strong: Boolean(whole.length) && !codes });
    }
  }
  return { heads, rows, notes: make.notes_below() };
}

/** The interval of the last stage's expected share of the leads, as the edition told it. */
function interval(make: Maker, codes: number[] | null, period: number): Cell {
  const found = expected(
    make.cube,
    make.view,
    codes,
    period,
    make.header.steps[make.header.steps.length - 1]!.key,
  );
  if ("why" in found) return make.dash(found.why);
  const [leads, , low, high] = found.told;
  return {
    value: low / leads,
    text: make.texts.range(low / leads, high / leads),
    ...(found.told[5] ? { tone: "muted" as const } : {}),
  };
}

/** The change of the overall share against the period before, coloured where it is more than chance makes. */
function change(make: Maker, counted: Tally, row: number, period: number, spans: Span[]): Cell {
  if (period === 0) return { value: null, text: EMPTY };
  if (spans[period]!.young) return make.dash("explorer_why_unripe");
  const last = counted.steps - 1;
  const of = (where: number): [number, number] => [at(counted, row, where, last), at(counted, row, where, 0)];
  const [won, leads] = of(period);
  const [wonThen, leadsThen] = of(period - 1);
  if (!leads || !leadsThen || !wonThen) return { value: null, text: EMPTY };
  const relative = won / leads / (wonThen / leadsThen) - 1;
  const { header, texts } = make;
  const plain =
    Math.min(leads, leadsThen) < header.small ||
    spans[period]!.imported ||
    spans[period - 1]!.imported;
  const chance = mayBeChance(won, leads, wonThen, leadsThen);
  const arrow = (plain || chance ? ["▽", "△"] : ["▼", "▲"])[Number(relative > 0)];
  const text = texts.change(relative);
  make.notes.add(texts.t("note_coloured"));
  return {
    value: relative,
    text: arrow && /[1-9]/.test(text) ? `${arrow} ${text}` : text,
    ...(plain || chance ? {} : { tone: relative > 0 ? ("up" as const) : ("down" as const) }),
    tip: () => [
      texts.t("explorer_before_now", {
        before: texts.percent(wonThen / leadsThen, 2),
        now: texts.percent(won / leads, 2),
      }),
      ...(chance || plain ? [texts.t("explorer_chance")] : []),
    ],
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
  return { heads, rows, notes: make.notes_below() };
}

/** Give numbers their place on the heat scale, but those of few leads; the total is left out of it where its counts would drown the others. */
function shade(rows: Row[], from: number, alone: boolean): void {
  const scaled = alone && rows.length > 1 ? rows.filter((row) => !row.strong) : rows;
  const cells = scaled
    .flatMap((row) => row.cells.slice(from))
    .filter((cell) => typeof cell.value === "number" && !cell.few);
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
    ...ages.map((age) => ({
      key: String(age),
      title: texts.number(age),
      group: make.head(texts.t("col_age"), false),
    })),
  ];
  const rows = spans.map((span, period): Row => {
    const cells = ages.map((age): Cell => {
      if (age > span.age) return { value: null, text: "" };
      const where = period * (oldest + 1) + age;
      if (step === 0 || view.of === "number")
        return {
          value: part[where]!,
          text: texts.number(part[where]!),
          tip: () => [texts.t("n_leads", { n: leads[period]! })],
        };
      return make.share(part[where]!, whole[where]!, step === header.steps.length - 1 && base === 0 ? 2 : 1);
    });
    return {
      cells: [
        { value: span.start, text: make.marked(span, leads[period]!) },
        { value: leads[period]!, text: texts.number(leads[period]!) },
        ...cells,
      ],
    };
  });
  shade(rows, 2, false);
  return { heads, rows, notes: make.notes_below() };
}
