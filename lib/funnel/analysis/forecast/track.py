"""What archived editions forecast, beside what came: the part that was unknown when they told it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from funnel.analysis.forecast.ahead import LIMITS, YOUNG
from funnel.dates import WEEK, age_weeks, week_of

FINAL = 0
TRACK_COLUMNS = (
    "report_date", "cohort_week", "stage", "age_weeks", "weeks", "then", "mean", *LIMITS, "came",
    "more_expected", "more_came", "judged", "inside_50", "inside_90",
)  # fmt: skip
"""One row per archived edition, cohort that was young at it, stage and look whose time has come. `weeks`: how
many calendar weeks the edition looked ahead, its own being the first; `FINAL` for the final number. `then`:
leads that had reached the stage at the edition. `mean`, `p05` ...: what it expected. `came`: what had been
reached by that time, as it is known now. `more_expected`, `more_came`: the same without `then`, which was no
forecast; errors are of these. `judged`: whether at least one more was expected, without which an interval
says nothing; `inside_50`, `inside_90`: whether what came lies in the interval. A cohort that is still under
way is never held against a forecast of today."""
LEAST = 1.0
"""Arrivals expected, below which an interval is not judged."""

REVENUE_TRACK_COLUMNS = ("report_date", "week", "mean", "p10", "p90", "paid", "inside")
"""One row per archived edition and calendar week that is over by now: what the edition expected to be paid in
it, its 80 % interval, what was paid, and whether that lies inside. The weeks begin on or after the edition's
date, so nothing of them was known when it told."""


def track(
    earlier: Mapping[dt.date, tuple[pd.DataFrame, pd.DataFrame]],
    reached: pd.DataFrame,
    report_date: dt.date,
    horizon: int,
) -> pd.DataFrame:
    """Put every archived forecast whose time has come beside what came (`TRACK_COLUMNS`).

    Args:
        earlier: `forecast.FORECAST_COLUMNS` and `ahead.AHEAD_COLUMNS` by the report date they were made for.
        reached: the cube `reached` of the total, today.
        report_date: today's D.
        horizon: weeks after which a cohort is final.
    """
    inside = reached[reached["lag"] <= horizon]
    when = inside["cohort_week"] + pd.to_timedelta(7 * inside["lag"], unit="D")
    parts = []
    for date, (final, ahead) in earlier.items():
        for weeks, part in ahead.groupby("weeks"):
            end = week_of(date) + WEEK * int(str(weeks))
            if end <= report_date:
                parts.append(_beside(part, inside[when < pd.Timestamp(end)], date))
        ages = np.array([age_weeks(week.date(), report_date) for week in final["cohort_week"]])
        ripe = final[(ages >= horizon) & (final["age_weeks"] < YOUNG)]
        ripe = ripe.rename(columns=lambda name: name.removeprefix("final_")).assign(weeks=FINAL)
        parts.append(_beside(ripe, inside, date))
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(TRACK_COLUMNS))


def _beside(told: pd.DataFrame, come: pd.DataFrame, date: dt.date) -> pd.DataFrame:
    """Put what one edition told beside the leads that had come."""
    sums = come.groupby(["cohort_week", "stage"])["leads"].sum().rename("came").reset_index()
    both = told.rename(columns={"reached": "then"}).merge(sums, on=["cohort_week", "stage"], how="left")
    both["came"] = both["came"].fillna(0).astype("int64")
    more = both["mean"] - both["then"]
    return both.assign(
        report_date=pd.Timestamp(date),
        more_expected=more,
        more_came=both["came"] - both["then"],
        judged=more >= LEAST,
        inside_50=both["came"].between(both["p25"], both["p75"]),
        inside_90=both["came"].between(both["p05"], both["p95"]),
    )[list(TRACK_COLUMNS)]


def summed(rows: pd.DataFrame) -> tuple[float, int, float, int, int, int]:
    """Add rows of the track record up: for the text and for every row of the table alike.

    Returns:
        How many more were expected, how many came, the first over the second less 1 (NaN if none came),
        how many intervals are judged, and in how many of 50 and of 90 % what came lay.
    """
    expected, came = float(rows["more_expected"].sum()), int(rows["more_came"].sum())
    judged = rows[rows["judged"].astype(bool)]
    off = expected / came - 1 if came > 0 else float("nan")
    return expected, came, off, len(judged), int(judged["inside_50"].sum()), int(judged["inside_90"].sum())


def revenue_track(
    earlier: Mapping[dt.date, pd.DataFrame], paid: pd.DataFrame, report_date: dt.date
) -> pd.DataFrame:
    """Put every archived revenue forecast beside what was paid (`REVENUE_TRACK_COLUMNS`).

    Args:
        earlier: `revenue.REVENUE_COLUMNS` by the report date it was made for; one that knew of no payments
            has no rows, or zeros alone, and promised nothing.
        paid: the cube `paid` of the total, today; without any payment nothing can be held against it.
        report_date: today's D; only weeks over by then are compared, from the first whole one on.
    """
    columns = list(REVENUE_TRACK_COLUMNS)
    if paid.empty:
        return pd.DataFrame(columns=columns)
    week = paid["cohort_week"] + pd.to_timedelta(7 * paid["lag"], unit="D")
    amounts = paid["amount"].astype("float64").groupby(week).sum()
    parts = []
    for date, frame in earlier.items():
        first, last = pd.Timestamp(date), pd.Timestamp(report_date) - pd.Timedelta(days=7)
        if frame["p95"].eq(0).all():
            continue
        total = frame[(frame["source"] == "total") & frame["week"].between(first, last)]
        part = total[["week", "mean", "p10", "p90"]].copy()
        part.insert(0, "report_date", first)
        part["paid"] = amounts.reindex(part["week"]).fillna(0.0).to_numpy()
        part["inside"] = part["paid"].between(part["p10"], part["p90"])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
