"""What a published column is, and how those of every stage are written out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from funnel.settings import LEAD, Language

Unit = Literal[
    "week",
    "date",
    "text",
    "weeks",
    "days",
    "leads",
    "count",
    "share",
    "change",
    "interval",
    "money",
    "number",
]
"""week: a Monday. date: a day. weeks, leads, count: whole numbers. share: 0 to 1. change: relative, 0.1 is
10 % more. interval: from this column to the one that `upto` names. money: in the settings' currency. number:
any other."""
Place = Literal["page", "command", "sheet"]
EVERYWHERE: frozenset[Place] = frozenset({"page", "command", "sheet"})
"""The archive's CSV holds every column, wherever else it is shown."""
OVERALL = "overall"
SMALL_MARK = "°"
"""Of a cohort of few leads; it may also be unripe, which has another mark."""


@dataclass(frozen=True, slots=True)
class Column:
    """A published column.

    Attributes:
        key: its name in frames and CSV; `{stage}` and `{before}` stand for a stage and the one before it.
        title: its head, by language; on the page it stands under the name of what it is `under`. The
            table fills in what stands in braces: `{stage}`, `{unit}`, `{currency}`.
        meaning: what it says, a sentence without the title, by language.
        unit: what its values are.
        digits: decimals that a reader sees.
        under: what it belongs to: "stage" for a column of every stage, "last" for one of the last alone,
            `OVERALL`, or nothing.
        group: key of the catalogue of what stands above it instead of the name of what it is `under`.
        places: where it is shown.
        formula: in the workbook, the keys of what is divided by what; none for a plain number.
        upto: of an interval, the key of its upper end.
        value: computes it from the columns before it; none if the table brings it.
        stage: the stage it was written out for; see `written_out`.
    """

    key: str
    title: Mapping[Language, str]
    meaning: Mapping[Language, str]
    unit: Unit
    digits: int = 0
    under: str = ""
    group: str = ""
    places: frozenset[Place] = EVERYWHERE
    formula: tuple[str, str] | None = None
    upto: str = ""
    value: Callable[[pd.DataFrame], pd.Series] | None = None
    stage: str = ""


def words(en: str, ru: str) -> dict[Language, str]:
    """Return a text in both languages."""
    return {"en": en, "ru": ru}


LOW, HIGH = words("at least (5 %)", "не меньше (5 %)"), words("at most (95 %)", "не больше (95 %)")
"""Heads of the ends of an interval that stand in columns of their own."""


def only(columns: Sequence[Column], *places: Place) -> tuple[Column, ...]:
    """Return columns that are shown in these places at most."""
    return tuple(replace(column, places=column.places & frozenset(places)) for column in columns)


def written_out(
    columns: Sequence[Column], stages: Sequence[str], place: Place | None = None
) -> tuple[Column, ...]:
    """Return columns with those of every stage written out, in the order in which a reader meets them.

    Args:
        columns: such as `COHORTS`.
        stages: keys in order, without the lead.
        place: only those shown there; None for all.

    >>> from funnel.columns import COHORTS
    >>> [column.key for column in written_out(COHORTS, ["target", "sale"], "page")][2:7]
    ['leads', 'target', 'target_rate', 'sale', 'sale_rate']
    """
    wanted = [column for column in columns if place is None or place in column.places]
    each = [column for column in wanted if column.under == "stage"]
    found: list[Column] = []
    for column in wanted:
        if column.under != "stage":
            found.append(_named(column, last=stages[-1] if stages else ""))
        elif column is each[0]:
            for before, stage in zip(["leads", *stages], stages, strict=False):
                found += [_named(item, stage, before) for item in each]
    return tuple(found)


def _named(column: Column, stage: str = "", before: str = "", last: str = "") -> Column:
    """Return a column with the names of its stages filled in; a stage may be named like a placeholder."""
    names = {"{stage}": stage, "{before}": before, "{last}": last}

    def fill(key: str) -> str:
        return re.sub(r"\{\w+\}", lambda found: names[found[0]], key)

    formula = (fill(column.formula[0]), fill(column.formula[1])) if column.formula else None
    return replace(column, key=fill(column.key), formula=formula, stage=stage)


def computed(frame: pd.DataFrame, columns: Sequence[Column], steps: Sequence[str]) -> pd.DataFrame:
    """Add to a table what its columns compute from it, in their order.

    Args:
        frame: with the columns that the table brings.
        columns: such as `COHORTS`.
        steps: 'lead' and the stages in order.
    """
    stages = [step for step in steps if step != LEAD]
    for column in written_out(columns, stages):
        if column.value is not None and column.key not in frame:
            frame = frame.assign(**{column.key: column.value(frame)})
    return frame
