"""Weekly cohorts counted together: by four weeks, month or quarter, and when weeks alone are too small.

The borders of the periods stand in `funnel.dates`, for the report, the commands and the explorer.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import pandas as pd

from funnel.dates import PERIODS, WEEK, Period, age_weeks, period_start, week_of, weeks_in

SMALL = 30
"""Fewer leads than this are marked as small; see METHODS.md."""
LENGTH = {"week": 1.0, "4weeks": 4.0, "month": 52 / 12, "quarter": 13.0}
"""Weeks of a period, on average."""
YEAR, SEASON = 52, 13
LEAST = 4
"""Periods that must fit into the log, so that there is something to compare."""


def choose(leads: pd.Series, report_date: dt.date) -> Period:
    """Return the shortest period of which a usual cohort has leads enough, else the longest that fits.

    Enough are those from which chance alone seldom takes it below `SMALL`: n - sqrt(n) is not less. A usual
    week is the median of the year before the report date's quarter, so that the choice holds for a quarter;
    of a log that has no 13 weeks before it, of all its weeks.

    Args:
        leads: by Monday (index, dates), the complete weeks since the first lead, those without leads too.
        report_date: D.

    >>> weeks = [dt.date(2021, 1, 4) + WEEK * n for n in range(90)]
    >>> [choose(pd.Series(n, index=weeks), dt.date(2022, 9, 26)) for n in (2, 5, 8, 12, 40)]
    ['quarter', 'quarter', 'quarter', '4weeks', 'week']
    """
    if leads.empty:
        return "week"
    begun = period_start(week_of(report_date), "quarter", report_date)
    before = leads[[week < begun for week in leads.index]]
    usual = float((before.tail(YEAR) if len(before) >= SEASON else leads).median())
    fitting = [one for one in PERIODS if one == "week" or len(leads) >= LEAST * LENGTH[one]]
    for period in fitting:
        many = usual * LENGTH[period]
        if many - math.sqrt(many) >= SMALL:
            return period
    return fitting[-1]


def newest(weeks: Sequence[dt.date], period: Period, report_date: dt.date, count: int) -> list[dt.date]:
    """Return the weeks of the newest periods.

    Args:
        weeks: Mondays of all complete weeks, oldest first.
        period: what they are counted together by.
        report_date: D.
        count: how many periods.
    """
    starts = sorted({period_start(week, period, report_date) for week in weeks})[-count:]
    return [week for week in weeks if starts and period_start(week, period, report_date) >= starts[0]]


def grown(weeks: Sequence[dt.date], period: Period, report_date: dt.date, age: int) -> list[dt.date]:
    """Return the weeks of the periods all of whose weeks are at least so old."""
    young = {period_start(week, period, report_date) for week in weeks if age_weeks(week, report_date) < age}
    return [week for week in weeks if period_start(week, period, report_date) not in young]


def together(counts: pd.DataFrame, period: Period, report_date: dt.date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count weekly cohorts together.

    Args:
        counts: `table.counts`: one row per `cohort_week` (and value), a column per step.
        period: not a week.
        report_date: D.

    Returns:
        The same with one row per period, under the Monday of its first week that counts; and by this Monday
        `period`, `period_start`, `weeks` (how many count), `weeks_of` (how many it has).
    """
    stamps = counts.index.get_level_values("cohort_week")
    mondays = pd.DatetimeIndex(stamps.unique()).sort_values()
    starts = [period_start(week.date(), period, report_date) for week in mondays]
    facts = pd.DataFrame({"cohort_week": mondays, "period_start": pd.DatetimeIndex(starts)})
    each = facts.groupby("period_start")["cohort_week"]
    facts["first"], facts["weeks"] = each.transform("min"), each.transform("size")
    first = pd.Series(facts["first"].to_numpy(), index=mondays)
    others = [name for name in counts.index.names if name != "cohort_week"]
    keys = [
        pd.Index(first[stamps], name="cohort_week"),
        *(counts.index.get_level_values(str(name)) for name in others),
    ]
    told = facts.drop_duplicates("first").set_index("first").rename_axis("cohort_week")
    told = told.drop(columns="cohort_week").assign(period=period)
    told["weeks_of"] = [weeks_in(start.date(), period) for start in told["period_start"]]
    return counts.groupby(keys, sort=True).sum(), told[["period", "period_start", "weeks", "weeks_of"]]


def last_week(first: dt.date, weeks: int) -> dt.date:
    """Return the Monday of the last of so many consecutive weeks."""
    return first + WEEK * (weeks - 1)
