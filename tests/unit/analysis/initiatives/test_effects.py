"""The effect of something done, against closed forms and planted truth."""

import numpy as np
import pytest

from funnel.analysis.initiatives import effects
from funnel.analysis.initiatives.effects import Series, fit
from funnel.analysis.initiatives.verdict import scoreboard, seen, verdict

WEEKS = np.arange(39)
AFTER = (WEEKS >= 26).astype(float)


def one(rate_before, rate_after, base=1000.0):
    x = np.where(AFTER > 0, rate_after, rate_before) * base
    return Series(x[None, :], np.full((1, 39), base), AFTER[None, :])


def test_counts_that_fit_exactly_give_the_exact_change():
    fitted = fit(one(0.10, 0.12))
    assert fitted.change == pytest.approx(0.2, rel=0.01)
    low, high = fitted.interval()
    assert low < 0.2 < high


def test_without_shock_and_drift_the_error_is_the_binomials(monkeypatch):
    monkeypatch.setattr(effects, "SHOCKS", (0.0,))
    monkeypatch.setattr(effects, "DRIFTS", (0.0,))
    fitted = fit(one(0.10, 0.12))
    expected = np.sqrt((1 - 0.12) / (13 * 120) + (1 - 0.10) / (26 * 100))
    assert fitted.error == pytest.approx(expected, rel=0.01)


def test_what_moves_treated_and_control_alike_is_no_effect():
    common = np.where(AFTER > 0, 0.5, 1.0) * (1 + 0.2 * np.sin(WEEKS))
    base = np.full((2, 39), 400.0)
    x = np.stack([0.3 * common * (1 + 0.25 * AFTER), 0.2 * common]) * base
    fitted = fit(Series(x, base, np.stack([AFTER, 0 * AFTER])))
    assert fitted.change == pytest.approx(0.25, abs=0.02)


def test_a_staggered_roll_out_uses_those_not_yet_treated():
    later = (WEEKS >= 32).astype(float)
    common = 1 - 0.3 * AFTER
    base = np.full((2, 39), 400.0)
    x = np.stack([0.2 * common * (1 + 0.5 * AFTER), 0.3 * common * (1 + 0.5 * later)]) * base
    assert fit(Series(x, base, np.stack([AFTER, later]))).change == pytest.approx(0.5, abs=0.03)


def test_no_sale_after_the_start_still_gives_an_interval():
    x = np.where(AFTER > 0, 0.0, 3.0)
    fitted = fit(Series(x[None, :], np.full((1, 39), 60.0), AFTER[None, :]))
    low, high = fitted.interval()
    assert fitted.change < -0.8
    assert low < high < 0
    assert np.isfinite([low, high]).all()


@pytest.mark.parametrize("base", [np.zeros((1, 39)), np.where(AFTER > 0, 100.0, 0.0)[None, :]])
def test_nothing_before_or_nothing_at_all_cannot_be_measured(base):
    assert fit(Series(base / 10, base, AFTER[None, :])) is None


@pytest.mark.parametrize("controls", [0, 1])
def test_intervals_cover_what_was_planted(controls):
    rng = np.random.default_rng(7)
    covered, runs = 0, 60
    for _ in range(runs):
        shock = np.exp(rng.normal(0, 0.12, 39))
        series = [0.06 * shock * (1 + 0.3 * AFTER)] + [0.05 * shock] * controls
        base = rng.poisson(250, (1 + controls, 39)).astype(float)
        x = rng.binomial(base.astype(int), np.array(series)).astype(float)
        low, high = fit(Series(x, base, np.stack([AFTER, 0 * AFTER][: 1 + controls]))).interval()
        covered += low <= 0.3 <= high
    assert 0.80 <= covered / runs <= 0.99


@pytest.mark.parametrize(
    ("measured", "low", "high", "says"),
    [
        (-0.12, -0.2, -0.03, "confirmed"),  # expected -10 %
        (-0.03, -0.05, -0.01, "partly"),
        (0.1, 0.02, 0.2, "refuted"),
        (0.0, -0.05, 0.05, "refuted"),
        (-0.05, -0.15, 0.06, "no effect seen"),
    ],
)
def test_a_fall_that_was_hoped_for_is_judged_like_a_rise(measured, low, high, says):
    assert verdict(-0.1, measured, low, high) == says


def test_the_scoreboard_counts_hypotheses_and_ignores_the_rest():
    import pandas as pd

    rows = [
        ("a", 0.2, 0.1, 0.05, 0.25, "confirmed"),
        ("a", np.nan, 0.5, 0.4, 0.6, ""),
        ("b", 0.3, 0.05, -0.1, 0.2, "refuted"),
        ("b", 0.1, np.nan, np.nan, np.nan, "too early"),
    ]
    names = ["initiative", "expected_change", "measured_change", "low", "high", "verdict"]
    board = scoreboard(pd.DataFrame(rows, columns=names)).set_index("initiative")
    assert board.loc["", ["hypotheses", "confirmed", "refuted", "too_early"]].tolist() == [3, 1, 1, 1]
    assert board.loc["a", "verdict"] == "confirmed"
    assert board.loc["b", "verdict"] == "too early"
    assert board.loc["", "inside"] == 0.5
    assert board.loc["", "boldness"] == pytest.approx((0.2 + 0.3) / (0.1 + 0.05))


def test_what_came_in_the_other_direction_is_not_what_was_promised():
    import pandas as pd

    names = ["initiative", "expected_change", "measured_change", "low", "high", "verdict"]
    rows = [
        ("fell", 0.2, -0.2, -0.3, -0.1, "refuted"),
        ("grew", -0.1, -0.2, -0.3, -0.1, "confirmed"),
        ("grew", 0.4, 0.1, 0.0, 0.2, "partly"),
    ]
    board = scoreboard(pd.DataFrame(rows, columns=names)).set_index("initiative")
    assert np.isnan(board.loc["fell", "boldness"])
    assert board.loc["grew", "boldness"] == pytest.approx(0.5 / 0.3)
    assert board.loc["", "boldness"] == pytest.approx(0.7 / 0.1)


def test_an_interval_that_ends_at_zero_shows_no_change():
    assert [seen(*ends) for ends in ((-0.2, 0.0), (0.0, 0.2), (-0.2, -0.01), (0.01, 0.2))] == [
        False,
        False,
        True,
        True,
    ]


def test_weeks_without_leads_count_for_nothing():
    whole = one(0.10, 0.12)
    base = whole.base.copy()
    base[0, [5, 30]] = 0
    fitted = fit(Series(np.where(base > 0, whole.reached, 0), base, whole.treated))
    assert fitted.change == pytest.approx(0.2, rel=0.01)
    assert 0 < fitted.error < 1.2 * fit(whole).error
