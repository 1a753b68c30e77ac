"""Where the data end: feeds that stopped, each against its own rhythm, and stray rows ahead of everything."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from funnel.gate.rules import STOPPED, finding
from funnel.schema import require

EXPECTED = 10.0
"""Rows that would have come in the silence, at the pace of the weeks before, from which it says something."""
GAP = dt.timedelta(days=56)
STRAY = 0.05
"""Of the usual pace; rows behind a longer gap that come more seldom, the gap counted in, are stray."""
AGAIN, DAYS = 0.25, 3
"""Of the usual pace, on so many days: what comes so after a gap is a company at work again."""
USUAL = 13
"""Weeks in which the usual pace is read."""
GOES_ON = 3
"""Days on which another table must have had rows in the silence."""

DAILY_COLUMNS = ("table", "day", "rows")
"""One row per table and day (datetime64): its rows."""


def usual_end(daily: pd.DataFrame) -> dt.date | None:
    """Return the last day of the usual volume of all tables together; None without any row.

    Rows behind a gap of eight weeks that come at less than `STRAY` of the pace before it do not move it,
    unless work has begun `AGAIN`: a mistyped year is not a company that lives on, and a pause is not its end.

    Args:
        daily: `DAILY_COLUMNS`.

    >>> days = pd.date_range("2022-01-03", periods=50, freq="D").append(pd.DatetimeIndex(["2022-09-01"]))
    >>> usual_end(pd.DataFrame({"table": "leads", "day": days, "rows": 5}))
    datetime.date(2022, 2, 21)
    """
    require(daily, DAILY_COLUMNS, "daily")
    rows = daily.groupby("day")["rows"].sum().sort_index()
    if rows.empty:
        return None
    days, counts = rows.index.to_numpy(), rows.to_numpy()
    gaps = np.flatnonzero(np.diff(days) >= np.timedelta64(GAP.days, "D"))
    for gap in reversed(gaps.tolist()):
        before = days[: gap + 1] > days[gap] - np.timedelta64(7 * USUAL, "D")
        pace = counts[: gap + 1][before].sum() / ((days[gap] - days[: gap + 1][before][0]).astype(int) + 1)
        after = counts[gap + 1 :].sum() / (days[-1] - days[gap]).astype(int)
        again = counts[gap + 1 :].sum() / ((days[-1] - days[gap + 1]).astype(int) + 1)
        begun = len(days) - gap > DAYS and again >= AGAIN * pace
        if after < STRAY * pace and not begun:
            days, counts = days[: gap + 1], counts[: gap + 1]
    return pd.Timestamp(days[-1]).date()


def ahead(daily: pd.DataFrame, end: dt.date) -> pd.DataFrame:
    """Name the tables that have rows behind the end of the usual volume, but none is a feed that goes on."""
    stray = daily[daily["day"] > pd.Timestamp(end)]
    return pd.DataFrame(
        [
            finding(
                "ahead",
                str(table),
                rows=int(rows["rows"].sum()),
                of=int(daily.loc[daily["table"] == table, "rows"].sum()),
                first=rows["day"].min(),
                last=pd.Timestamp(end),
            )
            for table, rows in stray.groupby("table", sort=False)
        ]
    )


def stopped(daily: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Name the tables that have been silent longer than ever, while others go on.

    Args:
        daily: `DAILY_COLUMNS` of the days before the report date.
        day: the report date.
    """
    require(daily, DAILY_COLUMNS, "daily")
    found = []
    for table, rows in daily.groupby("table", sort=False):
        days = rows.set_index("day")["rows"].sort_index()
        last = days.index[-1]
        silent = (pd.Timestamp(day) - last).days - 1
        others = daily[(daily["table"] != table) & (daily["day"] > last)]
        recent = days[days.index > last - pd.Timedelta(weeks=USUAL)]
        pace = recent.sum() / min((last - days.index[0]).days + 1, 7 * USUAL)
        longest = int(days.index.to_series().diff().dt.days.max()) - 1 if len(days) > 1 else silent
        says = silent > longest and silent >= GOES_ON and pace * silent >= EXPECTED
        if says and others["day"].nunique() >= GOES_ON:
            found.append(
                finding("stopped", str(table), STOPPED, rows=silent, last=last, first=others["day"].max())
            )
    return pd.DataFrame(found)
