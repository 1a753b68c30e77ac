/** One number over the cohorts: a line for each row, with its interval, initiatives and holidays. */

import { areaY, axisX, axisY, dot, gridY, lineY, plot, pointerX, ruleX, text, tip } from "@observablehq/plot";
import { element } from "./dom";
import { expected } from "./expected";
import type { Cell, Maker, Span } from "./maker";
import { wilson } from "./statistics";
import { at, tally, type Tally } from "./tally";

/** Pictures of rows that are drawn; the others are named. */
const MOST = 12;
const WEEK = 7 * 24 * 3600 * 1000;

interface Point {
  day: Date;
  value: number | null;
  low: number | null;
  high: number | null;
  words: string;
  /** Unripe, or of few leads. */
  open: boolean;
  few: boolean;
}

export function lines(make: Maker): { chart: HTMLElement; notes: string[] } {
  const { texts, view, cube } = make;
  if (view.period === "all")
    return { chart: element("p", { class: "empty" }, texts.t("explorer_lines_together")), notes: [] };
  const counted = tally(cube, view);
  const spans = make.spans(counted);
  if (!spans.length) return { chart: element("p", { class: "empty" }, texts.t("explorer_empty")), notes: [] };
  const total = counted.rows.length;
  const leads = (row: number) => spans.reduce((whole, _, period) => whole + at(counted, row, period, 0), 0);
  const rows = counted.rows.map((_, row) => row).sort((a, b) => leads(b) - leads(a));
  const own = view.by.length ? rows.slice(0, MOST) : [];
  const series = new Map([total, ...own].map((row) => [row, points(make, counted, row, spans)]));
  const alone = view.of === "number" && own.length > 0;
  const domain = extent([...series].filter(([row]) => !alone || row !== total).flatMap(([, some]) => some));
  const title = (row: number) =>
    row === total
      ? texts.t("all_leads")
      : make
          .rowCells(counted.rows[row]!)
          .map((cell) => cell.text)
          .join(" · ");
  const charts = [total, ...own].map((row) => {
    const big = row === total && own.length === 0;
    const behind = row === total || alone ? [] : series.get(total)!;
    const range = alone && row === total ? extent(series.get(total)!) : domain;
    return element(
      "figure",
      { class: big ? "big" : null },
      element("figcaption", {}, title(row)),
      picture(make, series.get(row)!, behind, range, big, title(row)),
    );
  });
  if (rows.length > MOST && view.by.length)
    make.notes.add(texts.t("explorer_more_lines", { n: rows.length - MOST }));
  const drawn = [...series.values()].flat();
  const said = [
    drawn.some((point) => point.low !== null) && "explorer_note_band",
    drawn.some((point) => point.open) && "explorer_note_hollow",
    own.length > 0 && !alone && "explorer_note_dashed",
    tried(make, spans[0]!.start, spans[spans.length - 1]!.start).length > 0 && "explorer_note_starts",
  ].filter((key) => key !== false);
  if (said.length) make.notes.add(said.map((key) => texts.t(key)).join(" "));
  if (holidays(make, spans).length) make.notes.add(texts.t("explorer_note_holidays"));
  return { chart: element("div", { class: "charts" }, ...charts), notes: make.notes_below() };
}

function points(make: Maker, counted: Tally, row: number, spans: Span[]): Point[] {
  const { view, step, texts } = make;
  const codes = row < counted.rows.length ? counted.rows[row]! : null;
  return spans.map((span, period) => {
    const cell: Cell = make.measure(counted, row, period);
    const leads = at(counted, row, period, 0);
    let limits: [number, number] | null = null;
    if (view.count === "expected" && step > 0) {
      const found = expected(make.cube, view, codes, span.position, view.stage);
      if ("told" in found && view.of !== "number")
        limits = [found.told[2] / found.told[0], found.told[3] / found.told[0]];
      if ("told" in found && view.of === "number") limits = [found.told[2], found.told[3]];
    } else if (step > 0 && view.of !== "number")
      limits = wilson(
        at(counted, row, period, step),
        at(counted, row, period, view.of === "before" ? step - 1 : 0),
      );
    const value = typeof cell.value === "number" ? cell.value : null;
    const words = [
      make.marked(span, leads),
      value === null ? cell.text : cell.text,
      ...(cell.tip?.() ?? []),
    ].join("\n");
    return {
      day: new Date(`${span.start}T00:00Z`),
      value,
      low: limits?.[0] ?? null,
      high: limits?.[1] ?? null,
      words: words || texts.t("explorer_empty"),
      open: span.young || Boolean(cell.few),
      few: Boolean(cell.few),
    };
  });
}

/** What the axis spans: values of few leads may leave it, where most are of many. */
function extent(points: Point[]): [number, number] {
  const sure = points.filter((point) => !point.few);
  const known = (2 * sure.length >= points.length ? sure : points)
    .flatMap((point) => [
      point.value,
      point.value === null ? null : Math.min(point.high ?? point.value, point.value * 3 + 0.02),
    ])
    .filter((one) => one !== null);
  return [0, Math.max(...known, 0) * 1.08 || 1];
}

