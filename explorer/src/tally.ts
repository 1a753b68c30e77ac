/** Counting: the leads of each row and period, and how many of them reached each step. */

import type { Cube } from "./cube";
import { MERGED, type View } from "./view";

export interface Tally {
  /** Values of the attributes that are rows, by code. */
  rows: number[][];
  /** Positions of the shown periods, oldest first; [0] where all cohorts are together. */
  periods: number[];
  /** Complete weeks of each shown period that count. */
  weeks: number[][];
  /** (rows + 1, periods, steps): the last row is the total; step 0 is the leads. */
  counts: Float64Array;
  steps: number;
}

export function at(tally: Tally, row: number, period: number, step: number): number {
  return tally.counts[(row * tally.periods.length + period) * tally.steps + step]!;
}

/** Return the periods that are shown and the weeks in each; `of` is -1 for a week that is not. */
export function shown(cube: Cube, view: View): { periods: number[]; weeks: number[][]; of: Int32Array } {
  const { header } = cube;
  const kind = header.periods[view.period === "all" ? "week" : view.period];
  const count = kind.starts.length;
  const first = view.last ? Math.max(0, count - view.last) : 0;
  const byPeriod = new Map<number, number[]>();
  header.weeks.forEach((_, week) => {
    const period = kind.of[week]!;
    const old = view.count !== "equal-age" || view.show === "triangle" || header.ages[week]! >= view.age;
    if (period < first || !old) return;
    const key = view.period === "all" ? 0 : period;
    byPeriod.set(key, [...(byPeriod.get(key) ?? []), week]);
  });
  const periods = [...byPeriod.keys()];
  const weeks = [...byPeriod.values()];
  const of = new Int32Array(header.weeks.length).fill(-1);
  weeks.forEach((some, position) => some.forEach((week) => (of[week] = position)));
  return { periods, weeks, of };
}

/** Return by attribute which codes are let through; null for all. */
function allowed(cube: Cube, view: View): (Uint8Array | null)[] {
  return cube.header.attributes.map((attribute) => {
    const values = view.only[attribute.name];
    if (!values?.length) return null;
    const found = new Uint8Array(attribute.values.length + 1);
    for (const value of values)
      found[value === MERGED ? attribute.values.length : attribute.values.indexOf(value)] = 1;
    return found;
  });
}

/** Return the position of each cell's row and period, row * periods + period; -1 for none. */
function placed(
  cube: Cube,
  view: View,
  of: Int32Array,
  periods: number,
): { place: Int32Array; rows: number[][] } {
  const place = new Int32Array(cube.leads.length).fill(-1);
  const masks = allowed(cube, view);
  const filters = masks.flatMap((mask, number) => (mask ? [{ mask, codes: cube.codes[number]! }] : []));
  const by =
    view.show === "triangle"
      ? []
      : view.by.map((name) => cube.header.attributes.findIndex((one) => one.name === name));
  const columns = by.map((number) => cube.codes[number]!);
  const sizes = by.map((number) => cube.header.attributes[number]!.values.length + 1);
  const positions = new Map<number, number>();
  const rows: number[][] = [];
  next: for (let cell = 0; cell < place.length; cell++) {
    const period = of[cube.week[cell]!]!;
    if (period < 0) continue;
    for (const { mask, codes } of filters) if (!mask[codes[cell]!]) continue next;
    let key = 0;
    for (let one = 0; one < columns.length; one++) key = key * sizes[one]! + columns[one]![cell]!;
    let row = positions.get(key);
    if (row === undefined) {
      row = rows.length;
      positions.set(key, row);
      rows.push(columns.map((column) => column[cell]!));
    }
    place[cell] = row * periods + period;
  }
  return { place, rows };
}

export function tally(cube: Cube, view: View): Tally {
  const { periods, weeks, of } = shown(cube, view);
  const steps = cube.header.steps.length;
  const { place, rows } = placed(cube, view, of, periods.length);
  const counts = new Float64Array((rows.length + 1) * periods.length * steps);
  for (let cell = 0; cell < place.length; cell++)
    if (place[cell]! >= 0) counts[place[cell]! * steps]! += cube.leads[cell]!;
  const most = view.count === "equal-age" ? view.age : Infinity;
  for (let event = 0; event < cube.count.length; event++) {
    const where = place[cube.cell[event]!]!;
    if (where >= 0 && cube.lag[event]! <= most)
      counts[where * steps + cube.step[event]!]! += cube.count[event]!;
  }
  const size = periods.length * steps;
  for (let row = 0; row < rows.length; row++)
    for (let one = 0; one < size; one++) counts[rows.length * size + one]! += counts[row * size + one]!;
  return { rows, periods, weeks, counts, steps };
}

/** Return how many leads had reached a step by each age, (periods, ages). */
export function triangle(cube: Cube, view: View, step: number, oldest: number): Float64Array {
  const { periods, of } = shown(cube, view);
  const { place } = placed(cube, view, of, periods.length);
  const width = oldest + 1;
  const found = new Float64Array(periods.length * width);
  if (step === 0)
    for (let cell = 0; cell < place.length; cell++) {
      if (place[cell]! >= 0) found[place[cell]! * width]! += cube.leads[cell]!;
    }
  else
    for (let event = 0; event < cube.count.length; event++) {
      const where = place[cube.cell[event]!]!;
      if (where >= 0 && cube.step[event] === step && cube.lag[event]! <= oldest)
        found[where * width + cube.lag[event]!]! += cube.count[event]!;
    }
  for (let period = 0; period < periods.length; period++)
    for (let age = 1; age < width; age++) found[period * width + age]! += found[period * width + age - 1]!;
  return found;
}
