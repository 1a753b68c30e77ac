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
        """Draw amounts by week from rates of payments, week by draw."""
        count = rng.poisson(rate)
        size = self.mean + self.error * rng.standard_normal(rate.shape[1])
        return count * size + np.sqrt(count) * self.spread * rng.standard_normal(rate.shape)


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
