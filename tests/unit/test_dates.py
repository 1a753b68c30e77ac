"""Weeks and ages, on days worked out with a calendar."""

import datetime as dt
from collections import Counter

import pytest

from funnel.dates import (
    PERIODS,
    AsOf,
    Period,
    age_weeks,
    complete_weeks,
    parse_date,
    period_start,
    week_of,
    weeks_in,
)
from funnel.errors import InputError


@pytest.mark.parametrize(
    ("day", "monday"),
    [("2022-09-12", "2022-09-12"), ("2022-09-18", "2022-09-12"), ("2021-01-01", "2020-12-28")],
)
def test_a_week_is_named_by_its_monday(day: str, monday: str) -> None:
    assert week_of(dt.date.fromisoformat(day)) == dt.date.fromisoformat(monday)


@pytest.mark.parametrize(
    ("report_date", "age"), [("2022-09-18", -1), ("2022-09-19", 0), ("2022-09-25", 0), ("2022-09-26", 1)]
)
def test_age_counts_whole_weeks_from_the_end_of_the_week(report_date: str, age: int) -> None:
    assert age_weeks(dt.date(2022, 9, 12), dt.date.fromisoformat(report_date)) == age


def test_a_week_that_is_not_over_is_not_complete() -> None:
    assert complete_weeks(dt.date(2022, 9, 25), 1) == [dt.date(2022, 9, 12)]
    assert complete_weeks(dt.date(2022, 9, 26), 2) == [dt.date(2022, 9, 12), dt.date(2022, 9, 19)]


def test_the_cutoff_is_the_first_moment_of_the_day() -> None:
    as_of = AsOf(dt.date(2022, 9, 26), dt.datetime(2022, 9, 30, 12))
    assert as_of.cutoff == dt.datetime(2022, 9, 26)


@pytest.mark.parametrize("text", ["26.09.2022", "2022-02-30", "monday", ""])
def test_a_wrong_date_is_told_with_the_right_form(text: str) -> None:
    with pytest.raises(InputError, match="YYYY-MM-DD, such as 2022-09-26"):
        parse_date(text)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("report_date", ["2022-09-26", "2022-09-28", "2021-01-03"])
def test_every_week_counts_in_one_period_and_each_is_whole(period: Period, report_date: str) -> None:
    day = dt.date.fromisoformat(report_date)
    weeks = complete_weeks(day, 160)
    counted = Counter(period_start(week, period, day) for week in weeks)
    whole = sorted(counted)[1:-1]
    assert [counted[start] for start in whole] == [weeks_in(start, period) for start in whole]
    if period == "4weeks":
        assert counted[max(counted)] == 4, "the newest four weeks are whole at any report date"
        assert max(counted) + dt.timedelta(days=28) == week_of(day)
    if period == "quarter":
        assert all(start.day == 1 and start.month in (1, 4, 7, 10) for start in whole)
