"""Working days, as decreed; the decrees are those printed in the production calendars of Russia."""

import datetime as dt
import json

import pytest
from pydantic import TypeAdapter

from funnel.calendar import NO_CALENDAR, Calendar, calendar_of, month_end_share, working_share
from funnel.publish.archive import Manifest

# Working days of a month, five-day week: production calendars of 2022 and 2024.
PRINTED = {
    (2022, 1): 16, (2022, 2): 19, (2022, 3): 22, (2022, 4): 21, (2022, 5): 18, (2022, 6): 21,
    (2022, 11): 21, (2022, 12): 22, (2024, 1): 17,
    (2024, 4): 21, (2024, 5): 20, (2024, 11): 21, (2024, 12): 21,
}  # fmt: skip


def days_of(year: int) -> list[dt.date]:
    first = dt.date(year, 1, 1)
    return [first + dt.timedelta(days=number) for number in range((dt.date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize(("month", "worked"), PRINTED.items())
def test_russia_works_as_many_days_a_month_as_its_production_calendar_says(
    month: tuple[int, int], worked: int
) -> None:
    calendar = calendar_of("RU", dt.date(2021, 12, 1), dt.date(2025, 1, 31))
    assert sum(calendar.works(day) for day in days_of(month[0]) if day.month == month[1]) == worked


def test_a_week_of_holidays_is_none_and_a_moved_saturday_is_a_sixth_day() -> None:
    calendar = calendar_of("RU", dt.date(2021, 12, 1), dt.date(2022, 12, 31))
    weeks = [dt.date(2022, 1, 3), dt.date(2022, 2, 28), dt.date(2022, 3, 7), dt.date(2022, 7, 4)]
    assert working_share(calendar, weeks).tolist() == [0.0, 1.2, 0.6, 1.0]


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    epiphany = dt.date(2022, 1, 6)
    assert not calendar_of("DE-BY", epiphany, epiphany).works(epiphany)
    assert calendar_of("DE", epiphany, epiphany).works(epiphany)


def test_where_friday_is_free_sunday_is_worked() -> None:
    friday, sunday = dt.date(2023, 6, 9), dt.date(2023, 6, 11)
    calendar = calendar_of("IL", friday, sunday)
    assert not calendar.works(friday)
    assert calendar.works(sunday)


def test_a_year_that_is_not_decreed_yet_has_the_holidays_of_the_law() -> None:
    calendar = calendar_of("RU", dt.date(2090, 1, 1), dt.date(2090, 12, 31))
    assert not calendar.works(dt.date(2090, 1, 5))
    assert not calendar.worked


def test_without_a_country_every_monday_to_friday_is_worked() -> None:
    assert calendar_of("", dt.date(2022, 1, 1), dt.date(2022, 12, 31)) == NO_CALENDAR
    assert working_share(NO_CALENDAR, [dt.date(2022, 1, 3)]).tolist() == [1.0]


def test_the_end_of_a_month_is_its_last_two_working_days() -> None:
    calendar = calendar_of("RU", dt.date(2022, 1, 1), dt.date(2025, 1, 31))
    # April 2022 ends on Saturday: 28 and 29. December 2024 ends with 27 and 28, as 30 and 31 are free.
    weeks = [dt.date(2022, 4, 18), dt.date(2022, 4, 25), dt.date(2024, 12, 23), dt.date(2024, 12, 30)]
    assert month_end_share(calendar, weeks).tolist() == [0.0, 1.0, 1.0, 0.0]
    # October 2022 ends on Monday: Friday 28 and Monday 31.
    split = [dt.date(2022, 10, 24), dt.date(2022, 10, 31)]
    assert month_end_share(calendar, split).tolist() == [0.5, 0.5]


def test_what_a_manifest_keeps_is_the_same_calendar() -> None:
    calendar = calendar_of("RU", dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    kept = json.loads(json.dumps(calendar.as_json()))
    assert TypeAdapter(Calendar).validate_python(kept) == calendar
    assert kept["worked"] == ["2024-04-27", "2024-11-02", "2024-12-28"]


@pytest.mark.parametrize(
    ("country", "told"),
    [
        ("RUS", "allowed: an ISO code such as RU"),
        ("DE-XX", "no such part of DE is known; allowed: DE-BB"),
        ("Russia", "RU, or"),
    ],
)
def test_an_unknown_country_is_told_with_what_is_allowed(country: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        calendar_of(country, dt.date(2022, 1, 1), dt.date(2022, 1, 1))


def test_a_manifest_gives_back_the_days_an_edition_used_and_an_older_one_none():
    used = calendar_of("RU", dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    clocks = {"as_of": ["2024-12-30", "2024-12-30T10:00:00"]}
    kept = json.dumps({"schema": 2, **clocks, "calendar": used.as_json()})
    assert Manifest.model_validate_json(kept).calendar == used
    assert Manifest.model_validate_json(json.dumps(clocks)).calendar is None
