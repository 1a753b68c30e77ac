/** What the edition expects: copied, never computed here. */

import type { Cube, Expected } from "./cube";
import type { View } from "./view";

/** The number, or the key of the text that says why there is none. */
export type Found = { told: Expected } | { why: string };

/** Which slice of the edition a row is: the total, a value of one of its slices, or none, and why. */
export function slice(
  cube: Cube,
  view: View,
  row: number[] | null,
): { attribute: string; value: string } | { why: string } {
  const { attributes, slices } = cube.header;
  const fixed = new Map<string, string[]>();
  for (const [name, values] of Object.entries(view.only)) if (values.length) fixed.set(name, values);
  if (row)
    view.by.forEach((name, one) => {
      const known = attributes.find((attribute) => attribute.name === name)!;
      fixed.set(name, [known.values[row[one]!] ?? "\u0000"]);
    });
  if (fixed.size === 0) return { attribute: "", value: "" };
  if (fixed.size > 1) return { why: "explorer_why_combined" };
  const [name, values] = [...fixed][0]!;
  if (values.length > 1) return { why: "explorer_why_combined" };
  if (!slices.includes(name)) return { why: "explorer_why_attribute" };
  if (values[0] === "\u0000") return { why: "explorer_why_merged" };
  return { attribute: name, value: values[0]! };
}

export function expected(cube: Cube, view: View, row: number[] | null, period: number, stage: string): Found {
  if (view.period === "all") return { why: "explorer_why_together" };
  const found = slice(cube, view, row);
  if ("why" in found) return found;
  const last = cube.header.steps[cube.header.steps.length - 1]!.key;
  if (found.attribute && stage !== last) return { why: "explorer_why_stage" };
  const told =
    cube.header.expected[[view.period, period, found.attribute, found.value, stage].join("\u0001")];
  return told ? { told } : { why: "explorer_why_none" };
}
