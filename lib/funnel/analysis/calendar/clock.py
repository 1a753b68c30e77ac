"""Time as a company lives it: a week of holidays passes slowly, that in which a month is closed fast.

A hazard by calendar lag reads a quiet Christmas as poor conversion. So every calendar week has a pace, 1 on
average: how much of a usual week's business is done in it. Lags are counted in that time, and what is
expected is turned back into calendar weeks. The pace is 1 - b * (share of the working days that are free) -
c * (share of working days around New Year), and rises by g with the share of the week in which the month is
closed: in its last days, or in the first ones of the next month, whichever a stage's totals show (`_closed`).
How strongly they act is learnt from the weekly totals of the stages against what the pooled hazards and a
slowly moving level expect: b and c start from usual ones and move as far as the data say; g counts only where
it stands out beyond `PROOF` standard errors. Without a country there are neither holidays nor a New Year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cube.triangles import Triangle, calendar_sum
from funnel.calendar import Calendar, month_phases, new_year_share, working_share

Floats = npt.NDArray[np.float64]

SLOWER = (0.8, 0.4)
"""How much of the business of a free day, and of a working day around New Year, is usually not done."""
SURE = (0.25, 0.3)
"""How sure that is: standard deviations."""
PROOF = 4.0
"""Standard errors by which the closing of months must stand out."""
LEAST = 0.1
"""The least pace of a week."""
_SMOOTH = 13
_TURNS = 4
_FEWEST = 26


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of a stage.

    Attributes:
        ends: time passed before each calendar week, from the first cohort's own on; one more than weeks.
    """

    ends: Floats

    @property
    def even(self) -> bool:
        """Whether every week is like another."""
        return bool(self.ends[1] == 1 and self.ends[-1] == len(self.ends) - 1)

    def lag(self, cohorts: npt.NDArray[np.int64], weeks: Floats) -> Floats:
        """Return the lag, in this time, so many calendar weeks after the beginning of each cohort's week.

        Leads come throughout their week: a usual cohort has lived half a week at its end, which is lag 1. One
        whose own week was slow has lived less, and goes on at the usual pace after it.

        Args:
            cohorts: their indices.
            weeks: calendar weeks, cohort by whatever; parts of a week are taken in proportion.
        """
        own = np.diff(self.ends)[cohorts][:, None]
        at = np.clip(cohorts[:, None] + weeks, 0, len(self.ends) - 1)
        passed = np.interp(at, np.arange(len(self.ends)), self.ends)
        lived = passed - self.ends[cohorts][:, None] - own / 2
        after = np.where(lived < 0.5, 2 * lived, lived + 0.5)
        result: Floats = np.where(weeks < 1, weeks * np.where(own < 1, own, own / 2 + 0.5), after)
        return result

    def spread(self, hazards: Floats) -> Floats:
        """Return hazards by lags of this time as hazards by calendar lag; cohort by lag."""
        if self.even:
            return hazards
        edges, bins, total = self._edges(hazards)
        at = np.array([np.interp(edge, bins, one) for edge, one in zip(edges, total, strict=True)])
        result: Floats = np.diff(at, axis=1)
        return result

    def paced(self, seen: Triangle) -> Triangle:
        """Return a triangle whose lags are counted in this time."""
        if self.even:
            return seen
        cohorts, lags = seen.events.shape
        index = np.arange(cohorts)
        now = self.lag(index, seen.lived.sum(axis=1)[:, None])
        lived = np.clip(now - np.arange(lags)[None, :], 0.0, 1.0)
        stamped = None if seen.stamped is None else self.binned(seen.stamped)
        known = None
        if seen.known is not None:
            first = (seen.known < 1).sum(axis=1)[:, None].astype(float)
            blind = self.lag(index, first)
            known = np.where(np.arange(lags)[None, :] < np.ceil(blind - 1e-9), 0.0, 1.0)
        return replace(seen, events=self.binned(seen.events), lived=lived, stamped=stamped, known=known)

    def binned(self, counts: Floats) -> Floats:
        """Return counts by calendar lag as counts by lag of this time; week of coming by lag."""
        if self.even:
            return counts
        edges, bins, total = self._edges(counts)
        cut = np.array([np.interp(bins, edge, one) for edge, one in zip(edges, total, strict=True)])
        cut[:, -1] = total[:, -1]
        result: Floats = np.diff(cut, axis=1)
        return result

    def _edges(self, by_lag: Floats) -> tuple[Floats, Floats, Floats]:
        """Return this time at the ends of the calendar lags, the whole lags, and the sums up to the ends."""
        cohorts, lags = by_lag.shape
        bins = np.arange(lags + 1.0)
        total = np.concatenate([np.zeros((cohorts, 1)), np.cumsum(by_lag, axis=1)], axis=1)
        return self.lag(np.arange(cohorts), bins[None, :]), bins, total


def steady(weeks: int) -> Clock:
    """Return the clock of a company for which every week is like another."""
    return Clock(np.arange(weeks + 1.0))


