/** The page: reads the cube, draws the view that the address holds, and writes the address of what is chosen. */

import { controls, questions } from "./controls";
import { load, type Cube } from "./cube";
import { element } from "./dom";
import { lines } from "./lines";
import { Maker, type Sheet } from "./maker";
import { csv, sorted } from "./order";
import { cohortSheet, pivotSheet, triangleSheet } from "./sheets";
import { draw } from "./table";
import { Texts } from "./texts";
import { hide, place } from "./tip";
import { address, parse, type View } from "./view";

const SHEETS = { table: cohortSheet, pivot: pivotSheet, triangle: triangleSheet, lines: pivotSheet };
const root = document.getElementById("explorer")!;

/** Draw a view in place of the one before; what was in the hand stays in the hand. */
function render(cube: Cube): void {
  const begun = performance.now();
  const { view, unknown } = parse(location.hash, cube.header);
  const texts = new Texts(cube.header, view.lang);
  const change = (part: Partial<View>) => {
    location.hash = address({ ...view, ...part }, cube.header);
  };
  document.documentElement.lang = view.lang;
  document.title = [texts.t("explorer_title"), cube.header.company].filter(Boolean).join(" · ");
  const held = hold();
  hide();
  const make = new Maker(cube, view, texts);
  let shown: HTMLElement;
  let notes: string[];
  if (view.show === "lines") ({ chart: shown, notes } = lines(make));
  else {
    const sheet = SHEETS[view.show](make);
    notes = sheet.notes;
    shown = draw(sheet, view, texts, (key) =>
      change({ sort: key, descending: view.sort === key && !view.descending }),
    );
  }
  root.replaceChildren(
    top(cube, view, texts),
    questions(cube, view, texts),
    controls(cube, view, texts, change),
    unknown.length
      ? element(
          "p",
          { class: "warning", role: "alert" },
          texts.t("explorer_unknown", { what: unknown.join(", ") }),
        )
      : "",
    element(
      "section",
      { class: "result", "aria-label": texts.t("explorer_result") },
      caption(make),
      shown,
      element(
        "div",
        { class: "after" },
        copy(make),
        view.show === "lines" &&
          element(
            "a",
            { href: address({ ...view, show: "pivot" }, cube.header) },
            texts.t("explorer_as_table"),
          ),
      ),
      ...notes.map((note) => element("p", { class: "note" }, note)),
    ),
    foot(cube, texts),
  );
  held();
  document.documentElement.dataset.ms = String(performance.now() - begun);
  document.documentElement.dataset.view = location.hash;
}

/** Remember which control has the focus, which filter is open and how far the table is scrolled; return how to give it back. */
function hold(): () => void {
  const had = document.activeElement;
  const open = root.querySelector<HTMLElement>("details[open]")?.dataset.filter;
  const scrolled = root.querySelector(".scroll")?.scrollLeft ?? 0;
  const marks = ["id", "data-show", "data-by", "data-sort", "data-value"];
  const mark = marks.find((name) => had?.getAttribute(name));
  const value = mark && had!.getAttribute(mark)!;
  const filter = had?.closest<HTMLElement>("details")?.dataset.filter;
  return () => {
    const details = [...root.querySelectorAll<HTMLDetailsElement>("details")];
    const opened = details.find((one) => one.dataset.filter === open);
    if (opened && open !== undefined) opened.open = true;
    const within =
      filter === undefined ? root : (details.find((one) => one.dataset.filter === filter) ?? root);
    if (mark)
      [...within.querySelectorAll<HTMLElement>(`[${mark}]`)]
        .find((one) => one.getAttribute(mark) === value)
        ?.focus();
    else if (filter !== undefined) within.querySelector("summary")?.focus();
    const scroll = root.querySelector(".scroll");
    if (scroll) scroll.scrollLeft = scrolled;
  };
}

