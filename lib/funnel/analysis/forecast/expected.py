"""What cohorts and longer periods are expected to become, of the total and of the values of slices.

The numbers of a week are those of the forecast. Expected numbers of several weeks add up; intervals do not,
so those of a longer period are the quantiles of its weeks' draws together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from funnel.analysis.forecast.final import Forecast, StageForecast
from funnel.analysis.statistics.scores import LEVELS, count_quantiles
from funnel.dates import PERIODS, Period, period_start

EXPECTED_COLUMNS = (
    "period", "start", "attribute", "value", "stage", "leads", "reached", "mean", "low", "high",
    "tail_share", "reason",
)  # fmt: skip
"""One row per period of some kind, slice ('' for the total) and stage. `leads`, `reached`: so far, of the
complete cohorts in it. `mean`, `low`, `high`: leads that will have reached the stage, with a 90 % interval.
`tail_share`: of the mean, what rests on the fitted curve. `reason`: why it is not reliable yet, of the first
cohort that is not; '' where it is."""
_LOW, _HIGH = LEVELS.index(0.05), LEVELS.index(0.95)


def expected(
    whole: Forecast, slices: Mapping[str, Mapping[str, StageForecast]], names: Sequence[str]
) -> pd.DataFrame:
    """Return the expected numbers by period (`EXPECTED_COLUMNS`).

    Args:
        whole: the forecast of the total, told of every stage.
        slices: the forecasts of values by attribute, told of the stage they are made for.
        names: the attributes to tell.
    """
    told = [("", "", one) for one in whole.stages.values()]
    told += [(name, value, one) for name in names for value, one in slices.get(name, {}).items()]
    rows = [
        {"attribute": attribute, "value": value, "stage": one.stage, **row}
        for attribute, value, one in told
        for row in _rows(one, whole.report_date)
    ]
    return pd.DataFrame(rows, columns=list(EXPECTED_COLUMNS))


def of_cohorts(cohorts: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    """Return what the rows of a cohort table of longer periods will become, as the forecast of weeks says it.

    Args:
        cohorts: `analysis.cohorts.table.cohort_table` of a period longer than a week.
        expected: `EXPECTED_COLUMNS`.

    Returns:
        One row per cohort and stage for which something is expected: `cohort_week` (as in the table),
        `stage`, `leads`, `reached`, `final_mean`, `final_p05`, `final_p95`, `tail_share`, `reliable`,
        `reason`.
    """
    total = expected[expected["attribute"] == ""].rename(
        columns={"start": "period_start", "mean": "final_mean", "low": "final_p05", "high": "final_p95"}
    )
    told = cohorts[["cohort_week", "period", "period_start"]].merge(total, on=["period", "period_start"])
    told = told.assign(reliable=told["reason"] == "")
    return told.drop(columns=["period", "period_start", "attribute", "value"])


def _rows(one: StageForecast, report_date: dt.date) -> Iterator[dict[str, object]]:
    frame = one.frame()
    seen = one.fit.triangle
    draws = one.draws[seen.ages >= 0]
    weeks = [week.date() for week in frame["cohort_week"]]
    leads, reached = (frame[name].to_numpy() for name in ("leads", "reached"))
    mean, low, high, tail = (
        frame[name].to_numpy(dtype=np.float64)
        for name in ("final_mean", "final_p05", "final_p95", "tail_share")
    )
    reasons = frame["reason"].tolist()
    for period in PERIODS:
        for start, at in _members(weeks, period, report_date).items():
            if leads[at].sum() == 0:
                continue
            final = float(np.nansum(mean[at]))
            if len(at) == 1:
                least, most = float(low[at[0]]), float(high[at[0]])
            else:
                quantiles = count_quantiles(draws[at].sum(axis=0, keepdims=True))[0]
                least, most = float(quantiles[_LOW]), float(quantiles[_HIGH])
            late = float(np.nansum(tail[at] * mean[at]))
            doubts = [reasons[place] for place in at if reasons[place]]
            yield {
                "period": period,
                "start": pd.Timestamp(start),
                "leads": int(leads[at].sum()),
                "reached": int(reached[at].sum()),
                "mean": final,
                "low": least,
                "high": most,
                "tail_share": late / final if final else 0.0,
                "reason": doubts[0] if doubts else "",
            }


def _members(weeks: Sequence[dt.date], period: Period, report_date: dt.date) -> dict[dt.date, np.ndarray]:
    """Return the positions of the weeks of each period, by its first day."""
    found: dict[dt.date, list[int]] = {}
    for at, week in enumerate(weeks):
        found.setdefault(period_start(week, period, report_date), []).append(at)
    return {start: np.array(at, dtype=np.int64) for start, at in found.items()}
