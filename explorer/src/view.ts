/** What is looked at; the address of the page holds it. */

import type { Header, Kind, Lang } from "./cube";

export const SHOWS = ["table", "pivot", "triangle", "lines"] as const;
export const KINDS = ["week", "4weeks", "month", "quarter"] as const;
export const COUNTS = ["raw", "equal-age", "expected"] as const;
export const SHARES = ["before", "leads", "number"] as const;
/** The value of cells that were counted together, in the address. */
export const MERGED = "\u0000";

export interface View {
  show: (typeof SHOWS)[number];
  /** Attributes whose values are rows. */
  by: string[];
  /** `all`: the shown cohorts together. */
  period: Kind | "all";
  count: (typeof COUNTS)[number];
  age: number;
  stage: string;
  of: (typeof SHARES)[number];
  /** How many of the newest periods; 0 for all. */
  last: number;
  sort: string;
  descending: boolean;
  /** Only leads with one of these values, by attribute. */
  only: Record<string, string[]>;
  lang: Lang;
}

export function usual(header: Header): View {
  return {
    show: "table",
    by: [],
    period: header.period,
    count: "raw",
    age: header.age,
    stage: header.steps[header.steps.length - 1]!.key,
    of: "leads",
    last: header.cohorts,
    sort: "",
    descending: false,
    only: Object.create(null), // an attribute may be named like a method
    lang: header.languages[0]!,
  };
}

/** Read an address; what the edition does not know of it is returned too. */
export function parse(hash: string, header: Header): { view: View; unknown: string[] } {
  const view = usual(header);
  const unknown: string[] = [];
  const attributes = new Map(header.attributes.map((one) => [one.name, one]));
  const among = <T extends string>(value: string, allowed: readonly T[], put: (one: T) => void) => {
    if ((allowed as readonly string[]).includes(value)) put(value as T);
    else unknown.push(value);
  };
  const whole = (value: string, most: number, put: (one: number) => void) => {
    const number = Number(value);
    if (/^\d{1,4}$/.test(value) && number <= most) put(number);
    else unknown.push(value);
  };
  for (const [key, value] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (key.startsWith("only.")) {
      const name = key.slice(5);
      const known = attributes.get(name);
      if (known && (known.values.includes(value) || value === MERGED)) (view.only[name] ??= []).push(value);
      else unknown.push(`${name}: ${value}`);
    } else if (key === "by")
      among(value, [...attributes.keys()], (one) => view.by.includes(one) || view.by.push(one));
    else if (key === "show") among(value, SHOWS, (one) => (view.show = one));
    else if (key === "period") among(value, [...KINDS, "all"] as const, (one) => (view.period = one));
    else if (key === "count") among(value, COUNTS, (one) => (view.count = one));
    else if (key === "of") among(value, SHARES, (one) => (view.of = one));
    else if (key === "stage")
      among(
        value,
        header.steps.map((one) => one.key),
        (one) => (view.stage = one),
      );
    else if (key === "lang") among(value, header.languages, (one) => (view.lang = one));
    else if (key === "age") whole(value, header.horizon, (one) => (view.age = one));
    else if (key === "last") whole(value, 9999, (one) => (view.last = one));
    else if (key === "sort") view.sort = value;
    else if (key === "order") among(value, ["asc", "desc"], (one) => (view.descending = one === "desc"));
    else if (key) unknown.push(key);
  }
  return { view, unknown };
}

/** Return the address of a view: what is not as usual. */
export function address(view: View, header: Header): string {
  const plain = usual(header);
  const found = new URLSearchParams();
  for (const key of ["show", "period", "count", "age", "stage", "of", "last", "sort", "lang"] as const)
    if (view[key] !== plain[key]) found.append(key, String(view[key]));
  if (view.descending) found.append("order", "desc");
  for (const name of view.by) found.append("by", name);
  for (const [name, values] of Object.entries(view.only))
    for (const value of values) found.append(`only.${name}`, value);
  return `#${found}`;
}
