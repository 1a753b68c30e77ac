"""What a lead, or a customer, is worth: payments by the age of its cohort, projected to the horizon.

See `funnel.analysis.money.capecod` for the method.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.money.capecod import (
    AMOUNTS,
    EXPOSURE,
    drawn_cohorts,
    payment_size,
    payment_triangles,
    project,
    ripening,
)
from funnel.analysis.money.patterns import pooled
from funnel.schema import PAID_COLUMNS, REACHED_COLUMNS, require
from funnel.settings import LEAD

Floats = npt.NDArray[np.float64]

FEW = 20
"""Heads, and payments, that carry a curve; buyers from whom an end is told."""
SHORT = 13
"""Weeks of history below which no end is told."""
_CUSTOMERS = ("attribute", "value", "attribute2", "value2", "cohort_week", "kind", "lag", "number", "amount")


def of_leads(
    reached: pd.DataFrame, paid: pd.DataFrame, attribute: str = ""
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return exposure (leads) and amounts of the total or of an attribute, from the cubes."""
    require(reached, REACHED_COLUMNS, "reached")
    require(paid, PAID_COLUMNS, "paid")
    leads = reached[_is(reached, attribute) & (reached["stage"] == LEAD)].rename(columns={"leads": "number"})
    return leads[list(EXPOSURE)], paid.loc[_is(paid, attribute), list(AMOUNTS)]


def _is(frame: pd.DataFrame, attribute: str) -> pd.Series:
    return (frame["attribute"] == attribute) & (frame["attribute2"] == "")


