"""Slices: a new or small one leans on the whole, a large one stands on its own."""

import datetime as dt
from functools import partial

import numpy as np
import pandas as pd
import pytest
import worlds

from funnel.analysis.forecast.final import forecast
from funnel.analysis.forecast.slices_forecast import SLICE_COLUMNS, forecast_slices

AT = 104
DAY = dt.date(2019, 10, 7) + dt.timedelta(weeks=AT)


def rate(share: float, _: int) -> float:
    return share


def cube() -> pd.DataFrame:
    rng = np.random.default_rng(31)
    parts = []
    for value, leads, share, first in (("a", 200, 0.09, 0), ("b", 200, 0.04, 0), ("new", 30, 0.06, AT - 1)):
        size, sales = worlds.World(value, leads, base=partial(rate, share)).draw(rng, AT)
        size[:first], sales[:first] = 0, 0
        parts.append(worlds.reached_frame(size, worlds.seen(sales)).assign(attribute="channel", value=value))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def told() -> pd.DataFrame:
    every = cube()
    total = every.groupby(["cohort_week", "stage", "lag"])["leads"].sum().reset_index()
    total[["attribute", "value", "attribute2", "value2"]] = ""
    return forecast_slices(every, forecast(total, ["sale"], DAY, draws=300, seed=1), seed=1)


def test_the_rows(told: pd.DataFrame) -> None:
    assert tuple(told.columns) == SLICE_COLUMNS
    assert not told.isna().any().any()
    assert told.groupby("value").size().to_dict() == {"a": AT, "b": AT, "new": 1}


def test_large_slices_keep_their_own_conversion(told: pd.DataFrame) -> None:
    young = told[told["age_weeks"].between(0, 12)].groupby("value")[["final_mean", "leads"]].sum()
    share = young["final_mean"] / young["leads"]
    assert share["a"] == pytest.approx(0.09, abs=0.015)
    assert share["b"] == pytest.approx(0.04, abs=0.012)


def test_one_that_appeared_last_week_has_the_conversion_of_the_whole_and_a_wide_interval(
    told: pd.DataFrame,
) -> None:
    new = told[told["value"] == "new"].iloc[0]
    assert new["final_mean"] / new["leads"] == pytest.approx(0.065, abs=0.02)
    assert new["final_p95"] > 2 * new["final_mean"] - 0.5
    assert new["final_p05"] < 0.7
