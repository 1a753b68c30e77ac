"""From sales to money: what a sale pays, when, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize

from funnel.analysis.cube.triangles import Triangle, calendar_sum
from funnel.analysis.revenue.prices import Prices, follow
from funnel.analysis.statistics import laws

Floats = npt.NDArray[np.float64]

REACH = 27
"""Weeks after the sale over which payments are looked for."""
_ERRS = 12
_AFTER = 8
_MEANS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True, slots=True)
class Deals:
    """What sales pay.

    Attributes:
        pattern: payments per sale, by weeks after the sale.
        prices: the mean payment by week ahead.
        paid: amount paid so far by calendar week of the history, the cohorts' weeks.
    """

    pattern: Floats
    prices: Prices
    paid: Floats

    @property
    def mean(self) -> float:
        """Mean amount of a payment at the report date."""
        return float(self.prices.mean[0])

    @property
    def error(self) -> float:
        """Standard error of that mean."""
        return float(self.prices.error[0])

    @property
    def spread(self) -> float:
        """Standard deviation of one payment at the report date (refunds are negative payments)."""
        return self.prices.spread * self.mean

    def means(self, weeks: int) -> Floats:
        """Return the mean amount of a payment in each of the weeks ahead."""
        return _ahead(self.prices.mean, weeks)

    def draw(self, rate: Floats, rng: np.random.Generator) -> Floats:
        """Draw amounts by week from rates of payments, week by draw.

        A week's mean is that of its rates times that of a payment in it, exactly, unless no draw pays
        anything. A week does not depend on how many follow it. How far the mean payment errs is the same for
        all weeks of a draw, and for all rates that are drawn.
        """
        weeks, count = rate.shape
        errs = np.random.default_rng(_ERRS).permutation(
            laws.normal_quantile((np.arange(count) + 0.5) / count)
        )
        drawn = np.zeros_like(rate)
        means, errors = self.means(weeks), _ahead(self.prices.error, weeks)
        for week, (rates, mean, error) in enumerate(zip(rate, means, errors, strict=True)):
            amount = _sums(rng.poisson(rates), mean, self.prices.spread * mean, rng)
            if mean > 0:
                width = np.log1p((error / mean) ** 2)
                amount = amount * np.exp(np.sqrt(width) * errs - width / 2)
            middle = float(amount.mean())
            drawn[week] = amount * (float(rates.mean()) * mean / middle if middle else 1.0)
        return drawn


def _ahead(by_week: Floats, weeks: int) -> Floats:
    """Return the first so many weeks; beyond the last one known, that one."""
    known: Floats = by_week[np.minimum(np.arange(weeks), len(by_week) - 1)]
    return known


def _sums(count: Floats, mean: float, spread: float, rng: np.random.Generator) -> Floats:
    """Draw sums of so many amounts: gamma, so that none is below 0; normal where their mean is."""
    if mean <= 0 or spread <= 0:
        return count * mean + np.sqrt(count) * abs(spread) * rng.standard_normal(len(count))
    shape = (mean / spread) ** 2
    return rng.gamma(count * shape) * mean / shape


def fit_deals(paid: pd.DataFrame, sales: Triangle) -> Deals:
    """Fit what sales pay to the cube `paid` (one slice, `PAID_COLUMNS`) and the triangle of the last stage.

    Sales without a payment on record count as sales that paid nothing, so the forecast is of recorded
    revenue. The pattern is that of the payments in the calendar weeks after the sales (non-negative least
    squares): a mixture of exponential delays, or single weeks where these fit so much better that Schwarz's
    criterion prefers them (an invoice due in four weeks). Single weeks fit chance too, and what they add late
    would be promised again for each sale.
    """
    count = len(sales.ages)
    sold = calendar_sum(sales.told(), count)
    payments, amount = np.zeros(count), np.zeros(count)
    rows = paid.copy()
    if len(rows):
        week = (rows["cohort_week"] - sales.weeks[0]).dt.days // 7 + rows["lag"]
        inside = ((week >= 0) & (week < count)).to_numpy()
        where = week[inside].to_numpy(np.int64)
        np.add.at(payments, where, rows["payments"][inside].to_numpy(float))
        np.add.at(amount, where, rows["amount"][inside].astype(float).to_numpy())
    if payments.sum() <= 0 or sold.sum() <= 0:
        return Deals(np.zeros(1), Prices(np.zeros(1), np.zeros(1), 0.0), amount)
    begun = _timed_from(sales)
    reach = min(REACH, count - begun)
    design = np.array([np.concatenate([np.zeros(j), sold[: count - j]]) for j in range(reach)]).T
    scale = 1 / np.sqrt(np.maximum(sold, 1.0))
    smooth = _exponentials(reach)
    found = []
    for basis in (smooth, np.eye(reach)):
        weights, residual = optimize.nnls(
            (design @ basis.T * scale[:, None])[begun:], (payments * scale)[begun:]
        )
        found.append((residual**2 + (weights > 0).sum() * np.log(count), weights @ basis))
    pattern = min(found, key=lambda each: each[0])[1]
    # What the pattern leaves of the payments on record goes to it in proportion.
    fitted = float((design @ pattern)[begun:].sum())
    share = pattern * (payments[begun:].sum() / fitted if fitted > 0 else 0.0)
    return Deals(share, follow(payments, amount), amount)


def _timed_from(sales: Triangle) -> int:
    """Return the week from which payments follow sales whose moment is known: after the last stamp."""
    if sales.known is None or not (sales.known == 0).any():
        return 0
    week = np.arange(len(sales.ages))[:, None] + np.arange(sales.events.shape[1])[None, :]
    begun = int(week[sales.known == 0].max()) + 1 + _AFTER
    return begun if len(sales.ages) - begun >= _AFTER else 0


def _exponentials(reach: int) -> Floats:
    """Return the shares of weeks after the sale's own for exponential delays, mean by week."""
    week = np.arange(reach + 1, dtype=float)
    rows = [np.eye(reach)[0]]
    for mean in _MEANS:
        by_end = 1 - mean * (np.exp(-week / mean) - np.exp(-(week + 1) / mean))
        rows.append(np.diff(np.concatenate([[0.0], by_end]))[:reach])
    return np.array(rows)
