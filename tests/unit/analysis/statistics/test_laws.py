"""Tails and quantiles are those of scipy.stats, also far out and for odd parameters."""

import numpy as np
import pytest
from scipy import stats

from funnel.analysis.statistics import laws

MEAN, SIZE = (grid.ravel() for grid in np.meshgrid([0.01, 0.7, 12.0, 900.0], [0.2, 3.3, 50.0, 1e4, 1e9]))


def test_the_negative_binomial_is_that_of_scipy() -> None:
    other = stats.nbinom(SIZE, SIZE / (SIZE + MEAN))
    for count in (-1, 0, 1, 7, 850, 2000):
        assert laws.negative_binomial_below(count, MEAN, SIZE) == pytest.approx(other.cdf(count), rel=1e-7)
        assert laws.negative_binomial_above(count, MEAN, SIZE) == pytest.approx(
            other.sf(count), rel=1e-6, abs=1e-290
        )


@pytest.mark.parametrize("chance", [0.001, 0.05, 0.5, 0.95, 0.9999])
def test_a_quantile_is_the_least_count_that_has_the_chance(chance: float) -> None:
    found = laws.negative_binomial_quantile(chance, MEAN, SIZE)
    other = stats.nbinom(SIZE, SIZE / (SIZE + MEAN))
    assert (other.cdf(found) >= chance - 1e-12).all()
    assert (other.cdf(found - 1) < chance + 1e-12).all()


def test_the_other_laws_are_those_of_scipy() -> None:
    for at in (0.1, 2.0, 9.0, 40.0):
        assert laws.chi2_above(at, 5) == pytest.approx(stats.chi2.sf(at, 5), rel=1e-9)
        assert laws.f_above(at, 3, 17.5) == pytest.approx(stats.f.sf(at, 3, 17.5), rel=1e-9)
        assert laws.normal_above(at) == pytest.approx(stats.norm.sf(at), rel=1e-9)
        assert laws.t_below(-at, 7.5) == pytest.approx(stats.t.cdf(-at, 7.5), rel=1e-9)
    for chance in (0.001, 0.4, 0.975):
        assert laws.normal_quantile(chance) == pytest.approx(stats.norm.ppf(chance), rel=1e-9)
        assert laws.t_quantile(chance, 7.5) == pytest.approx(stats.t.ppf(chance, 7.5), rel=1e-7)
    assert laws.binomial_below(3, 13, 0.8) == pytest.approx(stats.binom.cdf(3, 13, 0.8), rel=1e-9)


def test_a_binomial_quantile_is_the_least_count_that_reaches_the_chance() -> None:
    """The half of one throw of a coin is reached by no head at all."""
    assert laws.binomial_quantile(0.5, np.array([1.0, 2.0]), 0.5).tolist() == [0.0, 1.0]
