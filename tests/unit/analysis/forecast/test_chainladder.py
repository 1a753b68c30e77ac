"""The simple rivals, against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cube.triangles import Triangle
from funnel.analysis.forecast.chainladder import SIMPLE, pattern, simple

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
