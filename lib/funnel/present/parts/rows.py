"""What the tables of money and time have in common."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Row
from funnel.present.parts.texts import NBSP, Texts
from funnel.settings import Settings

Record = Mapping[Hashable, Any]
"""A row of a frame, by column."""
SHOWN_VALUES = 12
INDENT = "\u2003"
DOUBT = "†"
"""Stands for a number that cannot be told reliably yet."""
SPAN = f"{NBSP}–{NBSP}"


def heading(attribute: str, columns: int, settings: Settings, texts: Texts) -> Row:
    """Return the row that names an attribute above its values."""
    name = clean(texts.attribute(attribute, settings))
    return Row((Cell(name), *(Cell("") for _ in range(columns - 1))), "strong")


def value_name(value: object, texts: Texts) -> str:
    """Return a value of an attribute as a table shows it."""
    return clean(str(value), 40) or texts.t("not_given")


def digits_of(amounts: pd.Series) -> int:
    """Whole units, unless the amounts are so small that the cents matter."""
    largest = float(amounts.abs().max()) if len(amounts) else math.nan
    return 2 if largest < 100 else 0


def left_out(frame: pd.DataFrame, most: int, texts: Texts) -> list[str]:
    """Return a note if an attribute has more values than are shown."""
    values = frame[frame["attribute"] != ""].groupby("attribute")["value"].nunique()
    left = int((values - most).clip(lower=0).sum())
    return [texts.t("note_values_left", n=left)] if left else []


def doubt_notes(rows: Iterable[Row], key: str, texts: Texts, **given: int) -> list[str]:
    """Return a note (its key) if a row holds the mark of a number that cannot be told reliably yet."""
    marked = any(cell.text == DOUBT for row in rows for cell in row.cells)
    return [texts.t(key, **given)] if marked else []


def vat_notes(states: set[str], texts: Texts) -> list[str]:
    """Return what must be said of the VAT in an ad spend that holds these states."""
    known = states - {""}
    if known & {"mixed"} or len(known) > 1:
        return [texts.t("note_vat_mixed")]
    return [texts.t(f"note_vat_{state}") for state in sorted(known)]
