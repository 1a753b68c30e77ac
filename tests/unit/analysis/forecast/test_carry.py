"""Whether a good start means a good end is learnt, not assumed."""

import numpy as np

from funnel.analysis.forecast.carry import PAIRS, fit_carry


def cohorts(same: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    early, late = rng.gamma(8, 1 / 8, (2, 150))
    late = early if same else late
    expected = np.zeros((150, 30))
    expected[:, :5], expected[:, 12:22] = 8.0, 4.0
    effect = np.where(np.arange(30)[None, :] < 10, early[:, None], late[:, None])
    return rng.poisson(expected * effect).astype(float), expected, np.arange(150)[::-1] + 30


def test_proportional_cohorts_carry_over() -> None:
    carry = fit_carry(*cohorts(same=True), np.ones(150), 0.125)
    assert carry.weight @ PAIRS[:, 0] > 0.8
    assert np.interp(8, carry.cuts, carry.extra @ carry.weight) < 0.04


def test_independent_parts_do_not() -> None:
    carry = fit_carry(*cohorts(same=False), np.ones(150), 0.125)
    assert carry.weight @ PAIRS[:, 0] < 0.4
    assert 0.06 < np.interp(8, carry.cuts, carry.extra @ carry.weight) < 0.2


def test_too_few_cohorts_change_nothing() -> None:
    carry = fit_carry(np.zeros((3, 30)), np.ones((3, 30)), np.arange(3), np.ones(3), 0.1)
    assert carry.weight.sum() == 1
    which = np.arange(len(PAIRS))
    _, factor, extra = carry.multipliers(np.array([0, 50]), which, np.array([3.0, 0.1]))
    assert (factor == 1).all() and (extra == 0).all()


def test_open_leads_that_told_the_truth_are_believed_and_others_are_not() -> None:
    events, expected, ages = cohorts(same=False)
    late = {cut: events[:, cut + 1 :].sum(axis=1) for cut in (0, 2, 4, 8, 13, 20)}
    rng = np.random.default_rng(2)
    noise = {cut: each[rng.permutation(150)] for cut, each in late.items()}
    for promised, pull in ((late, 0.9), (noise, 0.1)):
        carry = fit_carry(events, expected, ages, np.ones(150), 0.125, promised)
        assert abs(carry.weight @ PAIRS[:, 1] - pull) < 0.2
        # They tell cohorts apart, and promise no more in all: a usual cohort is left as it is.
        usual = np.exp(np.interp([4.0], carry.cuts, carry.usual))
        _, factor, _ = carry.multipliers(np.array([4]), np.arange(len(PAIRS)), usual)
        assert abs(factor[0] @ carry.weight - 1) < 0.15
