"""Weeks, ages, lags and the two clocks.

A week is named by its Monday. Everything here works on whole local days: timestamps were converted
to the funnel's time zone when they were read (`funnel.sources`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from funnel.errors import InputError, Problem

WEEK = dt.timedelta(days=7)
Period = Literal["week", "4weeks", "month", "quarter"]
PERIODS: tuple[Period, ...] = get_args(Period)
"""What weekly cohorts can be counted together by."""


def week_of(day: dt.date) -> dt.date:
    """Return the Monday of the week a day lies in.

    >>> week_of(dt.date(2022, 9, 18))
    datetime.date(2022, 9, 12)
    """
    return day - dt.timedelta(days=day.weekday())


def read_position(ages: Sequence[int], reading_age: int) -> int:
    """Return the position of the cohort that is read: the newest that is old enough, else the oldest.

    Args:
        ages: in weeks, oldest cohort first, not empty.
        reading_age: least age in weeks.

    >>> read_position([3, 2, 1, 0], 1), read_position([1, 0], 5)
    (2, 0)
    """
    return max((at for at, age in enumerate(ages) if age >= reading_age), default=0)


def age_weeks(week: dt.date, report_date: dt.date) -> int:
    """Return the age of a cohort at a report date: whole weeks since the end of its week.

    Negative while the week is not complete.

    >>> age_weeks(dt.date(2022, 9, 12), dt.date(2022, 9, 26))
    1
    >>> age_weeks(dt.date(2022, 9, 19), dt.date(2022, 9, 26))
    0
    """
    return (report_date - week - WEEK).days // 7


def complete_weeks(report_date: dt.date, count: int) -> list[dt.date]:
    """Return the Mondays of the last `count` weeks that were complete at a report date, oldest first.

    >>> complete_weeks(dt.date(2022, 9, 28), 2)
    [datetime.date(2022, 9, 12), datetime.date(2022, 9, 19)]
    """
    last = week_of(report_date) - WEEK
    return [last - WEEK * back for back in reversed(range(count))]


def period_start(week: dt.date, period: Period, report_date: dt.date) -> dt.date:
    """Return the first day of the period that a week counts in.

    A week counts in the month and quarter of its Monday, as in the workbook. Four weeks end with the last
    week that was complete at the report date, so that the newest are always whole.

    >>> period_start(dt.date(2022, 8, 29), "month", dt.date(2022, 9, 26))
    datetime.date(2022, 8, 1)
    >>> period_start(dt.date(2022, 8, 29), "4weeks", dt.date(2022, 9, 26))
    datetime.date(2022, 8, 29)
    """
    if period == "4weeks":
        last = week_of(report_date) - WEEK
        return last - WEEK * ((last - week).days // 28 * 4 + 3)
    if period == "week":
        return week
    month = week.month if period == "month" else (week.month - 1) // 3 * 3 + 1
    return dt.date(week.year, month, 1)


def weeks_in(start: dt.date, period: Period) -> int:
    """Return how many weeks count in a period.

    >>> weeks_in(dt.date(2022, 8, 1), "month"), weeks_in(dt.date(2022, 7, 1), "quarter")
    (5, 13)
    """
    if period in ("week", "4weeks"):
        return 1 if period == "week" else 4
    after = (start + dt.timedelta(days=31 if period == "month" else 95)).replace(day=1)
    return (week_of(after - dt.timedelta(days=1)) - week_of(start - dt.timedelta(days=1))).days // 7


def parse_date(text: str, where: str = "--date") -> dt.date:
    """Read a date as ``YYYY-MM-DD``.

    Raises:
        InputError: the text is not such a date.

    >>> parse_date("2022-09-26")
    datetime.date(2022, 9, 26)
    """
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        problem = Problem(where, f"{text!r} is not a date", "a date as YYYY-MM-DD, such as 2022-09-26")
        raise InputError("A date cannot be read.", [problem]) from None


@dataclass(frozen=True, slots=True)
class AsOf:
    """The two clocks of a report.

    Attributes:
        report_date: everything that happened strictly before this day 00:00 counts.
        known_at: UTC time without offset; what the warehouse knew then counts.
    """

    report_date: dt.date
    known_at: dt.datetime

    @property
    def cutoff(self) -> dt.datetime:
        """The report date's local midnight, without offset: what happened before it counts."""
        return dt.datetime.combine(self.report_date, dt.time())
