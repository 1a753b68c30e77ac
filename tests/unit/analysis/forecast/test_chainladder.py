"""The simple rivals, against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cube.triangles import Triangle
from funnel.analysis.forecast.chainladder import SIMPLE, mack, pattern, simple

# Three cohorts of 100, 100 and 50 leads; sales by lag, seen up to lags 2, 1 and 0.
SEEN = Triangle(
    weeks=pd.date_range("2022-01-03", periods=3, freq="7D"),
    ages=np.array([2, 1, 0]),
    leads=np.array([100.0, 100.0, 50.0]),
    events=np.array([[4.0, 4.0, 2.0], [6.0, 2.0, 0.0], [0.0, 0.0, 0.0]]),
    lived=np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
)


def test_pattern() -> None:
    # Factors (8 + 8) / (4 + 6) = 1.6 and 10 / 8 = 1.25.
    assert pattern(SEEN).tolist() == pytest.approx([1 / 2, 1 / 1.25, 1.0])


def test_points() -> None:
    # Chain ladder: nothing sold stays nothing. Cape Cod: 18 sales on 100 + 80 + 25 ripe leads.
    base = 18 / 205
    assert simple("chain ladder", SEEN).mean.tolist() == pytest.approx([0, 2, 0])
    assert simple("cape cod", SEEN).mean.tolist() == pytest.approx([0, 20 * base, 25 * base])
    assert simple("old conversion", SEEN).mean.tolist() == pytest.approx([0, 2, 5])


@pytest.mark.parametrize("name", SIMPLE)
def test_draws_have_the_mean(name: str) -> None:
    told = simple(name, SEEN)
    assert told.draw(20_000, seed=1).mean(axis=1) == pytest.approx(told.mean, abs=0.1)


def test_the_last_variance_is_macks_choice_from_three_factors_on() -> None:
    nan = float("nan")
    amounts = [[100.0, 150, 180, 189], [110.0, 160, 195, nan], [90.0, 140, nan, nan], [120.0, nan, nan, nan]]
    # f = 450/300, 375/310, 189/180; s2 of the first two from their ratios, that of the last is Mack's choice.
    first, second = 450 / 300, 375 / 310
    s1 = (100 * (1.5 - first) ** 2 + 110 * (160 / 110 - first) ** 2 + 90 * (140 / 90 - first) ** 2) / 2
    s2 = 150 * (180 / 150 - second) ** 2 + 160 * (195 / 160 - second) ** 2
    s3 = min(s2**2 / s1, s1, s2)
    last = 189 / 180
    ultimate = 195 * last
    error = ultimate * (s3 / last**2 * (1 / 195 + 1 / 180)) ** 0.5
    found = mack(np.array(amounts))
    assert found["ultimate"].tolist()[:2] == pytest.approx([189, ultimate])
    assert found["standard_error"].tolist()[:2] == pytest.approx([0, error])
    assert error > 0
