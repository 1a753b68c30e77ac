"""The first draft of what the report says in words; after that it belongs to the analyst.

Prose only, Markdown; every number comes from a frame. A comparison of cohorts of different age is called
raw, and the comparison at equal age stands next to it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

import pandas as pd

from funnel.analysis.cohorts.table import SMALL
from funnel.present.cohorts.headline import at_equal_age, read_at
from funnel.present.forecast.words import final, forecast_said
from funnel.present.money.words import money
from funnel.present.parts.cite import Cite, typed
from funnel.present.parts.claims import (
    MOST,
    comparable,
    differ,
    first_of,
    furthest,
    moved_counts,
    standing_out,
    too_young,
)
from funnel.present.parts.escape import clean, for_markdown
from funnel.present.parts.periods import cohort_name
from funnel.present.parts.texts import Texts
from funnel.present.quality.tables import kind, problem
from funnel.settings import Settings

_TITLES = {
    "detail": "sec_detail",
    "slices": "sec_slices_all",
    "costs": "sec_costs",
    "worth": "sec_lifetime",
    "durations": "sec_durations",
    "quality": "sec_quality",
}
"""Chapters that the draft speaks of, `#sec-...` in report.qmd, and the text that is their title."""
MOST_COHORTS = 104
"""As many cohorts as a table may show (`Settings.cohorts`)."""


def draft(
    cohorts: pd.DataFrame,
    equal_age: pd.DataFrame,
    slices: Mapping[str, pd.DataFrame],
    imports: pd.DataFrame,
    problems: pd.DataFrame,
    restated: pd.DataFrame | None,
    settings: Settings,
    texts: Texts,
    frames: Mapping[str, pd.DataFrame] | None = None,
    attention: Sequence[Sequence[str]] = (),
    end: dt.date | None = None,
    cite: Cite = typed,
) -> str:
    """Write the narrative of a report: the cohort that is read, its neighbours, slices, forecast, data.

    Args:
        cohorts: `analysis.cohorts.table.cohort_table` of the shown weeks.
        equal_age: the same with an age.
        slices: `analysis.cohorts.table.slices` by attribute.
        imports: `data_tables.IMPORT_COLUMNS`.
        problems: `schema.PROBLEM_COLUMNS`.
        restated: `schema.RESTATED_COLUMNS`; None if no earlier edition is archived.
        settings: stages and ages.
        texts: the language.
        frames: forecast and money by name, see `forecast_said` and `money_words.money`; or None.
        attention: paragraphs on flags, investigations and initiatives, of `attention_words.paragraphs`.
        end: the last day of data that end early, see `edition.model.Edition.data_end`.
        cite: how numbers of the catalogue are held, see `present.parts.cite`.

    Returns:
        Paragraphs separated by blank lines: what page 1 must say, then by chapter of the report, each under
        a heading `{#in-sec-...}` that brings it there (see METHODS.md, "Two renderers, one source").
    """
    first: list[str] = [] if len(cohorts) else [texts.t("empty_cohorts")]
    detail: list[Sequence[str]] = []
    about: list[str] = []
    bought: dict[str, list[str]] = {}
    if end:
        first.insert(0, texts.t("note_data_end", day=texts.date(end)))
    if len(cohorts):
        read = _cohort(cohorts, equal_age, settings, texts, cite)
        detail = [read, *attention[:1], _neighbours(cohorts, settings, texts), *attention[1:]]
        about = _slices(slices, settings, texts)
        if frames is not None:
            read += final(cohorts.iloc[read_at(cohorts, settings)], frames, settings, texts, cite)
            first += _reading_age(cohorts, frames, settings, texts)
            detail.append(forecast_said(frames, settings, texts, cite))
            bought = money(frames, settings, texts)
    data = [*_data(imports, problems, settings, texts, cite), *_restated(restated, texts)]
    chapters: dict[str, Sequence[Sequence[str]]] = {"": [first], "detail": detail, "slices": [about]}
    chapters |= {name: [said] for name, said in bought.items()} | {"quality": [data]}
    return "\n".join(
        _chapter(name, paragraphs, texts) for name, paragraphs in chapters.items() if any(paragraphs)
    )


def _chapter(name: str, paragraphs: Sequence[Sequence[str]], texts: Texts) -> str:
    """Return paragraphs under the heading that brings them to a chapter of the report."""
    title = Texts(texts.language).t(_TITLES[name]) if name else ""  # no sentence: it is not kept among them
    heading = [f"### {title} {{#in-sec-{name}}}"] if name else []
    return "\n\n".join([*heading, *(" ".join(sentences) for sentences in paragraphs if sentences)]) + "\n"


def _cohort(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings, texts: Texts, cite: Cite
) -> list[str]:
    at = read_at(cohorts, settings)
    record = cohorts.iloc[at]
    week = cohort_name(record, texts, full=True)
    if record["leads"] == 0:
        return [texts.t("say_empty_cohort", week=week)]
    parts = "; ".join(_parts(record, settings, texts, cite))
    leads = cite("leads", texts.t("n_leads", n=int(record["leads"])))
    said = [texts.t("say_cohort", week=cite("week", week), leads=leads, parts=parts)]
    rate = cite("overall", texts.percent(record["overall_rate"], 2))
    change = float(record["overall_change"])
    if math.isnan(change):
        said.append(texts.t("say_overall_only", rate=rate))
    else:
        compared = _compared(change, texts)
        said.append(
            texts.t("say_overall", rate=rate, change=compared)
            if compared
            else texts.t("say_overall_same", rate=rate)
        )
        said.append(texts.t("say_raw_older", n=int(cohorts["age_weeks"].iloc[at - 1] - record["age_weeks"])))
    return said + _at_equal_age(record, equal_age, settings, texts)


def _reading_age(
    cohorts: pd.DataFrame, frames: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts
) -> list[str]:
    """Say where hardly any sale has come at the age that is read, and what to set if it is known."""
    read = int(cohorts["age_weeks"].iloc[read_at(cohorts, settings)])
    age = too_young(frames["maturity"], settings, read if "period" in cohorts else settings.reading_age)
    if not age or not cohorts["leads"].iloc[read_at(cohorts, settings)]:
        return []
    if cohorts["age_weeks"].iloc[0] >= age:
        return [texts.t("say_reading_age", n=settings.reading_age, age=age)]
    if "period" in cohorts:
        return [texts.t("say_reading_age_only", n=read)]
    known = frames["forecast"]["age_weeks"].max() if len(frames["forecast"]) else 0
    if known >= age and age < MOST_COHORTS:
        return [texts.t("say_reading_age_shown", n=settings.reading_age, age=age, cohorts=age + 1)]
    return [texts.t("say_reading_age_only", n=settings.reading_age)]


def _parts(record: pd.Series, settings: Settings, texts: Texts, cite: Cite) -> list[str]:
    """One clause for each stage; the first stage that nobody reached ends the chain."""
    parts: list[str] = []
    for stage in settings.stage_keys:
        plain = texts.stage(stage, settings)
        # A company may call the stage something else: then its own name is told.
        usual = f"usual_{stage}" in texts and texts.t(f"usual_{stage}").casefold() == plain.casefold()
        own, name = stage if usual else "other", for_markdown(clean(plain))
        count = int(record[stage])
        if count == 0:
            return [*parts, texts.t(f"none_{own}", stage=name)]
        verb = texts.t(f"verb_{own}", stage=name)
        frame = "part_next" if parts else "part_first"
        rate = cite(f"rate.{stage}", texts.percent(record[f"{stage}_rate"]))
        parts.append(texts.t(frame, rate=rate, n=cite(f"count.{stage}", texts.number(count)), verb=verb))
    return parts


def _compared(change: float, texts: Texts) -> str:
    """'22 % above', or nothing when the difference rounds to nothing."""
    size = texts.percent(abs(change))
    if size == texts.percent(0.0):
        return ""
    return texts.t("word_above" if change > 0 else "word_below", change=size)


def _at_equal_age(record: pd.Series, equal_age: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    found = at_equal_age(record["cohort_week"], equal_age, settings)
    if found is None:
        return []
    this, before, chance = found
    change, age = float(this["overall_change"]), int(this["at_age"])
    if math.isnan(change):
        last = for_markdown(clean(texts.stage(settings.stage_keys[-1], settings)))
        return [texts.t("say_equal_none", n=age, last=last)] if before["leads"] > 0 else []
    rate = texts.percent(this["overall_rate"], 2)
    compared = _compared(change, texts)
    if not compared:
        return [texts.t("say_equal_same", n=age, rate=rate)]
    earlier = texts.percent(before["overall_rate"], 2)
    said = [texts.t("say_equal", n=age, change=compared, rate=rate, before=earlier)]
    stage, part = driver(this, before, settings)
    if stage:
        name = for_markdown(clean(texts.stage(stage, settings)))
        rates = [texts.percent(row[f"{stage}_rate"]) for row in (this, before)]
        key = "say_driver" if part > MOST else "say_driver_largest"
        said.append(texts.t(key, stage=name, rate=rates[0], before=rates[1]))
    last = settings.stage_keys[-1]
    key = "say_chance" if chance else "say_beyond"
    return [*said, texts.t(key, now=int(this[last]), then=int(before[last]))]


def driver(this: pd.Series, before: pd.Series, settings: Settings) -> tuple[str, float]:
    """Return the stage whose step explains most of the difference in overall conversion, and how much of it.

    The overall conversion is the product of the steps, so the logarithms of their ratios add up to its own;
    the step with the largest part in the direction of the whole is named; '' if that is undefined.
    """
    parts = {}
    for stage in settings.stage_keys:
        now, then = float(this[f"{stage}_rate"]), float(before[f"{stage}_rate"])
        if not (now > 0 and then > 0):
            return "", 0.0
        parts[stage] = math.log(now / then)
    whole = sum(parts.values())
    stage = max(parts, key=lambda stage: parts[stage] * math.copysign(1, whole))
    return stage, parts[stage] / whole if whole else 0.0


def _neighbours(cohorts: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    at = read_at(cohorts, settings)
    said = []
    for key, place in (("say_neighbour_before", at - 1), ("say_neighbour_after", at + 1)):
        if 0 <= place < len(cohorts):
            row = cohorts.iloc[place]
            week, leads = cohort_name(row, texts, full=True), texts.t("n_leads", n=int(row["leads"]))
            if row["leads"] == 0:
                said.append(texts.t(f"{key}_empty", week=week))
                continue
            said.append(texts.t(key, week=week, leads=leads, rate=texts.percent(row["overall_rate"], 2)))
    young = int((cohorts["age_weeks"] < settings.young_weeks).sum())
    if cohorts["age_weeks"].iloc[at] < settings.young_weeks and cohorts["leads"].iloc[at]:
        said.append(texts.t("say_read_unripe"))
    if young:
        limit = texts.t("of_weeks", n=settings.young_weeks)
        whole = young == len(cohorts)
        said.append(texts.t("say_unripe_all" if whole else "say_unripe", n=young, limit=limit))
    return said


def _slices(slices: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts) -> list[str]:
    """The best and the worst value of each attribute, where they are so by more than chance."""
    said, compared, last = [], 0, settings.stage_keys[-1]
    quiet: dict[str, list[str]] = {"say_slice_together": [], "say_slice_none": [], "say_slice_small": []}
    for attribute, frame in slices.items():
        if len(frame) < 2 or frame["leads"].sum() == 0:
            continue
        some, told = comparable(frame), standing_out(frame, last)
        name = for_markdown(clean(texts.attribute(attribute, settings)))
        if some.empty:
            quiet["say_slice_small"].append(name)
        elif told.empty:
            quiet["say_slice_together" if differ(frame, last) else "say_slice_none"].append(name)
        compared += len(some) if len(told) else 0
        for keys, better in (
            (("say_slice_above", "say_slice_higher"), True),
            (("say_slice_below", "say_slice_lower"), False),
        ):
            row = furthest(told, better=better)
            if row is not None:
                said.append(_slice(keys[0 if first_of(row, some, better=better) else 1], name, row, texts))
    if compared:
        said.append(texts.t("say_slice_caution", n=compared))
    told_of = [(key, names) for key, names in quiet.items() if names]
    return [*said, *(texts.t(key, attribute=", ".join(names), n=SMALL) for key, names in told_of)]


def _slice(key: str, attribute: str, row: pd.Series, texts: Texts) -> str:
    return texts.t(
        key,
        attribute=attribute,
        value=for_markdown(clean(row["value"], 40)) or texts.t("not_given"),
        rate=texts.percent(row["overall_rate"], 2),
        leads=texts.t("n_leads", n=int(row["leads"])),
        low=texts.percent(row["low"], 1),
        high=texts.percent(row["high"], 1),
        total=texts.percent(row["due"] / row["leads"], 2),
    )


def _data(
    imports: pd.DataFrame, problems: pd.DataFrame, settings: Settings, texts: Texts, cite: Cite
) -> list[str]:
    said = []
    if len(imports):
        read, rejected = int(imports["read"].sum()), int(imports["rejected"].sum())
        rows = cite("rows_read", texts.t("n_rows", n=read))
        if rejected:
            accepted = cite("rows_accepted", texts.number(read - rejected))
            aside = cite("rows_rejected", texts.number(rejected))
            said.append(texts.t("say_quality", read=rows, accepted=accepted, rejected=aside))
        else:
            said.append(texts.t("say_quality_clean", read=rows))
    if problems.empty:
        return [*said, texts.t("say_problems_none")]
    by_kind = problems.groupby("problem", sort=False)["rows"].sum()
    worst = str(by_kind.index[int(by_kind.to_numpy().argmax())])
    words = for_markdown(problem(worst, settings, texts))
    cases = cite(f"problem.{worst}", texts.t("n_cases", n=int(by_kind[worst])))
    return [*said, texts.t("say_problems", n=len(by_kind), problem=words, cases=cases)]


def _restated(restated: pd.DataFrame | None, texts: Texts) -> list[str]:
    if restated is None:
        return [texts.t("say_restated_first")]
    if restated.empty:
        return [texts.t("say_restated_none")]
    leads = texts.t("n_leads", n=int(restated["leads_once"].sum()))
    differ = moved_counts(restated)
    size = (restated["after"] - restated["before"]).abs()
    if not differ or not size.any():
        return [texts.t("say_restated_same", leads=leads)]
    largest = restated.iloc[int(size.to_numpy().argmax())]
    week = texts.week(largest["cohort_week"].date())
    return [texts.t("say_restated", n=differ, leads=leads, kind=kind(largest["kind"], texts), week=week)]
