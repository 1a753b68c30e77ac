"""The tables of how long deals take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from funnel.analysis.cohorts.durations import unseen
from funnel.columns import DURATIONS, written_out
from funnel.present.cohorts.tables import MARK
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.rows import INDENT, SHOWN_VALUES, heading, left_out, value_name
from funnel.present.parts.texts import Texts
from funnel.settings import LEAD, Settings

SHOWN_QUARTERS = 8
BORROWED = 0.25
"""A duration of which a larger share rests on how long older leads took is marked."""
_ENDS = ("median_days", "p80_days")


def durations_grid(frame: pd.DataFrame, settings: Settings, texts: Texts, *, between: bool = False) -> Grid:
    """Return how many days leads take to each stage, by quarter and by attributes, and how many arrived.

    Args:
        frame: `analysis.cohorts.durations.durations` after `attribute`, `value`, `cohort_quarter`.
        settings: the stages, the names of attributes.
        texts: the language.
        between: from the stage before instead of from the lead.
    """
    theme = look.load(settings)
    ways = frame[(frame["start"] != LEAD) if between else (frame["start"] == LEAD)]
    stages = [stage for stage in settings.stage_keys if stage in set(ways["stage"])]
    rows = []
    marked = False
    for attribute, part in ways.groupby("attribute", sort=False):
        if attribute:
            rows.append(heading(str(attribute), 2 + 3 * len(stages), settings, texts))
            sizes = part.groupby("value")["leads"].max().sort_values(ascending=False, kind="stable")
            shown = sizes.index[:SHOWN_VALUES]
            groups = [(INDENT + value_name(value, texts), part[part["value"] == value]) for value in shown]
        else:
            whole = part["cohort_quarter"].isna()
            groups = [(texts.t("all_cohorts"), part[whole])]
            for quarter in sorted(part.loc[~whole, "cohort_quarter"].unique())[-SHOWN_QUARTERS:]:
                day = pd.Timestamp(quarter)
                words = texts.t("quarter", quarter=str((day.month + 2) // 3), year=str(day.year))
                groups.append((INDENT + words, part[part["cohort_quarter"] == quarter]))
        for name, group in groups:
            row, few = _duration_row(name, group, stages, texts)
            marked = marked or few
            rows.append(row)
    heads = columned.heads(written_out(DURATIONS, stages, "page"), settings, texts, theme)
    if between:
        before = {
            (name := clean(texts.stage(stage, settings))): f"{clean(texts.stage(start, settings))} → {name}"
            for start, stage in zip(settings.steps, settings.stage_keys, strict=False)
        }
        heads = [replace(head, group=before.get(head.group, "")) for head in heads]
    notes = [texts.t("note_durations")]
    if bool((ways["at_least"] & ways["median_days"].notna()).any()):
        notes.append(texts.t("note_at_least"))
    if marked:
        notes.append(texts.t("note_borrowed"))
    notes += left_out(ways, SHOWN_VALUES, texts)
    name = "durations-between" if between else "durations"
    empty = texts.t("unseen_durations" if between and unseen(frame) else "empty_durations")
    if between and len(settings.stage_keys) == 1:
        empty = texts.t("empty_between")
    return Grid(name, tuple(heads), tuple(rows), theme, tuple(notes) if rows else (), empty)


def _duration_row(name: str, group: pd.DataFrame, stages: Sequence[str], texts: Texts) -> tuple[Row, bool]:
    by_stage = {str(row["stage"]): row for row in group.to_dict("records")}
    few = bool(((group["borrowed"] > BORROWED) & group["median_days"].notna()).any())
    strong = not name.startswith(INDENT)
    cells = [Cell(name + (f" {MARK}" if few else "")), Cell(texts.number(int(group["leads"].max())))]
    for stage in stages:
        if stage not in by_stage:
            cells += [Cell("")] * 3
            continue
        row = by_stage[stage]
        ends = [told_days(float(row[name]), bool(row["at_least"]), texts) for name in _ENDS]
        cells += [Cell(text) for text in (texts.number(int(row["reached"])), *ends)]
    return Row(tuple(cells), "strong" if strong else "plain"), few


def told_days(number: float, at_least: bool, texts: Texts) -> str:
    """Return a time in days, or that it takes longer than that.

    >>> told_days(88.2, True, Texts("en")), told_days(float("nan"), True, Texts("en"))
    ('> 88', '–')
    """
    text = days(number, texts)
    return f"> {text}" if at_least and not math.isnan(number) else text


def days(number: float, texts: Texts) -> str:
    """Return a time in days: with a digit after the point while it is short.

    >>> days(0.63, Texts("en")), days(173.7, Texts("en")), days(float("nan"), Texts("en"))
    ('0.6', '174', '–')
    """
    return texts.number(number, 1 if number < 10 else 0)
