/** A table in another order, and as text to take away. */

import type { Row, Sheet } from "./maker";
import type { View } from "./view";

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
    return (
      sign *
      (typeof one === "number" && typeof other === "number"
        ? one - other
        : words.compare(String(one), String(other)))
    );
  });
}

/** Return a sheet as CSV, as the archive writes it: ten digits, guarded against formulas. */
export function csv(sheet: Sheet, rows: Row[]): string {
  const field = (value: number | string | null) => {
    if (value === null) return "";
    const text =
      typeof value === "number"
        ? String(Number(value.toPrecision(10)))
        : /^[=+\-@\t\r\n]/.test(value)
          ? `'${value}`
          : value;
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const lines = [
    sheet.heads.map((head) => head.key || "row"),
    ...rows.map((row) => row.cells.map((cell) => cell.value)),
  ];
  return lines.map((line) => line.map(field).join(",")).join("\n") + "\n";
}
