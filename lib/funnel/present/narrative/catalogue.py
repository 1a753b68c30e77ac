"""The values that a narrative may cite, made anew each run; their names are in `present.parts.cite`."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from funnel.logbook import Initiative
from funnel.present.attention.words import WHOLE, main, segment, stage_name, verdict_word
from funnel.present.cohorts.headline import at_equal_age, read_at
from funnel.present.forecast.tables import signed
from funnel.present.forecast.words import revenue_ahead
from funnel.present.parts.cite import KINDS, names
from funnel.present.parts.escape import clean, for_markdown
from funnel.present.parts.final import expected_of
from funnel.present.parts.periods import cohort_name
from funnel.present.parts.texts import EMPTY, Texts
from funnel.settings import Settings


def citable(
    cohorts: pd.DataFrame,
    equal_age: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    report_date: dt.date,
    settings: Settings,
    texts: Texts,
    initiatives: Sequence[Initiative] = (),
    shown: Sequence[Initiative] = (),
    imports: pd.DataFrame | None = None,
    problems: pd.DataFrame | None = None,
) -> dict[str, str]:
    """Return the words of every name of the catalogue, as Markdown.

    Args:
        cohorts: `analysis.cohorts.table.cohort_table`.
        equal_age: the same with an age.
        frames: the results of the edition by name.
        report_date: D.
        settings: stages, reading age and currency.
        texts: the language.
        initiatives: all that are written down.
        shown: those the report shows in detail.
        imports: `data_tables.IMPORT_COLUMNS`.
        problems: `schema.PROBLEM_COLUMNS`.
    """
    found = dict.fromkeys(names(settings), EMPTY) | {"date": texts.date(report_date)}
    if len(cohorts):
        found |= dict(_cohort(cohorts, equal_age, frames, settings, texts))
    found |= dict(_flag(frames["deviations"], settings, texts))
    revenue = revenue_ahead(frames, settings, texts)
    for name, key in (("", "total"), *((f"_{key}", key) for key in ("low", "high", "existing", "future"))):
        found[f"revenue{name}"] = str(revenue.get(key, EMPTY))
    costs = frames.get("costs_summary", pd.DataFrame())
    if len(costs):
        total = costs[costs["level"] == "total"].to_dict("records")[0]
        for name, key in (("spend", "spend"), ("cost_per_sale", f"cost_per_{settings.stage_keys[-1]}")):
            known = bool(total["vat"]) and not pd.isna(total[key])
            found[name] = texts.money(total[key], settings.currency) if known else EMPTY
    found["initiatives"] = texts.number(len(shown))
    told = dict(_initiatives(frames, initiatives, texts)) | dict(_data(imports, problems, texts))
    return found | {name: words for name, words in told.items() if name in found}


def _cohort(
    cohorts: pd.DataFrame,
    equal_age: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    settings: Settings,
    texts: Texts,
) -> Iterator[tuple[str, str]]:
    read = cohorts.iloc[read_at(cohorts, settings)]
    yield "week", cohort_name(read, texts, full=True)
    yield "age", texts.number(int(read["age_weeks"]))
    yield "leads", texts.number(int(read["leads"]))
    for stage in settings.stage_keys:
        yield f"count.{stage}", texts.number(int(read[stage]))
        yield f"rate.{stage}", texts.percent(read[f"{stage}_rate"])
    yield "overall", texts.percent(read["overall_rate"], 2)
    yield "overall_change", texts.change(read["overall_change"])
    found = at_equal_age(read["cohort_week"], equal_age, settings)
    if found is not None and not math.isnan(found[0]["overall_change"]):
        yield "equal_age_change", texts.change(found[0]["overall_change"])
        yield "equal_age_before", texts.percent(found[1]["overall_rate"], 2)
    item = expected_of(read, frames, settings)
    if item is not None:
        yield "final", texts.percent(item.rate, 1) if item.reliable else EMPTY
        yield "final_low", texts.percent(item.low, 1)
        yield "final_high", texts.percent(item.high, 1)


def _initiatives(
    frames: Mapping[str, pd.DataFrame], initiatives: Sequence[Initiative], texts: Texts
) -> Iterator[tuple[str, str]]:
    for item in initiatives:
        yield f"initiative.{item.id}", for_markdown(clean(item.name(texts.language), 80))
    whole = frames["scoreboard"]
    for name, verdict in zip(whole["initiative"], whole["verdict"], strict=True):
        if not name or "impact" not in frames:
            continue
        yield f"verdict.{name}", verdict_word(str(verdict), texts)
        mine = frames["impact"][frames["impact"]["initiative"] == name]
        row = main(mine)
        columns = (("measured", "measured_change"), ("measured_low", "low"), ("measured_high", "high"))
        for key, column in columns:
            yield f"{key}.{name}", texts.change(row[column])
        for earned in mine[mine["metric"] == WHOLE].to_dict("records"):
            yield f"extra_sales.{name}", signed(float(earned["extra_sales"]), texts, 0)
            yield f"return.{name}", signed(float(earned["roi"]), texts)


def _data(
    imports: pd.DataFrame | None, problems: pd.DataFrame | None, texts: Texts
) -> Iterator[tuple[str, str]]:
    if imports is not None and len(imports):
        read, rejected = int(imports["read"].sum()), int(imports["rejected"].sum())
        yield "rows_read", texts.number(read)
        yield "rows_accepted", texts.number(read - rejected)
        yield "rows_rejected", texts.number(rejected)
    if problems is not None:
        kinds = (
            problems["problem"].astype(str).str.partition(":")[0] if len(problems) else pd.Series(dtype=str)
        )
        yield "problems", texts.number(problems["problem"].nunique())
        for kind in KINDS:
            yield f"problem.{kind}", texts.number(int(problems.loc[kinds == kind, "rows"].sum()))


def _flag(flags: pd.DataFrame, settings: Settings, texts: Texts) -> Iterator[tuple[str, str]]:
    chosen = flags[flags["flag"].astype(bool)]
    yield "flags", texts.number(len(chosen))
    if len(chosen):
        first = chosen.iloc[0].to_dict()
        yield "flag_segment", for_markdown(segment(first, settings, texts))
        yield "flag_stage", for_markdown(stage_name(first["stage"], settings, texts))
        yield "flag_now", texts.percent(first["observed"], 1)
        yield "flag_usual", texts.percent(first["expected"], 1)
