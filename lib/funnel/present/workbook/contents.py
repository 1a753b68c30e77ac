"""What goes into the workbook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from funnel.columns import Column, Unit
from funnel.present.parts.final import Expected
from funnel.present.parts.texts import Texts

Kind = Literal["text", "date", "count", "number", "share", "change", "money"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a listing.

    Attributes:
        name: of the frame's column.
        header: as the reader sees it.
        kind: how its cells are formatted; 'share' 0..1, 'change' relative, 'money' in the report's currency.
        heat: shade the cells from low to high.
        link: the frame's column with the address that a cell leads to; '' for none.
    """

    name: str
    header: str
    kind: Kind = "text"
    heat: bool = False
    link: str = ""


_KINDS: Mapping[Unit, Kind] = {
    "week": "date",
    "date": "date",
    "leads": "count",
    "weeks": "count",
    "days": "count",
    "count": "count",
    "number": "number",
    "share": "share",
    "change": "change",
    "money": "money",
}
"""How the cells of a published column are formatted; others are text."""


def listed(column: Column, texts: Texts, *, heat: bool = False, link: str = "") -> Shown:
    """Return a published column as a listing shows it; see `Shown`."""
    return Shown(column.key, column.title[texts.language], _KINDS.get(column.unit, "text"), heat, link)


@dataclass(frozen=True, slots=True)
class Listing:
    """A sheet that shows a frame as it is.

    Attributes:
        title: of the sheet.
        frame: a row is a row.
        columns: in order.
        note: a sentence under the title.
    """

    title: str
    frame: pd.DataFrame
    columns: Sequence[Shown]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything a workbook shows.

    Attributes:
        report_date: D.
        flat: the flat data (`funnel.analysis.money.flat.flat`): `cohort_week`, `attr_0` ..., `leads`, the
            stages, and any of `payments`, `revenue`, `spend`, `expected_sales`; the last two are missing
            where they are not known.
        attributes: names of `attr_0`, `attr_1`, ... in order.
        cohorts: the cohort table of the total (`funnel.analysis.cohorts.table.cohort_table`), of weeks or of
            longer periods, as page 1 has it.
        listings: further sheets in order; see `funnel.present.workbook.listings`.
        doubts: by week, why to doubt its expected sales, a key of the catalogue after ``doubt_``.
        expected: of each row of `cohorts` what is expected of it; empty where nothing was computed.
        gaps_of_cohorts, gaps_of_pivots: that rows are missing which these sheets rest on, in words.
        marked: keys of the sums of the flat data that rest on them (`fields.Column.key`).
        left_out: attributes that the flat data do not have, since with them its rows would be too many.
    """

    report_date: dt.date
    flat: pd.DataFrame
    attributes: Sequence[str]
    cohorts: pd.DataFrame
    listings: Sequence[Listing] = ()
    doubts: Mapping[pd.Timestamp, str] = field(default_factory=dict)
    expected: Sequence[Expected | None] = ()
    gaps_of_cohorts: str = ""
    gaps_of_pivots: str = ""
    marked: frozenset[str] = frozenset()
    left_out: Sequence[str] = ()
