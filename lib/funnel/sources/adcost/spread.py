"""One row of several days to one row for each of them, to the cent."""

from __future__ import annotations

import pandas as pd


def spread(rows: pd.DataFrame) -> pd.DataFrame:
    """Spread rows evenly over their days.

    The cents and the clicks that do not divide go to the first days, so that the sums stay what they were.

    Args:
        rows: `date` and `end` (datetime64, both days included), `cost` in cents, `impressions`, `clicks`
            (Int64, may be empty), and any other columns, which are repeated.

    Returns:
        One row for each row and day, in order, with `date` and without `end`.

    >>> days = {"date": [pd.Timestamp("2026-03-01")], "end": [pd.Timestamp("2026-03-03")]}
    >>> one = pd.DataFrame({**days, "cost": [1000],
    ...     "impressions": [7], "clicks": pd.array([None], "Int64")})
    >>> spread(one)[["cost", "impressions"]].to_numpy().tolist()
    [[334, 3], [333, 2], [333, 2]]
    """
    days = (rows["end"] - rows["date"]).dt.days + 1
    repeated = rows.loc[rows.index.repeat(days)].copy()
    number = repeated.groupby(level=0).cumcount()
    count = days.loc[repeated.index]
    repeated["date"] = repeated["date"] + pd.to_timedelta(number, unit="D")
    for name in ("cost", "impressions", "clicks"):
        share = repeated[name] // count
        left = repeated[name] - share * count
        repeated[name] = share + (number < left).astype("Int64")
    return repeated.drop(columns="end").reset_index(drop=True)
