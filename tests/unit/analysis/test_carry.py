"""Whether a good start means a good end is learnt, not assumed."""

import numpy as np

from funnel.analysis.carry import POWERS, fit_carry


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
    assert carry.power @ POWERS > 0.8
    assert carry.extra_at(np.array([8]))[0] < 0.04


def test_independent_parts_do_not() -> None:
    carry = fit_carry(*cohorts(same=False), np.ones(150), 0.125)
    assert carry.power @ POWERS < 0.4
    assert 0.06 < carry.extra_at(np.array([8]))[0] < 0.2


def test_too_few_cohorts_change_nothing() -> None:
    carry = fit_carry(np.zeros((3, 30)), np.ones((3, 30)), np.arange(3), np.ones(3), 0.1)
    assert carry.power.sum() == 1
    assert carry.extra_at(np.array([0, 50])).tolist() == [0, 0]
