"""Data that are whole rows and yet not the whole: won deals alone, amounts in two units."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from funnel.gate.rules import finding
from funnel.schema import require

FEW = 30
"""Leads, or payments on either side, from which it is told."""
NEARLY_ALL = 0.99
"""Share of all leads that reached the last stage."""
TIMES = 20.0
"""How much larger or smaller a usual payment must have become."""
BESIDE = 3
"""Months on either side that are compared."""
YEAR = dt.timedelta(days=366)
"""Before the report date: a change of the amounts longer ago is history."""

PAID_COLUMNS = ("currency", "month", "payments", "log_amount")
"""One row per currency ('' for none) and month (its first day): payments above 0, and the mean of the natural
logarithm of their amounts."""


def only_won(leads: int, won: int, last: str) -> pd.DataFrame:
    """Name leads of which nearly all reached the last stage: open and lost deals were not exported.

    >>> only_won(200, 199, "sale")[["kind", "rows", "of"]].values.tolist(), len(only_won(200, 150, "sale"))
    ([['won', 199, 200]], 0)
    """
    if leads < FEW or won < NEARLY_ALL * leads:
        return pd.DataFrame()
    return pd.DataFrame([finding("won", "leads", rows=won, of=leads, example=last)])


def amounts(paid: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Name the month since which a usual payment has another size, as in another unit or currency.

    Args:
        paid: `PAID_COLUMNS`.
        day: the report date.

    Returns:
        At most one finding, of the largest change: `amounts_up` or `amounts_down`, `rows` since, `share` the
        size now over that before.
    """
    require(paid, PAID_COLUMNS, "paid")
    best, found = np.log(TIMES), pd.DataFrame()
    for _, mine in paid.groupby("currency"):
        months = mine.sort_values("month", ignore_index=True)
        for at in range(1, len(months)):
            before, after = months.iloc[max(at - BESIDE, 0) : at], months.iloc[at : at + BESIDE]
            first = pd.to_datetime(months["month"])[at]
            few = min(before["payments"].sum(), after["payments"].sum()) < FEW
            change = np.nan if few else _mean(after) - _mean(before)
            if first.date() >= day - YEAR and abs(change) > best:
                best, kind = abs(change), "amounts_up" if change > 0 else "amounts_down"
                since = int(months.loc[at:, "payments"].sum())
                total, share = int(months["payments"].sum()), float(np.exp(change))
                one = finding(kind, "payments", rows=since, of=total, share=share, first=first)
                found = pd.DataFrame([one])
    return found


def _mean(months: pd.DataFrame) -> float:
    return float(np.average(months["log_amount"], weights=months["payments"]))
