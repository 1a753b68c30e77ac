"""Before a project starts: what could be seen at all, from when on, and what the hypothesis would earn."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from funnel.analysis.cube.cells import Cells, reading_age, ripening
from funnel.analysis.initiatives.effects import USUAL, Fitted, Series, Spread, error_of, fit, spread_of
from funnel.analysis.initiatives.overlap import BEFORE, LEAST_BEFORE, Plan, weeks_before
from funnel.analysis.statistics import laws
from funnel.dates import WEEK

Floats = npt.NDArray[np.float64]
SEEN_IN = 0.8
"""Power at which an answer counts as readable."""
RIPENESS, LATEST = (0.5, 0.75, 0.9), 26
"""How ripe the cohorts read may be, and the age in weeks beyond which nobody waits for it."""
SURE = 0.1
"""Two-sided level at which an effect counts as seen: one less the level of the interval. In the direction
that was expected chance alone is seen half as often."""
LEAST_READ = 8
"""Weeks after the start on which an effect is read at least: fewer tell too little of how weeks vary."""
YEAR = 52


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
        weeks: weekly cohorts after the start after which that chance reaches 80 %, at least `LEAST_READ`,
            at most all of them.
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
    """Return the groups of an initiative by week, each cohort at the step's age; treated groups first.

    Year on year the last group is the treated one a year before, week by week.
    """
    groups = [list(cells) for _, cells in found.treated]
    starts = [week for week, _ in found.treated]
    if found.control:
        groups, starts = [*groups, list(found.control)], [*starts, 10**9]
    base, reached = table.at(step.before, step.age), table.at(step.after, step.age)
    read = [weeks] * len(groups)
    if found.year_on_year:  # the same leads' weeks of a year before are the control
        groups, starts, read = [*groups, groups[0]], [*starts, 10**9], [*read, weeks - YEAR]
    return Series(
        np.array([reached[cells].sum(axis=0)[one] for cells, one in zip(groups, read, strict=True)]),
        np.array([base[cells].sum(axis=0)[one] for cells, one in zip(groups, read, strict=True)]),
        np.array([(weeks >= start).astype(np.float64) for start in starts]),
        found.year_on_year,
    )


def power(
    table: Cells,
    found: Plan,
    before: int,
    after: int,
    expected: float | None,
    age: int | None = None,
    inflate: float = 1.0,
) -> Power:
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
        age: at which the cohorts are read; None to choose it.
        inflate: factor by which the errors of the reading will be widened (`Placebo`).
    """
    then = table.as_of(max(len(table.weeks) - found.start, 0))
    share = ripening(then)
    if age is not None:
        return _power(then, found, Step(before, after, age), expected, inflate)
    ages = dict.fromkeys(reading_age(share, before, after, least) for least in RIPENESS)
    youngest = min(ages)
    found_at = [
        _power(then, found, Step(before, after, one), expected, inflate)
        for one in ages
        if one in (youngest, min(one, LATEST))
    ]
    found_at = [one for one in found_at if not np.isnan(one.detectable)] or found_at[:1]
    seen = [one for one in found_at if one.power >= SEEN_IN]
    if seen:
        return min(seen, key=lambda one: one.readable)
    return max(found_at, key=lambda one: (one.power, -one.age)) if expected else found_at[0]


def _power(table: Cells, found: Plan, step: Step, expected: float | None, inflate: float) -> Power:
    most = max(found.last - found.start, 1)
    monday = table.weeks[0] + WEEK * found.start
    ripe = np.flatnonzero((table.ages >= step.age) & table.known(step.before, step.after))[-BEFORE:]
    if found.year_on_year:
        ripe = ripe[ripe >= YEAR]
    if (ripe >= found.first).sum() >= LEAST_BEFORE:
        ripe = ripe[ripe >= found.first]
    if len(ripe) < LEAST_BEFORE:
        return Power(float("nan"), float("nan"), most, step.age, monday + WEEK * (most + step.age), USUAL)
    before = series(table, found, step, ripe)
    spread = spread_of(replace(before, treated=np.zeros_like(before.treated)))
    sign = -1.0 if expected is not None and expected < 0 else 1.0

    def chance(weeks: int) -> float:
        error, spare = error_of(_imagined(before, found, weeks, expected or 0.0), spread)
        limit = laws.t_quantile(1 - SURE / 2, spare)
        # the widened error is taken for the true one: by so much the estimate scatters
        return laws.t_below(abs(np.log1p(expected or 0.0)) / (error * inflate) - limit, spare)

    error, spare = error_of(_imagined(before, found, most, 0.0), spread)
    whole = laws.t_quantile(1 - SURE / 2, spare) + laws.t_quantile(SEEN_IN, spare)
    weeks, likely = most, float("nan")
    if expected:
        likely = chance(most)
        low = min(LEAST_READ, weeks)
        while likely >= SEEN_IN and low < weeks:
            middle = (low + weeks) // 2
            if chance(middle) >= SEEN_IN:
                weeks = middle
            else:
                low = middle + 1
    readable = monday + WEEK * (weeks + step.age)
    return Power(float(np.expm1(sign * whole * error * inflate)), likely, weeks, step.age, readable, spread)


