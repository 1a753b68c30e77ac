/** What is chosen: each control changes the view, and says what it is in a word. */

import type { Cube } from "./cube";
import { element } from "./dom";
import type { Texts } from "./texts";
import { address, COUNTS, KINDS, MERGED, SHARES, SHOWS, usual, type View } from "./view";

type Change = (part: Partial<View>) => void;

/** Values of an attribute that are offered at once; a search narrows them. */
const OFFERED = 60;

export function controls(cube: Cube, view: View, texts: Texts, change: Change): HTMLElement {
  const { header } = cube;
  const choose = (
    key: keyof View & string,
    values: readonly string[],
    name: (value: string) => string,
    put: (value: string) => Partial<View>,
    off = false,
  ) => {
    const select = element(
      "select",
      { id: `choose-${key}`, disabled: off, change: () => change(put(select.value)) },
      ...values.map((value) =>
        element("option", { value, selected: value === String(view[key]) }, name(value)),
      ),
    );
    return element("label", { class: "choice" }, element("span", {}, texts.t(`explorer_${key}`)), select);
  };
  const steps = header.steps.map((one) => one.key);
  const lasts = [...new Set([8, 13, 26, 52, header.cohorts, view.last])]
    .filter((one) => one > 0)
    .sort((a, b) => a - b);
  const fields = [
    choose(
      "period",
      view.show === "triangle" || view.show === "lines" ? KINDS : [...KINDS, "all"],
      (one) => texts.t(`explorer_period_${one}`),
      (period) => ({ period: period as View["period"] }),
    ),
    choose(
      "last",
      [...lasts.map(String), "0"],
      (one) => (one === "0" ? texts.t("explorer_all_cohorts") : texts.number(Number(one))),
      (last) => ({ last: Number(last) }),
    ),
    view.show !== "triangle" &&
      choose(
        "count",
        COUNTS,
        (one) => texts.t(`explorer_count_${one.replace("-", "_")}`),
        (count) => ({ count: count as View["count"] }),
      ),
    view.show !== "triangle" && view.count === "equal-age" && age(cube, view, texts, change),
    view.show !== "table" &&
      choose(
        "stage",
        steps,
        (one) => texts.named(header.steps.find((step) => step.key === one)!.names, one),
        (stage) => ({ stage }),
      ),
    view.show !== "table" &&
      view.stage !== steps[0] &&
      choose(
        "of",
        view.count === "expected" && view.show !== "triangle" ? ["leads", "number"] : SHARES,
        (one) => texts.t(`explorer_of_${one}`),
        (of) => ({ of: of as View["of"] }),
      ),
  ];
  return element(
    "div",
    { class: "controls" },
    tabs(view, texts, change),
    view.show !== "triangle" && header.attributes.length > 0 && rows(cube, view, texts, change),
    element("div", { class: "choices" }, ...fields),
    header.attributes.length > 0 && filters(cube, view, texts, change),
  );
}

function tabs(view: View, texts: Texts, change: Change): HTMLElement {
  const buttons = SHOWS.map((show) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": String(view.show === show),
        "data-show": show,
        title: texts.t(`explorer_show_${show}_is`),
        click: () =>
          change({
            show,
            ...(show !== "table" && show !== "pivot" && view.period === "all"
              ? { period: "week" as const }
              : {}),
          }),
      },
      texts.t(`explorer_show_${show}`),
    ),
  );
  return element("div", { class: "tabs", role: "group", "aria-label": texts.t("explorer_view") }, ...buttons);
}

function rows(cube: Cube, view: View, texts: Texts, change: Change): HTMLElement {
  const buttons = cube.header.attributes.map(({ name, names }) => {
    const on = view.by.includes(name);
    return element(
      "button",
      {
        type: "button",
        class: "chip",
        "aria-pressed": String(on),
        "data-by": name,
        click: () => change({ by: on ? view.by.filter((one) => one !== name) : [...view.by, name] }),
      },
      texts.named(names, name),
    );
  });
  return element(
    "div",
    { class: "line", role: "group", "aria-label": texts.t("explorer_by") },
    element("span", { class: "label" }, texts.t("explorer_by")),
    ...buttons,
  );
}

function age(cube: Cube, view: View, texts: Texts, change: Change): HTMLElement {
  const input = element("input", {
    id: "choose-age",
    type: "number",
    min: 0,
    max: cube.header.horizon,
    value: view.age,
    change: () => input.validity.valid && input.value !== "" && change({ age: Number(input.value) }),
  });
  return element("label", { class: "choice" }, element("span", {}, texts.t("explorer_age")), input);
}

