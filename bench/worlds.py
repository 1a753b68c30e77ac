"""Simulated worlds with known truth, for the bench and the backtests.

The plain world, in which a correct method reaches its levels: weekly cohorts, Poisson leads, a
final conversion whose logit varies from cohort to cohort, a lognormal delay cut at the horizon. The others
break one assumption each. One row of every array is a cohort, oldest first; one column is a lag in weeks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

HORIZON = 104
COHORTS = 156
STEP_AT = 117
DOUBLES_AT = 104
SEED = 20220926
"""The published seed: replication r of any table uses numpy's default_rng([SEED, r])."""

Counts = npt.NDArray[np.int64]
Delay = Callable[[np.random.Generator, int, int], npt.NDArray[np.float64]]


def _six_percent(_: int) -> float:
    return 0.06


def _level(_: int) -> float:
    return 1.0


def _stepping_down(index: int) -> float:
    return 0.06 if index < STEP_AT else 0.042


def _seasons(index: int) -> float:
    return float(1.0 + 0.6 * np.sin(2 * np.pi * index / 52))


def _lognormal(rng: np.random.Generator, size: int, _: int) -> npt.NDArray[np.float64]:
    return rng.lognormal(np.log(13) - 0.405, 0.9, size)


@dataclass(frozen=True)
class World:
    """What is true: how many leads come, what share converts, how long it takes.

    Attributes:
        name: what the tables call it.
        leads: mean leads a week.
        base: final conversion by cohort index.
        delay: weeks until the sale, drawn for `size` sales of cohort `index`.
        season: factor on the volume by cohort index.
        spread: standard deviation of the logit of the final conversion between cohorts.
        change_at: the cohort or calendar week at which the world changes, if it does.
    """

    name: str
    leads: float
    base: Callable[[int], float] = _six_percent
    delay: Delay = _lognormal
    season: Callable[[int], float] = _level
    spread: float = 0.25
    change_at: int | None = None

    def draw(self, rng: np.random.Generator, cohorts: int = COHORTS) -> tuple[Counts, Counts]:
        """Return leads by cohort, and sales by cohort and lag 0..HORIZON, those yet to come too."""
        leads = np.array([rng.poisson(self.leads * self.season(c)) for c in range(cohorts)], dtype=np.int64)
        sales = np.zeros((cohorts, HORIZON + 1), dtype=np.int64)
        for c in range(cohorts):
            base = self.base(c)
            logit = np.log(base / (1 - base)) + rng.normal(0, self.spread)
            won = rng.binomial(leads[c], 1 / (1 + np.exp(-logit)))
            lag = np.floor(self.delay(rng, won, c)).astype(np.int64)
            np.add.at(sales[c], lag[lag <= HORIZON], 1)
        return leads, sales


def _gamma(rng: np.random.Generator, size: int, _: int) -> npt.NDArray[np.float64]:
    return rng.gamma(1.6, 8.0, size)


def _two_humps(rng: np.random.Generator, size: int, _: int) -> npt.NDArray[np.float64]:
    quick = rng.gamma(4.0, 0.75, size)
    slow = rng.normal(26.0, 5.0, size).clip(0)
    return np.where(rng.random(size) < 0.55, quick, slow)


def _doubling(rng: np.random.Generator, size: int, index: int) -> npt.NDArray[np.float64]:
    scale = 2.0 if index >= DOUBLES_AT else 1.0
    return scale * rng.lognormal(np.log(13) - 0.405, 0.9, size)


def plain(leads: float) -> World:
    """Return the world of the published levels."""
    return World(f"plain {leads:g}", leads)


def others(leads: float = 250.0) -> list[World]:
    """Return the worlds the method was not built on."""
    return [
        World("gamma delay", leads, delay=_gamma),
        World("two humps", leads, delay=_two_humps),
        World("base steps down 30 %", leads, base=_stepping_down, change_at=STEP_AT),
        World("delay doubles", leads, delay=_doubling, change_at=DOUBLES_AT),
        World("seasonal volume", leads, season=_seasons),
        World("ten times fewer", leads / 10),
    ]


def seen(sales: Counts, at: int | None = None) -> Counts:
    """Return the sales seen when cohort `at` (default: the newest) has age 0; unlived weeks are 0."""
    cohorts, lags = sales.shape
    at = cohorts - 1 if at is None else at
    ages = at - np.arange(cohorts)
    return np.where(np.arange(lags)[None, :] <= ages[:, None], sales, 0)[: at + 1]


