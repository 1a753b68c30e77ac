"""The cube as arrays: what every slice of every cohort had reached at every age."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.dates import age_weeks, complete_weeks
from funnel.gate.stamps import UNTOLD
from funnel.schema import CONCLUDED, REACHED_COLUMNS, STAMPED, require
from funnel.settings import LOST

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Key = tuple[str, str, str, str]
"""A slice: attribute, value, attribute2, value2; empty texts for the total."""
TOTAL: Key = ("", "", "", "")
_SLICE = ["attribute", "value", "attribute2", "value2"]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cumulative counts by slice, cohort week, step and age.

    Attributes:
        keys: the slices, by position.
        weeks: Mondays of the cohorts complete at the report date, consecutive, oldest first.
        ages: whole weeks each cohort has lived.
        steps: `lead` and the stages in order.
        reached: leads that had reached the step at the end of the week in which the cohort was so old,
            (slices, weeks, steps, ages). An age that a cohort has not lived repeats the last known count:
            ask only for ages up to `ages`.
        told: whether it is known of a cohort when its leads reached a step, (weeks, steps).
        ended: leads that were sold or lost at the end of the week in which the cohort was so old, (slices,
            weeks, ages); None where losses are not known.
    """

    keys: tuple[Key, ...]
    weeks: tuple[dt.date, ...]
    ages: npt.NDArray[np.int64]
    steps: tuple[str, ...]
    reached: Floats
    told: Flags | None = None
    ended: Floats | None = None

    def known(self, before: int, after: int) -> Flags:
        """Tell of every week whether a conversion from one step to another is known at any age."""
        if self.told is None:
            return np.ones(len(self.weeks), dtype=bool)
        return np.asarray(self.told[:, before] & self.told[:, after])

    @property
    def oldest(self) -> int:
        """The highest age that can be asked for."""
        ages: int = self.reached.shape[3]
        return ages - 1

    def at(self, step: int, age: int) -> Floats:
        """Return the counts of a step at an age, (slices, weeks)."""
        return np.asarray(self.reached[:, :, step, min(age, self.oldest)])

    def arrived(self) -> Floats:
        """Return the leads of each week, (slices, weeks); of imported ones, those of the weeks beside."""
        leads = self.at(0, 0)
        known = np.ones(len(self.weeks), dtype=bool) if self.told is None else self.told[:, 0]
        if known.all() or not known.any():
            return leads
        week = np.arange(len(known))
        return np.array([np.where(known, one, np.interp(week, week[known], one[known])) for one in leads])

    def as_of(self, back: int) -> Cells:
        """Return what a report `back` weeks earlier saw; `back` is less than the number of weeks."""
        count = len(self.weeks) - back
        return Cells(
            self.keys,
            self.weeks[:count],
            self.ages[:count] - back,
            self.steps,
            self.reached[:, :count, :, :count],
            None if self.told is None else self.told[:count],
            None if self.ended is None else self.ended[:, :count, :count],
        )

    def index(self, week: dt.date) -> int:
        """Return the position of a Monday; negative or beyond the end where it lies outside."""
        whole: int = (week - self.weeks[0]).days // 7
        return whole


