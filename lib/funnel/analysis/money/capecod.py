"""Payments still to come, cohort by cohort: the generalised Cape Cod method.

The projection is the generalised Cape Cod method (Gluck, PCAS 84, 1997, 482-532). Payments are laid out by
cohort and lag; the pattern of development G(age) is the volume-weighted chain ladder of all cohorts; the
level of a cohort is payments over used-up exposure of its neighbours, each weighing `DECAY` to the power of
its distance in weeks. Expected payments to come = exposure * level * (1 - G(age)). The interval draws cohorts
anew (the pattern and the levels err) and adds what chance does to the payments to come (over-dispersed, the
dispersion estimated from the past).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.dates import age_weeks
from funnel.schema import require

Floats = npt.NDArray[np.float64]

DECAY = 0.95
"""Weight of the next cohort against the own one: half after 13 or 14 weeks."""
DRAWS = 400
TAIL = 13
"""Weeks over which the fading of the growth is measured, for ages that no cohort has reached."""
SPANS = 6
"""Spans of lags over which payments are compared, each with as much of them."""
EXPOSURE = ("value", "cohort_week", "number")
"""One row: how many leads, or customers, of one value of an attribute came in one cohort week."""
AMOUNTS = ("value", "cohort_week", "lag", "amount")
"""One row: what those of one cohort week and value paid in the lag-th week (Decimal)."""


@dataclass(frozen=True, slots=True)
class PaymentTriangle:
    """Cohorts (rows, consecutive weeks) by lag 0..horizon."""

    ages: npt.NDArray[np.int64]
    heads: Floats
    increments: Floats

    @property
    def lived(self) -> Floats:
        """1 where the cohort has lived the whole week of the lag."""
        lags = np.arange(self.increments.shape[1])
        whole: Floats = (lags[None, :] <= self.ages[:, None]).astype(float)
        return whole

    @property
    def paid(self) -> Floats:
        """Paid so far by cohort, also in a week that is not over."""
        total: Floats = self.increments.sum(axis=1)
        return total


def payment_triangles(
    exposure: pd.DataFrame, amounts: pd.DataFrame, report_date: dt.date, horizon: int
) -> list[tuple[str, PaymentTriangle, Decimal]]:
    """Lay out each value's payments; the Decimal is the exact sum within the horizon."""
    require(exposure, EXPOSURE, "exposure")
    require(amounts, AMOUNTS, "amounts")
    if exposure.empty:
        return []
    first = exposure["cohort_week"].min()
    count = age_weeks(first.date(), report_date) + 1
    if count <= 0:
        return []
    ages: npt.NDArray[np.int64] = np.arange(count, dtype=np.int64)[::-1]
    found = []
    for value, heads in exposure.groupby("value"):
        at = _position(heads, first)
        complete = at < count
        counted = np.zeros(count)
        np.add.at(counted, at[complete], heads["number"].to_numpy(dtype=np.float64)[complete])
        own = amounts[amounts["value"] == value]
        at, lag = _position(own, first), own["lag"].to_numpy(dtype=np.int64)
        keep = (at >= 0) & (at < count) & (lag <= horizon)
        increments = np.zeros((count, horizon + 1))
        np.add.at(increments, (at[keep], lag[keep]), own["amount"].astype("float64").to_numpy()[keep])
        paid = sum(own.loc[keep, "amount"], Decimal(0))
        found.append((str(value), PaymentTriangle(ages, counted, increments), paid))
    return found