function filters(cube: Cube, view: View, texts: Texts, change: Change): HTMLElement {
  const boxes = cube.header.attributes.map((attribute, number) => {
    const { name } = attribute;
    const chosen = view.only[name] ?? [];
    const put = (values: string[]) => change({ only: { ...view.only, [name]: values } });
    const merged = cube.header.min_cell > 1 && cube.codes[number]!.includes(attribute.values.length);
    const offered = attribute.values.map((value, code) => ({ value, words: texts.value(attribute, code) }));
    if (merged) offered.push({ value: MERGED, words: texts.t("explorer_merged") });
    const list = element("div", { class: "values" });
    const fill = (sought: string) => {
      const found = offered.filter(
        ({ value, words }) =>
          chosen.includes(value) || words.toLocaleLowerCase().includes(sought.toLocaleLowerCase()),
      );
      list.replaceChildren(
        ...found.slice(0, OFFERED).map(({ value, words }) => {
          const box = element("input", {
            type: "checkbox",
            checked: chosen.includes(value),
            "data-value": value,
            change: () => put(box.checked ? [...chosen, value] : chosen.filter((one) => one !== value)),
          });
          return element("label", {}, box, element("bdi", {}, words));
        }),
        ...(found.length > OFFERED
          ? [element("p", {}, texts.t("explorer_more_values", { n: found.length - OFFERED }))]
          : []),
      );
    };
    fill("");
    const search = element("input", {
      type: "search",
      placeholder: texts.t("explorer_search"),
      "aria-label": texts.t("explorer_search"),
      input: () => fill(search.value),
    });
    const label = texts.named(attribute.names, name);
    const first = chosen.length ? offered.find((one) => one.value === chosen[0])!.words : "";
    const summary = element(
      "summary",
      {},
      label,
      chosen.length > 0 && element("b", {}, `: ${first}${chosen.length > 1 ? ` +${chosen.length - 1}` : ""}`),
    );
    const clear =
      chosen.length > 0 &&
      element("button", { type: "button", class: "clear", click: () => put([]) }, texts.t("explorer_clear"));
    return element(
      "details",
      { class: chosen.length ? "filter on" : "filter", name: "filter", "data-filter": name },
      summary,
      element("div", { class: "drop" }, offered.length > 12 && search, list, clear),
    );
  });
  return element(
    "div",
    { class: "line", role: "group", "aria-label": texts.t("explorer_only") },
    element("span", { class: "label" }, texts.t("explorer_only")),
    ...boxes,
  );
}

/** Questions that are often asked, as views one click away. */
export function questions(cube: Cube, view: View, texts: Texts): HTMLElement {
  const { header } = cube;
  const plain = { ...usual(header), lang: view.lang };
  const named = (name: string) =>
    texts.named(header.attributes.find((one) => one.name === name)!.names, name);
  const by = [...header.slices, ...header.attributes.map((one) => one.name)]
    .slice(0, 2)
    .filter((one, at, all) => all.indexOf(one) === at);
  const second = header.steps[Math.min(2, header.steps.length - 1)]!.key;
  const asked: [string, View][] = [
    ...by.map((name): [string, View] => [
      texts.t("explorer_ask_over_time", {
        attribute: named(name),
        stage: texts.named(header.steps.find((one) => one.key === second)!.names, second),
      }),
      {
        ...plain,
        show: "pivot",
        by: [name],
        period: "quarter",
        count: "equal-age",
        age: Math.max(header.age, 4),
        stage: second,
        of: "before",
        last: 8,
      },
    ]),
    ...by
      .slice(0, 1)
      .map((name): [string, View] => [
        texts.t("explorer_ask_together", { attribute: named(name) }),
        { ...plain, by: [name], period: "all" },
      ]),
    [texts.t("explorer_ask_ripening"), { ...plain, show: "triangle", period: "month", last: 0 }],
    [texts.t("explorer_ask_expected"), { ...plain, show: "lines", count: "expected", last: 52 }],
  ];
  const links = asked.map(([words, one]) => element("a", { href: address(one, header) }, words));
  return element(
    "nav",
    { class: "asked", "aria-label": texts.t("explorer_ask") },
    element("span", { class: "label" }, texts.t("explorer_ask")),
    ...links,
  );
}
