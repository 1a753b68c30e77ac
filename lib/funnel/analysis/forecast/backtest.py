"""Rolling backtest: what would have been forecast at earlier dates, beside the simple methods, and what came.

At every date the methods see what was known by then and forecast how many leads of every cohort will have
reached a stage by the end of the record (the final number, once the horizon has passed). Scores are by the
cohort's age at the date.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel import dates
from funnel.analysis.forecast.chainladder import SIMPLE, simple
from funnel.analysis.forecast.final import arrived_in_order, forecast_stages
from funnel.analysis.forecast.reliability import AGE_BANDS, band_of
from funnel.analysis.forecast.told import History
from funnel.analysis.statistics import scores

Floats = npt.NDArray[np.float64]

OURS = "forecast"
RELIABLE = "forecast where reliable"
METHODS = (OURS, RELIABLE, *SIMPLE)
BACKTEST_COLUMNS = (
    "age_from", "age_to", "method", "cells",
    "wape", "bias", "crps", "coverage_50", "coverage_80", "coverage_90",
)  # fmt: skip
"""One row per age band (weeks; `age_to` of the last is large) and method. `cells`: forecasts scored (cohort x
date). `wape`, `bias`: relative; `crps`: in leads; `coverage_*`: share of what came inside the interval (see
`funnel.analysis.statistics.scores`). `forecast where reliable` scores only those not marked "not reliable
yet". A band in which nothing came has no `wape` and `bias` (NaN: show it empty)."""


def backtest(past: History, stage: str, report_date: dt.date, when: Sequence[dt.date]) -> pd.DataFrame:
    """Return the scores of a rolling backtest (`BACKTEST_COLUMNS`).

    Args:
        past: what the report date has seen; what had come by then is what forecasts are held against.
        stage: whose number is forecast.
        report_date: end of the record.
        when: dates to forecast at; each stands for its week's Monday.
    """
    return score(forecasts(past, stage, report_date, when))


def forecasts(past: History, stage: str, report_date: dt.date, when: Sequence[dt.date]) -> pd.DataFrame:
    """Return every single forecast, as it was printed at its date (`final.forecast_stages`); see `backtest`.

    Returns:
        One row per date, cohort and method: `date`, `cohort_week`, `age_weeks`, `method`, `reached` (then),
        `mean`, `actual`, `reason` (why not to trust ours, or empty), `crps`, and `coverage_50`,
        `coverage_80`, `coverage_90`.
    """
    now = past.seen(stage)
    monday = dates.week_of(report_date)
    frames = []
    for number, day in enumerate(sorted({dates.week_of(one) for one in when})):
        back = (monday - day).days // 7
        then = past.seen(stage, back)
        if not len(then.ages) or not then.reached.sum():
            continue
        count = len(then.ages)
        until, actual = now.lived[:count], now.reached[:count]
        ours = forecast_stages(past, back)
        told: dict[str, tuple[Floats, Floats]] = {OURS: arrived_in_order(ours, back, past.seed)[stage]}
        for name in SIMPLE:
            rival = simple(name, then, until)
            told[name] = (
                then.reached + rival.mean,
                then.reached[:, None] + rival.draw(past.draws, past.seed + number),
            )
        for name, (point, sample) in told.items():
            frames.append(
                pd.DataFrame(
                    {
                        "date": pd.Timestamp(day),
                        "cohort_week": then.weeks,
                        "age_weeks": then.ages,
                        "method": name,
                        "reached": then.reached,
                        "mean": point,
                        "actual": actual,
                        "reason": ours[stage].reasons(),
                        "crps": scores.crps(sample, actual),
                        **{
                            f"coverage_{level}": scores.coverage(sample, actual, level / 100)
                            for level in (50, 80, 90)
                        },
                    }
                )
            )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def score(told: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of forecasts by age band and method (`BACKTEST_COLUMNS`)."""
    if told.empty:
        return pd.DataFrame(columns=list(BACKTEST_COLUMNS))
    reliable = told[(told["method"] == OURS) & (told["reason"] == "")].assign(method=RELIABLE)
    every = pd.concat([told, reliable], ignore_index=True)
    every["band"] = band_of(every["age_weeks"].to_numpy(np.int64))
    rows = []
    for band, part in every.groupby("band"):
        for name in METHODS:
            mine = part[part["method"] == name]
            if mine.empty:
                continue
            point, actual = mine["mean"].to_numpy(float), mine["actual"].to_numpy(float)
            rows.append(
                {
                    "age_from": AGE_BANDS[int(str(band))][0],
                    "age_to": AGE_BANDS[int(str(band))][1],
                    "method": name,
                    "cells": len(mine),
                    "wape": scores.wape(point, actual),
                    "bias": scores.bias(point, actual),
                    **{
                        column: float(mine[column].mean())
                        for column in ("crps", "coverage_50", "coverage_80", "coverage_90")
                    },
                }
            )
    return pd.DataFrame(rows, columns=list(BACKTEST_COLUMNS))