def _position(frame: pd.DataFrame, first: pd.Timestamp) -> npt.NDArray[np.int64]:
    days = (frame["cohort_week"] - first).dt.days
    weeks: npt.NDArray[np.int64] = np.asarray(days // 7, dtype=np.int64)
    return weeks


def drawn_cohorts(cohorts: int, rng: np.random.Generator) -> Floats:
    """Return how often each cohort is drawn, one row per draw."""
    counts: Floats = rng.multinomial(cohorts, np.full(cohorts, 1 / cohorts), size=DRAWS).astype(float)
    return counts


def _share_paid(pattern: PaymentTriangle, weights: Floats) -> Floats:
    """Return G by age for every row of weights: the share of the final amount paid by the end of an age."""
    done = pattern.increments * pattern.lived
    cumulative = np.cumsum(done, axis=1)
    before = weights @ (cumulative[:, :-1] * pattern.lived[:, 1:])
    step = weights @ done[:, 1:]
    growth = np.where(before > 0, step / np.where(before > 0, before, 1), 0)
    growth = np.maximum(1 + _with_tail(growth, int(pattern.ages.max())), 0.5)
    rest = np.cumprod(growth[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([1 / rest, np.ones((len(weights), 1))], axis=1)


def _with_tail(growth: Floats, oldest: int) -> Floats:
    """Fill the growth of weeks that no cohort has lived: it fades as it did over the year before."""
    width = growth.shape[1]
    if oldest >= width or oldest < 4 * TAIL:
        return growth
    late = growth[:, oldest - TAIL : oldest].mean(axis=1)
    earlier = growth[:, oldest - 2 * TAIL : oldest - TAIL].mean(axis=1)
    positive = (late > 0) & (earlier > 0)
    fading = np.where(positive, np.where(positive, late, 1) / np.where(positive, earlier, 1), 0) ** (1 / TAIL)
    ahead = np.arange(oldest, width) - (oldest - (TAIL + 1) / 2)
    tail = late[:, None] * np.minimum(fading, 1)[:, None] ** ahead
    filled: Floats = np.concatenate([growth[:, :oldest], np.maximum(tail, 0)], axis=1)
    return filled


def _to_come(triangle: PaymentTriangle, pattern: PaymentTriangle, weights: Floats) -> Floats:
    """Return the mean amount to come by draw (rows) and cohort."""
    share = _share_paid(pattern, weights)
    ages = np.minimum(triangle.ages, triangle.increments.shape[1] - 1)
    seen = share[:, ages]
    paid = (triangle.increments * triangle.lived).sum(axis=1)
    near = DECAY ** np.abs(triangle.ages[:, None] - triangle.ages[None, :])
    used = (weights * triangle.heads * seen) @ near
    level = np.where(used > 0, (weights * paid) @ near / np.where(used > 0, used, 1), 0)
    early = triangle.paid - paid
    coming: Floats = triangle.heads * level * (1 - seen)
    return np.where(early > 0, np.maximum(coming - early, 0), coming)


def project(
    triangle: PaymentTriangle, pattern: PaymentTriangle, rng: np.random.Generator
) -> tuple[float, Floats]:
    """Return the expected amount to come of all cohorts, and draws of it."""
    cohorts = len(triangle.heads)
    mean = float(_to_come(triangle, pattern, np.ones((1, cohorts))).sum())
    drawn = _to_come(triangle, pattern, drawn_cohorts(cohorts, rng)).sum(axis=1)
    noise = rng.standard_normal(DRAWS) * np.sqrt(np.abs(drawn) * _dispersion(triangle))
    return mean, drawn + noise


def ripening(pattern: PaymentTriangle) -> float:
    """Return the share of all that is paid by the oldest age which comes in the last quarter of that age.

    It is about what comes in the next quarter, which nobody has lived; of that the part before the horizon
    counts. 0 where the horizon has been lived.
    """
    oldest, horizon = int(pattern.ages.max()), pattern.increments.shape[1] - 1
    if oldest >= horizon:
        return 0.0
    share = _share_paid(pattern, np.ones((1, len(pattern.ages))))[0]
    left = min((horizon - oldest) / max(oldest / 4, 1), 1.0)
    return float((1 - share[oldest * 3 // 4] / share[oldest]) * left)


def _dispersion(triangle: PaymentTriangle) -> float:
    """Return the variance of an amount over its mean, from what was paid: the larger of two estimates.

    By single weeks, and by whole cohorts against their neighbours: payments of one cohort come together.
    """
    done = triangle.increments * triangle.lived
    heads = triangle.heads[:, None] * triangle.lived
    rate = done.sum(axis=0) / np.maximum(heads.sum(axis=0), 1)
    by_week = _variance_ratio(done, heads * rate, triangle.increments.shape[1])
    near = DECAY ** np.abs(triangle.ages[:, None] - triangle.ages[None, :])
    np.fill_diagonal(near, 0.0)
    paid, expected = done.sum(axis=1), (heads * rate).sum(axis=1)
    used = near @ expected
    by_cohort = _variance_ratio(
        paid, expected * np.where(used > 0, near @ paid / np.where(used > 0, used, 1), 0), 1
    )
    return max(by_week, by_cohort)


def _variance_ratio(seen: Floats, expected: Floats, fitted: int) -> float:
    usable = expected > 0
    if usable.sum() <= fitted:
        return 0.0
    residual = (seen[usable] - expected[usable]) ** 2 / expected[usable]
    return float(residual.sum() / (usable.sum() - fitted))


def payment_size(triangle: PaymentTriangle) -> float:
    """Return the size of a payment that counts: the variance of an amount over its mean.

    It is that of the amounts by cohort and span of lags around the pattern and the level of the neighbours;
    single lags and cohorts may hold one payment, which says nothing of how payments differ. 0 where nothing
    was paid.
    """
    done = triangle.increments * triangle.lived
    share = _share_paid(triangle, np.ones((1, len(triangle.ages))))[0]
    came = np.diff(share, prepend=0.0)
    due = triangle.heads[:, None] * came * triangle.lived
    near = DECAY ** np.abs(triangle.ages[:, None] - triangle.ages[None, :])
    used = near @ due.sum(axis=1)
    level = np.divide(near @ done.sum(axis=1), used, out=np.zeros_like(used), where=used > 0)
    span = spans(came)
    cohorts = len(level) * (1 - DECAY) / (1 + DECAY)
    return _variance_ratio(done @ span, (due * level[:, None]) @ span, span.shape[1] + round(cohorts))


def spans(amount: Floats) -> Floats:
    """Return lag by span, 1 where the lag is in it: `SPANS` spans with as much of the amount each."""
    way = np.cumsum(np.maximum(amount, 0))
    at = np.minimum((way / max(way[-1], 1e-9) * SPANS).astype(int), SPANS - 1)
    member: Floats = np.eye(SPANS)[at]
    return member
