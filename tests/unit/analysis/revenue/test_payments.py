"""What sales pay and when, by hand."""

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cube.triangles import Triangle
from funnel.analysis.revenue import payments
from funnel.analysis.revenue.payments import _ahead, _sums, _timed_from


def stamped_until(week: int, weeks: int) -> Triangle:
    """Sales of which nobody knows the moment until a calendar week."""
    ages, lags = np.arange(weeks)[::-1], np.arange(53)
    calendar = np.arange(weeks)[:, None] + lags[None, :]
    lived = (lags[None, :] <= ages[:, None]).astype(float)
    first = pd.date_range("2021-01-04", periods=weeks, freq="7D")
    known = (calendar > week).astype(float)
    return Triangle(first, ages, np.full(weeks, 9.0), lived, lived, stamped=lived * (1 - known), known=known)


def test_payments_are_laid_beside_sales_from_some_weeks_after_the_last_stamp() -> None:
    assert _timed_from(stamped_until(9, 60)) == 10 + payments._AFTER
    assert _timed_from(stamped_until(9, 10 + 2 * payments._AFTER)) == 10 + payments._AFTER
    assert _timed_from(stamped_until(9, 9 + 2 * payments._AFTER)) == 0  # too few are left
    assert _timed_from(stamped_until(-1, 60)) == 0


def test_beyond_the_last_week_that_is_known_it_stays() -> None:
    assert _ahead(np.array([1.0, 2.0, 3.0]), 5).tolist() == [1, 2, 3, 3, 3]
    assert _ahead(np.array([1.0, 2.0, 3.0]), 2).tolist() == [1, 2]


@pytest.mark.parametrize("mean", [100.0, -100.0])
def test_sums_of_amounts_have_their_mean_and_their_spread(mean: float) -> None:
    drawn = _sums(np.full(20_000, 4.0), mean, 50.0, np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(4 * mean, rel=0.01)
    assert drawn.std() == pytest.approx(2 * 50.0, rel=0.03)
