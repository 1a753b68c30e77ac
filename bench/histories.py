"""Invented histories lead by lead, for the benchmarks of deviations and initiatives.

Conversions are those of the reference reading (42, 53, 42, 43 %); weeks differ more than chance: the logit
of every step has a shock of its own in every week. Half of the leads decide within days, the others take
weeks and months.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel import simulate
from funnel.analysis.cube.cells import Cells
from funnel.schema import REACHED_COLUMNS

STEPS = ("lead", "target", "qualified", "proposal", "sale")
RATES = (0.42, 0.53, 0.42, 0.43)
FIRST = dt.date(2020, 9, 28)
FOUR_BY_TEN = dict.fromkeys(("channel", "manager", "product", "region"), 10)
"""Forty segments."""
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Planted:
    """Something that acts on the leads of some weeks.

    Attributes:
        start: first week it acts on, by number.
        end: first week it does not.
        steps: factors on the four conversions.
        attribute: limits it, with `values` by number.
        values: see `attribute`.
        volume: factor on the leads.
    """

    start: int
    end: int = 10_000
    steps: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    attribute: str = ""
    values: tuple[int, ...] = ()
    volume: float = 1.0


@dataclass(frozen=True, slots=True)
class History:
    """Leads in rows.

    Attributes:
        weeks: number of cohorts.
        week: cohort number.
        codes: by attribute, the number of the value.
        lags: week in which each stage is reached, counted from the cohort's; 999 is never. (leads, 4).
    """

    weeks: int
    week: Ints
    codes: Mapping[str, Ints]
    lags: Ints

    def cells(self, at: int) -> Cells:
        """Return what a report at the end of week `at - 1` sees."""
        ages = at - 1 - np.arange(at)
        inside = self.week < at
        week, lags = self.week[inside], self.lags[inside]
        keys = [("", "", "", "")]
        tables = [_count(week, lags, np.zeros_like(week), 1, at)]
        for name, codes in sorted(self.codes.items()):
            values = int(codes.max()) + 1
            keys += [(name, f"{value:02}", "", "") for value in range(values)]
            tables.append(_count(week, lags, codes[inside], values, at))
        weeks = tuple(FIRST + dt.timedelta(weeks=number) for number in range(at))
        return Cells(tuple(keys), weeks, ages, STEPS, np.concatenate(tables))

    def cube(self) -> pd.DataFrame:
        """Return the whole as the cube `reached`."""
        parts = []
        for name in ("", *self.codes):
            value = pd.Series(
                [f"{code:02}" for code in self.codes[name]] if name else "", index=range(len(self.week))
            )
            for step, stage in enumerate(STEPS):
                lag = self.lags[:, step - 1] if step else np.zeros_like(self.week)
                rows = pd.DataFrame({"value": value, "week": self.week, "lag": lag})[lag < 999]
                counted = rows.groupby(["value", "week", "lag"]).size().rename("leads").reset_index()
                parts.append(counted.assign(attribute=name, stage=stage, attribute2="", value2=""))
        frame = pd.concat(parts, ignore_index=True)
        frame["cohort_week"] = pd.Timestamp(FIRST) + pd.to_timedelta(frame["week"] * 7, unit="D")
        return frame[list(REACHED_COLUMNS)]


def monday(at: int) -> dt.date:
    """Return the report date at the end of week `at - 1`."""
    return FIRST + dt.timedelta(weeks=at)


def _count(week: Ints, lags: Ints, codes: Ints, values: int, at: int) -> npt.NDArray[np.float64]:
    shape = (values, at, len(STEPS), at)
    where = [np.ravel_multi_index((codes, week, np.zeros_like(week), np.zeros_like(week)), shape)]
    for step in range(len(STEPS) - 1):
        lag = lags[:, step]
        seen = lag <= at - 1 - week
        of = np.full(int(seen.sum()), step + 1)
        where.append(np.ravel_multi_index((codes[seen], week[seen], of, lag[seen]), shape))
    counts = np.bincount(np.concatenate(where), minlength=int(np.prod(shape))).reshape(shape)
    return np.asarray(np.cumsum(counts, axis=3), dtype=np.float64)


def draw(
    rng: np.random.Generator,
    leads_per_week: float,
    weeks: int = 84,
    segments: Mapping[str, int] = FOUR_BY_TEN,
    planted: Sequence[Planted] = (),
    sigma: float = 0.10,
    own_sigma: float = 0.0,
    rates: Sequence[float] = RATES,
    volume_sigma: float = 0.06,
    season: float = 0.0,
) -> History:
    """Invent a history.

    Args:
        rng: the source of chance.
        leads_per_week: mean.
        weeks: cohorts.
        segments: by attribute, the number of its values, all equally large and equally good.
        planted: what acts on it.
        sigma: standard deviation of a week's own shock on the logit of each step, the same for all segments.
        own_sigma: of a shock that every value of every attribute has to itself.
        rates: the four step conversions.
        volume_sigma: standard deviation of the logarithm of a week's expected leads.
        season: amplitude of a yearly season of the first step's conversion, relative.
    """
    volume = leads_per_week * np.exp(rng.normal(0, volume_sigma, weeks))
    weights = {name: np.ones((weeks, count)) for name, count in segments.items()}
    for item in planted:
        acting = slice(item.start, min(item.end, weeks))
        if item.attribute:
            table = weights[item.attribute]
            before = table.sum(axis=1)
            table[acting, list(item.values)] *= item.volume
            volume = volume * table.sum(axis=1) / before
        else:
            volume[acting] *= item.volume
    week = np.repeat(np.arange(weeks), rng.poisson(volume))
    codes = {}
    for name, table in weights.items():
        limits = np.cumsum(table / table.sum(axis=1, keepdims=True), axis=1)[week]
        codes[name] = (rng.random(len(week))[:, None] >= limits[:, :-1]).sum(axis=1)
    base = np.log(np.array(rates) / (1 - np.array(rates)))
    logit = (base + rng.normal(0, sigma, (weeks, 4)))[week]
    if own_sigma:
        for name, count in segments.items():
            logit += rng.normal(0, own_sigma, (weeks, count, 4))[week, codes[name]]
    chance = 1 / (1 + np.exp(-logit))
    chance[:, 0] *= 1 + season * np.sin(2 * np.pi * week / 52)
    for item in planted:
        acts = (week >= item.start) & (week < item.end)
        if item.attribute:
            acts &= np.isin(codes[item.attribute], item.values)
        chance[acts] *= item.steps
    reached = np.cumprod(rng.random(chance.shape) < np.minimum(chance, 0.97), axis=1).astype(bool)
    quick = rng.random((len(week), 1)) < 0.55
    days = np.where(quick, (0.1, 0.5, 1.0, 1.7), (0.7, 3.5, 14.0, 100.0)) * np.exp(
        0.9 * rng.standard_normal(chance.shape)
    )
    moment = rng.random((len(week), 1)) * 6.5 + np.cumsum(days, axis=1)
    lags = np.where(reached, np.floor(moment / 7), 999).astype(np.int64)
    return History(weeks, week, codes, np.minimum(lags, 999))


def reached_of(history: simulate.History, report_date: dt.date, attributes: Sequence[str]) -> pd.DataFrame:
    """Count a simulated history's tables into the cube `reached`, by the rule any-later, in plain pandas."""
    leads = history.leads.to_pandas()[["lead_id", "created_at", *attributes]].fillna("")
    entries = history.stage_entries.to_pandas()
    cutoff = pd.Timestamp(report_date)
    leads = leads[leads["created_at"] < cutoff].set_index("lead_id")
    entries = entries[(entries["entered_at"] < cutoff) & entries["stage"].isin(STEPS)]
    first = entries.pivot_table(index="lead_id", columns="stage", values="entered_at", aggfunc="min")
    first = first.reindex(index=leads.index, columns=list(STEPS[1:]))
    never = pd.Timestamp("2200-01-01")
    first = first.apply(pd.to_datetime).fillna(never).iloc[:, ::-1].cummin(axis=1).iloc[:, ::-1]
    week = leads["created_at"].dt.to_period("W-SUN").dt.start_time
    parts = [leads[list(attributes)].assign(cohort_week=week, stage="lead", lag=0)]
    for stage in STEPS[1:]:
        at = first.loc[first[stage] < never, stage]
        at = at.where(at > leads.loc[at.index, "created_at"], leads.loc[at.index, "created_at"])
        monday_of = at.dt.to_period("W-SUN").dt.start_time
        rows = leads.loc[at.index, list(attributes)].assign(cohort_week=week[at.index], stage=stage)
        parts.append(rows.assign(lag=(monday_of - week[at.index]).dt.days // 7))
    rows = pd.concat(parts, ignore_index=True)
    frames = []
    for name in ("", *attributes):
        counted = rows.assign(value=rows[name] if name else "", attribute=name, attribute2="", value2="")
        keys = [column for column in REACHED_COLUMNS if column != "leads"]
        frames.append(counted.groupby(keys).size().rename("leads").reset_index())
    return pd.concat(frames, ignore_index=True)[list(REACHED_COLUMNS)]
