"""Scores against closed forms and against forecasts known to be right."""

import numpy as np
import pytest

from funnel.analysis.statistics import scores


def test_crps_of_a_normal_sample_is_its_closed_form() -> None:
    draws = np.random.default_rng(1).standard_normal((3, 20_000))
    actual = np.array([0.0, 1.0, -2.0])
    # Gneiting and Raftery 2007, eq. 21: z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi).
    assert scores.crps(draws, actual) == pytest.approx([0.23370, 0.60244, 1.45279], abs=0.01)


@pytest.mark.parametrize("mean", [0.1, 0.7, 3.0, 40.0])
@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_a_right_forecast_of_counts_scores_its_level(mean: float, level: float) -> None:
    rng = np.random.default_rng(2)
    got = scores.coverage(
        rng.poisson(mean, (3000, 400)).astype(float), rng.poisson(mean, 3000).astype(float), level
    )
    assert got.mean() == pytest.approx(level, abs=0.025)


def test_a_narrow_forecast_scores_less() -> None:
    rng = np.random.default_rng(3)
    got = scores.coverage(rng.poisson(40, (2000, 400)).astype(float), rng.normal(40, 14, 2000).round(), 0.9)
    assert got.mean() < 0.7


def test_printed_limits_of_counts_cover_about_their_level() -> None:
    rng = np.random.default_rng(4)
    limits = scores.count_quantiles(rng.poisson(6.0, (2000, 500)).astype(float))
    actual = rng.poisson(6.0, 2000).astype(float)
    assert scores.covered(limits[:, 0], limits[:, -1], actual) == pytest.approx(0.9, abs=0.04)
    assert scores.covered(limits[:, 2], limits[:, 4], actual) == pytest.approx(0.5, abs=0.09)
    assert (np.diff(limits, axis=1) >= 0).all()


def test_nothing_came() -> None:
    assert np.isnan(scores.wape(np.ones(2), np.zeros(2)))
    assert np.isnan(scores.bias(np.ones(2), np.zeros(2)))
