"""How unevenly a company closes: planted weeks, and companies that close as evenly as chance lets them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from funnel.analysis.cube.triangles import Triangle
from funnel.analysis.forecast.conversion import CHANGED, Model, StageFit, fit_model, fit_stage
from funnel.analysis.forecast.rhythm import FEWEST, uneven

Floats = npt.NDArray[np.float64]
WEEKS, LAGS, LEADS = 140, 53, 600.0
HAZARD = 0.1 * np.diff(-np.exp(-np.arange(LAGS + 1.0) / 5))
"""One lead in ten converts, after five weeks on average: about 60 a week."""


def fitted(seed: int, factor: Floats, weeks: int = WEEKS, rate: float = 1.0, until: int = LAGS) -> StageFit:
    """Return a fit to a history in which every calendar week brings so many times its share.

    Args:
        seed: of chance.
        factor: by calendar week.
        weeks: of the history.
        rate: how many times the conversions of the usual company.
        until: lags below it are those that the factor moves.
    """
    rng = np.random.default_rng([11, seed])
    week = np.arange(weeks)[:, None] + np.arange(LAGS)[None, :]
    lived = (week < weeks).astype(float)
    moved = np.where(np.arange(LAGS)[None, :] < until, factor[np.minimum(week, weeks - 1)], 1.0)
    events = rng.poisson(LEADS * rate * HAZARD * moved) * lived
    ages = np.arange(weeks)[::-1]
    dates = pd.date_range("2020-01-06", periods=weeks, freq="7D")
    return fit_stage(Triangle(dates, ages, np.full(weeks, LEADS), events, lived), draws=2)


def planted(seed: int, variance: float, weeks: int = WEEKS) -> Floats:
    """Return factors of mean 1 that differ from week to week with a relative variance."""
    drawn = np.random.default_rng([12, seed]).gamma(1 / variance, variance, weeks)
    return drawn / drawn.mean()


@lru_cache(maxsize=1)
def even() -> list[StageFit]:
    return [fitted(seed, np.ones(WEEKS)) for seed in range(12)]


@lru_cache(maxsize=1)
def restless() -> list[tuple[StageFit, Floats]]:
    made = [planted(seed, 0.2) for seed in range(12)]
    return [(fitted(seed, factor), factor) for seed, factor in enumerate(made)]


@pytest.mark.parametrize("weeks", [1, 4, 8, 13, 26])
def test_an_even_company_has_about_none(weeks: int) -> None:
    found = [uneven(fit, weeks) for fit in even()]
    assert min(found) == 0.0
    # A deviation of 5 % in any span, where chance alone makes 13 % of a week's 60 and 6 % of four weeks'.
    assert np.mean(found) < 0.05**2
    assert np.mean([one == 0 for one in found]) >= 0.5


@pytest.mark.parametrize(("weeks", "least"), [(1, 0.7), (4, 0.6), (8, 0.35)])
def test_planted_unevenness_is_found_nearly_as_large_as_it_is(weeks: int, least: float) -> None:
    told, true = [], []
    for fit, factor in restless():
        told.append(uneven(fit, weeks))
        true.append(np.convolve(factor, np.ones(weeks) / weeks, mode="valid").var())
    # Never more. The longer the span, the more of it the fit takes for the level and the luck of cohorts.
    assert least * np.mean(true) < np.mean(told) < 1.1 * np.mean(true)


def test_of_spans_too_long_to_be_seen_often_it_falls_as_their_number_grows() -> None:
    fit = restless()[0][0]
    longest = WEEKS // FEWEST
    assert uneven(fit, longest) > 0
    assert uneven(fit, 2 * longest) == pytest.approx(uneven(fit, longest) / 2)
    assert uneven(fit, 4 * longest) == pytest.approx(uneven(fit, longest) / 4)


def test_the_weeks_that_are_judged_do_not_count() -> None:
    late = np.ones(WEEKS)
    late[-8:] = [3, 0, 3, 0, 3, 0, 3, 0]
    fits = [fitted(seed, late) for seed in range(6)]
    assert np.mean([uneven(fit, 1) for fit in fits]) > 0.05
    assert np.mean([uneven(fit, 1, leave=8) for fit in fits]) < 0.01


def test_it_can_be_asked_of_young_cohorts_alone() -> None:
    # Only the first three weeks of a cohort's life come unevenly.
    fits = [fitted(seed, planted(seed, 0.3), until=3) for seed in range(8)]
    young, old, all_ages = (
        np.mean([uneven(fit, 1, ages=ages) for fit in fits]) for ages in ((-1, 2), (5, 20), None)
    )
    assert 0.15 < young < 0.4
    assert old < 0.02
    assert old < all_ages < young


def test_chance_alone_is_hardly_ever_told_as_unevenness() -> None:
    # What is found is taken less its standard error: one even company in six is beyond that, not one in two.
    found = [uneven(fit, weeks) for fit in even() for weeks in (1, 2, 4)]
    assert np.mean([one == 0 for one in found]) >= 0.75


def test_a_level_that_falls_slowly_is_no_unevenness() -> None:
    falling = np.linspace(1.6, 0.4, WEEKS)
    found = [uneven(fitted(seed, falling), weeks) for seed in range(6) for weeks in (1, 4)]
    assert np.mean(found) < 0.01  # 0.18 beside one level for all


def test_chance_of_few_conversions_is_no_unevenness() -> None:
    few = [uneven(fitted(seed, np.ones(WEEKS), rate=0.05), 1) for seed in range(10)]  # three a week
    assert np.mean(few) < 0.03  # chance alone makes a variance of a third


def test_too_short_a_record_tells_nothing() -> None:
    assert uneven(fitted(1, planted(1, 0.5, FEWEST - 1), weeks=FEWEST - 1), 1) == 0.0
    fit = fitted(1, planted(1, 0.5))
    assert uneven(fit, 1) > 0
    assert uneven(fit, 1, leave=WEEKS - FEWEST + 1) == 0.0
    nobody = fitted(1, np.zeros(WEEKS))
    assert uneven(nobody, 4) == 0.0


def closing(seed: int, slower: float = 1.0) -> Model:
    """Return a fit to a company that closes in the last week of four; the newest 26 cohorts may be slower."""
    rng, weeks, lags = np.random.default_rng([13, seed]), 96, np.arange(136)
    week = np.arange(weeks)[:, None] + lags[None, :]
    mean = np.where(np.arange(weeks) < weeks - 26, 14.0, 14.0 * slower)[:, None]
    hazard = 0.05 * np.exp(-lags / mean) * -np.expm1(-1 / mean) * np.where(week % 4 == 3, 2.8, 0.4)
    lived = (week < weeks).astype(float)
    return fit_model(rng.poisson(2000 * hazard) * lived, 2000 * lived, np.arange(weeks)[::-1])


def test_a_month_that_ends_is_no_change_of_the_delay_and_a_change_is_found_all_the_same() -> None:
    # Young cohorts have their events in one week: a test that knows no weeks told 4.6 to 7.3 here.
    assert max(closing(seed).change_z for seed in range(8)) < CHANGED
    assert np.mean([closing(seed, 2.0).change_z > CHANGED for seed in range(8)]) >= 0.6


def test_of_an_age_the_lags_count_that_its_cohorts_live_through() -> None:
    """Of cohorts 4 to 7 weeks old and a span of 4 weeks, lags 5 to 9: added up here lead by lead."""
    fit = fitted(3, planted(3, 0.5))
    events, due = fit.triangle.told(), fit.due
    came, wanted = np.zeros(WEEKS), np.zeros(WEEKS)
    for cohort in range(WEEKS):
        for lag in range(5, 10):
            if cohort + lag < WEEKS:
                came[cohort + lag] += events[cohort, lag]
                wanted[cohort + lag] += due[cohort, lag]
    spans = [(came[at : at + 4].sum(), wanted[at : at + 4].sum()) for at in range(WEEKS - 3)]
    got, due_then = (np.array(each) for each in zip(*[one for one in spans if one[1] >= 1], strict=True))
    square = (due_then**2).mean()
    error = np.sqrt(2 * square + due_then.mean()) / square / np.sqrt(WEEKS / 4)
    excess = ((got - due_then) ** 2 - due_then).mean() / square - error
    assert uneven(fit, 4, ages=(4, 7)) == pytest.approx(excess)
    assert excess > 0.01
