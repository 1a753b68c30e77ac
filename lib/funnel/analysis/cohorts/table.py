"""The cohort table, the triangle and equal-age comparison, made from the cube `reached`.

Every function takes the cube (`funnel.schema.REACHED_COLUMNS`) and returns a new frame. Rates are shares
between 0 and 1; 0 / 0 is NaN, never 0.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from funnel.analysis.cohorts.compare import due
from funnel.analysis.cohorts.periods import SMALL as SMALL
from funnel.analysis.cohorts.periods import grown, last_week, together
from funnel.columns import COHORTS, EQUAL_AGE, OVERALL, SLICES, computed
from funnel.dates import Period, age_weeks
from funnel.gate.stamps import untold_weeks
from funnel.schema import REACHED_COLUMNS, require
from funnel.settings import LEAD

Z90 = 1.6448536269514722


def select(cube: pd.DataFrame, attribute: str = "", attribute2: str = "") -> pd.DataFrame:
    """Return the rows of any cube for the total, for one attribute, or for a pair."""
    require(cube, REACHED_COLUMNS[:4], "cube")
    return cube[(cube["attribute"] == attribute) & (cube["attribute2"] == attribute2)]


def counts(
    reached: pd.DataFrame,
    steps: Sequence[str],
    weeks: Sequence[dt.date],
    attribute: str = "",
    age: int | None = None,
    attribute2: str = "",
) -> pd.DataFrame:
    """Count how many leads of each cohort reached each step.

    Args:
        reached: the cube.
        steps: 'lead' and the stages in order.
        weeks: the Mondays wanted; a week without leads gives zeros.
        attribute: slice by it; '' for the total.
        age: count only what a cohort had reached when it was `age` weeks old; None for all.
        attribute2: slice by the pair, in the order in which the cube was asked for it.

    Returns:
        One row per cohort week (index `cohort_week`, with an attribute also `value`, with a pair also
        `value2`), a column per step. Every value, or pair that occurs, has a row in every week.
    """
    part = select(reached, attribute, attribute2)
    stamps = pd.DatetimeIndex(list(weeks), name="cohort_week")
    part = part[part["cohort_week"].isin(stamps)]
    if age is not None:
        part = part[part["lag"] <= age]
    values = ["value", "value2"][: bool(attribute) + bool(attribute2)]
    keys = ["cohort_week", *values]
    table = part.pivot_table(index=keys, columns="stage", values="leads", aggfunc="sum", fill_value=0)
    table = table.reindex(columns=list(steps), fill_value=0).astype("int64")
    full: pd.Index = stamps
    if values:
        found = sorted(set(part[values].itertuples(index=False, name=None)))
        full = pd.MultiIndex.from_tuples([(week, *pair) for week in stamps for pair in found], names=keys)
    result = table.reindex(full, fill_value=0)
    result.columns.name = None
    return result


def imported(reached: pd.DataFrame) -> frozenset[pd.Timestamp]:
    """Return the Mondays of the cohorts whose leads were imported: nobody knows when these came."""
    leads = select(reached)
    return frozenset(untold_weeks(leads[leads["stage"] == LEAD]))


def with_rates(table: pd.DataFrame, steps: Sequence[str]) -> pd.DataFrame:
    """Add `<stage>_rate` (share of the step before) and `overall_rate` (last step / first step).

    >>> table = with_rates(pd.DataFrame({"lead": [558], "target": [236]}), ["lead", "target"])
    >>> table.round(3).loc[0].to_dict()
    {'lead': 558.0, 'target': 236.0, 'target_rate': 0.423, 'overall_rate': 0.423}
    """
    result = table.copy()
    for before, stage in pairwise(steps):
        result[f"{stage}_rate"] = share(table[stage], table[before])
    result["overall_rate"] = share(table[steps[-1]], table[steps[0]])
    return result


def share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Divide two counts; 0 / 0 is NaN.

    >>> share(pd.Series([1, 0]), pd.Series([2, 0])).tolist()
    [0.5, nan]
    """
    return (part / whole.where(whole > 0)).astype("float64")


def relative_change(rate: pd.Series) -> pd.Series:
    """Return each value relative to the one before it: 0.22 is +22 %; NaN where that was 0 or empty.

    >>> relative_change(pd.Series([0.02, 0.03, 0.0, 0.01])).tolist()
    [nan, 0.5, -1.0, nan]
    """
    before = rate.shift(1)
    return (rate / before.where(before > 0) - 1).astype("float64")


