"""The flat data of the workbook: one row per cohort week and combination of attributes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from funnel.analysis.costs import SPEND_KEYS, by_week, share_out


def flat(
    crossed: pd.DataFrame,
    attributes: Sequence[str],
    stages: Sequence[str],
    weeks: Sequence[dt.date],
    spend: pd.DataFrame | None = None,
    expected: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Add spend and expected sales to the cross of attributes, so that every sum over rows is right.

    Spend of a week (and channel and campaign, where those are among the attributes) is shared out evenly over
    its leads, to the cent; without any lead it gets a row of its own without leads. Leads that met no spend
    have none, which is not a spend of 0. The sales that a cohort still expects are shared out over its leads
    that have not bought.

    Args:
        crossed: from the warehouse: `cohort_week`, `attr_0` ..., `leads`, stages, `payments`, `revenue`.
        attributes: names of `attr_0`, `attr_1`, ... in order.
        stages: the configured stages in order.
        weeks: the cohorts wanted.
        spend: in one currency (`costs.in_own_currency`).
        expected: one row per cohort week: `cohort_week`, `sales` (expected at the horizon; NaN where that
            cannot be told reliably).

    Returns:
        The same columns, and where given `spend` (Decimal; None where none is known) and `expected_sales`
        (float; NaN where it cannot be told); by week and attributes.
    """
    values = [f"attr_{number}" for number in range(len(attributes))]
    shown = pd.DatetimeIndex(list(weeks))
    frame = crossed[crossed["cohort_week"].isin(shown)].reset_index(drop=True)
    if spend is not None:
        keys = [name for name in SPEND_KEYS if name in attributes]
        columns = ["cohort_week", *(values[attributes.index(name)] for name in keys)]
        known = by_week(spend, keys)
        known = known[known["cohort_week"].isin(shown)]
        frame = _with_spend(frame, known.drop(columns="vat").set_axis([*columns, "spend"], axis=1), columns)
        frame[values] = frame[values].fillna("")
        numbers = [name for name in frame.columns if name not in ("cohort_week", "spend", *values)]
        for name in numbers:
            zero = Decimal(0) if name == "revenue" else 0
            frame[name] = frame[name].where(frame[name].notna(), zero).astype(crossed.dtypes[name])
    if expected is not None:
        frame["expected_sales"] = _expected(frame, stages[-1], expected)
    return frame.sort_values(["cohort_week", *values], ignore_index=True)


def _expected(frame: pd.DataFrame, sale: str, expected: pd.DataFrame) -> pd.Series:
    """Return each row's sales and its part of those still to come."""
    final = frame["cohort_week"].map(expected.set_index("cohort_week")["sales"])
    weeks = frame.groupby("cohort_week")
    open_leads = frame["leads"] - frame[sale]
    to_come = final.astype("float64") - weeks[sale].transform("sum")
    still = open_leads.groupby(frame["cohort_week"]).transform("sum")
    part = open_leads / still.where(still > 0)
    return (frame[sale] + to_come.clip(lower=0) * part.fillna(0)).astype("float64")


def _with_spend(frame: pd.DataFrame, known: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    parts = pd.Series(None, index=frame.index, dtype=object)
    rows_of = frame.groupby(columns).indices
    leads = frame["leads"].to_numpy(dtype=np.int64)
    unmatched = []
    for record in known.itertuples(index=False):
        key = tuple(record[:-1]) if len(columns) > 1 else record[0]
        rows = rows_of.get(key)
        if rows is None:
            unmatched.append(record)
            continue
        parts.iloc[rows] = share_out(record[-1], leads[rows])
    result = frame.assign(spend=parts)
    if unmatched:
        result = pd.concat([result, pd.DataFrame(unmatched, columns=known.columns)], ignore_index=True)
    return result
