"""A table made of published columns: their heads and cells as a reader sees them, see `funnel.columns`."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from funnel.columns import LEADS, OVERALL, Column, Place, written_out
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Head
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme
from funnel.settings import LEAD, Settings

UP, DOWN = "▲", "▼"
_LEFT = ("week", "text")


def shown(columns: Sequence[Column], settings: Settings, place: Place = "page") -> tuple[Column, ...]:
    """Return the columns of a table that a place shows, those of every stage written out."""
    return written_out(columns, settings.stage_keys, place)


def title(column: Column, settings: Settings, texts: Texts) -> str:
    """Return a column's head; the leads' is the name that the settings give them."""
    return texts.stage(LEAD, settings) if column.key == LEADS.key else column.title[texts.language]


def heads(columns: Sequence[Column], settings: Settings, texts: Texts, theme: Theme) -> list[Head]:
    """Return the heads, each under the stage that it belongs to."""
    found = []
    for column in columns:
        side = "left" if column.unit in _LEFT else "right"
        group, colour = "", ""
        if column.stage:
            group, colour = clean(texts.stage(column.stage, settings)), theme.stage(column.stage, settings)
        elif column.under == OVERALL:
            group, colour = texts.stage(OVERALL, settings), theme.ink
        found.append(Head(title(column, settings, texts), group, side, colour))  # type: ignore[arg-type]
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


def change_cell(relative: float, texts: Texts, theme: Theme) -> Cell:
    """Return a relative change with an arrow, so that it is understood without its colour."""
    words = texts.change(relative)
    if math.isnan(relative) or words == texts.change(0.0):
        return Cell(words)
    return (
        Cell(f"{UP} {words}", colour=theme.up) if relative > 0 else Cell(f"{DOWN} {words}", colour=theme.down)
    )


def interval(low: float, high: float, texts: Texts, digits: int = 1) -> str:
    r"""Return an interval of shares with one per cent sign.

    >>> interval(0.021, 0.067, Texts("en"))
    '2.1 – 6.7\xa0%'
    """
    if math.isnan(low) or math.isnan(high):
        return texts.percent(math.nan)
    return f"{texts.number(low * 100, digits)} – {texts.percent(high, digits)}"
