"""A table made of published columns: their heads and cells as a reader sees them, see `funnel.columns`."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from funnel.columns import LEADS, OVERALL, Column, Place, written_out
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Align, Cell, Head
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme
from funnel.settings import LEAD, Settings

UP, DOWN = "▲", "▼"
MAYBE_UP, MAYBE_DOWN = "△", "▽"
"""Hollow: the change may be chance, which is so understood without the colour too."""
_LEFT = ("week", "text")


def shown(columns: Sequence[Column], settings: Settings, place: Place = "page") -> tuple[Column, ...]:
    """Return the columns of a table that a place shows, those of every stage written out."""
    return written_out(columns, settings.stage_keys, place)


def title(column: Column, settings: Settings, texts: Texts, **values: str) -> str:
    """Return a column's head, filled in; the leads' is the name that the settings give them."""
    if column.title == LEADS.title:
        return texts.stage(LEAD, settings)
    return column.title[texts.language].format(**values)


def heads(
    columns: Sequence[Column], settings: Settings, texts: Texts, theme: Theme, **values: str
) -> list[Head]:
    """Return the heads, each under what it belongs to; the first one is of the column that names the rows.

    Args:
        columns: as `shown` returns them.
        settings: the names of the stages.
        texts: the language.
        theme: the colours.
        values: what titles and groups want filled in, but the stage.
    """
    found: list[Head] = []
    for column in columns:
        align: Align = "left" if not found or column.unit in _LEFT else "right"
        stage = settings.stage_keys[-1] if column.under == "last" else column.stage
        name = clean(texts.stage(stage or OVERALL, settings))
        group = name if stage or column.under == OVERALL else ""
        colour = theme.stage(stage, settings) if stage else theme.ink if group else ""
        if column.group:
            group = texts.t(column.group, **{**values, "stage": name})
            colour = colour if column.under == "last" else ""
        words = title(column, settings, texts, **{**values, "stage": name})
        found.append(Head(words, group, align, colour, column.key))
    return found


def cells(
    columns: Sequence[Column],
    record: Mapping[Hashable, Any],
    texts: Texts,
    own: Mapping[str, Cell],
) -> tuple[Cell, ...]:
    """Return a row's cells.

    Args:
        columns: as `shown` returns them.
        record: the row, by key.
        texts: the language.
        own: cells that say more than their number, such as a mark, by key.
    """
    return tuple(own.get(column.key) or Cell(_text(column, record, texts)) for column in columns)


def _text(column: Column, record: Mapping[Hashable, Any], texts: Texts) -> str:
    value = record[column.key]
    match column.unit:
        case "week":
            return texts.compact_week(pd.Timestamp(value).date())
        case "date":
            return texts.number(math.nan) if pd.isna(value) else texts.date(pd.Timestamp(value).date())
        case "text":
            return clean(value, 40) or texts.t("not_given")
        case "share":
            return texts.percent(value, column.digits)
        case "change":
            return texts.change(value, column.digits)
        case "interval":
            return interval(value, record[column.upto], texts, column.digits)
        case _:
            return texts.number(value, column.digits)


def change_cell(relative: float, texts: Texts, theme: Theme, *, chance: bool = False) -> Cell:
    """Return a relative change with an arrow, so that it is understood without its colour.

    Args:
        relative: the change.
        texts: the language.
        theme: the colours.
        chance: it may be chance, or cannot be judged: the arrow is hollow and nothing is coloured.
    """
    words = texts.change(relative)
    if math.isnan(relative) or words == texts.change(0.0):
        return Cell(words)
    up = relative > 0
    if chance:
        return Cell(f"{MAYBE_UP if up else MAYBE_DOWN} {words}")
    return Cell(f"{UP if up else DOWN} {words}", colour=theme.up if up else theme.down)


def interval(low: float, high: float, texts: Texts, digits: int = 1) -> str:
    r"""Return an interval of shares with one per cent sign.

    >>> interval(0.021, 0.067, Texts("en"))
    '2.1 – 6.7\xa0%'
    """
    if math.isnan(low) or math.isnan(high):
        return texts.percent(math.nan)
    return f"{texts.number(low * 100, digits)} – {texts.percent(high, digits)}"
