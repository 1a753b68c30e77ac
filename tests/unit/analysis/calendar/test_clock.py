"""Time that passes slowly in holidays: counted by hand, and learnt from planted weeks."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.calendar.clock import Clock, clocks_of, steady
from funnel.analysis.cube.triangles import Triangle
from funnel.calendar import NO_CALENDAR, calendar_of, month_end_share, new_year_share, working_share

LAGS = 53
FIRST = dt.date(2020, 1, 6)


def seen(pace: np.ndarray, cohorts: int, rng: np.random.Generator | None) -> Triangle:
    """Return 300 leads a week of whom 30 % buy after an exponential time of 6 weeks of the company's own."""
    ends = np.concatenate([[0.0], np.cumsum(pace)])
    ages = np.arange(cohorts)[::-1]
    passed = np.array([ends[c : c + LAGS + 1] - ends[c] for c in range(cohorts)])
    share = 0.3 * np.diff(-np.exp(-passed / 6), axis=1)
    lived = (np.arange(LAGS)[None, :] <= ages[:, None]).astype(float)
    events = 300 * share if rng is None else rng.poisson(300 * share).astype(float)
    weeks = pd.date_range(FIRST, periods=cohorts, freq="7D")
    return Triangle(weeks, ages, np.full(cohorts, 300.0), events * lived, lived)


def test_a_week_of_half_a_pace_is_half_a_week() -> None:
    clock = Clock(np.array([0.0, 1.0, 1.5, 2.5, 3.5, 4.5]))
    lived = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    events = np.array([[8.0, 4.0, 2.0], [6.0, 6.0, 0.0], [5.0, 0.0, 0.0]])
    weeks = pd.date_range(FIRST, periods=3, freq="7D")
    paced = clock.paced(Triangle(weeks, np.array([2, 1, 0]), np.full(3, 99.0), events, lived))
    # The second cohort's own week is slow: by its end its leads have lived a quarter of a week, not a half,
    # and by the end of the next one and a quarter: the lags end at 0.5 and 1.75 instead of 1 and 2.
    assert paced.events.round(9).tolist() == [[8.0, 5.0, 1.0], [8.4, 3.6, 0.0], [5.0, 0.0, 0.0]]
    assert paced.lived.tolist() == [[1.0, 1.0, 0.5], [1.0, 0.75, 0.0], [1.0, 0.0, 0.0]]


def test_without_a_calendar_and_a_rhythm_every_week_is_like_another() -> None:
    pace = np.ones(120 + LAGS)
    triangle = seen(pace, 120, np.random.default_rng(1))
    clock = clocks_of([triangle], NO_CALENDAR)[0]
    assert clock.even and clock.paced(triangle) is triangle
    assert steady(10).even


def test_quiet_holidays_are_learnt_and_give_back_the_delay() -> None:
    cohorts = 130
    days = [FIRST + dt.timedelta(weeks=n) for n in range(cohorts + LAGS)]
    calendar = calendar_of("RU", FIRST, days[-1] + dt.timedelta(days=7))
    free = 1 - working_share(calendar, days)
    pace = np.maximum(1 - 0.9 * free, 0.1)
    pace /= pace.mean()
    triangle = seen(pace, cohorts, np.random.default_rng(2))
    clock = clocks_of([triangle], calendar)[0]
    learnt = np.diff(clock.ends)[: len(pace)]
    quiet = free > 0.5
    assert quiet.sum() >= 4
    assert learnt[quiet].mean() == pytest.approx(pace[quiet].mean(), abs=0.15)
    assert learnt[free == 0].mean() == pytest.approx(pace[free == 0].mean(), abs=0.03)
    paced = clock.paced(triangle)
    assert paced.events.sum() == pytest.approx(triangle.events.sum())
    old = slice(0, cohorts - LAGS)
    true = np.diff(-np.exp(-np.arange(LAGS + 1.0) / 6))
    got = paced.events[old].sum(axis=0) / paced.events[old].sum()
    assert np.abs(np.cumsum(got) - np.cumsum(true / true.sum())).max() < 0.02


def test_the_end_of_the_month_counts_only_where_it_stands_out() -> None:
    cohorts = 130
    days = [FIRST + dt.timedelta(weeks=n) for n in range(cohorts + LAGS)]
    last = [any((day + dt.timedelta(days=n + 1)).day == 1 for n in range(7)) for day in days]
    pace = np.where(last, 2.0, 0.7)
    clock = clocks_of([seen(pace / pace.mean(), cohorts, np.random.default_rng(3))], NO_CALENDAR)[0]
    learnt = np.diff(clock.ends)[: len(pace)]
    ends = np.array(last)
    assert learnt[ends].mean() > 1.4 > 1.0 > learnt[~ends].mean()


