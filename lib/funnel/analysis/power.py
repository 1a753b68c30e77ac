"""Before a project starts: what could be seen at all, from when on, and what the hypothesis would earn."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from funnel.analysis.cells import Cells, reading_age, ripening
from funnel.analysis.effects import USUAL, Fitted, Series, Spread, error_of, fit, spread_of
from funnel.analysis.overlap import BEFORE, LEAST_BEFORE, Plan, weeks_before
from funnel.dates import WEEK

Floats = npt.NDArray[np.float64]
SEEN_IN = 0.8
"""Power at which an answer counts as readable."""
RIPENESS, LATEST = (0.5, 0.75, 0.9), 26
"""How ripe the cohorts read may be, and the age in weeks beyond which nobody waits for it."""
SURE = 0.05
"""Two-sided level at which an effect counts as seen."""


@dataclass(frozen=True, slots=True)
class Step:
    """A conversion from one step to another, read at one age.

    Attributes:
        before: position of the step that is the base.
        after: position of the step reached.
        age: in weeks; every cohort counts as it was then.
    """

    before: int
    after: int
    age: int


@dataclass(frozen=True, slots=True)
class Power:
    """What can be seen of a change.

    Attributes:
        detectable: the smallest relative change (in the expected direction) seen in 80 % of cases after all
            the weeks the initiative is read on.
        power: chance to see the expected change then; NaN without one.
        weeks: weekly cohorts after the start after which that chance reaches 80 %, at most all of them.
        age: at which they are read then.
        readable: report date from which these cohorts are old enough.
        spread: how weeks varied before the start.
    """

    detectable: float
    power: float
    weeks: int
    age: int
    readable: dt.date
    spread: Spread


def series(table: Cells, found: Plan, step: Step, weeks: npt.NDArray[np.int64]) -> Series:
    """Return the groups of an initiative by week, each cohort at the step's age; treated groups first."""
    groups = [list(cells) for _, cells in found.treated]
    starts = [week for week, _ in found.treated]
    if found.control:
        groups, starts = [*groups, list(found.control)], [*starts, 10**9]
    base, reached = table.at(step.before, step.age), table.at(step.after, step.age)
    return Series(
        np.array([reached[cells].sum(axis=0)[weeks] for cells in groups]),
        np.array([base[cells].sum(axis=0)[weeks] for cells in groups]),
        np.array([(weeks >= start).astype(np.float64) for start in starts]),
    )


def power(table: Cells, found: Plan, before: int, after: int, expected: float | None) -> Power:
    """Say what can be seen, and when, from what was known before the start alone.

    Half-ripe, three-quarters ripe and nine-tenths ripe cohorts are weighed: riper ones tell more, and
    later. The earliest date is taken at which the expected change would be seen in 80 % of cases; where
    there is none within the weeks the initiative is read on, the age that tells most.

    Args:
        table: the cube as arrays.
        found: what the initiative is measured on.
        before: position of the step that is the base.
        after: position of the step reached.
        expected: relative change hoped for; None for a change of nothing.
    """
    then = table.as_of(max(len(table.weeks) - found.start, 0))
    share = ripening(then)
    ages = dict.fromkeys(reading_age(share, before, after, least) for least in RIPENESS)
    youngest = min(ages)
    found_at = [
        _power(then, found, Step(before, after, age), expected)
        for age in ages
        if age in (youngest, min(age, LATEST))
    ]
    found_at = [one for one in found_at if not np.isnan(one.detectable)] or found_at[:1]
    seen = [one for one in found_at if one.power >= SEEN_IN]
    if seen:
        return min(seen, key=lambda one: one.readable)
    return max(found_at, key=lambda one: (one.power, -one.age)) if expected else found_at[0]