def reached_frame(
    leads: Counts, sales: Counts, start: str = "2019-10-07", stage: str = "sale"
) -> pd.DataFrame:
    """Return a history as the cube `reached` (total), all lags that are given."""
    weeks = pd.date_range(start, periods=len(leads), freq="7D")
    cohort, lag = np.nonzero(sales)
    rows = pd.concat(
        [
            pd.DataFrame({"cohort_week": weeks, "stage": "lead", "lag": 0, "leads": leads}),
            pd.DataFrame(
                {"cohort_week": weeks[cohort], "stage": stage, "lag": lag, "leads": sales[cohort, lag]}
            ),
        ],
        ignore_index=True,
    )
    for name in ("attribute", "value", "attribute2", "value2"):
        rows[name] = ""
    return rows[rows["leads"] > 0].reset_index(drop=True)


STAGES = ("target", "qualified", "proposal", "sale")


@dataclass(frozen=True)
class Funnel:
    """A funnel of several stages with losses: what is true of every lead.

    Attributes:
        leads: mean leads a week.
        share: chance of each step.
        weeks: median weeks of each step.
        spread: standard deviation of the logit of each step between cohorts.
        lost: share of those who go no further that are marked as lost, after an exponential time of mean 10
            weeks.
        quick: share of the leads that take a tenth of that time; the others take three times as long. It does
            not change whether they buy, but steps are no longer independent.
    """

    leads: float = 550.0
    share: tuple[float, ...] = (0.42, 0.53, 0.42, 0.43)
    weeks: tuple[float, ...] = (0.3, 1.0, 3.0, 6.0)
    spread: tuple[float, ...] = (0.15, 0.15, 0.15, 0.25)
    lost: float = 0.7
    quick: float = 0.0

    def draw(self, rng: np.random.Generator, cohorts: int = 104) -> pd.DataFrame:
        """Return a row per lead: cohort, born (weeks), entry times of stages and loss (inf = never)."""
        size = rng.poisson(self.leads, cohorts)
        cohort = np.repeat(np.arange(cohorts), size)
        born = cohort + rng.random(len(cohort))
        frame = pd.DataFrame({"cohort": cohort, "born": born, "lost": np.inf})
        now, alive = born.copy(), np.ones(len(cohort), dtype=bool)
        pace = np.where(rng.random(len(cohort)) < self.quick, 0.1, 3.0) if self.quick else 1.0
        for stage, share, weeks, spread in zip(STAGES, self.share, self.weeks, self.spread, strict=True):
            logit = np.log(share / (1 - share)) + rng.normal(0, spread, cohorts)[cohort]
            goes = alive & (rng.random(len(cohort)) < 1 / (1 + np.exp(-logit)))
            stops = alive & ~goes & (rng.random(len(cohort)) < self.lost)
            frame.loc[stops, "lost"] = (now + rng.exponential(10.0, len(cohort)))[stops]
            now = np.where(goes, now + pace * rng.lognormal(np.log(weeks), 0.8, len(cohort)), np.inf)
            frame[stage] = now
            alive = goes
        return frame


def funnel_cubes(
    leads: pd.DataFrame, at: float, start: str = "2020-01-06"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cubes `reached` and `moved` (total) as of week `at` of a funnel's leads."""
    known = leads[leads["born"] < at]
    first = pd.Timestamp(start)
    week = first + pd.to_timedelta(known["cohort"] * 7, unit="D")
    names = ["lead", *STAGES]
    times = pd.DataFrame(
        {"lead": known["born"], **{s: known[s].where(known[s] < at, np.inf) for s in STAGES}}
    )
    lost = known["lost"].where(known["lost"] < at, np.inf)
    rows, moves = [], []
    for n, stage in enumerate(names):
        there = np.isfinite(times[stage])
        lag = np.floor(times[stage][there]).astype(int) - known["cohort"][there]
        rows.append(pd.DataFrame({"cohort_week": week[there], "stage": stage, "lag": lag}))
        if n == len(names) - 1:
            break
        end = np.minimum(times[names[n + 1]], lost)
        what = np.where(np.isfinite(end), np.where(times[names[n + 1]] <= lost, names[n + 1], "lost"), "")
        came = np.floor(times[stage].where(there, 0.0)) - known["cohort"]
        left = np.floor(np.minimum(end, at)) - known["cohort"]
        part = {"cohort_week": week, "stage": stage, "next_stage": what, "entered": came, "left": left}
        moves.append(pd.DataFrame(part)[there])
    gone = np.isfinite(lost)
    lag = np.floor(lost[gone]).astype(int) - known["cohort"][gone]
    rows.append(pd.DataFrame({"cohort_week": week[gone], "stage": "lost", "lag": lag}))
    reached = pd.concat(rows).value_counts(["cohort_week", "stage", "lag"]).rename("leads").reset_index()
    keys = ["cohort_week", "stage", "next_stage", "entered", "left"]
    moved = pd.concat(moves).value_counts(keys).rename("leads")
    frames = [reached, moved.reset_index()]
    for frame in frames:
        frame[["attribute", "value", "attribute2", "value2"]] = ""
    frames[1][["entered", "left"]] = frames[1][["entered", "left"]].astype(int)
    return frames[0], frames[1]