def clocks_of(stages: Sequence[Triangle], calendar: Calendar) -> list[Clock]:
    """Learn the clock of every stage from what has been seen of all.

    Args:
        stages: their triangles, on the same cohorts.
        calendar: of the company's country, or of none.
    """
    seen = stages[0]
    count, weeks = len(seen.ages), len(seen.ages) + seen.horizon + 1
    if not count:
        return [steady(weeks) for _ in stages]
    days = [week.date() for week in pd.date_range(seen.weeks[0], periods=weeks, freq="7D")]
    usual = np.zeros((weeks, 2))
    if calendar.country:
        usual = -np.column_stack([1 - working_share(calendar, days), new_year_share(calendar, days)])
    phases = [np.column_stack([usual, part - part.mean()]) for part in month_phases(calendar, days)]
    sides = [_closed(one, phases, bool(calendar.country)) for one in stages]
    strengths = _strengths(stages, sides, bool(calendar.country))
    return [
        _ticking(side, strength) if strength.any() else steady(weeks)
        for side, strength in zip(sides, strengths, strict=True)
    ]


def _closed(seen: Triangle, phases: Sequence[Floats], country: bool) -> Floats:
    """Return what may explain a stage's weekly totals, with the closing of months that stands out most.

    Args:
        seen: of the stage.
        phases: what may explain the pace of the weeks, for each kind (`calendar.month_phases`).
        country: whether there are holidays.
    """
    if len(seen.ages) <= _FEWEST:
        return phases[0]
    usual = np.array([*(SLOWER if country else (0.0, 0.0)), 0.0])

    def stands_out(sides: Floats) -> float:
        apart, weight, design = _against(seen, sides, usual, 0, 1)
        column = design[:, 2] - (weight * design[:, 2]).sum() / max(weight.sum(), 1e-9)
        return float(abs((weight * apart * column).sum()) / np.sqrt(max((weight * column**2).sum(), 1e-9)))

    return max(phases, key=stands_out)


def _ticking(sides: Floats, strength: Floats) -> Clock:
    """Return the clock of a pace that is 1 on average."""
    pace = np.maximum(1 + sides @ strength, LEAST)
    return Clock(np.concatenate([[0.0], np.cumsum(pace / pace.mean())]))


def _strengths(stages: Sequence[Triangle], sides: Sequence[Floats], country: bool) -> list[Floats]:
    """Return how strongly free days and New Year slow a week and a month's closing hastens it, by stage.

    Gauss-Newton steps on the weekly totals of all stages together, over their dispersion, each from the clock
    of the step before: what waited over the holidays comes after them. Free days and New Year act on all
    stages alike, with normal priors; the closing of a month on each by itself.
    """
    count = len(stages)
    prior = np.concatenate([SLOWER if country else (0.0, 0.0), np.zeros(count)])
    held = np.concatenate([1 / np.array(SURE) ** 2, np.full(count, 1e-9)])
    share, proven = prior, np.zeros(count, dtype=bool)
    for _ in range(_TURNS if len(stages[0].ages) > _FEWEST else 0):
        rows = [
            _against(one, side, share[[0, 1, 2 + n]], n, count)
            for n, (one, side) in enumerate(zip(stages, sides, strict=True))
        ]
        apart, weight, design = (np.concatenate(each) for each in zip(*rows, strict=True))
        spread = max(float((weight * apart**2).sum() / max(len(apart) - count - 2, 1)), 1.0)
        matrix = design.T @ (weight[:, None] * design) + spread * np.diag(held)
        step = np.linalg.solve(matrix, design.T @ (weight * apart) + spread * held * (prior - share))
        share = share + step
        share[:2] = np.clip(share[:2], 0.0, 1.5) if country else 0.0
        error = np.sqrt(spread * np.diag(np.linalg.inv(matrix))[2:])
        proven = np.abs(share[2:]) > PROOF * error
        if not country and not proven.any():
            break
    return [
        np.array([*share[:2], one if stands else 0.0]) for one, stands in zip(share[2:], proven, strict=True)
    ]


def _against(
    seen: Triangle, sides: Floats, strength: Floats, number: int, count: int
) -> tuple[Floats, Floats, Floats]:
    """Return how far weekly totals are from those of a clock, with weights and what may explain it."""
    clock = _ticking(sides, strength)
    paced = clock.paced(seen) if strength.any() else seen
    by_lag = clock.spread(np.repeat(_hazard(paced)[None, :], len(seen.ages), axis=0))
    whole = len(seen.ages) - (1 if 0 < seen.lived[-1, 0] < 1 else 0)
    came, due = (calendar_sum(each, whole) for each in (seen.told(), seen.at_risk() * by_lag))
    kernel = np.ones(_SMOOTH)
    level = np.convolve(came, kernel, "same") / np.maximum(np.convolve(due, kernel, "same"), 1e-9)
    expected = due * level
    use = expected > 0.5
    pace = np.diff(clock.ends)[:whole][use]
    design = np.zeros((int(use.sum()), 2 + count))
    design[:, :2], design[:, 2 + number] = sides[:whole][use, :2], sides[:whole][use, 2]
    return (came / np.maximum(expected, 1e-9) - 1)[use], expected[use], design / pace[:, None]


def _hazard(seen: Triangle) -> Floats:
    risk, events = seen.at_risk().sum(axis=0), seen.told().sum(axis=0)
    result: Floats = np.divide(events, risk, out=np.zeros_like(risk), where=risk > 0)
    return result