def _imagined(before: Series, found: Plan, weeks: int, expected: float) -> Series:
    """Return as many weeks before as will be read and `weeks` after, the treated ones changed as expected."""
    whole = np.maximum(before.base.sum(axis=1, keepdims=True), 1.0)
    rate = np.clip((before.reached.sum(axis=1, keepdims=True) + 0.1) / whole, 1e-6, 0.95)
    number = np.concatenate([weeks_before(found), found.start + np.arange(weeks)])[None, :]
    base = np.repeat(before.base.mean(axis=1, keepdims=True), number.shape[1], axis=1)
    untreated = bool(found.control) + found.year_on_year
    starts = np.array([week for week, _ in found.treated] + [10**9] * untreated)
    treated = (number >= starts[:, None]).astype(np.float64)
    return Series(base * np.minimum(rate * (1 + expected * treated), 0.97), base, treated, before.apart)


@dataclass(frozen=True, slots=True)
class Placebo:
    """The same method on dates at which nothing happened.

    Attributes:
        dates: how many.
        found: share of them at which an effect was "seen", upwards or downwards, whichever more often, by
            the widened errors; chance alone makes 5 %.
        inflate: factor by which errors are widened because of what was found there, 1 or more.
        times: at how many dates.
    """

    dates: int
    found: float
    inflate: float
    times: int = 0


EVERY = 4
"""Weeks between placebo dates."""
APART = 1.3
"""Factor on the errors where two years are compared, at the least: a pair of years tells little of others."""
TRUST = 3.0
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
    scores: list[tuple[float, float]] = []
    for start in range(found.start - length, 13, -EVERY):
        weeks = np.arange(max(start - (found.start - found.first), 0), start + length)
        if start + length > len(table.weeks) or busy & set(range(int(weeks[0]) + 1, start + length)):
            continue
        if (table.ages[weeks] < step.age).any():
            continue
        weeks = weeks[table.known(step.before, step.after)[weeks]]
        if found.year_on_year:
            weeks = weeks[weeks >= YEAR]
            if (weeks < start).sum() < LEAST_BEFORE or busy & set(range(int(weeks[0]) - YEAR, start)):
                continue
        fitted = _fit_at(table, found, step, start, weeks) if len(weeks) else None
        if fitted is not None:
            scores.append((fitted.effect / fitted.error, laws.t_quantile(1 - SURE / 2, fitted.spare)))
    if not scores:
        return Placebo(0, float("nan"), APART if found.year_on_year else 1.0)
    count = max(len(scores) * EVERY / length, 1.0)
    mean = float(np.mean([score**2 for score, _ in scores]))
    sure = mean - np.sqrt(2 / count)  # a mean square a standard error above 1 is chance
    inflate = float(np.sqrt(max((TRUST + count * sure) / (TRUST + count), 1.0)))
    inflate = max(inflate, APART if found.year_on_year else 1.0)
    up = sum(score > limit * inflate for score, limit in scores)
    down = sum(score < -limit * inflate for score, limit in scores)
    return Placebo(len(scores), max(up, down) / len(scores), inflate, max(up, down))


def _fit_at(table: Cells, found: Plan, step: Step, start: int, weeks: npt.NDArray[np.int64]) -> Fitted | None:
    everyone = tuple(cell for _, cells in found.treated for cell in cells)
    moved = replace(found, treated=((start, everyone),))
    return fit(series(table, moved, step, weeks))
