"""What came in the last complete calendar week, from cohorts of all ages, beside the weeks before it."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.dates import WEEK, week_of
from funnel.schema import CONCLUDED, STAMPED
from funnel.settings import LEAD

REVENUE = "revenue"
BEFORE = 13
"""Weeks that say what is usual."""
LEAST = 4
"""With fewer weeks before it nothing is called usual."""
UNTIMED = 0.2
"""From this share of entries without a time of their own on, nobody knows in which week they came."""
LAST_WEEK_COLUMNS = ("measure", "week", "count", "usual", "low", "high")
"""One row: 'lead', a stage or 'revenue' (where payments are known) in the week of `week` (Monday), whatever
the age of the leads: `count` (leads, or money in the settings' currency); `usual`, `low` and `high`: mean,
least and most of the 13 complete weeks before, or of as many as there are. NaN where it is not known."""
AGES = ((0, 0), (1, 4), (5, 12), (13, 25), (26, -1))
"""Weeks between the lead's week and the event's, both included; -1 is no end."""
AGE_COLUMNS = ("age_from", "age_to", "sales", "usual_sales", "revenue", "usual_revenue")
"""One row: the sales and the revenue of the last complete week from leads of one band of ages (`AGES`), each
beside its mean over the weeks before. NaN where it is not known."""

Floats = npt.NDArray[np.float64]


def last_week(
    reached: pd.DataFrame, paid: pd.DataFrame, steps: tuple[str, ...], report_date: dt.date
) -> pd.DataFrame:
    """Return what came in the last complete week (`LAST_WEEK_COLUMNS`).

    Args:
        reached: the cube `reached` of the total.
        paid: the cube `paid` of the total.
        steps: `lead` and the stages in order.
        report_date: everything strictly before it counts.
    """
    week = pd.Timestamp(week_of(report_date) - WEEK)
    rows = []
    for step in steps:
        mine = reached[reached["stage"] == step]
        rows.append((step, *_beside(_by_week(mine, "leads", week, reached), untimed=untimed(mine))))
    if len(paid):
        amounts = _by_week(paid, "amount", week, reached)
        rows.append((REVENUE, *_beside(amounts, untimed=untimed(paid, "payments"))))
    frame = pd.DataFrame(rows, columns=[name for name in LAST_WEEK_COLUMNS if name != "week"])
    frame.insert(1, "week", week)
    return frame


def last_week_ages(
    reached: pd.DataFrame, paid: pd.DataFrame, steps: tuple[str, ...], report_date: dt.date
) -> pd.DataFrame:
    """Return from leads of which age the last week's sales and revenue came (`AGE_COLUMNS`)."""
    week = pd.Timestamp(week_of(report_date) - WEEK)
    sold = reached[reached["stage"] == steps[-1]]
    rows = []
    for first, last in AGES:
        parts: list[float] = []
        for frame, column, counted in ((sold, "leads", "leads"), (paid, "amount", "payments")):
            until = math.inf if last < 0 else last
            mine = frame[(frame["lag"] >= first) & (frame["lag"] <= until)]
            known = len(frame) > 0 and not untimed(frame, counted)
            parts += _beside(_by_week(mine, column, week, reached), untimed=not known)[:2]
        rows.append((first, last, *parts))
    return pd.DataFrame(rows, columns=list(AGE_COLUMNS))


def _by_week(frame: pd.DataFrame, column: str, week: pd.Timestamp, reached: pd.DataFrame) -> Floats:
    """Add up a column by calendar week: up to `BEFORE` weeks before `week`, oldest first, then `week`."""
    first = reached.loc[reached["stage"] == LEAD, "cohort_week"].min()
    known = min(BEFORE, max((week - first).days // 7, 0)) if len(reached) else 0
    weeks = pd.date_range(week - pd.Timedelta(weeks=known), week, freq="7D")
    happened = frame["cohort_week"] + pd.to_timedelta(frame["lag"] * 7, unit="D")
    sums = frame[column].astype(float).groupby(happened).sum()
    return np.asarray(sums.reindex(weeks, fill_value=0.0), dtype=np.float64)


def _beside(values: Floats, *, untimed: bool) -> tuple[float, float, float, float]:
    if untimed:
        return (math.nan,) * 4
    before = values[:-1]
    if len(before) < LEAST:
        return (float(values[-1]), math.nan, math.nan, math.nan)
    return (float(values[-1]), float(before.mean()), float(before.min()), float(before.max()))


def untimed(frame: pd.DataFrame, counted: str = "leads") -> bool:
    """Tell whether too much of a cube rests on moments that are no times."""
    without = sum(float(frame[name].sum()) for name in (STAMPED, CONCLUDED) if name in frame)
    return without > UNTIMED * float(frame[counted].sum())
