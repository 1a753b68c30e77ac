"""Weeks differ more than chance: the beta-binomial's over-dispersion, estimated from history, and its tails.

A week's count out of n leads has variance n p (1 - p) (1 + (n - 1) rho); rho is the correlation between two
leads of one week (Williams 1982, Applied Statistics 31, 144-148, model II, by moments).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

PRIOR_WEEKS = 40.0
"""How many weeks a cell needs for its own over-dispersion to weigh as much as all the others'."""


def estimate(reached: Floats, base: Floats, rate: Floats) -> Floats:
    """Estimate the over-dispersion of each cell, shrunk to what all cells have together.

    Args:
        reached: counts by cell and week.
        base: out of how many.
        rate: the rate of each cell, fitted to the same weeks, (cells,) or by week (cells, weeks).

    Returns:
        rho of each cell, 0 or more.
    """
    p = rate[:, None] if rate.ndim == 1 else rate
    used = base > 0
    weeks = np.maximum(used.sum(axis=1), 1)
    spare = np.where(weeks > 1, weeks / np.maximum(weeks - 1, 1), 1.0)[:, None]  # one degree went to the rate
    chance = base * p * (1 - p)
    pearson = np.divide((reached - base * p) ** 2, chance, out=np.zeros_like(base), where=chance > 0) * spare
    seen = chance > 0
    extra = np.where(seen, base - 1, 0.0)
    weight = np.where(seen, 1 / (1 + np.maximum(extra, 0) * 0.01) ** 2, 0.0) * np.maximum(extra, 0)
    bottom = float((weight * extra).sum())
    pooled = max(float((weight * (pearson - seen)).sum()) / bottom, 0.0) if bottom > 0 else 0.0
    due = np.where(seen, 1 + extra * pooled, 0.0)
    own = np.divide(pearson, due, out=np.zeros_like(due), where=due > 0).sum(axis=1)
    ratio = (PRIOR_WEEKS + own) / (PRIOR_WEEKS + seen.sum(axis=1))
    mean_base = np.divide(base.sum(axis=1), weeks)
    typical = 1 + np.maximum(mean_base - 1, 0) * pooled
    rho = np.divide(typical * ratio - 1, mean_base - 1, out=np.zeros_like(typical), where=mean_base > 1)
    result: Floats = np.clip(np.maximum(rho, pooled * np.minimum(ratio, 1.0)), 0.0, 0.5)
    return result


def tails(count: Floats, base: Floats, rate: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the chance of so few or fewer, and of so many or more, the count itself by halves (mid-p).

    Args:
        count: what was seen, by cell.
        base: out of how many; 0 gives NaN.
        rate: expected share, strictly between 0 and 1 where anything can be said.
        variance: of the count, all that is uncertain included; never below the binomial's.
    """
    below = np.full(len(count), np.nan)
    above = np.full(len(count), np.nan)
    for cell in range(len(count)):
        chances = _chances(base[cell], rate[cell], variance[cell])
        if chances is not None:
            at = int(count[cell])
            below[cell] = chances[:at].sum() + chances[at] / 2
            above[cell] = chances[at + 1 :].sum() + chances[at] / 2
    return below, above


def limits(base: Floats, rate: Floats, variance: Floats, level: float = 0.9) -> tuple[Floats, Floats]:
    """Return the shares between which an unchanged cell's share lies in `level` of the cases."""
    low, high = np.full(len(base), np.nan), np.full(len(base), np.nan)
    for cell in range(len(base)):
        chances = _chances(base[cell], rate[cell], variance[cell])
        if chances is not None:
            summed = np.cumsum(chances)
            low[cell] = np.searchsorted(summed, (1 - level) / 2) / base[cell]
            high[cell] = min(np.searchsorted(summed, (1 + level) / 2), base[cell]) / base[cell]
    return low, high


def _chances(base: float, rate: float, variance: float) -> Floats | None:
    """Return the beta-binomial chances of 0 .. base with a given mean and variance; None where undefined."""
    n = int(base)
    if n < 1 or not 0 < rate < 1:
        return None
    plain = n * rate * (1 - rate)
    rho = min(max((variance / plain - 1) / (n - 1), 1e-7), 0.9) if n > 1 else 1e-7
    a, b = rate * (1 / rho - 1), (1 - rate) * (1 / rho - 1)
    k = np.arange(n + 1)
    logs = (
        special.gammaln(k + a)
        - special.gammaln(k + 1.0)
        + special.gammaln(n - k + b)
        - special.gammaln(n - k + 1.0)
    )
    chances = np.exp(logs - logs.max())
    return np.asarray(chances / chances.sum())


def false_discovery(p: Floats, weight: Floats | None = None, found: int = 0) -> Floats:
    """Return q-values: the false discovery rate at which each cell would just be flagged; NaN stays NaN.

    Benjamini and Hochberg 1995 (JRSS B 57, 289-300); with weights Genovese, Roeder and Wasserman 2006
    (Biometrika 93, 509-524): p / w, the weights made to average 1 and chosen without looking at p. `found`
    cells that are not among these are discoveries already.

    >>> false_discovery(np.array([0.01, 0.02, 0.9])).round(3).tolist()
    [0.03, 0.03, 0.9]
    """
    result = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    if not len(known):
        return result
    share = p[known]
    if weight is not None and weight[known].sum() > 0:
        share = share / np.maximum(weight[known] / weight[known].mean(), 1e-9)
    order = np.argsort(share, kind="stable")
    ranked = share[order] * (len(share) + found) / np.arange(found + 1, len(share) + found + 1)
    result[known[order]] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return result
