"""What open leads will still bring, from where they stand: a multi-state model of the funnel.

Leads wait in a stage and leave it forwards or are lost. Every stage has a hazard of leaving forwards by weeks
waited, fitted as in `conversion` (delay, drifting level, each cohort's own effect), and a pooled hazard of
being lost. From where a cohort's open leads stand now, week by week, follows how many will reach each later
stage and when. A lead with a proposal out is so worth more than a fresh one, and a lost one nothing. What is
not known (the cohort's effects on every step, the delays) is drawn; the count then is binomial. Source:
semi-Markov multi-state models with frailty, e.g. Putter, Fiocco and Geskus 2007, Statistics in Medicine 26.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.interpolate import PchipInterpolator

from funnel.analysis.conversion import Model, fit_model
from funnel.analysis.delays import fit_hazards
from funnel.analysis.triangles import Triangle

Floats = npt.NDArray[np.float64]

LAWS = 12
"""Draws of the delays."""
_NUDGE = 0.05


@dataclass(frozen=True, slots=True)
class States:
    """The fitted multi-state model.

    Attributes:
        waiting: open leads by cohort, stage they stand in (0 = lead) and whole weeks waited.
        steps: the model of leaving each stage forwards.
        lost: hazard of being lost, by stage and week waited.
        skips: share of forward moves from a stage (row) that end in a stage (column, 0 = lead).
        ages: of the cohorts.
    """

    waiting: Floats
    steps: tuple[Model, ...]
    lost: Floats
    skips: Floats
    ages: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Coming:
    """What open leads will bring: by cohort, later stage (0 = the first configured one) and week from now on.

    Attributes:
        mean: expected arrivals, cohort by stage by week ahead.
        factor: draws of the factor on a cohort's total, cohort by stage by draw.
        left: open leads that stand before the stage, cohort by stage.
    """

    mean: Floats
    factor: Floats
    left: Floats


def fit_states(moved: pd.DataFrame, stages: Sequence[str], seen: Triangle, seed: int) -> States:
    """Fit the model to the cube `moved` (one slice, `MOVED_COLUMNS`; the open leads are its censored rows).

    Args:
        moved: the cube.
        stages: configured stages in their order.
        seen: any stage's triangle, for the cohorts, their ages and the horizon.
        seed: of the draws.
    """
    names = ["lead", *stages]
    cohorts, lags, count = len(seen.ages), seen.horizon + 1, len(stages)
    index = (
        ((moved["cohort_week"] - seen.weeks[0]).dt.days // 7).to_numpy(np.int64) if cohorts else np.zeros(0)
    )
    rows = pd.DataFrame(
        {
            "cohort": index,
            "stage": moved["stage"].map({name: n for n, name in enumerate(names)}),
            "next": moved["next_stage"].map(
                {**{name: n for n, name in enumerate(names)}, "lost": -1, "": -2}
            ),
            "waited": moved["waited"].clip(0, lags - 1),
            "leads": moved["leads"].astype(float),
        }
    ).dropna()
    rows = rows[(rows["cohort"] >= 0) & (rows["cohort"] < cohorts) & (rows["stage"] < count)]
    forwards = _cells(rows[rows["next"] > rows["stage"]], (cohorts, count, lags))
    lost = _cells(rows[rows["next"] == -1], (cohorts, count, lags))
    waiting = _cells(rows[rows["next"] == -2], (cohorts, count, lags))
    ended = forwards + lost + waiting
    at_risk = np.cumsum(ended[:, :, ::-1], axis=2)[:, :, ::-1] - ended / 2
    steps = tuple(fit_model(forwards[:, n], at_risk[:, n], seen.ages, LAWS, seed + n) for n in range(count))
    losing = np.array(
        [fit_hazards(lost[:, n].sum(axis=0), at_risk[:, n].sum(axis=0)).mean for n in range(count)]
    )
    skips = np.zeros((count, count + 1))
    ahead = rows[rows["next"] > rows["stage"]]
    np.add.at(skips, (ahead["stage"].to_numpy(int), ahead["next"].to_numpy(int)), ahead["leads"].to_numpy())
    for n in range(count):
        skips[n] = skips[n] / skips[n].sum() if skips[n].sum() else np.eye(count + 1)[n + 1]
    return States(waiting, steps, losing, skips, seen.ages)


def _cells(rows: pd.DataFrame, shape: tuple[int, int, int]) -> Floats:
    cells = np.zeros(shape)
    where = tuple(rows[name].to_numpy(int) for name in ("cohort", "stage", "waited"))
    np.add.at(cells, where, rows["leads"].to_numpy())
    return cells


def bring(states: States, weeks: int, count: int, seed: int) -> Coming:
    """Say what the open leads will bring over `weeks` weeks from now, within the horizon of each cohort.

    Args:
        states: the fitted model.
        weeks: to look ahead.
        count: draws.
        seed: of the draws.
    """
    steps = len(states.steps)
    effects = np.stack([model.levels.effect() for model in states.steps], axis=1)
    base = advance(states, effects, [model.rows() for model in states.steps], weeks)
    total = np.maximum(base.sum(axis=2), 1e-12)
    slopes = np.empty((*total.shape, steps))
    laws = [model.rows() for model in states.steps]
    for n in range(steps):
        nudged = effects.copy()
        nudged[:, n] *= 1 + _NUDGE
        more = np.maximum(advance(states, nudged, laws, weeks).sum(axis=2), 1e-12)
        slopes[:, :, n] = np.log(more / total) / np.log1p(_NUDGE)
    rng = np.random.default_rng(seed)
    law = rng.integers(LAWS, size=count)
    log = np.zeros((*total.shape, count))
    by_law = [model.levels.effect_by_draw() for model in states.steps]
    shift = np.empty((*total.shape, LAWS))
    for number in range(LAWS):
        theirs = np.stack([effect[:, number] for effect in by_law], axis=1)
        rows = [model.rows(number) for model in states.steps]
        shift[:, :, number] = np.log(
            np.maximum(advance(states, theirs, rows, weeks).sum(axis=2), 1e-12) / total
        )
    for n, model in enumerate(states.steps):
        which = model.levels.components_of(rng, law)
        drawn = model.levels.draw(rng, which)
        relative = np.log(np.maximum(drawn, 1e-9) / np.maximum(by_law[n][:, law], 1e-9))
        log += slopes[:, :, n][:, :, None] * relative[:, None, :]
    left = np.cumsum(states.waiting.sum(axis=2), axis=1)
    return Coming(base, np.exp(log + shift[:, :, law]), left)


def advance(
    states: States,
    effects: Floats,
    laws: Sequence[Floats],
    weeks: int,
    change: tuple[int, Floats, npt.NDArray[np.int64]] | None = None,
) -> Floats:
    """Move the open leads on week by week; return arrivals at each later stage, by cohort and week ahead.

    Args:
        states: where they stand.
        effects: of every cohort on every step.
        laws: hazard of every step, cohort by week waited.
        weeks: to look ahead.
        change: a step, the factor on its flow by cohort, and the week ahead from which it holds, by cohort.
            What flows more comes from those who would have stayed or been lost.
    """
    cohorts, steps, lags = states.waiting.shape
    law = np.stack(laws, axis=1)
    entered, later = _shifted(law)
    lost_entered, lost_later = _shifted(states.lost)
    forwards = effects[:, :, None] * later
    go, leave = _shares(forwards, forwards + lost_later)
    first = effects * entered
    go_at_once, leave_at_once = _shares(first, first + lost_entered)
    waiting, stay = states.waiting.copy(), 1 - leave
    arrivals = np.zeros((cohorts, steps, weeks))
    for week in range(weeks):
        moves = np.einsum("csw,csw->cs", waiting, go)
        waiting *= stay
        waiting[:, :, -1] += waiting[:, :, -2]
        waiting[:, :, 1:-1] = waiting[:, :, :-2]
        waiting[:, :, 0] = 0.0
        for n in range(steps):
            moves[:, n] += waiting[:, n, 0] * go_at_once[:, n]
            waiting[:, n, 0] *= 1 - leave_at_once[:, n]
            if change is not None and n == change[0]:
                moves[:, n] *= np.where(week >= change[2], change[1], 1.0)
            for to in np.flatnonzero(states.skips[n]):
                part = moves[:, n] * states.skips[n, to]
                arrivals[:, n:to, week] += part[:, None]
                if to < steps:
                    waiting[:, to, 0] += part
    left = np.maximum(lags - 1 - states.ages, 0)
    result: Floats = arrivals * (np.arange(weeks) < left[:, None])[:, None, :]
    return result


def _shifted(hazard: Floats) -> tuple[Floats, Floats]:
    """Return the hazard of the first half-week, and of the week from w + 1/2 on, by whole weeks waited w.

    A lead that has waited w whole weeks is on average half-way through its week; one that enters a stage does
    so in mid-week. The cumulative hazard between whole weeks is interpolated (monotone cubic).
    """
    weeks = hazard.shape[-1]
    total = np.concatenate([np.zeros((*hazard.shape[:-1], 1)), np.cumsum(hazard, axis=-1)], axis=-1)
    middle = PchipInterpolator(np.arange(weeks + 1), total, axis=-1)(np.arange(weeks) + 0.5)
    later = np.diff(middle, axis=-1)
    return middle[..., 0], np.concatenate([later, later[..., -1:]], axis=-1)


def _shares(forwards: Floats, leaving: Floats) -> tuple[Floats, Floats]:
    """Return the shares that go forwards and that leave at all, for competing hazards."""
    share = -np.expm1(-leaving)
    return np.divide(share * forwards, leaving, out=np.zeros_like(share), where=leaving > 0), share
