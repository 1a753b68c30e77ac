"""The forecast of one stage: hazards and levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from funnel.analysis.calendar.clock import Clock, steady
from funnel.analysis.cube.triangles import Triangle
from funnel.analysis.forecast.carry import Carry, fit_carry, promise_ratio
from funnel.analysis.forecast.delays import Hazards, fit_hazards, stretch_hazards
from funnel.analysis.statistics.credibility import Levels, fit_levels

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

HALF_LIFE = 78.0
"""Weeks after which an observation weighs half in the delay."""

CHANGED = 3.8
"""Standard deviations beyond which the delay is taken to have changed."""

ROUNDS = 3
"""Turns of the fit."""
SILENCE = 6.0
"""Conversions that must be missing before the first one for the log to count as begun later."""
ENOUGH = 8
"""Cohorts that must be left then."""
_LOOSE = 2.0


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model of one kind of event.

    Attributes:
        hazards: the delay, of the cohorts before and from `changed_at` (one entry if it did not change).
        changed_at: index of the first cohort of the newest delay; 0 if it did not change.
        change_z: how strongly the data speak for a change, in standard deviations.
        begun: index of the cohort in whose week the log began; 0 if it always was there.
        levels: the effects of the cohorts.
        carry: how far a cohort's effect so far carries over to what is to come.
    """

    hazards: tuple[Hazards, ...]
    changed_at: int
    change_z: float
    begun: int
    levels: Levels
    carry: Carry

    def over(self, weeks: Floats) -> Floats:
        """Return the expected cumulative hazard over weeks (cohort by lag), at effect 1, by cohort."""
        return _by_era(weeks, [law.mean[None, :] for law in self.hazards], self.changed_at)[:, 0]

    def rows(self, draw: int | None = None) -> Floats:
        """Return the hazard of every cohort's era, cohort by lag: expected, or of one draw."""
        laws = [law.mean if draw is None else law.draws[draw] for law in self.hazards]
        return _era_rows(laws, self.changed_at, len(self.levels.events))

    def over_draws(self, weeks: Floats) -> Floats:
        """Return the same for every draw of the hazards, cohort by draw."""
        return _by_era(weeks, [law.draws for law in self.hazards], self.changed_at)


@dataclass(frozen=True)
class StageFit:
    """A stage's model, fitted to what a report date has seen.

    Attributes:
        triangle: what was seen, by calendar lag.
        paced: the same by the time that has passed for the company (`clock`).
        clock: of the stage.
        model: what was made of it, by that time.
        left: leads that can still reach the stage, by cohort: those not there yet, or, where it is known,
            those of them that are not lost.
        ratio: what the open leads promise until the horizon against what the ages alone do, by cohort; None
            if it is not known where they stand.
    """

    triangle: Triangle
    paced: Triangle
    clock: Clock
    model: Model
    left: Floats
    ratio: Floats | None = None

    def maturity(self) -> tuple[Floats, Floats]:
        """Return the share of its final number each cohort has reached: expected; drawn (cohort by draw)."""
        lived, whole = self.paced.lived, np.ones_like(self.paced.lived)
        return (
            _ratio(self.model.over(lived), self.model.over(whole)),
            _ratio(self.model.over_draws(lived), self.model.over_draws(whole)),
        )

    def tail_share(self) -> Floats:
        """Return by cohort how much of its final number rests on the curve alone, not on events seen."""
        curve = [(law.mean * (1 - law.share_data))[None, :] for law in self.model.hazards]
        ahead = _by_era(1 - self.paced.lived, curve, self.model.changed_at)[:, 0]
        final = self.model.over(np.ones_like(self.paced.lived))
        return np.divide(ahead, final, out=np.ones_like(ahead), where=final > 0)

    @cached_property
    def due(self) -> Floats:
        """Conversions expected so far at the effects of the cohorts, by cohort and calendar lag."""
        result: Floats = self.triangle.at_risk() * self.weekly() * self.model.levels.effect()[:, None]
        return result

    def weekly(self) -> Floats:
        """Return the hazard of every calendar lag at effect 1, cohort by lag."""
        return self.clock.spread(self.model.rows())


def _ratio(now: Floats, final: Floats) -> Floats:
    share, whole = -np.expm1(-now), -np.expm1(-final)
    return np.divide(share, whole, out=np.zeros_like(share), where=whole > 0)


