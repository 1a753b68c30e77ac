/** A sheet as a table: heat, marks, sorting, and what is said of a cell that is pointed at. */

import { element } from "./dom";
import type { Head, Row, Sheet } from "./maker";
import { sorted } from "./order";
import type { Texts } from "./texts";
import { hide, show } from "./tip";
import type { View } from "./view";

/** Rows that are drawn at once; more are drawn when asked for. */
const MOST = 200;

export function draw(sheet: Sheet, view: View, texts: Texts, sort: (key: string) => void): HTMLElement {
  const rows = sorted(sheet, view);
  const fixed = sheet.heads.findIndex((head) => !head.text);
  const body = element("tbody");
  const fill = (from: number, to: number) =>
    rows.slice(from, to).forEach((row) => body.append(line(row, sheet.heads)));
  fill(0, MOST);
  const table = element(
    "table",
    { "data-fixed": fixed > 0 ? 1 : 0 },
    head(sheet.heads, view, texts, sort),
    body,
  );
  pointed(table, rows);
  const scroll = element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": texts.t(`explorer_show_${view.show}`) },
    table,
  );
  const parts: HTMLElement[] = [scroll];
  if (rows.length > MOST) {
    const more = element(
      "button",
      {
        type: "button",
        class: "more",
        click: () => {
          fill(MOST, rows.length);
          more.remove();
        },
      },
      texts.t("explorer_more_rows", { n: rows.length - MOST }),
    );
    parts.push(more);
  }
  if (!rows.length) parts.push(element("p", { class: "empty" }, texts.t("explorer_empty")));
  return element("div", { class: "sheet" }, ...parts);
}

function head(heads: Head[], view: View, texts: Texts, sort: (key: string) => void): HTMLElement {
  const grouped = heads.some((one) => one.group);
  const upper = element("tr");
  const lower = element("tr");
  heads.forEach((one, at) => {
    if (grouped && one.group) {
      if (at === 0 || heads[at - 1]!.group !== one.group) {
        let span = 1;
        while (heads[at + span]?.group === one.group) span++;
        upper.append(
          element(
            "th",
            {
              scope: "colgroup",
              colspan: span,
              class: "group",
              style: one.colour ? `--hue:${one.colour}` : null,
            },
            one.group,
          ),
        );
      }
      lower.append(title(one, view, texts, sort));
    } else upper.append(title(one, view, texts, sort, grouped));
  });
  return element("thead", {}, upper, grouped && lower);
}

function title(one: Head, view: View, texts: Texts, sort: (key: string) => void, tall = false): HTMLElement {
  const mine = view.sort === one.key && one.key !== "";
  const state = mine ? (view.descending ? "descending" : "ascending") : null;
  const sign = mine ? (view.descending ? " ↓" : " ↑") : "";
  const content = one.key
    ? element(
        "button",
        { type: "button", title: texts.t("explorer_sort"), "data-sort": one.key, click: () => sort(one.key) },
        one.title + sign,
      )
    : one.title;
  const name = one.title || !one.key ? content : "";
  return element(
    one.title ? "th" : "td",
    {
      scope: one.title ? "col" : null,
      rowspan: tall ? 2 : null,
      class: one.text ? "text" : null,
      "aria-sort": state,
    },
    name,
  );
}

function line(row: Row, heads: Head[]): HTMLElement {
  const made = element("tr", {
    class: [row.muted && "muted", row.strong && "strong"].filter(Boolean).join(" ") || null,
  });
  row.cells.forEach((cell, at) => {
    const text = heads[at]!.text;
    const first = at === 0;
    const td = document.createElement(first ? "th" : "td");
    if (first) td.scope = "row";
    td.textContent = cell.text;
    td.className = [text && "text", cell.tone].filter(Boolean).join(" ");
    if (cell.shade !== undefined) {
      td.style.setProperty("--shade", `${Math.round(cell.shade * 100)}%`);
      td.classList.add("heat");
    }
    if (cell.tip) td.tabIndex = -1;
    made.append(td);
  });
  return made;
}

/** Say what is behind a cell: when the mouse is over it, it is touched, or the arrow keys have come to it. */
function pointed(table: HTMLTableElement, rows: Row[]): void {
  const cell = (target: EventTarget | null): HTMLTableCellElement | null =>
    target instanceof Element ? target.closest("tbody td, tbody th") : null;
  const tell = (target: EventTarget | null) => {
    const found = cell(target);
    const row = found?.parentElement as HTMLTableRowElement | undefined;
    const tip = found && row ? rows[row.sectionRowIndex]?.cells[found.cellIndex]?.tip : undefined;
    if (found && tip) show(found.getBoundingClientRect(), tip());
    else hide();
  };
  table.addEventListener("mouseover", (event) => tell(event.target));
  table.addEventListener("click", (event) => tell(event.target));
  table.addEventListener("focusin", (event) => tell(event.target));
  table.addEventListener("mouseleave", hide);
  table.addEventListener("focusout", hide);
  let entry = table.tBodies[0]?.querySelector<HTMLElement>("[tabindex]");
  if (entry) entry.tabIndex = 0;
  table.addEventListener("keydown", (event) => {
    const from = cell(event.target);
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!from || !step) return;
    event.preventDefault();
    let row = (from.parentElement as HTMLTableRowElement).sectionRowIndex;
    let column = from.cellIndex;
    for (;;) {
      row += step[0]!;
      column += step[1]!;
      const next = table.tBodies[0]!.rows[row]?.cells[column];
      if (!next) return;
      if (next.tabIndex < 0 && !next.hasAttribute("tabindex")) continue;
      if (entry) entry.tabIndex = -1;
      entry = next;
      next.tabIndex = 0;
      next.focus();
      return;
    }
  });
}