def of_customers(customers: pd.DataFrame, attribute: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return exposure (customers by their first lead) and amounts of the total or of an attribute."""
    require(customers, _CUSTOMERS, "customers")
    part = customers[_is(customers, attribute)]
    is_count = part["kind"] == "customer"
    return part.loc[is_count, list(EXPOSURE)], part.loc[~is_count, list(AMOUNTS)]


def repeats(customers: pd.DataFrame, attribute: str = "") -> pd.DataFrame:
    """Return how often customers come again.

    Returns:
        One row per value: `value`, `customers`, `buyers` (with a first payment), `repeat_payments`,
        `refunds` (numbers), `first_amount`, `repeat_amount`, `refund_amount` (Decimal; they add up to all
        that was paid), `repeats_per_buyer` (NaN without buyers).
    """
    require(customers, _CUSTOMERS, "customers")
    part = customers[_is(customers, attribute)]
    rows = []
    for value, frame in part.groupby("value"):
        kinds = {kind: frame[frame["kind"] == kind] for kind in ("customer", "first", "repeat", "refund")}
        number = {kind: int(rows_of["number"].sum()) for kind, rows_of in kinds.items()}
        amount = {kind: sum(rows_of["amount"], Decimal(0)) for kind, rows_of in kinds.items()}
        rows.append(
            {
                "value": value,
                "customers": number["customer"],
                "buyers": number["first"],
                "repeat_payments": number["repeat"],
                "refunds": number["refund"],
                "first_amount": amount["first"],
                "repeat_amount": amount["repeat"],
                "refund_amount": amount["refund"],
                "repeats_per_buyer": number["repeat"] / number["first"] if number["first"] else float("nan"),
            }
        )
    names = ["value", "customers", "buyers", "repeat_payments", "refunds"]
    names += ["first_amount", "repeat_amount", "refund_amount", "repeats_per_buyer"]
    return pd.DataFrame(rows, columns=names)


@dataclass(frozen=True, slots=True)
class Mixed:
    """What leads have to pay yet by groups that pay apart, beside what they would have all alike.

    Where the share of a slow and dear line grows, all leads together look as quick as they were.

    Attributes:
        ratio: the sum over the groups to what all leads together would pay.
        draws: of that sum, over its mean.
    """

    ratio: float
    draws: Floats


def by_groups(
    exposure: pd.DataFrame,
    amounts: pd.DataFrame,
    groups: Mapping[str, Sequence[str]],
    report_date: dt.date,
    horizon: int,
    seed: int,
) -> Mixed | None:
    """Compare what groups have to come with what all together would; None where either is not above 0.

    Args:
        exposure: of the leads, by the values of the attribute that divides them (`EXPOSURE`).
        amounts: the same (`AMOUNTS`).
        groups: the values of each group.
        report_date: D; only cohorts complete by then count.
        horizon: weeks; later payments do not count.
        seed: of the draws.
    """
    group = {value: name for name, values in groups.items() for value in values}
    apart, together = (
        payment_triangles(
            exposure.assign(value=exposure["value"].map(names)),
            amounts.assign(value=amounts["value"].map(names)),
            report_date,
            horizon,
        )
        for names in (group, dict.fromkeys(group, ""))
    )
    if not together:
        return None
    patterns = pooled([triangle for _, triangle, _ in apart])
    each = [
        project(triangle, pattern, np.random.default_rng([seed, 2, number]))
        for number, ((_, triangle, _), pattern) in enumerate(zip(apart, patterns, strict=True))
    ]
    mean, draws = sum(one for one, _ in each), np.sum([drawn for _, drawn in each], axis=0)
    alike = project(together[0][1], together[0][1], np.random.default_rng([seed, 0]))[0]
    return Mixed(mean / alike, draws / mean) if mean > 0 and alike > 0 else None


def lifetime_values(
    exposure: pd.DataFrame,
    amounts: pd.DataFrame,
    report_date: dt.date,
    horizon: int,
    seed: int,
    *,
    mixed: Mixed | None = None,
) -> pd.DataFrame:
    """Project what all cohorts will have paid at the horizon.

    Args:
        exposure: see `EXPOSURE`.
        amounts: see `AMOUNTS`.
        report_date: D; only cohorts complete by then count.
        horizon: weeks; later payments do not count.
        seed: of the interval.
        mixed: where leads are forecast apart by another attribute: what is to come is scaled by it, and that
            of the total ('') has its draws.

    Returns:
        One row per value: `value`, `number` (leads or customers), `paid` (Decimal, so far), `per_head` (so
        far), `final`, `final_p05`, `final_p10`, `final_p90`, `final_p95` (projected total at the horizon),
        `ltv`, `ltv_p05`, `ltv_p95` (the same per head), `seen` (share of the projected total already paid;
        NaN if it is not above 0), `ripening` (see `capecod.ripening`: above a twentieth, the log is too short
        to tell the end). Refunds may make any of these negative.
    """
    rows = []
    found = payment_triangles(exposure, amounts, report_date, horizon)
    patterns = pooled([triangle for _, triangle, _ in found])
    for (value, triangle, paid), pattern in zip(found, patterns, strict=True):
        heads = float(triangle.heads.sum())
        if not heads:
            continue
        mean, draws = project(triangle, pattern, np.random.default_rng([seed, 0]))
        if mixed is not None:
            mean *= mixed.ratio
            draws = draws * mixed.ratio if value else mean * mixed.draws
        so_far = float(triangle.paid.sum())
        ends = np.quantile(draws, [0.05, 0.1, 0.9, 0.95])
        final, low, low10, high10, high = (so_far + amount for amount in (mean, *ends))
        rows.append(
            {
                "value": value,
                "number": int(heads),
                "paid": paid,
                "per_head": float(paid) / heads,
                "final": final,
                "final_p05": low,
                "final_p10": low10,
                "final_p90": high10,
                "final_p95": high,
                "ltv": final / heads,
                "ltv_p05": low / heads,
                "ltv_p95": high / heads,
                "seen": so_far / final if final > 0 else float("nan"),
                "ripening": ripening(pattern),
            }
        )
    columns = [
        "value",
        "number",
        "paid",
        "per_head",
        "final",
        "final_p05",
        "final_p10",
        "final_p90",
        "final_p95",
    ]
    return pd.DataFrame(rows, columns=[*columns, "ltv", "ltv_p05", "ltv_p95", "seen", "ripening"])


def payback_curve(
    exposure: pd.DataFrame, amounts: pd.DataFrame, report_date: dt.date, horizon: int, seed: int
) -> pd.DataFrame:
    """Follow what a head has paid by the age of its cohort, each age averaged over the cohorts that lived it.

    The curve ends where fewer than `FEW` heads have lived on, or so few that they would have made fewer than
    `FEW` payments of the typical size by then: one more payment would lift it by a twentieth or more.

    Returns:
        One row per value and age 0 .. the last that is carried, the oldest cohort's or the horizon; none for
        a value that never had so many payments: `value`, `age` (weeks), `number`
        (heads of the cohorts that old), `per_head` (cumulative), `low`, `high` (90 %, cohorts drawn anew).
    """
    parts = []
    for value, triangle, _ in payment_triangles(exposure, amounts, report_date, horizon):
        oldest = int(triangle.ages.max(initial=-1))
        if oldest < 0 or not triangle.heads.sum():
            continue
        lags = np.arange(min(oldest, horizon) + 1)
        lived = triangle.lived[:, lags]
        heads, paid = triangle.heads[:, None] * lived, triangle.increments[:, lags] * lived
        weights = drawn_cohorts(len(triangle.heads), np.random.default_rng([seed, 1]))
        drawn = np.cumsum((weights @ paid) / np.maximum(weights @ heads, 1), axis=1)
        low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
        curve = np.cumsum(paid.sum(axis=0) / np.maximum(heads.sum(axis=0), 1))
        number = heads.sum(axis=0)
        carried = np.flatnonzero((number >= FEW) & (number * curve >= FEW * payment_size(triangle)))
        until = int(carried.max(initial=-1)) + 1
        columns = {"age": lags, "number": number.astype("int64"), "per_head": curve}
        parts.append(pd.DataFrame({"value": value, **columns, "low": low, "high": high}).head(until))
    empty = pd.DataFrame(columns=["value", "age", "number", "per_head", "low", "high"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def payback_age(curve: pd.DataFrame, cost_per_head: pd.Series) -> pd.DataFrame:
    """Return the age at which payments reach what a head cost.

    Args:
        curve: see `payback_curve`.
        cost_per_head: by value (index); a value without a cost, or with NaN, gets no age.

    Returns:
        One row per value of the curve: `value`, `cost_per_head`, `payback_weeks`, `payback_low`,
        `payback_high` (by the upper and the lower limit of the curve; NaN: not within the ages seen).

    >>> curve = pd.DataFrame({"value": "", "age": [0, 1], "per_head": [5.0, 9.0]})
    >>> curve = curve.assign(low=curve["per_head"], high=curve["per_head"])
    >>> payback_age(curve, pd.Series({"": 8.0}))["payback_weeks"].tolist()
    [1.0]
    """
    rows = []
    for value, frame in curve.groupby("value", sort=False):
        cost = float(cost_per_head.get(value, float("nan")))
        ages = [_first_age(frame, name, cost) for name in ("per_head", "high", "low")]
        rows.append((value, cost, *ages))
    names = ["value", "cost_per_head", "payback_weeks", "payback_low", "payback_high"]
    return pd.DataFrame(rows, columns=names)


def _first_age(frame: pd.DataFrame, column: str, cost: float) -> float:
    there = frame.loc[frame[column] >= cost, "age"]
    return float(there.iloc[0]) if len(there) else float("nan")
