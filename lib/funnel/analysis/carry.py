"""How far what a cohort did when young tells what it does later, learnt from the cohorts that are older now.

A cohort that sold more than its leads should have so far need not go on like that: quick buyers may be other
people than slow ones. At several ages the older cohorts are cut in two: what they had brought by that age,
and what came since. The later part is predicted with the early effect to the power kappa (1: it carries over
whole; 0: not at all); kappa is weighed by the negative-binomial likelihood of what came, and what spread is
then left beyond the model's own is kept, age by age, as extra over-dispersion (intervals fitted to past
errors of the same method).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
CUTS = (0, 2, 4, 8, 13, 20, 32, 52)
_FEWEST = 6


@dataclass(frozen=True, slots=True)
class Carry:
    """What is carried over.

    Attributes:
        power: weight of each of the `POWERS`.
        cuts: ages at which the cohorts were cut.
        extra: relative variance beyond the model at those ages.
    """

    power: Floats
    cuts: Floats
    extra: Floats

    def extra_at(self, ages: npt.NDArray[np.int64]) -> Floats:
        """Return the extra relative variance at ages, interpolated."""
        if not len(self.cuts):
            return np.zeros(len(ages))
        return np.interp(ages, self.cuts, self.extra)


def fit_carry(
    events: Floats, expected: Floats, ages: npt.NDArray[np.int64], level: Floats, spread: float
) -> Carry:
    """Learn what carries over.

    Args:
        events: conversions by cohort and lag.
        expected: conversions expected at effect 1, by cohort and lag lived.
        ages: of the cohorts.
        level: smoothed level of every cohort.
        spread: relative variance of a cohort's own effect.
    """
    early, due = np.cumsum(events, axis=1), np.cumsum(expected, axis=1)
    total, all_due = early[:, -1], due[:, -1]
    score = np.zeros(len(POWERS))
    parts: list[tuple[int, Floats, Floats, Floats, Floats]] = []
    for cut in (cut for cut in CUTS if cut < events.shape[1] - 1):
        older = np.flatnonzero((ages > cut) & (all_due - due[:, cut] > 0.2) & (due[:, cut] > 0))
        if len(older) < _FEWEST:
            continue
        came, base = total[older] - early[older, cut], all_due[older] - due[older, cut]
        effect = (1 / spread + early[older, cut]) / (1 / (spread * level[older]) + due[older, cut])
        doubt = 1 / (1 / spread + early[older, cut])
        parts.append((cut, came, base, effect, doubt))
    best = np.zeros(len(POWERS))
    extras = np.zeros((len(parts), len(POWERS)))
    for row, (_, came, base, effect, doubt) in enumerate(parts):
        for number, power in enumerate(POWERS):
            mean = base * effect**power
            variance = mean**2 * doubt * power**2
            left = (came - mean) ** 2 - mean - variance
            weight = 1 / (mean + mean**2 * (doubt + 0.05)) ** 2
            extra = float((left * mean**2 * weight).sum() / (mean**4 * weight).sum())
            error = float(np.sqrt(2 * (mean**4 * weight**2 / weight).sum() ** -1))
            extras[row, number] = max(extra - error, 0.0)
            shape = 1 / (doubt * power**2 + extras[row, number] + 1e-3)
            score[number] += float(_log_negative_binomial(came, mean, shape).sum())
    score /= max(len(parts) / 2, 1)
    best = np.exp(score - score.max())
    best /= best.sum()
    return Carry(best, np.array([float(part[0]) for part in parts]), extras @ best)


def _log_negative_binomial(seen: Floats, mean: Floats, shape: Floats) -> Floats:
    result: Floats = (
        special.gammaln(seen + shape)
        - special.gammaln(shape)
        - shape * np.log1p(mean / shape)
        + special.xlogy(seen, mean / (shape + mean))
    )
    return result
