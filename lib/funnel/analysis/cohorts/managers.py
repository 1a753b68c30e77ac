"""Each manager's steps over the cohorts, all at one age, beside those of all leads of the same cohorts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from funnel.analysis.cohorts.beside import BESIDE_COLUMNS, beside, judged
from funnel.analysis.cohorts.periods import grown, together
from funnel.analysis.cohorts.table import counts, share
from funnel.dates import Period

MANAGER_COLUMNS = (
    "value",
    "stage",
    "cohort_week",
    "period",
    "period_start",
    "weeks",
    "at_age",
    *BESIDE_COLUMNS,
)
"""One row: a manager's step into `stage` in one cohort, counted when each of its weeks was `at_age` weeks
old. `expected` is the share of all leads of the cohort."""


def over_time(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    weeks: Sequence[dt.date],
    attribute: str,
    period: Period,
    age: int,
) -> pd.DataFrame:
    """Follow each value's steps over the cohorts (`MANAGER_COLUMNS`).

    Args:
        reached: the cube, by the attribute and in total.
        steps: 'lead' and the stages in order.
        report_date: D.
        weeks: of the cohorts.
        attribute: who works on a lead.
        period: what weeks are counted together by, longer than a week or not.
        age: at which all are compared; cohorts with a younger week are left out.
    """
    weeks = grown(weeks, period, report_date, age)
    own, told = together(counts(reached, steps, weeks, attribute, age), period, report_date)
    whole, _ = together(counts(reached, steps, weeks, age=age), period, report_date)
    parts = []
    for before, stage in pairwise(steps):
        usual = share(whole[stage], whole[before])
        expected = pd.Series(
            usual.reindex(own.index.get_level_values("cohort_week")).to_numpy(), index=own.index
        )
        parts.append(beside(own[before], own[stage], expected).assign(stage=stage))
    frame = pd.concat(parts).reset_index().join(told, on="cohort_week").assign(at_age=age)
    return frame[list(MANAGER_COLUMNS)]


def summary(lines: pd.DataFrame) -> pd.DataFrame:
    """Judge each manager's steps over all cohorts together; see `beside.judged`, by `stage` and `value`."""
    return judged(lines, ["value"], ["stage"])
