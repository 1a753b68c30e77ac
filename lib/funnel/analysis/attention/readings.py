"""The newest cohorts of every segment beside its own history, each cohort at its own age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnel.analysis.calendar.shown import UNSURE, Rhythm
from funnel.analysis.cube.cells import TOTAL, Cells, reading_age
from funnel.analysis.cube.segments import handed_over
from funnel.analysis.initiatives.overlap import first_whole_week
from funnel.analysis.statistics.dispersion import estimate
from funnel.columns import OVERALL
from funnel.logbook import Initiative

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BASELINE, LEAST_HISTORY = 52, 8
"""Weeks before the window that make the history, at most and at least."""
MOST = 0.995
"""A conversion that what is expected passes only where it was above it all along."""
SETTLED = 19
"""Weeks after an initiative's start from which they alone make the history of the segments it reached."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One step of all cells over one window.

    Attributes:
        stage: the stage reached, or 'overall'.
        rows: positions of the window's weeks, oldest first.
        history: positions of the history's weeks.
        age: age of the window's youngest cohort.
        base: leads in the step before, by cell, each cohort at its own age.
        reached: of these.
        leads: leads of the window, by cell.
        expected: number expected from the cell's own history.
        variance: of the number reached in an unchanged cell.
        rho: over-dispersion of each cell.
        ripe: share of its ripe value that the conversion shows at these ages.
    """

    stage: str
    rows: tuple[int, ...]
    history: tuple[int, ...]
    age: int
    base: Floats
    reached: Floats
    leads: Floats
    expected: Floats
    variance: Floats
    rho: Floats
    ripe: float

    @property
    def rate(self) -> Floats:
        """The share expected."""
        return np.divide(self.expected, self.base, out=np.full_like(self.base, np.nan), where=self.base > 0)


def pairs(steps: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return base and reached step by position, and the name, of every conversion and of the whole."""
    one_by_one = [(k - 1, k, steps[k]) for k in range(1, len(steps))]
    return [*one_by_one, (0, len(steps) - 1, OVERALL)]


def read(
    table: Cells,
    share: Floats,
    pair: tuple[int, int, str],
    weeks: int,
    old_level: Flags | None = None,
    kept: Rhythm | None = None,
) -> Reading | None:
    """Read one conversion of all cells over the newest `weeks` cohorts old enough; None without a history.

    `old_level` marks the weeks of a cell, (cells, weeks), that are not comparable: see `left_out`. `kept`
    says what the cohorts can show in their weeks.
    """
    before, after, name = pair
    age = reading_age(share, before, after)
    ripe = np.flatnonzero((table.ages >= age) & table.known(before, after))
    rows, history = ripe[-weeks:], ripe[:-weeks][-BASELINE:]
    if len(history) < LEAST_HISTORY:
        return None
    ages = table.ages[rows]
    every, from_, to = np.arange(len(table.keys)), np.array([before]), np.array([after])
    base, reached = table.reached[:, rows, before, ages], table.reached[:, rows, after, ages]
    if old_level is not None:
        base, reached = base * ~old_level[:, rows], reached * ~old_level[:, rows]
    old_base = table.reached[np.ix_(every, history, from_, ages)][:, :, 0]
    old_reached = table.reached[np.ix_(every, history, to, ages)][:, :, 0]
    if old_level is not None:
        counts = ~old_level[:, history, None]
        old_base, old_reached = old_base * counts, old_reached * counts
    then, now = _factors(table, kept, pair, history, rows)
    sum_base, sum_reached = (old_base * then).sum(axis=1), old_reached.sum(axis=1)
    whole = table.keys.index(TOTAL)
    total = (sum_reached[whole] + 0.5) / (sum_base[whole] + 1)
    rate = (sum_reached + total) / (sum_base + 1)
    rho = estimate(old_reached[:, :, 0], old_base[:, :, 0], np.minimum(rate[:, :1] * then[:, :, 0], MOST))
    rate = np.minimum(rate * now, np.maximum(rate, MOST))
    expected = (base * rate).sum(axis=1)
    unsure = UNSURE * (base * rate * np.abs(np.log(now))).sum(axis=1)
    number = base.sum(axis=1)
    p = np.divide(expected, number, out=np.full_like(number, 0.5), where=number > 0)
    chance = p * (1 - p)
    own = (base * (1 + np.maximum(base - 1, 0) * rho[:, None])).sum(axis=1) * chance
    size = np.maximum(old_base[:, :, 0].sum(axis=1), 1.0)
    blur = chance * (1 / (size + 1) + rho * (old_base[:, :, 0] ** 2).sum(axis=1) / size**2)
    shown = share[after] / np.where(share[before] > 0, share[before], 1.0)
    weight = base[whole] / max(base[whole].sum(), 1.0)
    return Reading(
        name, tuple(rows.tolist()), tuple(history.tolist()), int(ages.min()), number, reached.sum(axis=1),
        _leads(table, rows, old_level), expected, own + number**2 * blur + unsure**2, rho,
        float((shown[ages] * weight).sum()),
    )  # fmt: skip


def _factors(
    table: Cells,
    kept: Rhythm | None,
    pair: tuple[int, int, str],
    history: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
) -> tuple[Floats, Floats]:
    """Return what the calendar makes of the conversion at the rows' ages, of the history and of the rows.

    Both relative to the history's mean at these ages: (slices, history, rows), (slices, rows).
    """
    before, after, _ = pair
    ages = table.ages[rows]
    if kept is None:
        return np.ones((1, len(history), len(rows))), np.ones((1, len(rows)))
    then = kept.factor(before, after, history, ages)
    now = kept.factor(before, after, rows, ages)[:, np.arange(len(rows)), np.arange(len(rows))]
    mean = then.mean(axis=1)
    return then / mean[:, None, :], now / mean


def _leads(table: Cells, rows: npt.NDArray[np.int64], left_out: Flags | None) -> Floats:
    leads = table.at(0, 0)[:, rows]
    return np.asarray((leads if left_out is None else leads * ~left_out[:, rows]).sum(axis=1))


def left_out(table: Cells, initiatives: Sequence[Initiative]) -> Flags:
    """Mark the weeks of a slice, (slices, weeks), that cannot be compared with others of its own."""
    return old_levels(table, initiatives) | handed_over(table)


def old_levels(table: Cells, initiatives: Sequence[Initiative]) -> Flags:
    """Mark the weeks before the last initiative that reached a cell and has run for long enough."""
    marked = np.zeros((len(table.keys), len(table.weeks)), dtype=bool)
    settled = len(table.weeks) - SETTLED
    for item in initiatives:
        for number, key in enumerate(table.keys):
            reached = not item.scope or (len(item.scope) == 1 and key[1] in item.scope.get(key[0], ()))
            start = table.index(first_whole_week(item.rollout.get(key[1], item.start)))
            if reached and 0 < start <= settled:
                marked[number, :start] = True
    return marked
