"""From sales to money: what a sale pays, when, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize

from funnel.analysis.triangles import Triangle

Floats = npt.NDArray[np.float64]

HALF_LIFE = 52.0
"""Weeks after which a payment weighs half in the mean."""
REACH = 27
"""Weeks after the sale over which payments are looked for."""


@dataclass(frozen=True, slots=True)
class Deals:
    """What sales pay.

    Attributes:
        pattern: payments per sale, by weeks after the sale.
        mean: amount of a payment.
        spread: standard deviation of one payment (refunds are negative payments).
        error: standard error of the mean.
        paid: amount paid so far by calendar week of the history, the cohorts' weeks.
    """

    pattern: Floats
    mean: float
    spread: float
    error: float
    paid: Floats

    def draw(self, rate: Floats, rng: np.random.Generator) -> Floats:
        """Draw amounts by week from rates of payments, week by draw.

        A week's mean is that of its rates times that of a payment, exactly, unless no draw pays anything. A
        week does not depend on how many follow it.
        """
        size = _sums(np.ones(rate.shape[1]), self.mean, self.error, rng)
        drawn = np.zeros_like(rate)
        for week, rates in enumerate(rate):
            amount = _sums(rng.poisson(rates), self.mean, self.spread, rng)
            amount = amount * size / self.mean if self.mean else amount
            middle = float(amount.mean())
            drawn[week] = amount * (float(rates.mean()) * self.mean / middle if middle else 1.0)
        return drawn


def _sums(count: Floats, mean: float, spread: float, rng: np.random.Generator) -> Floats:
    """Draw sums of so many amounts: gamma, so that none is below 0; normal where their mean is."""
    if mean <= 0 or spread <= 0:
        return count * mean + np.sqrt(count) * spread * rng.standard_normal(len(count))
    shape = (mean / spread) ** 2
    return rng.gamma(count * shape) * mean / shape


def fit_deals(paid: pd.DataFrame, sales: Triangle) -> Deals:
    """Fit what sales pay to the cube `paid` (one slice, `PAID_COLUMNS`) and the triangle of the last stage.

    Sales without a payment on record count as sales that paid nothing, so the forecast is of recorded
    revenue. The pattern is that of the payments in the calendar weeks after the sales (non-negative least
    squares).
    """
    count = len(sales.ages)
    sold = calendar_sum(sales.events, count)
    payments, amount = np.zeros(count), np.zeros(count)
    rows = paid.copy()
    if len(rows):
        week = (rows["cohort_week"] - sales.weeks[0]).dt.days // 7 + rows["lag"]
        inside = ((week >= 0) & (week < count)).to_numpy()
        where = week[inside].to_numpy(np.int64)
        np.add.at(payments, where, rows["payments"][inside].to_numpy(float))
        np.add.at(amount, where, rows["amount"][inside].astype(float).to_numpy())
    if payments.sum() <= 0 or sold.sum() <= 0:
        return Deals(np.zeros(1), 0.0, 0.0, 0.0, amount)
    weight = 0.5 ** (np.arange(count)[::-1] / HALF_LIFE)
    total = float((weight * payments).sum())
    mean = float((weight * amount).sum()) / total
    cells = np.maximum(payments, 1.0)
    residual = (amount - payments * mean) ** 2 / cells
    spread = float(np.sqrt((weight * residual).sum() / max(float(weight[payments > 0].sum()) - 1, 1.0)))
    error = spread * float(np.sqrt((weight**2 * payments).sum())) / total
    reach = min(REACH, count)
    design = np.array([np.concatenate([np.zeros(j), sold[: count - j]]) for j in range(reach)]).T
    scale = 1 / np.sqrt(np.maximum(sold, 1.0))
    pattern, _ = optimize.nnls(design * scale[:, None], payments * scale)
    # What the pattern leaves of the payments on record goes to it in proportion.
    fitted = float((design @ pattern).sum())
    return Deals(pattern * (payments.sum() / fitted if fitted > 0 else 0.0), mean, spread, error, amount)


def calendar_sum(events: Floats, weeks: int) -> Floats:
    """Return events by calendar week of the history: cohort index + lag."""
    cohorts, lags = events.shape
    week = np.arange(cohorts)[:, None] + np.arange(lags)[None, :]
    total = np.bincount(week.ravel(), weights=events.ravel(), minlength=weeks)
    return total[:weeks].astype(np.float64)
