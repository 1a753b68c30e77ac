"""What an open lead is worth: a semi-Markov model of the funnel in calendar weeks.

Leads wait in a stage and leave it forwards or are lost. Every stage has a hazard of leaving forwards and one
of being lost, by weeks since the one in which it was entered; both are pooled over the cohorts, older moves
weighing less. So an open lead brings an arrival at each later stage with a chance that follows from where it
stands and how long it has stood there. A lead with a proposal out is worth more than a fresh one, and a lost
one nothing. The chances tell cohorts apart (`funnel.analysis.forecast.carry`); how much a usual cohort brings
is told by ages, because where some leads decide in days and others in months, what a lead does next depends
on more than where it stands. Source: semi-Markov multi-state models, e.g. Putter, Fiocco and Geskus 2007,
Statistics in Medicine 26.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnel.analysis.calendar.clock import Clock
from funnel.analysis.forecast.delays import fit_hazards
from funnel.analysis.forecast.moves import GONE, OPEN, Moves

Floats = npt.NDArray[np.float64]

HALF_LIFE = 78.0
"""Weeks after which a move weighs half."""


@dataclass(frozen=True, slots=True)
class States:
    """The fitted model, and where the open leads stand.

    Attributes:
        waiting: open leads by cohort, stage they stand in (0 = lead) and lag since they came.
        forwards: hazard of leaving forwards, by stage and weeks since coming.
        lost: hazard of being lost, likewise.
        skips: share of forward moves from a stage (row) that end in a stage (column, 0 = lead).
        ages: of the cohorts.
        fraction: share of the report date's own week that has been lived.
    """

    waiting: Floats
    forwards: Floats
    lost: Floats
    skips: Floats
    ages: npt.NDArray[np.int64]
    fraction: float


def fit_states(stays: Moves, ages: npt.NDArray[np.int64], horizon: int, clocks: Sequence[Clock]) -> States:
    """Fit the model.

    Args:
        stays: of the leads.
        ages: of the cohorts in weeks.
        horizon: the last lag that counts.
        clocks: of the steps out of each stage.
    """
    lags, weeks, count = horizon + 1, stays.week + 1, stays.stages
    waited = np.clip(stays.went - stays.came, 0, lags - 1)
    came = np.clip(stays.came, 0, weeks - 1)
    cells = np.zeros((3, count, weeks, lags))
    kind = np.select([stays.next == OPEN, stays.next == GONE], [2, 1], 0)
    np.add.at(cells, (kind, stays.stage, came, waited), stays.timed)
    since: Floats = (stays.week + stays.fraction - np.arange(weeks, dtype=np.float64))[:, None]
    lag = np.arange(lags)[None, :]
    laws = np.zeros((2, count, lags))
    for stage, clock in enumerate(clocks):
        forwards, lost = (clock.binned(cells[each, stage]) for each in (0, 1))
        entered, exits = cells[:, stage].sum(axis=(0, 2))[:, None], forwards + lost
        there = entered - np.cumsum(exits, axis=1) + exits / 2
        now = clock.lag(np.arange(weeks), since)
        weight = 0.5 ** (np.maximum(now - lag, 0) / HALF_LIFE)
        at_risk = (there * np.clip(now - lag, 0.0, 1.0) * weight).sum(axis=0)
        for number, part in enumerate((forwards, lost)):
            laws[number, stage] = fit_hazards((part * weight).sum(axis=0), at_risk).mean
    waiting = stays.standing(len(ages), lags, clocks)
    return States(waiting, laws[0], laws[1], _skips(stays), ages, stays.fraction)


def _skips(stays: Moves) -> Floats:
    count = stays.stages
    skips = np.zeros((count, count + 1))
    ahead = stays.next > stays.stage
    np.add.at(skips, (stays.stage[ahead], stays.next[ahead]), stays.leads[ahead])
    for n in range(count):
        skips[n] = skips[n] / skips[n].sum() if skips[n].sum() else np.eye(count + 1)[n + 1]
    return skips


def worth(states: States, stage: int) -> Floats:
    """Return the chance that an open lead reaches a stage, by where it stands, weeks since it came and ahead.

    Args:
        states: the fitted model.
        stage: the stage to reach; 0 = the first configured one.
    """
    leaving = states.forwards + states.lost
    lags = leaving.shape[1]
    stay = np.exp(-leaving)
    go = np.divide((1 - stay) * states.forwards, leaving, out=np.zeros_like(stay), where=leaving > 0)
    survived = np.concatenate([np.ones((len(stay), 1)), np.cumprod(stay, axis=1)[:, :-1]], axis=1)
    week = np.arange(lags)
    later, ahead = week[:, None] + week[None, :], week[None, :] - week[:, None]
    fresh = np.zeros((stage + 1, lags))
    result = np.empty((stage + 1, lags, lags))
    for n in reversed(range(stage + 1)):
        arrives = np.full(lags, states.skips[n, stage + 1 :].sum())
        for to in range(n + 1, stage + 1):
            arrives = arrives + states.skips[n, to] * fresh[to]
        within = np.where(ahead >= 0, arrives[np.maximum(ahead, 0)], 0.0)
        chance = survived[n] * go[n]
        fresh[n] = chance @ within
        moves = np.where(later < lags, chance[np.minimum(later, lags - 1)], 0.0)
        result[n] = (moves / np.maximum(survived[n], 1e-300)[:, None]) @ within
    return np.clip(result, 0.0, 1.0)


def told(waiting: Floats, values: Floats, weeks: npt.NDArray[np.int64]) -> Floats:
    """Return the arrivals that open leads promise, by cohort.

    Args:
        waiting: cohort by stage by weeks since they came.
        values: see `worth`; of the stage asked for.
        weeks: ahead, by cohort; 0 = none.
    """
    before = waiting[:, : len(values)]
    last = np.clip(weeks, 1, values.shape[2]) - 1
    by_cohort = np.einsum("csw,swc->c", before, values[:, :, last])  # of each cohort its own week alone
    result: Floats = np.where(weeks > 0, by_cohort, 0.0)
    return result


def advance(
    states: States, weeks: int, change: tuple[int, Floats, npt.NDArray[np.int64]] | None = None
) -> Floats:
    """Move the open leads on week by week; return arrivals at each later stage, by cohort and week ahead.

    Args:
        states: where they stand.
        weeks: to look ahead.
        change: a step, the factor on its flow by cohort, and the week ahead from which it holds, by cohort.
            What flows more comes from those who would have stayed or been lost.
    """
    cohorts, steps, lags = states.waiting.shape
    leaving = states.forwards + states.lost
    leave = -np.expm1(-leaving)
    go = np.divide(leave * states.forwards, leaving, out=np.zeros_like(leave), where=leaving > 0)
    waiting = states.waiting.copy()
    arrivals = np.zeros((cohorts, steps, weeks))
    for week in range(weeks):
        part = 1 - states.fraction if week == 0 else 1.0
        moves = np.einsum("csw,sw->cs", waiting, go) * part
        waiting *= 1 - leave * part
        waiting[:, :, -1] += waiting[:, :, -2]
        waiting[:, :, 1:-1] = waiting[:, :, :-2]
        waiting[:, :, 0] = 0.0
        fresh = np.zeros((cohorts, steps + 1))
        for n in range(steps):
            moves[:, n] += fresh[:, n] * go[n, 0]
            waiting[:, n, 1] += fresh[:, n] * (1 - leave[n, 0])
            if change is not None and n == change[0]:
                moves[:, n] *= np.where(week >= change[2], change[1], 1.0)
            for to in np.flatnonzero(states.skips[n]):
                flow = moves[:, n] * states.skips[n, to]
                arrivals[:, n:to, week] += flow[:, None]
                fresh[:, to] += flow
    left = np.maximum(lags - 1 - states.ages, 0)
    result: Floats = arrivals * (np.arange(weeks) < left[:, None])[:, None, :]
    return result