/** The shown weeks that lost working days, as days. */
function holidays(make: Maker, spans: Span[]): Date[] {
  if (make.view.period !== "week") return [];
  return spans
    .filter((span) => make.header.holidays[span.position] !== undefined)
    .map((span) => new Date(`${span.start}T00:00Z`));
}

/** The initiatives that began within the shown periods. */
function tried(make: Maker, first: string, last: string): { day: Date; words: string }[] {
  const day = (text: string) => new Date(`${text}T00:00Z`);
  return make.header.marks
    .filter(({ start }) => day(start) >= day(first) && +day(start) <= +day(last) + WEEK)
    .map((mark) => ({ day: day(mark.start), words: make.texts.named(mark.names, "") }));
}

function picture(
  make: Maker,
  points: Point[],
  behind: Point[],
  range: [number, number],
  big: boolean,
  name: string,
): Element {
  const { view, header, texts, step } = make;
  const share = view.of !== "number" && step > 0;
  const hue = header.steps[step]!.colour;
  const [first, last] = [points[0]!.day, points[points.length - 1]!.day];
  const iso = (day: Date) => day.toISOString().slice(0, 10);
  const begun = tried(make, iso(first), iso(last));
  const write = (value: number) =>
    share ? texts.percent(value, value < 0.1 && value > 0 && range[1] < 0.1 ? 1 : 0) : texts.number(value);
  const days = points.map((point) => point.day);
  const ticks = days.filter(
    (_, number) => (days.length - 1 - number) % Math.ceil(days.length / (big ? 8 : 3)) === 0,
  );
  const kind = header.periods[view.period as Exclude<typeof view.period, "all">];
  const label = (day: Date) =>
    kind.ticks[view.lang]![kind.starts.indexOf(day.toISOString().slice(0, 10))] ?? "";
  const known = (some: Point[]) => some.filter((point) => point.value !== null);
  const drawn = plot({
    width: big ? 1040 : 330,
    height: big ? 380 : 170,
    marginLeft: 44,
    marginTop: begun.length && big ? 14 + 13 * begun.length : 12,
    marginBottom: 28,
    marginRight: 24,
    ariaLabel: `${name}: ${make.stage(step)}`,
    x: { type: "utc" },
    y: { domain: range },
    marks: [
      gridY({ ticks: big ? 6 : 4, stroke: "var(--line)", strokeOpacity: 1 }),
      axisY({ tickFormat: write, ticks: big ? 6 : 4, tickSize: 0, label: null, color: "var(--muted)" }),
      axisX({
        ticks,
        tickFormat: (day: Date) => label(day),
        tickSize: 3,
        label: null,
        color: "var(--muted)",
      }),
      ruleX(
        holidays(
          make,
          points
            .map(
              (point, number) => ({ position: number, start: point.day.toISOString().slice(0, 10) }) as Span,
            )
            .map((span) => ({ ...span, position: kind.starts.indexOf(span.start) })),
        ),
        { stroke: "var(--holiday)", strokeWidth: big ? 8 : 3, strokeOpacity: 0.5 },
      ),
      areaY(
        points.map((point) => (point.low === null ? { ...point, low: NaN, high: NaN } : point)),
        { x: "day", y1: "low", y2: "high", fill: hue, fillOpacity: 0.16, clip: true },
      ),
      lineY(known(behind), {
        x: "day",
        y: "value",
        stroke: "var(--muted)",
        strokeWidth: 1,
        strokeDasharray: "3 3",
      }),
      lineY(
        points.map((point) => ({ ...point, value: point.value ?? NaN })),
        { x: "day", y: "value", stroke: hue, strokeWidth: 2, clip: true },
      ),
      dot(
        known(points).filter((point) => point.value! <= range[1]),
        {
          x: "day",
          y: "value",
          r: 3,
          stroke: hue,
          fill: (point: Point) => (point.open ? "var(--paper)" : hue),
        },
      ),
      ruleX(begun, { x: "day", stroke: "var(--ink)", strokeDasharray: "4 2", strokeWidth: 0.8 }),
      ...(big
        ? begun.map((one, lane) =>
            text([one], {
              x: "day",
              text: "words",
              frameAnchor: "top",
              dy: -8 - 13 * (begun.length - 1 - lane),
              dx: (+one.day - +first) / (+last - +first || 1) > 0.6 ? -4 : 4,
              textAnchor: (+one.day - +first) / (+last - +first || 1) > 0.6 ? "end" : "start",
              fill: "var(--ink)",
            }),
          )
        : []),
      tip(
        known(points),
        pointerX({ x: "day", y: "value", title: "words", fill: "var(--paper)", stroke: "var(--line)" }),
      ),
    ],
  });
  for (const part of drawn.querySelectorAll("g[aria-label]")) part.removeAttribute("aria-label"); // the picture has one name
  drawn.setAttribute("role", "img");
  return drawn;
}
