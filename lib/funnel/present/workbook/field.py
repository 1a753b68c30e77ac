"""A field of the flat data and of the pivots: a column, or what is calculated from sums."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

COUNT, SHARE, DATE = "#,##0", "0.00%", "mm-dd-yy"
"""Built-in formats; the last one is the reader's own date."""
KNOWN = '#,##0;\\-#,##0;"–"'
EXPECTED = '#,##0.0;\\-#,##0.0;"–"'
"""Formats of sums that leave out what is not known: Excel adds up blanks to 0, which is no number then."""
RETURNED = "0%"


def number(value: float) -> str:
    """Return one number as it stands in the file.

    >>> number(3.0), number(0.5)
    ('3', '0.5')
    """
    return str(int(value)) if value == int(value) else repr(value)


@dataclass(frozen=True)
class Column:
    """A field that is a column of the flat data.

    Attributes:
        name: of the field; its head in the sheet.
        items: its different values in the order of the pivot, for a field to group or filter by; empty for
            one to add up.
        codes: the position in `items`, by row.
        values: what is added up, by row; NaN where nothing is known.
        whole: all values are whole numbers.
        is_date: the items are days.
        order: in which a pivot sorts the items, `ascending` or `descending`; '' for as they stand.
        format: of its numbers.
        key: of what is added up: `leads`, a stage, or a column of the flat data; of what is grouped by:
            `cohorts`, `quarter`, `month`, `week`, `age`, `ripe`, `trust`, or the name of an attribute.
        least: the smallest value stands for several rows, not their sum.
    """

    name: str
    items: tuple[object, ...] = ()
    codes: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    values: Floats = field(default_factory=lambda: np.zeros(0))
    whole: bool = False
    is_date: bool = False
    order: str = ""
    format: str = "General"
    key: str = ""
    least: bool = False

    @property
    def is_number(self) -> bool:
        """Whether its items are numbers."""
        return bool(self.items) and isinstance(self.items[0], int)

    @cached_property
    def written(self) -> tuple[list[str | None], Codes]:
        """Its different values as they stand in the file (None where unknown), and by row which it is."""
        codes, known = pd.factorize(self.values, use_na_sentinel=False)
        form = number if self.whole else repr
        texts = [form(value) if math.isfinite(value) else None for value in known.tolist()]
        return texts, codes.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A calculated field: one sum divided by another, at every grouping.

    Attributes:
        name: of the field.
        above: the name of the column above the line.
        below: the name of the column below it.
        format: of its numbers.
        costs: a sum of 0 above the line is nothing known, for Excel adds up blanks to 0.
    """

    name: str
    above: str
    below: str
    format: str = SHARE
    costs: bool = False

    @property
    def formula(self) -> str:
        """The formula as Excel keeps it, without the equals sign."""
        above, below = quoted(self.above), quoted(self.below)
        return f"IF({above}=0,1/0,{above}/{below})" if self.costs else f"{above}/{below}"


@dataclass(frozen=True, slots=True)
class Fields:
    """All fields of the pivot cache: the columns of the flat data in order, then the calculated ones.

    Attributes:
        columns: what stands in the sheet.
        ratios: what Excel calculates.
        shown: names of the fields to show as pivot columns in order.
        rows: how many rows the flat data have.
        note: what the sums leave out, in sentences; '' if nothing.
    """

    columns: tuple[Column, ...]
    ratios: tuple[Ratio, ...]
    shown: tuple[str, ...]
    rows: int
    note: str = ""

    @property
    def names(self) -> list[str]:
        """Names of all fields by position."""
        return [*(item.name for item in self.columns), *(item.name for item in self.ratios)]

    @property
    def formats(self) -> dict[str, str]:
        """Number format of every field by name."""
        columns = {item.name: item.format for item in self.columns}
        return columns | {item.name: item.format for item in self.ratios}

    def caption(self, name: str) -> str:
        """Return what heads a field in a pivot: never the name of a field, so a space follows the name."""
        return f"{name} "

    def column(self, name: str) -> Column:
        """Return a column by name."""
        return next(item for item in self.columns if item.name == name)

    def ratio(self, name: str) -> Ratio | None:
        """Return a calculated field by name; None for a column."""
        return next((item for item in self.ratios if item.name == name), None)

    def named(self, *keys: str) -> tuple[str, ...]:
        """Return the names of the columns with these keys, in their order; what is not there has none."""
        by_key = {item.key: item.name for item in self.columns}
        return tuple(by_key[key] for key in keys if key in by_key)


def quoted(name: str) -> str:
    """Return a field's name as a formula writes it.

    >>> quoted("Leads"), quoted("Ad spend"), quoted("Q1"), quoted("d'or")
    ('Leads', "'Ad spend'", "'Q1'", "'d''or'")
    """
    like_a_cell = len(name) <= 3 or any(letter.isdigit() for letter in name)
    simple = name.isidentifier() and not like_a_cell and name.upper() not in ("TRUE", "FALSE")
    return name if simple else "'" + name.replace("'", "''") + "'"
