"""What archived issues forecast, beside what came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from funnel.dates import age_weeks

TRACK_COLUMNS = (
    "report_date", "cohort_week", "stage", "age_weeks", "final_mean", "final_p05", "final_p25", "final_p75",
    "final_p95", "reached_now", "age_now", "settled",
)  # fmt: skip
"""One row per archived issue, cohort and stage: the final number it expected (leads), the number reached by
now, and whether the cohort is final by now (`settled`)."""

REVENUE_TRACK_COLUMNS = ("report_date", "week", "mean", "p10", "p90", "paid", "inside")
"""One row per archived issue and calendar week that is over by now: what the issue expected to be paid in it,
its 80 % interval, what was paid, and whether that lies inside."""


def track(
    earlier: Mapping[dt.date, pd.DataFrame], reached: pd.DataFrame, report_date: dt.date, horizon: int
) -> pd.DataFrame:
    """Put every archived forecast beside what came (`TRACK_COLUMNS`).

    Args:
        earlier: `forecast.FORECAST_COLUMNS` by the report date it was made for.
        reached: the cube `reached` of the total, today.
        report_date: today's D.
        horizon: weeks after which a cohort is final.
    """
    inside = reached[reached["lag"] <= horizon]
    now = inside.groupby(["cohort_week", "stage"])["leads"].sum().rename("reached_now").reset_index()
    parts = []
    for date, frame in earlier.items():
        part = frame[[*TRACK_COLUMNS[1:9]]].merge(now, on=["cohort_week", "stage"], how="left")
        part.insert(0, "report_date", pd.Timestamp(date))
        part["reached_now"] = part["reached_now"].fillna(0).astype("int64")
        part["age_now"] = [age_weeks(week.date(), report_date) for week in part["cohort_week"]]
        part["settled"] = part["age_now"] >= horizon
        parts.append(part[list(TRACK_COLUMNS)])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(TRACK_COLUMNS))


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
