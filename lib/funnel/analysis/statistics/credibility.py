"""The level of conversion, cohort by cohort: a drifting base with room for cohorts that differ by chance.

Each cohort has converted `events`, where the pooled hazards and its own leads and age would have given
`expected`. Its effect is theta: gamma around a level, with relative variance v (the cohort's own luck); the
level walks at random from cohort to cohort, with variance q a week. Given theta, events are Poisson(theta *
expected). The level is estimated by the evolutionary credibility filter (linear Bayes, so zero-sale weeks are
no trouble) and drawn backwards from the newest cohort, so that neighbours err together as they should; the
cohort's own events then update its gamma exactly. With q = 0 this is Cape Cod with Buehlmann-Straub
credibility. (q, v) are not fixed: each pair of a grid is weighed by how well it predicted every cohort from
the earlier ones (negative binomial).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

DRIFTS = (0.0, 0.0002, 0.001, 0.004, 0.015)
"""Variances of the weekly step of the relative level that are weighed (0.001: about 3 % a week)."""
SPREADS = (0.002, 0.02, 0.05, 0.1, 0.25, 0.6)
"""Variances of a cohort's own relative effect that are weighed (0.05: about 22 %)."""
_MAX_JUMP = 4.0
_FLOOR = 0.02


@dataclass(frozen=True)
class Levels:
    """What is known of the cohorts' effects: a mixture over pairs (q, v) and draws of the hazards.

    Attributes:
        events: conversions so far, by cohort.
        expected: conversions expected so far at effect 1, by cohort and draw of the hazards.
        mean: level after each cohort's own events, by cohort and component.
        variance: relative variance of that level.
        draw_of: the draw of the hazards a component belongs to.
        drift: q of each component.
        spread: v of each component.
        weight: of each component, adding up to 1.
    """

    events: Floats
    expected: Floats
    mean: Floats
    variance: Floats
    draw_of: npt.NDArray[np.intp]
    drift: Floats
    spread: Floats
    weight: Floats

    def effect(self) -> Floats:
        """Return the expected effect of every cohort."""
        return self._effect.copy()

    @cached_property
    def _effect(self) -> Floats:
        own = 1 / self.spread
        seen, expected = self.events[:, None], self.expected[:, self.draw_of]
        result: Floats = ((own + seen) / (own / self._smooth + expected)) @ self.weight
        return result

    def effect_by_draw(self) -> Floats:
        """Return the expected effect of every cohort under each draw of the hazards, cohort by draw."""
        own = 1 / self.spread
        seen, expected = self.events[:, None], self.expected[:, self.draw_of]
        draws = self.expected.shape[1]
        weighed = (own + seen) / (own / self._smooth + expected) * self.weight * draws
        result: Floats = weighed.reshape(len(seen), draws, -1).sum(axis=2)
        return result

    def level(self) -> Floats:
        """Return the expected level of every cohort, smoothed over all cohorts."""
        result: Floats = self._smooth @ self.weight
        return result

    @cached_property
    def _smooth(self) -> Floats:
        level, gain = np.log(self.mean), self.variance / (self.variance + self.drift)
        for c in reversed(range(len(level) - 1)):
            level[c] += gain[c] * (level[c + 1] - level[c])
        result: Floats = np.exp(level)
        return result

    def components(self, rng: np.random.Generator, count: int) -> npt.NDArray[np.intp]:
        """Draw components by weight."""
        return rng.choice(len(self.weight), size=count, p=self.weight)

    def components_of(self, rng: np.random.Generator, law: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Draw a component for each of the given draws of the hazards."""
        draws = self.expected.shape[1]
        weight = np.cumsum(self.weight.reshape(draws, -1) * draws, axis=1)
        pair = (rng.random(len(law))[:, None] > weight[law]).sum(axis=1)
        result: npt.NDArray[np.intp] = np.minimum(pair, weight.shape[1] - 1) + law * weight.shape[1]
        return result

    def draw(
        self,
        rng: np.random.Generator,
        which: npt.NDArray[np.intp],
        ahead: int = 0,
        power: Floats | None = None,
    ) -> Floats:
        """Draw the effects of all cohorts and of `ahead` ones to come, a column for each component given.

        A cohort to come does not depend on how many follow it.

        Args:
            rng: what draws.
            which: the components.
            ahead: how many cohorts to come.
            power: by draw, to which a cohort's own luck, its effect over the level, goes on: its mean is
                that of the expected luck to that power. Default: whole.
        """
        cohorts, count = len(self.events), len(which)
        noise = rng.standard_normal((cohorts, count))
        level = np.zeros((cohorts + ahead, count))
        variance = self.variance[:, which]
        centre = np.log(self.mean[:, which]) - variance / 2
        gain = variance / (variance + self.drift[which])
        gain[-1:] = 0.0
        wide = noise * np.sqrt(variance * (1 - gain))
        for c in reversed(range(cohorts)):
            after = level[c + 1] if c < cohorts - 1 else centre[c]
            level[c] = centre[c] + gain[c] * (after - centre[c]) + wide[c]
        own, step = (1 / self.spread)[which], self.drift[which]
        shape, base = own + self.events[:, None], np.exp(level[:cohorts])
        luck = rng.gamma(shape) / (own + base * self.expected[:, self.draw_of[which]])
        if power is not None:
            tilt = special.gammaln(shape) + special.xlogy(power, shape) - special.gammaln(shape + power)
            luck = luck**power * np.exp(tilt)
        effects = np.empty_like(level)
        effects[:cohorts] = base * luck
        for c in range(cohorts, cohorts + ahead):
            before = level[c - 1] if c else 0.0
            level[c] = before + rng.standard_normal(count) * np.sqrt(step) - step / 2
            effects[c] = rng.gamma(own) / own * np.exp(level[c])
        return effects


def fit_levels(events: Floats, expected: Floats, start: float = 1.0) -> Levels:
    """Fit the levels of cohorts, oldest first.

    Args:
        events: conversions seen so far, by cohort.
        expected: conversions expected so far at effect 1, by cohort (rows) and draw of the hazards (columns).
        start: variance of the level around 1 before anything was seen; small for a slice that is expected
            to resemble the whole.

    Returns:
        One component for every draw of the hazards and pair of variances.
    """
    draws = expected.shape[1]
    which, drift, spread = (
        grid.ravel() for grid in np.meshgrid(np.arange(draws), DRIFTS, SPREADS, indexing="ij")
    )
    cohorts = len(events)
    level, var = np.ones(len(which)), np.full(len(which), start)
    mean, variance, due, shape = (np.empty((cohorts, len(which))) for _ in range(4))
    every = expected[:, which]
    for c in range(cohorts):
        own, square = every[c], level**2
        effect = var + spread * square
        due[c], shape[c] = level * own, square / effect
        total = due[c] + effect * own**2 + 1e-12
        gain = var * own / total
        surprise = np.minimum(events[c] - due[c], _MAX_JUMP * np.sqrt(total))
        var = np.maximum(var * (1 - gain * own), 1e-9)
        level = np.maximum(level + gain * surprise, _FLOOR)
        mean[c], square = level, level**2
        variance[c] = var / square
        var = var + drift * square
    variance = np.log1p(variance)
    table = _log_negative_binomial(events[:, None], due, shape).sum(axis=0).reshape(draws, -1)
    weight = np.exp(table - table.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True) * draws
    return Levels(events, expected, mean, variance, which, drift, spread, weight.ravel())


def _log_negative_binomial(seen: Floats, mean: Floats, shape: Floats) -> Floats:
    result: Floats = (
        special.gammaln(seen + shape)
        - special.gammaln(shape)
        - shape * np.log1p(mean / shape)
        + special.xlogy(seen, mean / (shape + mean + 1e-300))
    )
    return result
