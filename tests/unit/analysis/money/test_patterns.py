"""Patterns of payments by value, in invented lines whose truth is planted."""

import numpy as np
import pytest

from funnel.analysis.money.capecod import PaymentTriangle, payment_size
from funnel.analysis.money.patterns import pooled

WEEKS, HORIZON = 108, 104


def line(rng, sales, median_days, price, sigma=0.5):
    """A line's payments seen so far, and what all its cohorts pay in the end; prices vary by 40 %."""
    cohort = np.repeat(np.arange(WEEKS), rng.poisson(sales, WEEKS))
    days = rng.random(len(cohort)) * 7 + rng.lognormal(np.log(median_days), sigma, len(cohort))
    lag = (days // 7).astype(int)
    amount = price * rng.lognormal(-0.08, 0.4, len(cohort))
    seen = cohort + lag < WEEKS
    increments = np.zeros((WEEKS, HORIZON + 1))
    np.add.at(increments, (cohort[seen], lag[seen]), amount[seen])
    ages = np.arange(WEEKS)[::-1]
    return PaymentTriangle(ages, np.full(WEEKS, 100.0), increments), amount[lag <= HORIZON].sum()


def taken(triangles):
    """Payments of its own size that each value takes from the whole."""
    return [
        pattern.increments.sum() - triangle.increments.sum() / payment_size(triangle)
        for triangle, pattern in zip(triangles, pooled(triangles), strict=True)
    ]


def test_a_week_and_nine_months_keep_their_own_patterns():
    rng = np.random.default_rng(5)
    quick, slow = (line(rng, 5, days, price)[0] for days, price in ((7, 100), (270, 600)))
    assert max(taken([quick, slow])) < 5


def test_alike_lines_take_from_the_whole_and_a_difference_is_seen_in_one_of_twenty():
    alarms = 0
    for replication in range(100):
        rng = np.random.default_rng([11, replication])
        lines = [line(rng, sales, 60, price)[0] for sales, price in ((8, 100), (4, 300), (2, 50))]
        alarms += min(taken(lines)) < 48.9
    assert alarms <= 12  # of 100 with a chance of 5 %: more in one of a thousand


def test_the_size_of_a_payment_is_its_mean_and_spread_not_the_level_of_the_cohorts():
    sizes = [payment_size(line(np.random.default_rng([3, r]), 6, 60, 100)[0]) for r in range(20)]
    assert np.mean(sizes) == pytest.approx(100 * np.exp(0.4**2), rel=0.05)


def test_without_payments_the_patterns_stay_empty():
    nothing = PaymentTriangle(np.arange(5)[::-1], np.full(5, 10.0), np.zeros((5, 9)))
    assert [pattern.increments.sum() for pattern in pooled([nothing, nothing])] == [0, 0]
    assert payment_size(nothing) == 0


def test_a_slow_line_of_few_payments_keeps_its_pattern_beside_a_quick_one_of_many():
    seen = 0
    for replication in range(10):
        rng = np.random.default_rng([17, replication])
        quick, slow = (
            line(rng, sales, days, price)[0] for sales, days, price in ((7, 7, 100), (1, 270, 600))
        )
        assert 40 < slow.increments.sum() / payment_size(slow) < 120
        seen += max(taken([quick, slow])) < 5
    assert (
        seen == 10
    )  # half of such lines shared the quick one's pattern where only payments due were counted


def test_alike_lines_of_few_payments_are_hardly_ever_told_apart():
    alarms = 0
    for replication in range(100):
        rng = np.random.default_rng([19, replication])
        lines = [line(rng, sales, 60, price)[0] for sales, price in ((8, 100), (0.1, 300), (0.05, 50))]
        alarms += min(taken(lines)) < 48.9
    assert alarms <= 12