def _power(table: Cells, found: Plan, step: Step, expected: float | None) -> Power:
    most = max(found.last - found.start, 1)
    monday = table.weeks[0] + WEEK * found.start
    ripe = np.flatnonzero((table.ages >= step.age) & table.known(step.before, step.after))[-BEFORE:]
    if (ripe >= found.first).sum() >= LEAST_BEFORE:
        ripe = ripe[ripe >= found.first]
    if len(ripe) < LEAST_BEFORE:
        return Power(float("nan"), float("nan"), most, step.age, monday + WEEK * (most + step.age), USUAL)
    before = series(table, found, step, ripe)
    spread = spread_of(replace(before, treated=np.zeros_like(before.treated)))
    sign = -1.0 if expected is not None and expected < 0 else 1.0

    def chance(weeks: int) -> float:
        error, spare = error_of(_imagined(before, found, weeks, expected or 0.0), spread)
        limit = float(stats.t.ppf(1 - SURE / 2, spare))
        return float(stats.t.cdf(abs(np.log1p(expected or 0.0)) / error - limit, spare))

    error, spare = error_of(_imagined(before, found, most, 0.0), spread)
    whole = float(stats.t.ppf(1 - SURE / 2, spare) + stats.t.ppf(SEEN_IN, spare))
    weeks, likely = most, float("nan")
    if expected:
        likely = chance(most)
        low = 1
        while likely >= SEEN_IN and low < weeks:
            middle = (low + weeks) // 2
            if chance(middle) >= SEEN_IN:
                weeks = middle
            else:
                low = middle + 1
    readable = monday + WEEK * (weeks + step.age)
    return Power(float(np.expm1(sign * whole * error)), likely, weeks, step.age, readable, spread)


def _imagined(before: Series, found: Plan, weeks: int, expected: float) -> Series:
    """Return as many weeks before as will be read and `weeks` after, the treated ones changed as expected."""
    whole = np.maximum(before.base.sum(axis=1, keepdims=True), 1.0)
    rate = np.clip((before.reached.sum(axis=1, keepdims=True) + 0.1) / whole, 1e-6, 0.95)
    number = np.concatenate([weeks_before(found), found.start + np.arange(weeks)])[None, :]
    base = np.repeat(before.base.mean(axis=1, keepdims=True), number.shape[1], axis=1)
    starts = np.array([week for week, _ in found.treated] + [10**9] * bool(found.control))
    treated = (number >= starts[:, None]).astype(np.float64)
    return Series(base * np.minimum(rate * (1 + expected * treated), 0.97), base, treated)


@dataclass(frozen=True, slots=True)
class Placebo:
    """The same method on dates at which nothing happened.

    Attributes:
        dates: how many.
        found: share of them at which it "found" an effect.
        inflate: factor by which errors are widened because of what was found there, 1 or more.
    """

    dates: int
    found: float
    inflate: float


EVERY = 4
"""Weeks between placebo dates."""
TRUST = 8.0
"""The calculated errors weigh as much as so many independent placebo dates."""


def placebo(table: Cells, found: Plan, step: Step, busy: frozenset[int]) -> Placebo:
    """Run the method on dates before the start; a staggered roll-out begins everywhere at once there.

    Args:
        table: the cube as arrays.
        found: what the initiative is measured on.
        step: the conversion and its age.
        busy: weeks at which another initiative began or ended.
    """
    length = found.last - found.start
    scores = []
    for start in range(found.start - length, 13, -EVERY):
        weeks = np.arange(max(start - (found.start - found.first), 0), start + length)
        if busy & set(range(int(weeks[0]) + 1, start + length)):
            continue
        weeks = weeks[table.known(step.before, step.after)[weeks]]
        fitted = _fit_at(table, found, step, start, weeks) if len(weeks) else None
        if fitted is not None:
            scores.append((fitted.effect / fitted.error, fitted.p_value() < SURE))
    if not scores:
        return Placebo(0, float("nan"), 1.0)
    count = max(len(scores) * EVERY / length, 1.0)
    mean = float(np.mean([score**2 for score, _ in scores]))
    sure = mean - np.sqrt(2 / count)  # a mean square a standard error above 1 is chance
    inflate = float(np.sqrt(max((TRUST + count * sure) / (TRUST + count), 1.0)))
    return Placebo(len(scores), float(np.mean([seen for _, seen in scores])), inflate)


def _fit_at(table: Cells, found: Plan, step: Step, start: int, weeks: npt.NDArray[np.int64]) -> Fitted | None:
    everyone = tuple(cell for _, cells in found.treated for cell in cells)
    moved = replace(found, treated=((start, everyone),))
    return fit(series(table, moved, step, weeks))