def _by_era(weeks: Floats, laws: list[Floats], changed_at: int) -> Floats:
    """Sum hazards over weeks (cohort by lag) with the law of each cohort's era; laws are draw by lag."""
    if len(laws) == 1:
        one: Floats = weeks @ laws[0].T
        return one
    return np.concatenate([weeks[:changed_at] @ laws[0].T, weeks[changed_at:] @ laws[1].T])


@dataclass(frozen=True, slots=True)
class Promises:
    """What the open leads promise for one stage, from where they stand; all by cohort.

    Attributes:
        left: open leads that stand before the stage.
        ahead: arrivals until the horizon.
        past: by age, arrivals until now of those who were open at that age.
    """

    left: Floats
    ahead: Floats
    past: Mapping[int, Floats]


def fit_stage(
    triangle: Triangle,
    draws: int = 24,
    seed: int = 0,
    promises: Promises | None = None,
    clock: Clock | None = None,
) -> StageFit:
    """Fit a stage's model to a triangle; see `fit_model`."""
    clock = clock or steady(len(triangle.ages) + triangle.horizon + 1)
    paced, past = clock.paced(triangle), promises.past if promises else None
    model = fit_model(paced.told(), paced.at_risk(), triangle.ages, draws, seed, past)
    return with_promises(triangle, clock, model, model.levels.level(), promises)


def with_promises(
    seen: Triangle, clock: Clock, model: Model, level: Floats, promises: Promises | None
) -> StageFit:
    """Put a model beside what the open leads promise.

    Args:
        seen: the triangle.
        clock: of the stage.
        model: fitted to it, by that clock.
        level: of the cohorts, for what the ages alone promise.
        promises: None if it is not known where the leads stand.
    """
    ahead, paced = np.maximum(seen.leads - seen.reached, 0), clock.paced(seen)
    if promises is None:
        return StageFit(seen, paced, clock, model, ahead)
    by_age = ahead * -np.expm1(-level * model.over(1 - paced.lived))
    ratio = promise_ratio(promises.ahead, by_age)
    return StageFit(seen, paced, clock, model, np.minimum(ahead, promises.left), ratio)


def fit_model(
    events: Floats,
    at_risk: Floats,
    ages: npt.NDArray[np.int64],
    draws: int = 24,
    seed: int = 0,
    promised: Mapping[int, Floats] | None = None,
) -> Model:
    """Fit delay and level of one kind of event by turns: each is needed for the other.

    Args:
        events: by cohort and lag.
        at_risk: lead-weeks at risk, by cohort and lag.
        ages: of the cohorts in weeks.
        draws: of the uncertain delay.
        seed: of those draws.
        promised: see `fit_carry`.
    """
    lags = np.arange(events.shape[1])[None, :]
    weight = 0.5 ** (np.maximum(ages[:, None] - lags, 0) / HALF_LIFE)
    effect = np.ones(len(ages))
    begun = changed_at = 0
    change_z = 0.0
    laws: tuple[Hazards, ...] = ()
    for turn in range(ROUNDS + 1):
        last = turn == ROUNDS
        seen, risk = weight * events, weight * at_risk * effect[:, None]
        count = draws if last else 0
        if changed_at:
            old, new = slice(0, changed_at), slice(changed_at, None)
            before = fit_hazards(seen[old].sum(axis=0), risk[old].sum(axis=0), count, seed, laws[0])
            after = stretch_hazards(before, seen[new].sum(axis=0), risk[new].sum(axis=0), count, seed)
            laws = (before, after)
        else:
            laws = (fit_hazards(seen.sum(axis=0), risk.sum(axis=0), count, seed, laws[0] if laws else None),)
        expected = _by_era(at_risk, [law.draws if last else law.mean[None, :] for law in laws], changed_at)
        if turn == 0:
            begun = _begun(events, at_risk * laws[0].mean)
            at_risk = at_risk * (_calendar(events) >= begun)
            expected = at_risk @ laws[0].mean[:, None]
            split, change_z = _change(events, at_risk, laws[0])
            changed_at = split if change_z > CHANGED else 0
        levels = _levels_from(begun, events.sum(axis=1), expected)
        effect = levels.effect()
        if begun:
            effect[:begun] = ((_LOOSE + events.sum(axis=1)) / (_LOOSE + expected.mean(axis=1)))[:begun]
        if changed_at and turn == 0:
            effect = np.ones_like(effect)
    tells = np.arange(len(effect)) >= begun
    mean_law = _era_rows([law.mean for law in laws], changed_at, len(effect))
    carry = fit_carry(
        events[tells], (at_risk * mean_law)[tells], ages[tells], levels.level()[tells],
        float(levels.spread @ levels.weight),
        {age: each[tells] for age, each in promised.items()} if promised is not None else None,
    )  # fmt: skip
    return Model(laws, changed_at, change_z, begun, levels, carry)


