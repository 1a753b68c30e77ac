"""A change explained: every cause alone is named as such, and all parts add up exactly."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import worlds

from funnel.analysis.forecast.final import Forecast, forecast
from funnel.analysis.forecast.mix import EXPLAINED_COLUMNS, PARTS, explain_change

AT = 60
DAY = dt.date(2019, 10, 7) + dt.timedelta(weeks=AT)
WEEKS = pd.date_range("2019-10-07", periods=AT, freq="7D")


@pytest.fixture(scope="module")
def told() -> Forecast:
    leads, sales = worlds.plain(250).draw(np.random.default_rng(41), AT)
    return forecast(worlds.reached_frame(leads, worlds.seen(sales)), ["sale"], DAY, draws=100)


def cube(before: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]], week: int = 1) -> pd.DataFrame:
    """Return leads and sales of two cohorts by channel."""
    rows = [
        (value, WEEKS[at], stage, 0, count)
        for at, group in ((0, before), (week, now))
        for value, pair in group.items()
        for stage, count in zip(("lead", "sale"), pair, strict=True)
    ]
    return pd.DataFrame(rows, columns=["value", "cohort_week", "stage", "lag", "leads"])


def parts(frame: pd.DataFrame) -> dict[str, float]:
    return frame[frame["level"] == "whole"].set_index("part")["reached"].round(6).to_dict()


def explained(told: Forecast, reached: pd.DataFrame, week: int = 1) -> pd.DataFrame:
    frame = explain_change(reached, told, "sale", [WEEKS[week]], [WEEKS[0]])
    assert tuple(frame.columns) == EXPLAINED_COLUMNS
    assert not frame.isna().any().any()
    sales = reached[reached["stage"] == "sale"].groupby("cohort_week")["leads"].sum()
    leads = reached[reached["stage"] == "lead"].groupby("cohort_week")["leads"].sum()
    for level in ("whole", "value"):
        mine = frame[frame["level"] == level]
        assert mine["reached"].sum() == pytest.approx(sales[WEEKS[week]] - sales[WEEKS[0]], abs=1e-9)
        change = sales[WEEKS[week]] / leads[WEEKS[week]] - sales[WEEKS[0]] / leads[WEEKS[0]]
        assert mine["conversion"].sum() == pytest.approx(change, abs=1e-12)
    return frame


def test_the_spread_of_the_rate_is_that_of_chance(told: Forecast) -> None:
    """Two weeks of one rate, drawn 400 times: the part of the rate varies as it says."""
    rng, found = np.random.default_rng(7), []
    for _ in range(400):
        a, b = ({"a": (400, int(rng.poisson(40))), "b": (100, int(rng.poisson(5)))} for _ in range(2))
        frame = explain_change(cube(a, b), told, "sale", [WEEKS[1]], [WEEKS[0]])
        found.append(frame[frame["part"] == "rate"].set_index(["level", "value"])[["reached", "spread"]])
    for key in (("whole", ""), ("value", "a"), ("value", "b")):
        rows = pd.DataFrame([one.loc[key] for one in found])
        assert rows["reached"].std() == pytest.approx(rows["spread"].mean(), rel=0.1)


def test_so_it_is_where_the_newer_cohorts_are_hardly_ripe(told: Forecast) -> None:
    """One sale of the old cohort and none of the new one is chance, and nobody's merit."""
    one, young = told.stages["sale"], AT - 3
    curve = dict(zip(one.fit.triangle.weeks, one.told.maturity()[0], strict=True))
    ripe, rng, found = [float(curve[WEEKS[at]]) for at in (0, young)], np.random.default_rng(8), []
    assert ripe[1] < 0.5 * ripe[0]
    for _ in range(400):
        a, b = ({"a": (400, int(rng.poisson(60 * part)))} for part in ripe)
        frame = explain_change(cube(a, b, young), told, "sale", [WEEKS[young]], [WEEKS[0]])
        found.append(frame[frame["part"] == "rate"].iloc[0][["reached", "spread"]].astype(float))
    rows = pd.DataFrame(found)
    assert rows["reached"].std() == pytest.approx(rows["spread"].mean(), rel=0.12)
    few = explain_change(
        cube({"a": (300, 1)}, {"a": (300, 0)}, young), told, "sale", [WEEKS[young]], [WEEKS[0]]
    )
    rate = few[few["part"] == "rate"].iloc[0]
    assert abs(rate["reached"]) < 1.645 * rate["spread"]


def test_twice_the_leads_is_volume(told: Forecast) -> None:
    got = parts(explained(told, cube({"a": (100, 10), "b": (50, 1)}, {"a": (200, 20), "b": (100, 2)})))
    assert got == pytest.approx({"volume": 11, "age": 0, "mix": 0, "rate": 0}, abs=0.05)


def test_more_of_the_good_channel_is_mix(told: Forecast) -> None:
    got = parts(explained(told, cube({"a": (100, 10), "b": (100, 0)}, {"a": (150, 15), "b": (50, 0)})))
    assert got == pytest.approx({"volume": 0, "age": 0, "mix": 5, "rate": 0}, abs=0.05)


def test_a_better_channel_is_rate(told: Forecast) -> None:
    frame = explained(told, cube({"a": (100, 10), "b": (100, 2)}, {"a": (100, 14), "b": (100, 2)}))
    assert parts(frame) == pytest.approx({"volume": 0, "age": 0, "mix": 0, "rate": 4}, abs=0.05)
    rate = frame[(frame["level"] == "value") & (frame["part"] == "rate")].set_index("value")["reached"]
    assert rate.to_dict() == pytest.approx({"a": 4, "b": 0}, abs=0.05)


def test_a_young_cohort_s_lack_is_age(told: Forecast) -> None:
    young = AT - 5
    share = told.stages["sale"].fit.maturity()[0][young]
    sold = round(40 * float(share))
    got = parts(explained(told, cube({"a": (1000, 40)}, {"a": (1000, sold)}, young), young))
    assert got["age"] == pytest.approx(sold - 40, abs=1.5)
    assert abs(got["rate"]) < 1.5
    assert set(got) == set(PARTS)


def test_a_channel_that_comes_or_goes(told: Forecast) -> None:
    explained(told, cube({"a": (100, 10)}, {"b": (80, 4), "": (5, 0)}))
