"""Over-dispersion, tails and false discovery against independent computations."""

import numpy as np
import pytest
from scipy import stats

from funnel.analysis.statistics.dispersion import estimate, false_discovery, limits, tails


def test_tails_without_extra_variance_are_the_binomials_mid_p():
    n, p, x = 40, 0.3, 6
    below, above = tails(np.array([x]), np.array([n]), np.array([p]), np.array([n * p * (1 - p)]))
    half = stats.binom.pmf(x, n, p) / 2
    assert below[0] == pytest.approx(stats.binom.cdf(x, n, p) - half, abs=1e-4)
    assert above[0] == pytest.approx(stats.binom.sf(x, n, p) + half, abs=1e-4)


def test_tails_with_extra_variance_are_the_beta_binomials():
    n, p, rho, x = 50, 0.4, 0.05, 9
    variance = n * p * (1 - p) * (1 + (n - 1) * rho)
    law = stats.betabinom(n, p * (1 / rho - 1), (1 - p) * (1 / rho - 1))
    below, above = tails(np.array([x]), np.array([n]), np.array([p]), np.array([variance]))
    assert below[0] == pytest.approx(law.cdf(x) - law.pmf(x) / 2, rel=1e-6)
    assert below[0] + above[0] == pytest.approx(1)
    low, high = limits(np.array([n]), np.array([p]), np.array([variance]))
    assert (low[0] * n, high[0] * n) == (law.ppf(0.05), law.ppf(0.95))


def test_nothing_can_be_said_of_an_empty_cell():
    below, above = tails(np.array([0.0]), np.array([0.0]), np.array([0.5]), np.array([0.0]))
    assert np.isnan(below[0])
    assert np.isnan(above[0])


@pytest.mark.parametrize("rho", [0.0, 0.01, 0.04])
def test_over_dispersion_is_found_again(rho):
    rng = np.random.default_rng(3)
    base = np.full((20, 52), 80.0)
    a = 0.4 * (1 / max(rho, 1e-9) - 1)
    rate = rng.beta(a, a * 1.5, base.shape) if rho else np.full(base.shape, 0.4)
    found = estimate(rng.binomial(80, rate).astype(float), base, np.full(20, 0.4))
    assert found.mean() == pytest.approx(rho, abs=0.004)


def test_false_discovery_is_scipys_without_weights():
    p = np.random.default_rng(1).random(50) ** 2
    assert false_discovery(p) == pytest.approx(stats.false_discovery_control(p))


def test_weights_move_the_error_to_where_something_can_be_seen():
    p, weight = np.array([0.02, 0.02, np.nan]), np.array([3.0, 1.0, 5.0])
    q = false_discovery(p, weight)
    assert q[0] == pytest.approx(0.02 / 1.5 * 2)
    assert q[0] < q[1]
    assert np.isnan(q[2])
