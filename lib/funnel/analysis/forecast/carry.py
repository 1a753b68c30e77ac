"""What tells cohorts of one age apart, learnt from the cohorts that are older now.

A cohort that sold more than its leads should have so far need not go on like that: quick buyers may be other
people than slow ones. A cohort of which many leads stand late in the funnel should bring more than one of
which most are lost. At several ages the older cohorts are cut in two: what they had brought and where their
leads stood by that age, and what came since. The later part is predicted with the level times the early
effect beside it to the power kappa (1: it carries over whole; 0: not at all) times the promise of the open
leads, against that of a usual cohort, to the power pi. Both are weighed by the negative-binomial likelihood
of what came, and what spread is then left beyond the model's own is kept, age by age, as extra
over-dispersion (intervals fitted to past errors of the same method). The promises tell cohorts apart only:
they are scaled so that the older cohorts together would have been promised what the ages promised them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
CUTS = (0, 2, 4, 8, 13, 20, 32, 52)
PAIRS: Floats = np.array(list(itertools.product(POWERS, POWERS)))
"""Powers of the own effect and of the promise of the open leads that are weighed."""
_FEWEST = 6
_LEAST = 0.02
"""Arrivals added to either promise, so that a cohort of which nothing is expected has a ratio."""
_FARTHEST = 2.5
"""Beyond this, the log of a ratio tells no more."""


@dataclass(frozen=True, slots=True)
class Carry:
    """What is carried over.

    Attributes:
        weight: of each pair of powers (`pairs`), adding up to 1.
        cuts: ages at which the cohorts were cut.
        extra: relative variance beyond the model, by cut and pair.
        scale: log of the factor that keeps the promises of usual cohorts, by cut and pair.
        usual: log of the promise of a usual cohort's open leads against that of the ages, by cut.
    """

    weight: Floats
    cuts: Floats
    extra: Floats
    scale: Floats
    usual: Floats

    def multipliers(
        self, ages: npt.NDArray[np.int64], which: npt.NDArray[np.intp], ratio: Floats | None
    ) -> tuple[Floats, Floats, Floats]:
        """Return what to draw the further effects of cohorts with.

        Args:
            ages: of the cohorts.
            which: pairs drawn.
            ratio: promise of the open leads to that of the ages, by cohort; None if it is not known.

        Returns:
            The power of the own effect by draw; the factor by cohort and draw; the extra relative variance by
            cohort and draw.
        """
        power = PAIRS[which, 0]
        if not len(self.cuts):
            shape = (len(ages), len(which))
            return power, np.ones(shape), np.zeros(shape)
        extra = np.stack([np.interp(ages, self.cuts, column) for column in self.extra.T], axis=1)
        factor = np.zeros((len(ages), len(PAIRS)))
        if ratio is not None:
            apart = log_ratio(ratio) - np.interp(ages, self.cuts, self.usual)
            scale = np.stack([np.interp(ages, self.cuts, column) for column in self.scale.T], axis=1)
            factor = scale + PAIRS[:, 1] * np.clip(apart, -_FARTHEST, _FARTHEST)[:, None]
        return power, np.exp(factor)[:, which], extra[:, which]


def log_ratio(ratio: Floats) -> Floats:
    """Return the log of a ratio, -inf never."""
    result: Floats = np.log(np.maximum(ratio, 1e-6))
    return result


def promise_ratio(promised: Floats, by_age: Floats) -> Floats:
    """Return by cohort what the open leads promise against what the ages do."""
    result: Floats = (promised + _LEAST) / (by_age + _LEAST)
    return result


_ALONE: npt.NDArray[np.bool_] = PAIRS[:, 1] == 0


def fit_carry(
    events: Floats,
    expected: Floats,
    ages: npt.NDArray[np.int64],
    level: Floats,
    spread: float,
    promised: Mapping[int, Floats] | None = None,
) -> Carry:
    """Learn what carries over.

    Args:
        events: conversions by cohort and lag.
        expected: conversions expected at effect 1, by cohort and lag lived.
        ages: of the cohorts.
        level: smoothed level of every cohort.
        spread: relative variance of a cohort's own effect.
        promised: by cut, what the leads that were open at that age promised each cohort until now; without it
            only the own effect is learnt.
    """
    early, due = np.cumsum(events, axis=1), np.cumsum(expected, axis=1)
    total, all_due = early[:, -1], due[:, -1]
    pairs = np.flatnonzero(_ALONE) if promised is None else np.arange(len(PAIRS))
    score = np.full(len(PAIRS), -np.inf)
    score[pairs] = 0.0
    cuts, extras, scales, usuals = [], [], [], []
    for cut in (cut for cut in CUTS if cut < events.shape[1] - 1):
        older = np.flatnonzero((ages > cut) & (all_due - due[:, cut] > 0.2) & (due[:, cut] > 0))
        if len(older) < _FEWEST:
            continue
        came, base = total[older] - early[older, cut], all_due[older] - due[older, cut]
        luck = (1 / spread + early[older, cut]) / (1 / spread + level[older] * due[older, cut])
        doubt = 1 / (1 / spread + early[older, cut])
        usual, apart = 0.0, np.zeros(len(older))
        if promised is not None:
            by_age = base * level[older]
            ratio = log_ratio(promise_ratio(promised[cut][older], by_age))
            usual = float((by_age * ratio).sum() / by_age.sum())
            apart = np.clip(ratio - usual, -_FARTHEST, _FARTHEST)
        extra, scale = np.zeros(len(PAIRS)), np.zeros(len(PAIRS))
        for number in pairs:
            power, pull = PAIRS[number]
            alone = base * level[older] * luck**power
            mean = alone * np.exp(pull * apart)
            scale[number] = np.log(alone.sum() / mean.sum())
            mean = mean * np.exp(scale[number])
            own = doubt * power**2
            extra[number] = _extra(came, mean, own, doubt)
            shape = 1 / (own + extra[number] + 1e-3)
            score[number] += float(_log_negative_binomial(came, mean, shape).sum())
        cuts.append(float(cut))
        extras.append(extra)
        scales.append(scale)
        usuals.append(usual)
    score /= max(len(cuts) / 2, 1)
    weight = np.exp(score - score.max())
    weight /= weight.sum()
    wide = (len(cuts), len(PAIRS))
    return Carry(weight, np.array(cuts), np.reshape(extras, wide), np.reshape(scales, wide), np.array(usuals))


def _extra(came: Floats, mean: Floats, own: Floats, doubt: Floats) -> float:
    """Return the relative variance that is left beyond the model's own, less its standard error."""
    left = (came - mean) ** 2 - mean - mean**2 * own
    weight = 1 / (mean + mean**2 * (doubt + 0.05)) ** 2
    extra = float((left * mean**2 * weight).sum() / (mean**4 * weight).sum())
    error = float(np.sqrt(2 * (mean**4 * weight).sum() ** -1))
    return max(extra - error, 0.0)


def _log_negative_binomial(seen: Floats, mean: Floats, shape: Floats) -> Floats:
    result: Floats = (
        special.gammaln(seen + shape)
        - special.gammaln(shape)
        - shape * np.log1p(mean / shape)
        + special.xlogy(seen, mean / (shape + mean))
    )
    return result