def cohort_table(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    weeks: Sequence[dt.date],
    attribute: str = "",
    age: int | None = None,
    attribute2: str = "",
    period: Period = "week",
) -> pd.DataFrame:
    """Make the cohort table: how far the leads of each week have ripened by the report date.

    Args:
        reached: the cube.
        steps: 'lead' and the stages in order.
        report_date: for the age of each cohort.
        weeks: the cohorts shown, oldest first.
        attribute: one row per cohort and value of it; '' for the total.
        age: compare at this age (equal-age): count what each cohort had reached when it was so old.
            Cohorts younger than it are left out.
        attribute2: one row per cohort and pair of values.
        period: what weekly cohorts are counted together by. The age is then that of the youngest week.

    Returns:
        One row per cohort (and value): `cohort_week`, `age_weeks`, [`at_age`], [attributes], `leads`, the
        count of each stage, `<stage>_rate` (share of the step before), `overall_rate`,
        `overall_change` (relative to the cohort before it in the table, of the same value). Of a longer
        period `cohort_week` is its first week that counts; behind stand `period`, `period_start`, `weeks`
        (how many count) and `weeks_of` (how many it has).
    """
    if age is not None:
        weeks = grown(weeks, period, report_date, age)
    counted = counts(reached, steps, weeks, attribute, age, attribute2)
    told = None
    if period != "week":
        counted, told = together(counted, period, report_date)
    table = with_rates(counted, steps)
    values = list(table.index.names[1:])
    if values:
        by_value = table.groupby(level=values, sort=False)["overall_rate"]
        table["overall_change"] = by_value.transform(relative_change)
    else:
        table["overall_change"] = relative_change(table["overall_rate"])
    table = table.reset_index().rename(columns={"lead": "leads", "value": attribute, "value2": attribute2})
    table.insert(1, "age_weeks", _ages(table["cohort_week"], told, report_date))
    if age is not None:
        table.insert(2, "at_age", age)
    if told is not None:
        table = table.join(told, on="cohort_week")
    return computed(table, COHORTS if age is None else EQUAL_AGE, steps)