def test_a_month_written_down_in_the_next_ones_first_days_is_known_as_that() -> None:
    cohorts = 130
    days = [FIRST + dt.timedelta(weeks=n) for n in range(cohorts + LAGS)]
    first = np.array([sum((day + dt.timedelta(days=n)).day <= 3 for n in range(7)) / 3 for day in days])
    pace = 0.4 + 2.6 * first
    pace /= pace.mean()
    triangle = seen(pace, cohorts, np.random.default_rng(4))
    ended, closed = (seen(one, cohorts, np.random.default_rng(4)) for one in (_ended(days), pace))
    of_ends, of_beginnings = clocks_of([ended, closed], NO_CALENDAR)
    learnt = np.diff(of_beginnings.ends)[: len(pace)]
    assert np.abs(learnt - pace).mean() < 0.1, "the whole of it, not what months' ends share with it"
    paced = of_beginnings.paced(triangle)
    old = slice(0, cohorts - LAGS)
    true = np.diff(-np.exp(-np.arange(LAGS + 1.0) / 6))
    got = paced.events[old].sum(axis=0) / paced.events[old].sum()
    assert np.abs(np.cumsum(got) - np.cumsum(true / true.sum())).max() < 0.02
    assert np.abs(np.diff(of_ends.ends)[: len(pace)] - _ended(days)).mean() < 0.1, "each stage its own"


def _ended(days: list[dt.date]) -> np.ndarray:
    """Return the pace of a company that closes its months on their last two working days."""
    pace = 0.4 + 2.6 * month_end_share(NO_CALENDAR, days)
    return pace / pace.mean()


def test_each_stage_has_its_own_end_of_the_month() -> None:
    cohorts = 130
    days = [FIRST + dt.timedelta(weeks=n) for n in range(cohorts + LAGS)]
    ends = np.array([any((day + dt.timedelta(days=n + 1)).day == 1 for n in range(7)) for day in days])
    pace = np.where(ends, 1.5, 0.85)
    even, hasty = (
        seen(one, cohorts, np.random.default_rng(3)) for one in (np.ones(len(days)), pace / pace.mean())
    )
    first, second = clocks_of([even, hasty], NO_CALENDAR)
    assert first.even
    learnt = np.diff(second.ends)[: len(pace)]
    assert learnt[ends].mean() == pytest.approx(pace[ends].mean() / pace.mean(), abs=0.1)
    assert learnt[~ends].mean() == pytest.approx(pace[~ends].mean() / pace.mean(), abs=0.1)


def test_what_is_known_of_a_slow_company_begins_with_the_first_known_week() -> None:
    """The first week of the first cohort ends at lag 1 of this time too: from there on times are known."""
    clock = Clock(np.array([0.0, 1.0, 1.5, 2.5, 3.5, 4.5]))
    weeks = pd.date_range(FIRST, periods=2, freq="7D")
    lived, known = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]), np.array([[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    events = np.zeros_like(lived)
    paced = clock.paced(Triangle(weeks, np.array([2, 1]), np.full(2, 9.0), events, lived, events, known))
    assert paced.known is not None
    assert paced.known.tolist() == [[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]


def test_a_young_company_takes_the_pace_of_holidays_that_others_have() -> None:
    """Too little was seen to learn it: a free day is worth 0.2 of a day, one around New Year 0.6."""
    first = dt.date(2020, 10, 5)
    days = [first + dt.timedelta(weeks=n) for n in range(20 + LAGS)]
    calendar = calendar_of("RU", first, days[-1] + dt.timedelta(days=7))
    ages = np.arange(20)[::-1]
    lived = (np.arange(LAGS)[None, :] <= ages[:, None]).astype(float)
    triangle = Triangle(pd.date_range(first, periods=20, freq="7D"), ages, np.full(20, 9.0), 0 * lived, lived)
    pace = np.diff(clocks_of([triangle], calendar)[0].ends)[: len(days)]
    free, year = 1 - working_share(calendar, days), new_year_share(calendar, days)
    assert year.max() > 0.5 > free[0] == year[0]
    wanted = np.maximum(1 - 0.8 * free - 0.4 * year, 0.1)
    assert (pace / pace[0]).tolist() == pytest.approx(wanted.tolist(), abs=1e-9)
