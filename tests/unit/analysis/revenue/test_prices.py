"""The level of payments, in invented histories whose level is planted."""

import numpy as np
import pytest

from funnel.analysis.revenue.prices import AHEAD, _filtered, follow

WEEKS, A_MONTH = 104, 365.25 / 12 / 7


def history(seed, number=12, rise=0.0, dear=0.0):
    """Payments by week whose mean is 1000 in the week ahead and rises so much a month; some cost 50 x."""
    rng = np.random.default_rng([21, seed])
    payments = rng.poisson(number, WEEKS).astype(float)
    level = 1000 * (1 + rise) ** (np.arange(-WEEKS, 0) / A_MONTH)
    amount = [
        (one * rng.lognormal(-0.18, 0.6, int(count)) * np.where(rng.random(int(count)) < dear, 50, 1)).sum()
        for one, count in zip(level, payments, strict=True)
    ]
    return payments, np.array(amount)


@pytest.mark.parametrize("rise", [0.0, 0.02, -0.02])
def test_the_level_is_followed_into_the_quarter_ahead(rise):
    true = 1000 * ((1 + rise) ** (np.arange(13) / A_MONTH)).mean()
    told = [follow(*history(seed, rise=rise)) for seed in range(30)]
    errors = np.array([one.mean[:13].mean() / true - 1 for one in told])
    assert abs(errors.mean()) < 0.03  # a mean over the past: -19 and +25 %
    inside = [abs(one.mean[:13].mean() - true) < 1.28 * one.error[:13].mean() for one in told]
    assert sum(inside) >= 20  # of 30 with a chance of 80 %


def test_steady_prices_cost_little_and_do_not_widen_much():
    told = [follow(*history(seed)) for seed in range(30)]
    errors = np.array([one.mean[:13].mean() / 1000 - 1 for one in told])
    # Who knows that nothing changes errs by 0.66 / sqrt(12 * 104) = 2 %.
    assert np.sqrt((errors**2).mean()) < 0.04
    assert np.mean([one.error[:13].mean() for one in told]) < 50
    assert np.mean([one.spread for one in told]) == pytest.approx(0.66, rel=0.1)


def test_a_few_very_large_payments_are_neither_forgotten_nor_taken_for_a_rise():
    told = [follow(*history(seed, dear=1 / 200)) for seed in range(40)]
    mean = 1000 * (1 + 49 / 200)
    now, later = (np.array([one.mean[week] for one in told]) for week in (0, 26))
    assert now.mean() == pytest.approx(mean, rel=0.08)
    assert later.max() < 2.5 * mean and later.min() > 0.4 * mean


def test_the_error_grows_with_the_weeks_ahead():
    error = follow(*history(3)).error
    assert len(error) == AHEAD and (np.diff(error) > 0).all()


def test_a_fixed_price_and_refunds_beyond_the_payments_have_a_mean_too():
    fixed = follow(np.full(20, 3.0), np.full(20, 300.0))
    assert fixed.mean[[0, 50]] == pytest.approx([100, 100]) and fixed.error[0] == pytest.approx(0)
    back = follow(np.array([2.0, 2.0]), np.array([100.0, -300.0]))
    assert back.mean[0] == pytest.approx(-50) and np.isfinite(back.error).all()


def test_what_is_uncertain_of_a_level_grows_with_it() -> None:
    """Two weeks by hand: one payment is seen, then none."""
    growth = np.array([0.1, 0.0])
    _, level, variance = _filtered(np.array([1.0, 0.0]), np.array([1.5, 0.0]), 0.5, growth, np.zeros(2))
    for one, (told, sure) in zip(growth, zip(level, variance, strict=True), strict=True):
        start = np.exp(-one)
        gain = start**2 / (start**2 + 0.25)
        assert told == pytest.approx((start + gain * (1.5 - start)) * np.exp(2 * one))
        assert sure == pytest.approx(start**2 * (1 - gain) * np.exp(4 * one))