def cells(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    weeks: int = 130,
    attributes: Collection[str] | None = None,
    pairs: bool = False,
) -> Cells:
    """Lay out the cube `reached` of a report date.

    Args:
        reached: the cube.
        steps: `lead` and the stages in order.
        report_date: cohorts complete by then are taken.
        weeks: how many of them at most.
        attributes: only these single attributes (and the total); None for all there are.
        pairs: take the pairs of attributes too.

    Raises:
        ValueError: no cohort is complete at the report date.
    """
    require(reached, REACHED_COLUMNS, "reached")
    known = [week for week in complete_weeks(report_date, weeks) if pd.Timestamp(week) >= _first(reached)]
    if not known:
        raise ValueError(f"no cohort is complete at {report_date}")
    stamps = pd.DatetimeIndex(known)
    part = reached[reached["stage"].isin([*steps, LOST]) & reached["cohort_week"].isin(stamps)]
    if not pairs:
        part = part[part["attribute2"] == ""]
    if attributes is not None:
        part = part[part["attribute"].isin(["", *attributes])]
    group = part.groupby(_SLICE, sort=True)
    names = group.size().index.to_frame(index=False).astype(str)
    keys = tuple((str(a), str(b), str(c), str(d)) for a, b, c, d in names.itertuples(index=False)) or (TOTAL,)
    ages = np.array([age_weeks(week, report_date) for week in known], dtype=np.int64)
    table = np.zeros((len(keys), len(known), len(steps) + 1, int(ages[0]) + 1))
    week = ((part["cohort_week"] - stamps[0]).dt.days // 7).to_numpy(np.int64)
    step = part["stage"].map({name: k for k, name in enumerate((*steps, LOST))}).to_numpy(np.int64)
    lag = part["lag"].to_numpy(np.int64)
    lived = lag <= ages[week]
    where = (group.ngroup().to_numpy(np.int64)[lived], week[lived], step[lived], lag[lived])
    np.add.at(table, where, part["leads"].to_numpy(np.float64)[lived])
    told = told_steps(reached, known, steps)
    summed = np.cumsum(table, axis=3)
    leads, last, lost = summed[:, :, 0], summed[:, :, -2], summed[:, :, -1]
    ended = np.minimum(last + lost, leads) if lost.any() else None
    return Cells(keys, tuple(known), ages, tuple(steps), summed[:, :, :-1], told, ended)


def told_steps(reached: pd.DataFrame, weeks: Sequence[dt.date], steps: Sequence[str]) -> Flags:
    """Tell of every cohort week and step whether it is known when leads reached the step.

    It is not where more than `gate.stamps.UNTOLD` of those who reached it or were lost were stamped, or
    concluded from where they stood: of a lost one it is then not known how far it had come. Of the first step
    it is not known where leads were imported.
    """
    told = np.ones((len(weeks), len(steps)), dtype=bool)
    columns = [name for name in (STAMPED, CONCLUDED) if name in reached.columns]
    whole = reached[(reached["attribute"] == "") & (reached["attribute2"] == "")]
    if not any(whole[name].any() for name in columns):
        return told
    unknown = sum((whole[name] for name in columns), pd.Series(0, index=whole.index))
    counted = whole.assign(unknown=unknown).groupby(["cohort_week", "stage"])[["leads", "unknown"]].sum()
    by = {name: counted[name].unstack(fill_value=0).reindex(pd.DatetimeIndex(list(weeks)), fill_value=0)
          for name in ("leads", "unknown")}  # fmt: skip
    nothing = pd.Series(0, index=pd.DatetimeIndex(list(weeks)))
    for number, step in enumerate(steps):
        alone = number in (0, len(steps) - 1)
        ended = [step] if alone else [step, LOST]  # who is lost has not reached the last step
        leads, missing = (sum((by[name].get(one, nothing) for one in ended), nothing) for name in by)
        told[:, number] = (missing <= UNTOLD * leads).to_numpy()
    return told


def _first(reached: pd.DataFrame) -> pd.Timestamp:
    first = reached["cohort_week"].min()
    return pd.Timestamp.max if pd.isna(first) else pd.Timestamp(first)


def ripening(table: Cells, least: int = 4) -> Floats:
    """Return the share of the last known number reached by each age, (steps, ages), from the whole history.

    Chain ladder over the total: the ratios of neighbouring ages, each over the cohorts that have lived
    both. Nothing is known beyond the oldest cohort's age, which counts as ripe; nor beyond an age that fewer
    than `least` cohorts have lived. Of a step only those count of which it is known when they reached it.
    """
    total = table.reached.sum(axis=0) if TOTAL not in table.keys else table.reached[table.keys.index(TOTAL)]
    share = np.ones((len(table.steps), table.oldest + 1))
    for age in range(table.oldest - 1, -1, -1):
        both = table.ages > age
        if both.sum() < least:
            continue
        counts = np.ones((int(both.sum()), len(table.steps))) if table.told is None else table.told[both]
        before = (total[both, :, age] * counts).sum(axis=0)
        after = (total[both, :, age + 1] * counts).sum(axis=0)
        enough = (after > 0) & (counts.sum(axis=0) >= least)
        ratio = np.divide(before, after, out=np.ones_like(before), where=enough)
        share[:, age] = share[:, age + 1] * ratio
    return share


def reading_age(share: Floats, before: int, after: int, least: float = 0.5) -> int:
    """Return the youngest age at which a conversion from one step to another shows `least` of its ripe value.

    Args:
        share: of `ripening`.
        before: position of the step that is the base.
        after: position of the step reached.
        least: share of the ripe conversion.
    """
    ratio = np.divide(share[after], share[before], out=np.zeros_like(share[after]), where=share[before] > 0)
    ripe = np.flatnonzero(ratio >= least)
    return int(ripe[0]) if len(ripe) else share.shape[1] - 1