def wilson(successes: pd.Series, trials: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return the 90 % Wilson interval of a share; NaN where there were no trials.

    Source: E. B. Wilson, JASA 22 (1927), 209-212, formula for the limits.

    >>> low, high = wilson(pd.Series([0]), pd.Series([10]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0], [0.213])
    """
    n = trials.where(trials > 0).astype("float64")
    p = successes / n
    middle = (p + Z90**2 / (2 * n)) / (1 + Z90**2 / n)
    half = Z90 / (1 + Z90**2 / n) * np.sqrt(p * (1 - p) / n + Z90**2 / (4 * n**2))
    return (middle - half).clip(lower=0.0), (middle + half).clip(upper=1.0)


def history(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    weeks: Sequence[dt.date],
    age: int,
    period: Period = "week",
) -> pd.DataFrame:
    """Follow each step's conversion over the cohorts, all at the same age.

    Returns:
        One row per cohort and stage, and one for 'overall' (last step / leads): `cohort_week`, `stage`,
        `age_weeks` (at the report date), `base` (leads in the step before), `reached`, `rate`, `low`,
        `high` (90 % Wilson). Cohorts younger than `age` are left out. Of a longer period as `cohort_table`.
    """
    table = counts(reached, steps, grown(weeks, period, report_date, age), age=age)
    told = None
    if period != "week":
        table, told = together(table, period, report_date)
    pairs = [*((base, stage, stage) for base, stage in pairwise(steps)), (steps[0], steps[-1], OVERALL)]
    parts = []
    for base, stage, name in pairs:
        part = pd.DataFrame({"stage": name, "base": table[base], "reached": table[stage]})
        part["rate"] = share(part["reached"], part["base"])
        part["low"], part["high"] = wilson(part["reached"], part["base"])
        parts.append(part.reset_index())
    result = pd.concat(parts, ignore_index=True)
    result.insert(2, "age_weeks", _ages(result["cohort_week"], told, report_date))
    return result if told is None else result.join(told, on="cohort_week")


def _ages(cohorts: pd.Series, told: pd.DataFrame | None, report_date: dt.date) -> pd.Series:
    """Return the ages of cohorts, of a longer period that of its youngest week."""
    spans = told["weeks"].reindex(cohorts) if told is not None else [1] * len(cohorts)
    pairs = zip(cohorts, spans, strict=True)
    ages = [age_weeks(last_week(week.date(), int(span)), report_date) for week, span in pairs]
    return pd.Series(ages, dtype="int64")


def triangle(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    weeks: Sequence[dt.date],
    period: Period = "week",
) -> pd.DataFrame:
    """Lay out the overall conversion by cohort and age: the reporting triangle.

    Returns:
        One row per cohort and age it has lived (0 .. its age at the report date): `cohort_week`, `age`,
        `leads`, `reached` (the last step, by the end of the week in which the cohort was that old),
        `rate`. A cohort of age a has seen the lags 0 .. a whole, so the newest figure of a cohort can
        lag behind the cohort table, which counts up to the report date. Of a longer period each week counts
        at that age, up to the age of the youngest; `cohort_week` and what stands behind are those of
        `cohort_table`.
    """
    part = select(reached)
    last = part[part["stage"] == steps[-1]]
    by_lag = last.groupby(["cohort_week", "lag"])["leads"].sum()
    leads = counts(reached, steps, weeks)[steps[0]]
    rows = []
    for week in weeks:
        oldest = age_weeks(week, report_date)
        stamp = pd.Timestamp(week)
        seen = by_lag[stamp] if stamp in by_lag.index.get_level_values(0) else pd.Series(dtype="int64")
        sales = seen.reindex(range(oldest + 1), fill_value=0).cumsum()
        frame = pd.DataFrame({"cohort_week": stamp, "age": sales.index, "reached": sales.to_numpy()})
        rows.append(frame.assign(leads=leads[stamp]))
    result = pd.concat(rows, ignore_index=True).astype({"age": "int64", "reached": "int64", "leads": "int64"})
    told = None
    if period != "week":
        every = result.set_index(["cohort_week", "age"])
        lived, told = together(every.assign(lived=1), period, report_date)
        lived = lived[lived["lived"] == told["weeks"].reindex(lived.index.get_level_values(0)).to_numpy()]
        result = lived.reset_index()
    result["rate"] = share(result["reached"], result["leads"])
    result = result[["cohort_week", "age", "leads", "reached", "rate"]]
    return result if told is None else result.join(told, on="cohort_week")


def slices(
    reached: pd.DataFrame,
    steps: Sequence[str],
    weeks: Sequence[dt.date],
    attribute: str,
) -> pd.DataFrame:
    """Compare the values of one attribute over the shown cohorts together.

    Returns:
        One row per value, most leads first: `value`, `leads`, the count of each stage, `<stage>_rate`,
        `overall_rate`, `low`, `high` (90 % Wilson, of the overall rate), `compare.DUE_COLUMNS`,
        `against_total` (relative to all leads of the same weeks: the last count / `due` - 1), `small` (fewer
        than 30 leads). The counts sum to the total's.
    """
    by_week = counts(reached, steps, weeks, attribute)
    table = by_week.groupby(level="value").sum()
    result = with_rates(table, steps)
    result["low"], result["high"] = wilson(table[steps[-1]], table[steps[0]])
    named = by_week.reset_index().rename(columns={steps[0]: "leads"})
    result = result.join(due(named, ["value"], steps[-1]))
    result["against_total"] = share(result[steps[-1]], result["due"]) - 1
    result["small"] = table[steps[0]] < SMALL
    result = result.reset_index().rename(columns={"lead": "leads"})
    result = result.sort_values(["leads", "value"], ascending=[False, True], ignore_index=True)
    return computed(result, SLICES, steps)


def may_be_chance(now: int, leads: int, then: int, leads_then: int) -> bool:
    """Tell whether the 90 % interval of the difference of two shares holds 0.

    Source: R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10 (from Wilson's limits).

    >>> may_be_chance(23, 558, 18, 562), may_be_chance(60, 558, 18, 562)
    (True, False)
    """
    counts, trials = pd.Series([now, then]), pd.Series([leads, leads_then])
    low, high = wilson(counts, trials)
    share = counts / trials
    difference = share[0] - share[1]
    down = math.hypot(share[0] - low[0], high[1] - share[1])
    up = math.hypot(high[0] - share[0], share[1] - low[1])
    return bool(difference - down <= 0 <= difference + up)
