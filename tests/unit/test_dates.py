"""Weeks and ages, on days worked out with a calendar."""

import datetime as dt

import pytest

from funnel.dates import AsOf, age_weeks, complete_weeks, parse_date, week_of
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
