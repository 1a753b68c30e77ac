/** What the page holds: facts of the edition, and the cube as arrays. */

export type Lang = string;
export type Kind = "week" | "4weeks" | "month" | "quarter";
export type Named = Record<Lang, string>;

export interface Step {
  key: string;
  names: Named;
  /** CSS colour. */
  colour: string;
}

export interface Attribute {
  name: string;
  names: Named;
  values: string[];
  /** How a value is shown where that is not the value itself, by code. */
  labels: Record<string, string>;
}

export interface Periods {
  /** Period of each week, by position. */
  of: number[];
  /** First days, ISO. */
  starts: string[];
  labels: Record<Lang, string[]>;
  /** The same as short as an axis needs it. */
  ticks: Record<Lang, string[]>;
  /** Weeks that count in each period when it is over. */
  weeks: number[];
}

/** One expected number: leads so far, mean, low and high of the 90 % interval, share that rests on the curve, reason. */
export type Expected = [leads: number, mean: number, low: number, high: number, tail: number, reason: string];

export interface Header {
  company: string;
  date: Named;
  report_date: string;
  languages: Lang[];
  reports: Record<Lang, string>;
  texts: Record<Lang, Record<string, string | Record<string, string>>>;
  formats: Record<Lang, { group: string; decimal: string; minus: string }>;
  steps: Step[];
  attributes: Attribute[];
  slices: string[];
  weeks: string[];
  ages: number[];
  imported: number[];
  periods: Record<Kind, Periods>;
  /** By period, position of its start, attribute, value and stage, joined by U+0001. */
  expected: Record<string, Expected>;
  marks: { names: Named; start: string; end: string | null }[];
  /** Working days lost in a week, by its position. */
  holidays: Record<string, number>;
  gaps: Record<Lang, string[]>;
  hurt: string[];
  young: number;
  small: number;
  tail: number;
  age: number;
  /** What the report counts its cohorts by. */
  period: Kind;
  cohorts: number;
  horizon: number;
  min_cell: number;
  left_out: Record<string, string>;
  columns: [name: string, bits: 8 | 16 | 32, length: number][];
}

type Whole = Uint8Array | Uint16Array | Uint32Array;

export interface Cube {
  header: Header;
  week: Whole;
  codes: Whole[];
  leads: Whole;
  /** The cell of each event; an event is some leads of a cell that reached a step at a lag. */
  cell: Uint32Array;
  step: Whole;
  lag: Whole;
  count: Whole;
}

/** Unpack the cube: base64 of deflated bytes, which are the header's length, the header, the columns. */
export async function load(text: string): Promise<Cube> {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const header: Header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const columns: Record<string, Whole> = {};
  let at = 4 + length;
  for (const [name, bits, count] of header.columns) {
    const size = (bits / 8) * count;
    const part = bytes.slice(at, at + size);
    columns[name] =
      bits === 8 ? new Uint8Array(part) : bits === 16 ? new Uint16Array(part) : new Uint32Array(part);
    at += size;
  }
  const events = columns.events!;
  const cell = new Uint32Array(columns.count!.length);
  let next = 0;
  for (let one = 0; one < events.length; one++)
    for (let left = events[one]!; left > 0; left--) cell[next++] = one;
  return {
    header,
    week: columns.week!,
    codes: header.attributes.map((_, number) => columns[`attr_${number}`]!),
    leads: columns.leads!,
    cell,
    step: columns.step!,
    lag: columns.lag!,
    count: columns.count!,
  };
}
