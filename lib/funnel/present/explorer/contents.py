"""What goes into the explorer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from funnel.analysis.cube.cross import Cross
from funnel.calendar import Calendar
from funnel.dates import Period
from funnel.schema import TableName
from funnel.settings import Language


@dataclass(frozen=True, slots=True)
class Marked:
    """An initiative: its name by language, its first day, its last day if it ended."""

    names: Mapping[Language, str]
    start: dt.date
    end: dt.date | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into the explorer.

    Attributes:
        report_date: D.
        cross: the cells and what their leads reached.
        ages: of `cross.weeks`, whole weeks.
        imported: the weeks whose leads were imported.
        expected: `analysis.forecast.expected.EXPECTED_COLUMNS`.
        marks: the initiatives.
        calendar: the working days.
        read_age: the age of the cohort that the report reads.
        gaps: what is missing from the data, in sentences by language.
        hurt: the tables with gaps.
        reports: the report's page by language; the first language is the page's own.
        left_out: attributes that the cells have not, since there would be too many of them.
        period: what the report's cohorts are counted by: the explorer opens with it.
    """

    report_date: dt.date
    cross: Cross
    ages: Sequence[int]
    imported: Collection[pd.Timestamp]
    expected: pd.DataFrame
    marks: Sequence[Marked]
    calendar: Calendar
    read_age: int
    gaps: Mapping[Language, Sequence[str]]
    hurt: Collection[TableName]
    reports: Mapping[Language, str]
    left_out: Sequence[str] = ()
    period: Period = "week"
