"""The first draft of what the report says in words; after that it belongs to the analyst.

Prose only, Markdown; every number comes from a frame. A comparison of cohorts of different age is called
raw, and the comparison at equal age stands next to it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

import pandas as pd

from funnel.analysis.cohorts import SMALL
from funnel.present.cite import Cite, typed
from funnel.present.claims import comparable, differ, standing_out, too_young
from funnel.present.data_tables import kind, problem
from funnel.present.escape import clean, for_markdown
from funnel.present.headline import at_equal_age, read_at
from funnel.present.money_words import money
from funnel.present.outlook_words import final, outlook
from funnel.present.texts import Texts
from funnel.settings import Settings


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
    """Write the narrative of a report: the cohort that is read, its neighbours, slices, outlook, the data.

    Args:
        cohorts: `analysis.cohorts.cohort_table` of the shown weeks.
        equal_age: the same with an age.
        slices: `analysis.cohorts.slices` by attribute.
        imports: `data_tables.IMPORT_COLUMNS`.
        problems: `schema.PROBLEM_COLUMNS`.
        restated: `schema.RESTATED_COLUMNS`; None if no earlier issue is archived.
        settings: stages and ages.
        texts: the language.
        frames: forecast and money by name, see `outlook_words.outlook` and `money_words.money`; or None.
        attention: paragraphs on flags, investigations and initiatives, of `attention_words.paragraphs`.
        end: the last day of data that end early, see `issue.model.Issue.data_end`.
        cite: how numbers of the catalogue are held, see `present.cite`.

    Returns:
        Paragraphs separated by blank lines.
    """
    paragraphs = [[texts.t("empty_cohorts")]]
    if len(cohorts):
        paragraphs = [
            _cohort(cohorts, equal_age, settings, texts, cite),
            _neighbours(cohorts, settings, texts),
            _slices(slices, settings, texts),
        ]
        paragraphs[1:1] = map(list, attention[:1])
        paragraphs += map(list, attention[1:])
        if frames is not None:
            read = cohorts.iloc[read_at(cohorts, settings)]
            paragraphs[0] += final(read, frames, settings, texts, cite)
            if age := too_young(frames["maturity"], settings):
                paragraphs[0].append(texts.t("say_reading_age", n=settings.reading_age, age=age))
            paragraphs.append(outlook(frames, settings, texts, cite))
            paragraphs.append(money(frames, settings, texts))
    if end:
        paragraphs[0].insert(0, texts.t("note_data_end", day=texts.date(end)))
    paragraphs.append([*_data(imports, problems, settings, texts), *_restated(restated, texts)])
    return "\n\n".join(" ".join(sentences) for sentences in paragraphs if sentences) + "\n"


def _cohort(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings, texts: Texts, cite: Cite
) -> list[str]:
    at = read_at(cohorts, settings)
    record = cohorts.iloc[at]
    week = texts.week(record["cohort_week"].date())
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


def _parts(record: pd.Series, settings: Settings, texts: Texts, cite: Cite) -> list[str]:
    """One clause for each stage; the first stage that nobody reached ends the chain."""
    parts: list[str] = []
    for stage in settings.stage_keys:
        key = f"verb_{stage}" if f"verb_{stage}" in texts else "verb_other"
        name = for_markdown(clean(texts.stage(stage, settings)))
        verb = texts.t(key, stage=name)
        count = int(record[stage])
        if count == 0:
            return [*parts, texts.t("part_none", verb=verb)]
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
    change = float(this["overall_change"])
    if math.isnan(change):
        return [
            texts.t(
                "say_equal_none", last=for_markdown(clean(texts.stage(settings.stage_keys[-1], settings)))
            )
        ]
    rate, age = texts.percent(this["overall_rate"], 2), int(this["at_age"])
    compared = _compared(change, texts)
    if not compared:
        return [texts.t("say_equal_same", n=age, rate=rate)]
    earlier = texts.percent(before["overall_rate"], 2)
    said = [texts.t("say_equal", n=age, change=compared, rate=rate, before=earlier)]
    stage = driver(this, before, settings)
    if stage:
        name = for_markdown(clean(texts.stage(stage, settings)))
        rates = [texts.percent(row[f"{stage}_rate"]) for row in (this, before)]
        said.append(texts.t("say_driver", stage=name, rate=rates[0], before=rates[1]))
    last = settings.stage_keys[-1]
    if chance:
        said.append(texts.t("say_chance", now=int(this[last]), then=int(before[last])))
    return said


def driver(this: pd.Series, before: pd.Series, settings: Settings) -> str:
    """Return the stage whose step explains most of the difference in overall conversion; '' if undefined.

    The overall conversion is the product of the steps, so the logarithms of their ratios add up to its own;
    the step with the largest part in the direction of the whole is named.
    """
    parts = {}
    for stage in settings.stage_keys:
        now, then = float(this[f"{stage}_rate"]), float(before[f"{stage}_rate"])
        if not (now > 0 and then > 0):
            return ""
        parts[stage] = math.log(now / then)
    whole = sum(parts.values())
    return max(parts, key=lambda stage: parts[stage] * math.copysign(1, whole))


def _neighbours(cohorts: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    at = read_at(cohorts, settings)
    said = []
    for key, place in (("say_neighbour_before", at - 1), ("say_neighbour_after", at + 1)):
        if 0 <= place < len(cohorts):
            row = cohorts.iloc[place]
            week, leads = texts.week(row["cohort_week"].date()), texts.t("n_leads", n=int(row["leads"]))
            if row["leads"] == 0:
                said.append(texts.t(f"{key}_empty", week=week))
                continue
            said.append(texts.t(key, week=week, leads=leads, rate=texts.percent(row["overall_rate"], 2)))
    young = int((cohorts["age_weeks"] < settings.young_weeks).sum())
    if cohorts["age_weeks"].iloc[at] < settings.young_weeks:
        said.append(texts.t("say_read_unripe"))
    if young:
        said.append(texts.t("say_unripe", n=young, limit=texts.t("of_weeks", n=settings.young_weeks)))
    return said


def _slices(slices: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts) -> list[str]:
    """The best and the worst value of each attribute, where they are so by more than chance."""
    said, compared, last = [], 0, settings.stage_keys[-1]
    for attribute, frame in slices.items():
        if len(frame) < 2 or frame["leads"].sum() == 0:
            continue
        some, told = comparable(frame), standing_out(frame, last)
        name = for_markdown(clean(texts.attribute(attribute, settings)))
        if some.empty:
            said.append(texts.t("say_slice_small", attribute=name, n=SMALL))
        elif told.empty:
            key = "say_slice_together" if differ(frame, last) else "say_slice_none"
            said.append(texts.t(key, attribute=name, n=SMALL))
        compared += len(some) if len(told) else 0
        best, worst = told[told["against_total"] > 0], told[told["against_total"] < 0]
        for keys, part, most in (
            (("say_slice_above", "say_slice_higher"), best, "max"),
            (("say_slice_below", "say_slice_lower"), worst, "min"),
        ):
            if len(part):
                end = part["against_total"].agg(most)
                # Only the best of all that are compared is called the best.
                key = keys[0] if end == some["against_total"].agg(most) else keys[1]
                said.append(_slice(key, name, part[part["against_total"] == end].iloc[0], texts))
    return [*said, texts.t("say_slice_caution", n=compared)] if compared else said


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


def _data(imports: pd.DataFrame, problems: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    said = []
    if len(imports):
        read, rejected = int(imports["read"].sum()), int(imports["rejected"].sum())
        rows = texts.t("n_rows", n=read)
        if rejected:
            said.append(texts.t("say_quality", read=rows, accepted=read - rejected, rejected=rejected))
        else:
            said.append(texts.t("say_quality_clean", read=rows))
    if problems.empty:
        return [*said, texts.t("say_problems_none")]
    worst = problems.sort_values("rows", ascending=False, kind="stable").iloc[0]
    words, rows = (
        for_markdown(problem(worst["problem"], settings, texts)),
        texts.t("n_rows", n=int(worst["rows"])),
    )
    return [*said, texts.t("say_problems", n=len(problems), problem=words, rows=rows)]


def _restated(restated: pd.DataFrame | None, texts: Texts) -> list[str]:
    if restated is None:
        return [texts.t("say_restated_first")]
    if restated.empty:
        return [texts.t("say_restated_none")]
    size = (restated["after"] - restated["before"]).abs()
    largest = restated.iloc[int(size.to_numpy().argmax())]
    week = texts.week(largest["cohort_week"].date())
    leads = texts.t("n_leads", n=int(restated["leads_once"].sum()))
    return [
        texts.t("say_restated", n=len(restated), leads=leads, kind=kind(largest["kind"], texts), week=week)
    ]
