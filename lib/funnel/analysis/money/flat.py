"""The flat data of the workbook: one row per cohort week and combination of attributes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.money.costs import SPEND_KEYS, by_week, share_out


def flat(
    crossed: pd.DataFrame,
    attributes: Sequence[str],
    stages: Sequence[str],
    weeks: Sequence[dt.date],
    spend: pd.DataFrame | None = None,
    coming: npt.NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Add spend and expected sales to the cross of attributes, so that every sum over rows is right.

    Spend of a week (and channel and campaign, where those are among the attributes) is shared out evenly over
    its leads, to the cent; without any lead it gets a row of its own without leads. Leads that met no spend
    have none, which is not a spend of 0. Expected sales are those made, and those still to come.

    Args:
        crossed: from the warehouse: `cohort_week`, `attr_0` ..., `leads`, stages, `payments`, `revenue`.
        attributes: names of `attr_0`, `attr_1`, ... in order.
        stages: the configured stages in order.
        weeks: the cohorts wanted.
        spend: in one currency (`costs.in_own_currency`).
        coming: by row of `crossed`, the sales still to come (`raking.expected_cells`); NaN in cohorts of
            which that cannot be told reliably.

    Returns:
        The same columns, and where given `spend` (Decimal; None where none is known) and `expected_sales`
        (float; NaN where it cannot be told); by week and attributes.
    """
    values = [f"attr_{number}" for number in range(len(attributes))]
    shown = pd.DatetimeIndex(list(weeks))
    frame = crossed if coming is None else crossed.assign(expected_sales=crossed[stages[-1]] + coming)
    frame = frame[frame["cohort_week"].isin(shown)].reset_index(drop=True)
    if coming is not None:
        untold = frame.loc[frame["expected_sales"].isna(), "cohort_week"].unique()
    if spend is not None:
        keys = [name for name in SPEND_KEYS if name in attributes]
        columns = ["cohort_week", *(values[attributes.index(name)] for name in keys)]
        known = by_week(spend, keys)
        known = known[known["cohort_week"].isin(shown)]
        frame = _with_spend(frame, known.drop(columns="vat").set_axis([*columns, "spend"], axis=1), columns)
        frame[values] = frame[values].fillna("")
        given = ("cohort_week", "spend", "expected_sales", *values)
        numbers = [name for name in frame.columns if name not in given]
        for name in numbers:
            zero = Decimal(0) if name == "revenue" else 0
            frame[name] = frame[name].where(frame[name].notna(), zero).astype(crossed.dtypes[name])
    if coming is not None:
        nothing = frame["expected_sales"].isna() & ~frame["cohort_week"].isin(untold)
        frame["expected_sales"] = frame["expected_sales"].mask(nothing, 0.0).astype("float64")
    return frame.sort_values(["cohort_week", *values], ignore_index=True)


def _with_spend(frame: pd.DataFrame, known: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    parts = np.full(len(frame), None, dtype=object)
    rows_of = frame.groupby(columns).indices
    leads = frame["leads"].to_numpy(dtype=np.int64)
    unmatched = []
    for record in known.itertuples(index=False):
        key = tuple(record[:-1]) if len(columns) > 1 else record[0]
        rows = rows_of.get(key)
        if rows is None:
            unmatched.append(record)
            continue
        parts[rows] = share_out(record[-1], leads[rows])
    result = frame.assign(spend=pd.Series(parts, index=frame.index, dtype=object))
    if unmatched:
        result = pd.concat([result, pd.DataFrame(unmatched, columns=known.columns)], ignore_index=True)
    return result