def _era_rows(laws: list[Floats], changed_at: int, cohorts: int) -> Floats:
    """Return the hazard of every cohort's era, cohort by lag."""
    if len(laws) == 1:
        return np.repeat(laws[0][None, :], cohorts, axis=0)
    return np.where(np.arange(cohorts)[:, None] < changed_at, laws[0][None, :], laws[1][None, :])


def _levels_from(begun: int, reached: Floats, expected: Floats) -> Levels:
    """Fit levels; cohorts from before the log began tell nothing about the others."""
    tells = (np.arange(len(reached)) >= begun).astype(float)
    return fit_levels(reached * tells, expected * tells[:, None])


def _calendar(events: Floats) -> npt.NDArray[np.int64]:
    cohorts, lags = events.shape
    result: npt.NDArray[np.int64] = np.arange(cohorts)[:, None] + np.arange(lags)[None, :]
    return result


def _begun(events: Floats, expected: Floats) -> int:
    """Return the calendar week (the index of its cohort) in which the log began; 0 if it always was there.

    Where several conversions should have come before the first that is on record, the log began then. Older
    cohorts are a selection, or were not worked on at all (left truncation).
    """
    calendar = _calendar(events)
    happened = calendar[events > 0]
    if not len(happened):
        return 0
    start = int(happened.min())
    silent = float(expected[calendar < start].sum())
    return start if silent > SILENCE and len(events) - start >= ENOUGH else 0


def _change(events: Floats, at_risk: Floats, law: Hazards, margin: int = 8) -> tuple[int, float]:
    """Return the cohort from which the delay most likely differs, and how surely: a level-free score test.

    Given a cohort's number of events, their lags are multinomial; the score is for a stretched time scale.
    Where months are closed at their end, young cohorts have their events in one week, late or early in what
    they lived through; that is the calendar's, so each week counts as it went for all cohorts.
    """
    expected = at_risk * law.mean[None, :]
    expected = expected * _week_factor(events, expected)
    total = np.maximum(expected.sum(axis=1), 1e-12)
    mean = (expected @ law.stretch) / total
    spread = np.maximum((expected @ law.stretch**2) / total - mean**2, 0)
    count = events.sum(axis=1)
    score = np.cumsum((events @ law.stretch - count * mean)[::-1])[::-1]
    variance = np.cumsum((count * spread)[::-1])[::-1]
    both = score - score[0] * variance / max(variance[0], 1e-12)
    each = events @ law.stretch - count * mean
    rough = max(float((each**2).sum()) / max(float(variance[0]), 1e-12), 1.0)
    scale = np.sqrt(np.maximum(rough * variance * (1 - variance / max(variance[0], 1e-12)), 1e-9))
    enough = (np.cumsum(count) >= 30) & (np.cumsum(count[::-1])[::-1] >= 30)
    enough[:margin] = False
    z = np.where(enough, np.abs(both) / scale, 0.0)
    best = int(np.argmax(z)) if len(z) else 0
    return best, float(z[best]) if len(z) else 0.0


def _week_factor(events: Floats, expected: Floats) -> Floats:
    """Return by cohort and lag how much more came in that calendar week than its share.

    Shrunk to 1 by how much the weeks differ beyond chance, so that it is 1 where they do not.
    """
    own = expected * (events.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-12))[:, None]
    calendar = np.minimum(_calendar(events), len(events) - 1)
    came, due = (np.bincount(calendar.ravel(), each.ravel(), len(events)) for each in (events, own))
    told = due >= 1.0
    excess = ((came - due) ** 2 - due)[told].sum() / max(float((due**2)[told].sum()), 1e-12)
    shrink = max(float(excess), 0.0) * due / (max(float(excess), 0.0) * due + 1)
    factor: Floats = (1 + shrink * (came / np.maximum(due, 1e-12) - 1))[calendar]
    return factor