function top(cube: Cube, view: View, texts: Texts): HTMLElement {
  const { header } = cube;
  const report = header.reports[view.lang] ?? Object.values(header.reports)[0];
  const languages = header.languages
    .filter((lang) => lang !== view.lang)
    .map((lang) =>
      element(
        "a",
        { href: address({ ...view, lang }, header), hreflang: lang, lang },
        new Texts(header, lang).t("explorer_language"),
      ),
    );
  return element(
    "header",
    {},
    element(
      "div",
      {},
      element("h1", {}, texts.t("explorer_title")),
      element(
        "p",
        { class: "subtitle" },
        [header.company, texts.t("subtitle", { date: header.date[view.lang]! })].filter(Boolean).join(" · "),
      ),
    ),
    element(
      "nav",
      { "aria-label": texts.t("explorer_nav") },
      report ? element("a", { href: report }, texts.t("explorer_to_report")) : null,
      ...languages,
    ),
  );
}

/** Say in a sentence what stands below. */
function caption(make: Maker): HTMLElement {
  const { view, texts, header } = make;
  const stage = make.stage(make.step);
  const what =
    view.show === "table"
      ? texts.t("explorer_is_table")
      : make.step === 0
        ? stage
        : texts.t(
            `explorer_is_${view.count === "expected" && view.of === "before" && view.show !== "triangle" ? "leads" : view.of}`,
            { stage, before: make.stage(Math.max(make.step - 1, 0)) },
          );
  const how =
    view.show === "triangle"
      ? texts.t("explorer_by_age")
      : view.count === "equal-age"
        ? texts.t("explorer_at_age", { n: view.age })
        : view.count === "expected"
          ? texts.t("explorer_at_end")
          : texts.t("explorer_at_date", { date: header.date[view.lang]! });
  const whose = Object.entries(view.only)
    .filter(([, values]) => values.length)
    .map(([name, values]) => {
      const attribute = header.attributes.find((one) => one.name === name)!;
      const words = values
        .slice(0, 3)
        .map((value) =>
          texts.value(
            attribute,
            attribute.values.includes(value) ? attribute.values.indexOf(value) : attribute.values.length,
          ),
        );
      return `${make.attribute(name)}: ${words.join(", ")}${values.length > 3 ? ", …" : ""}`;
    });
  return element("h2", {}, [what, how, ...(whose.length ? whose : [texts.t("all_leads")])].join(" · "));
}

function copy(make: Maker): HTMLElement {
  const { texts, view } = make;
  const button = element(
    "button",
    {
      type: "button",
      class: "copy",
      click: () => {
        const sheet: Sheet = SHEETS[view.show](new Maker(make.cube, view, texts));
        const words = csv(sheet, sorted(sheet, view));
        const area = element("textarea", { "aria-hidden": "true", class: "unseen" });
        area.value = words;
        document.body.append(area);
        area.select();
        const done = document.execCommand("copy");
        area.remove();
        button.focus();
        button.textContent = texts.t(done ? "explorer_copied" : "explorer_not_copied");
      },
    },
    texts.t("explorer_copy"),
  );
  return button;
}

function foot(cube: Cube, texts: Texts): HTMLElement {
  const { header } = cube;
  const words = [
    texts.t("explorer_for_whom"),
    header.left_out[texts.lang] ?? "",
    header.min_cell > 1
      ? texts.t("explorer_min_cell", { n: header.min_cell })
      : texts.t("explorer_no_min_cell", { setting: "explorer: {min_cell: 5}" }),
    texts.t("explorer_holds", {
      cells: cube.leads.length,
      leads: Array.from(cube.leads).reduce((whole, one) => whole + one, 0),
    }),
  ];
  return element("footer", {}, ...words.filter(Boolean).map((one) => element("p", {}, one)));
}

async function begin(): Promise<void> {
  const cube = await load(document.getElementById("cube")!.textContent!.trim());
  place();
  addEventListener("hashchange", () => render(cube));
  document.addEventListener("click", (event) => {
    for (const one of root.querySelectorAll("details[open]"))
      if (!one.contains(event.target as Node)) one.removeAttribute("open");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = root.querySelector<HTMLDetailsElement>("details[open]");
    open?.removeAttribute("open");
    open?.querySelector("summary")?.focus();
  });
  render(cube);
}

begin().catch((error) => {
  console.error(error);
  root.replaceChildren(element("p", { class: "warning" }, root.dataset.old ?? ""));
});
