"""The delay is found again from counts that follow it exactly, and its tail does not outlive the evidence."""

import numpy as np
import pytest
from scipy import stats

from funnel.analysis.forecast.delays import fit_hazards, share_reached, stretch_hazards

LAGS = np.arange(105)


def counts(cdf: np.ndarray, share: float, leads: float, lived: int = 105) -> tuple[np.ndarray, np.ndarray]:
    """Return expected events and exposure by lag of one cohort a week for `lived` weeks, all together."""
    reached = share * np.concatenate([[0.0], cdf])
    cohorts = np.maximum(lived - LAGS, 0)
    events = leads * np.diff(reached) * cohorts
    return events, leads * (1 - (reached[:-1] + reached[1:]) / 2) * cohorts


LOGNORMAL = stats.lognorm.cdf(LAGS + 1, 0.9, scale=8.67)
HUMPS = 0.55 * stats.gamma.cdf(LAGS + 1, 4, scale=0.75) + 0.45 * stats.norm.cdf(LAGS + 1, 26, 5)


@pytest.mark.parametrize(
    ("cdf", "off"), [(LOGNORMAL, 0.02), (stats.gamma.cdf(LAGS + 1, 1.6, scale=8), 0.02), (HUMPS, 0.03)]
)
def test_maturity_is_found_again(cdf: np.ndarray, off: float) -> None:
    law = fit_hazards(*counts(cdf, 0.06, 250.0))
    assert np.abs(law.maturity() - cdf / cdf[-1]).max() < off


@pytest.mark.parametrize(
    "medians", [(1.0, 2.0, 6.0), (0.3, 1.0, 3.0, 6.0), (0.3, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0)]
)
def test_the_late_ones_of_a_sum_of_waits_are_found(medians: tuple[float, ...]) -> None:
    """The lognormal through the middle has 40 % of them after a year."""
    rng = np.random.default_rng(3)
    waits = sum(median * np.exp(0.8 * rng.standard_normal(2_000_000)) for median in medians)
    cdf = np.searchsorted(np.sort(waits), LAGS + 1) / len(waits)
    law = fit_hazards(*counts(cdf, 0.04, 550.0))
    late = 1 - cdf / cdf[-1]
    for age in (20, 30, 40):
        assert 1 - law.maturity()[age] == pytest.approx(late[age], rel=0.3)


def test_without_old_cohorts_the_curve_carries_the_tail_and_says_so() -> None:
    law = fit_hazards(*counts(LOGNORMAL, 0.06, 250.0, lived=30), draws=50, seed=1)
    assert np.abs(law.maturity() - LOGNORMAL / LOGNORMAL[-1]).max() < 0.05
    assert law.share_data[2:12].min() > 0.5
    assert law.share_data[30:].max() == 0
    wide, narrow = (np.ptp(np.quantile(law.maturity_draws()[:, age], [0.05, 0.95])) for age in (8, 80))
    assert wide > narrow


def test_what_nobody_did_in_a_long_time_is_not_expected() -> None:
    cdf = np.minimum(LOGNORMAL / LOGNORMAL[19], 1.0)
    law = fit_hazards(*counts(cdf, 0.06, 500.0))
    assert law.maturity()[25] > 0.985


def test_no_events_no_hazard() -> None:
    law = fit_hazards(np.zeros(105), np.full(105, 100.0), draws=3)
    assert law.mean.sum() == 0
    assert law.draws.shape == (3, 105)
    assert share_reached(law.mean).tolist() == [1.0] * 105


def test_a_doubled_delay_is_seen_in_young_cohorts_and_its_tail_stretched() -> None:
    old = fit_hazards(*counts(LOGNORMAL, 0.06, 250.0), draws=20, seed=1)
    slow = stats.lognorm.cdf(LAGS + 1, 0.9, scale=2 * 8.67)
    new = stretch_hazards(old, *counts(slow, 0.06, 250.0, lived=26), draws=20, seed=1)
    assert new.maturity()[[4, 13, 26, 52]] == pytest.approx((slow / slow[-1])[[4, 13, 26, 52]], abs=0.05)
