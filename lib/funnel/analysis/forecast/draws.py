"""Draws of what cohorts will still bring, from the fit of a stage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from funnel.analysis.forecast.conversion import Counts, Floats, StageFit


def draw_coming(fit: StageFit, count: int, seed: int, base: Floats | None = None) -> tuple[Floats, Floats]:
    """Draw what the leads that are there will still bring; never more than there are.

    Args:
        fit: the fitted stage.
        count: how many draws.
        seed: of the draws.
        base: draws of the whole's effect, for a slice whose effect is relative to it (cohort by draw).

    Returns:
        Expected arrivals by cohort and calendar week from the report date's on, and draws of the factor on
        the sum over the weeks, cohort by draw, with mean 1.
    """
    seen = fit.triangle
    cohorts, lags = seen.events.shape
    week = np.arange(lags)[None, :] - seen.ages[:, None] - 1
    weekly = np.zeros((cohorts, lags))
    rows, columns = np.nonzero((week >= 0) & (seen.lived < 1))
    if base is None and not seen.reached.sum():
        # Nobody ever: half a conversion in all the leads so far, with the spread of Jeffreys' prior.
        weekly[rows, week[rows, columns]] = 0.5 / (seen.leads.sum() + 1)
        weekly *= (fit.left / np.maximum((seen.lived < 1).sum(axis=1), 1))[:, None]
        rate = np.random.default_rng(seed).gamma(0.5, 2.0, count)
        return weekly, np.repeat((rate / rate.mean())[None, :], cohorts, axis=0)
    effect, law = draw_effects(fit, count, seed)
    if base is not None:
        effect = effect * base
    share = -np.expm1(-effect * fit.model.over_draws(1 - fit.paced.lived)[:, law])
    ahead = np.cumsum(fit.weekly() * (1 - seen.lived), axis=1) * effect.mean(axis=1)[:, None]
    step = -np.diff(np.exp(-ahead), axis=1, prepend=1.0)
    weekly[rows, week[rows, columns]] = step[rows, columns]
    return capped(weekly, share * np.maximum(seen.leads - seen.reached, 0)[:, None], fit.left)


def capped(weekly: Floats, drawn: Floats, left: Floats) -> tuple[Floats, Floats]:
    """Keep arrivals within the leads that can still arrive.

    Args:
        weekly: arrivals by cohort and week ahead, of which only the shares of the weeks count.
        drawn: expected arrivals in all weeks, cohort by draw.
        left: leads that can still arrive, by cohort.

    Returns:
        Expected arrivals by cohort and week, and the factor on their sum, cohort by draw, with mean 1.
    """
    drawn = np.minimum(drawn, left[:, None])
    mean = drawn.mean(axis=1)
    total = weekly.sum(axis=1)
    weekly = weekly * np.divide(mean, total, out=np.zeros_like(mean), where=total > 0)[:, None]
    factor = np.divide(drawn, mean[:, None], out=np.ones_like(drawn), where=mean[:, None] > 0)
    return weekly, factor


def draw_effects(
    fit: StageFit, count: int, seed: int, *, apart: bool = True
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Draw the effects with which cohorts go on (cohort by draw), and the draw of the hazards for each.

    The level goes on whole; what fades is what a cohort has beside it.

    Args:
        fit: the fitted stage.
        count: how many draws.
        seed: of the draws.
        apart: whether open leads tell cohorts apart; a slice does it by its own.
    """
    rng = np.random.default_rng(seed)
    carry = fit.model.carry
    which = fit.model.levels.components(rng, count)
    pair = rng.choice(len(carry.weight), size=count, p=carry.weight)
    power, factor, extra = carry.multipliers(fit.triangle.ages, pair, fit.ratio if apart else None)
    shape = 1 / np.maximum(extra, 1e-6)
    effect = fit.model.levels.draw(rng, which, power=power) * factor * rng.gamma(shape) / shape
    return effect, fit.model.levels.draw_of[which]


def widened(widen: Floats, shock: Floats) -> Floats:
    """Return factors that widen what is to come, cohort by draw; their mean is 1.

    Args:
        widen: relative standard deviation by cohort.
        shock: standard normal draws, shared by the cohorts.
    """
    drawn = np.exp(widen[:, None] * shock)
    result: Floats = drawn / drawn.mean(axis=1, keepdims=True)
    return result


def draw_arrivals(expected: Floats, factor: Floats, left: Floats, rng: np.random.Generator) -> Counts:
    """Draw how many arrive, cohort by draw.

    Args:
        expected: arrivals by cohort.
        factor: draws of the factor on them, cohort by draw.
        left: leads that can still arrive, by cohort; no more do.
        rng: what draws.
    """
    whole = np.ceil(left - 1e-9)
    share = np.clip(expected[:, None] * factor / np.maximum(whole, 1)[:, None], 0, 1)
    return rng.binomial(whole.astype(np.int64)[:, None], share)
