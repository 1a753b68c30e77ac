"""The level of conversion: pooled where constant, followed where it drifts, sane where nothing is sold."""

import numpy as np
import pytest

from funnel.analysis.statistics.credibility import fit_levels


def test_a_cohort_that_has_shown_nothing_gets_the_level_of_the_others() -> None:
    expected = np.array([20.0] * 60 + [0.0])
    events = np.random.default_rng(3).poisson(1.3 * expected).astype(float)
    effect = fit_levels(events, expected[:, None]).effect()
    assert effect[-1] == pytest.approx(events.sum() / expected.sum(), abs=0.03)


def test_zero_sale_weeks_are_shrunk_not_taken_at_their_word() -> None:
    rng = np.random.default_rng(5)
    events = rng.poisson(2.0, 80).astype(float)
    effect = fit_levels(events, np.full((80, 1), 2.0)).effect()
    assert effect[events == 0].min() > 0.5
    assert effect[events == events.max()].max() < events.max() / 2


def test_a_step_of_the_base_is_followed() -> None:
    truth = np.where(np.arange(120) < 90, 1.0, 0.6)
    events = np.random.default_rng(7).poisson(30 * truth).astype(float)
    level = fit_levels(events, np.full((120, 1), 30.0)).level()
    assert level[:80].mean() == pytest.approx(1.0, abs=0.05)
    assert level[-10:].mean() == pytest.approx(0.6, abs=0.08)


def test_a_cohort_s_own_spread_is_learnt() -> None:
    rng = np.random.default_rng(9)
    even = fit_levels(rng.poisson(40.0, 100).astype(float), np.full((100, 1), 40.0))
    uneven = fit_levels(rng.poisson(40 * rng.gamma(10, 0.1, 100)).astype(float), np.full((100, 1), 40.0))
    assert even.spread @ even.weight < 0.02
    assert uneven.spread @ uneven.weight == pytest.approx(0.1, abs=0.05)


def test_draws_agree_with_the_mean_and_neighbours_err_together() -> None:
    rng = np.random.default_rng(11)
    expected = np.concatenate([np.full(50, 10.0), np.full(10, 0.1)])[:, None]
    levels = fit_levels(rng.poisson(expected[:, 0]).astype(float), expected)
    drawn = levels.draw(rng, levels.components(rng, 4000), ahead=5)
    assert drawn.shape == (65, 4000)
    assert drawn[:60].mean(axis=1) == pytest.approx(levels.effect(), rel=0.05)
    assert drawn[60:].mean() == pytest.approx(levels.level()[-1], rel=0.05)


def test_only_a_cohort_s_own_luck_fades_and_its_mean_stays() -> None:
    rng = np.random.default_rng(12)
    events = rng.poisson(6.0, 60).astype(float)
    events[30] = 14
    levels = fit_levels(events, np.full((60, 1), 3.0))
    which = levels.components(rng, 20_000)
    none, half, whole = (
        levels.draw(np.random.default_rng(4), which, power=np.full(len(which), power))[30].mean()
        for power in (0.0, 0.5, 1.0)
    )
    # Twice of what was expected at effect 1 is the level, and it stays; the luck beside it goes.
    assert none == pytest.approx(2.0, rel=0.1)
    assert none * 1.05 < half < whole
    assert half == pytest.approx(np.sqrt(none * whole), rel=0.03)
    assert whole == pytest.approx(levels.effect()[30], rel=0.03)


def test_a_slice_starts_at_the_whole() -> None:
    effect = fit_levels(np.array([1.0]), np.array([[0.2]]), start=0.02).effect()
    assert effect[0] == pytest.approx(1.0, abs=0.15)


def test_levels_are_smoothed_backwards_from_the_newest_cohort_each_by_the_next() -> None:
    """The Rauch-Tung-Striebel smoother of a walk at random, on the logs, written out cohort by cohort."""
    events = np.array([40.0, 10.0, 25.0, 60.0])
    levels = fit_levels(events, np.full((4, 1), 30.0))
    smooth = np.log(levels.mean.copy())
    for cohort in (2, 1, 0):
        known, step = levels.variance[cohort], levels.drift
        smooth[cohort] += known / (known + step) * (smooth[cohort + 1] - smooth[cohort])
    assert levels.level().tolist() == pytest.approx((np.exp(smooth) @ levels.weight).tolist())
    assert abs(levels.level()[2] - levels.mean[2] @ levels.weight) > 0.01


def test_drawn_effects_are_the_expected_ones_on_average() -> None:
    """A level is drawn on the log: half its variance is taken off, so that its mean stays what it is."""
    events = np.array([4.0, 2.0, 5.0, 3.0, 1.0])
    levels = fit_levels(events, np.full((5, 1), 3.0))
    rng = np.random.default_rng(2)
    drawn = levels.draw(rng, levels.components(rng, 60_000)).mean(axis=1)
    assert drawn.tolist() == pytest.approx(levels.effect().tolist(), rel=0.05)
