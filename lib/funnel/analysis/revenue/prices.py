"""What a payment amounts to, followed over time and into the weeks ahead.

The mean of a week's payments is a level that grows by a constant part a week (one of `GROWTHS`) and walks at
random around that (one of `DRIFTS`), plus what chance makes of so many payments. Each pair is filtered
through the past (Kalman, J. Basic Eng. 82, 1960, 35-45) and weighed by how well it foretold every week from
those before. Ahead the growth fades (Gardner and McKenzie, Management Science 31, 1985, 1237-1246), and the
error grows with the weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DRIFTS = (0.0, 0.00001, 0.0001, 0.0005)
"""Variances of the weekly step of the relative level that are weighed (0.0001: 1 % a week)."""
LIKELY = (0.6, 0.25, 0.1, 0.05)
"""How likely each of them is, before anything was seen."""
GROWTHS = np.linspace(-0.01, 0.01, 21)
"""Growths of the level a week that are weighed (0.0046: 2 % a month)."""
STEADY = 0.6
"""How likely there is none, before anything was seen."""
USUAL = 0.004
"""Standard deviation of the growth, if there is one."""
FADING = 0.98
"""Part of the growth that is left a week later: ahead, it moves the level by at most 49 of its weeks."""
AHEAD = 157
"""Weeks ahead for which the level is made; later ones have that of the last."""
_NEAR = 0.95
_LEAST = 0.2


@dataclass(frozen=True, slots=True)
class Prices:
    """Mean payments.

    Attributes:
        mean: expected amount of a payment by week ahead, `AHEAD` of them.
        error: standard error of that mean by week ahead.
        spread: standard deviation of one payment over the mean.
    """

    mean: Floats
    error: Floats
    spread: float


def follow(payments: Floats, amount: Floats) -> Prices:
    """Follow the mean payment of the calendar weeks of the history, oldest first.

    Args:
        payments: number by week; some are above 0.
        amount: sum by week.
    """
    whole = float(amount.sum() / payments.sum())
    spread = _spread(payments, amount) if whole > 0 else 0.0
    if spread <= 0:
        away = float(np.sqrt(((amount - payments * whole) ** 2 / np.maximum(payments, 1)).mean()))
        error = away / float(np.sqrt(payments.sum()))
        return Prices(np.full(AHEAD, whole), np.full(AHEAD, error), away / abs(whole) if whole else 0.0)
    growth, drift, prior = _candidates()
    score, level, variance = _filtered(payments, amount / whole, spread, growth, drift)
    weight = prior * np.exp(score - score.max())
    weight /= weight.sum()
    moved = np.concatenate([[0.0], np.cumsum(FADING ** np.arange(1, AHEAD))])
    grown = np.exp(growth[:, None] * moved)
    means = level[:, None] * grown
    mean = weight @ means
    each = (variance[:, None] + drift[:, None] * np.arange(AHEAD) * level[:, None] ** 2) * grown**2
    return Prices(mean * whole, np.sqrt(weight @ (each + (means - mean) ** 2)) * whole, spread)


def _candidates() -> tuple[Floats, Floats, Floats]:
    """Return growth and drift of every pair, and how likely it is before anything was seen."""
    likely = np.exp(-0.5 * (GROWTHS / USUAL) ** 2)
    none = np.abs(GROWTHS) < 1e-9
    likely = np.where(none, STEADY, likely / likely[~none].sum() * (1 - STEADY))
    growth, drift = (pair.ravel() for pair in np.meshgrid(GROWTHS, DRIFTS, indexing="ij"))
    return growth, drift, np.outer(likely, LIKELY).ravel()


def _local(payments: Floats, amount: Floats, own: float) -> tuple[Floats, Floats]:
    """Return the mean payment of the weeks near each week, itself weighing `own`, and how many carry it."""
    weeks = np.arange(len(payments))
    near = _NEAR ** np.abs(weeks[:, None] - weeks[None, :])
    np.fill_diagonal(near, own)
    around = near @ payments
    mean = np.divide(near @ amount, around, out=np.ones_like(around), where=around > 0)
    carried = np.divide(around**2, (near**2) @ payments, out=np.zeros_like(around), where=around > 0)
    return mean, carried


def _spread(payments: Floats, amount: Floats) -> float:
    """Return the standard deviation of one payment, as a part of the mean of the weeks near its own."""
    mean, carried = _local(payments, amount, own=0.0)
    told = (payments > 0) & (carried > 0) & (mean > 0)
    if not told.any():
        return 0.0
    number = payments[told]
    away = (amount[told] / number / mean[told] - 1) ** 2 * number
    return float(np.sqrt(away.sum() / (1 + number / carried[told]).sum()))


def _filtered(
    payments: Floats, amount: Floats, spread: float, growth: Floats, drift: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return how well each pair foretold the past (log), and its level, with variance, in the week ahead."""
    level = np.exp(-growth * len(payments) / 2)
    variance, score = level**2, np.zeros_like(level)
    for number, paid in zip(payments, amount, strict=True):
        if number > 0:
            total = variance + spread**2 / number
            surprise = paid / number - level
            score -= 0.5 * (np.log(total) + surprise**2 / total)
            gain = variance / total
            level, variance = np.maximum(level + gain * surprise, _LEAST * level), variance * (1 - gain)
        level = level * np.exp(growth)
        variance = variance * np.exp(2 * growth) + drift * level**2
    return score, level, variance
