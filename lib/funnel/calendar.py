"""Working days of a country, so that a week of holidays or the end of a month is expected as what it is.

Public holidays, and working days that were moved to a weekend (as Russia does each year by decree), come from
the library `holidays`. For a year whose moved days are not decreed yet it knows the law's holidays alone; an
edition keeps the days it used, so that what is decreed later changes nothing of it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnel.dates import WEEK
from funnel.errors import nearest

Floats = npt.NDArray[np.float64]

USUAL = 5
"""Working days of an ordinary week."""
LAST_DAYS, FIRST_DAYS = 2, 3
"""How many of a month's last working days are its end, and of its first ones its beginning."""
NEW_YEAR = ((12, 22), (1, 8))
"""First and last day (month, day) of the time around New Year: little is decided on its working days too."""
DAY = dt.timedelta(days=1)
CODE = re.compile(r"[A-Z]{2}(-\w[\w -]*)?")


@dataclass(frozen=True, slots=True)
class Calendar:
    """In which days of which weeks people work.

    Attributes:
        country: as in the settings; '' for none.
        weekend: weekdays that are free, 0 is Monday.
        off: other days that are free.
        worked: days of a weekend that are worked.
    """

    country: str = ""
    weekend: tuple[int, ...] = (5, 6)
    off: frozenset[dt.date] = frozenset()
    worked: frozenset[dt.date] = frozenset()

    def works(self, day: dt.date) -> bool:
        """Tell whether a day is a working day."""
        return day in self.worked or (day.weekday() not in self.weekend and day not in self.off)

    def as_json(self) -> dict[str, object]:
        """Return what a manifest keeps."""
        return {
            "country": self.country,
            "weekend": list(self.weekend),
            "off": [day.isoformat() for day in sorted(self.off)],
            "worked": [day.isoformat() for day in sorted(self.worked)],
        }


NO_CALENDAR = Calendar()
"""Of no country: every Monday to Friday is worked."""


EVERY_DAY = Calendar(weekend=())
"""Of those who work every day."""


def calendar_of(country: str, first: dt.date, last: dt.date) -> Calendar:
    """Return the calendar of a country for the days from `first` to `last`.

    Args:
        country: an ISO code such as `RU`, or one of a part of a country such as `DE-BY`; '' for no calendar.
        first: first day.
        last: last day.

    Raises:
        ValueError: the country or its part is not known; what is allowed.

    >>> year = calendar_of("RU", dt.date(2022, 1, 1), dt.date(2022, 12, 31))
    >>> year.works(dt.date(2022, 5, 10)), year.works(dt.date(2022, 3, 5))  # moved by decree
    (False, True)
    """
    if not country:
        return NO_CALENDAR
    import holidays  # takes half a second, which only those with a country pay

    code, _, part = country.partition("-")
    if not CODE.fullmatch(country):
        raise ValueError(_unknown(country, holidays.list_supported_countries()))
    try:
        known = holidays.country_holidays(
            code, subdiv=part or None, years=range(first.year, last.year + 1), expand=False
        )
    except NotImplementedError:
        raise ValueError(_unknown(country, holidays.list_supported_countries())) from None
    days = [first + DAY * number for number in range((last - first).days + 1)]
    weekend = tuple(sorted(known.weekend))
    return Calendar(
        country,
        weekend,
        frozenset(day for day in days if day.weekday() not in weekend and not known.is_working_day(day)),
        frozenset(day for day in days if day.weekday() in weekend and known.is_working_day(day)),
    )


def _unknown(country: str, known: dict[str, list[str]]) -> str:
    code = country.partition("-")[0]
    parts = known.get(code)
    if parts:
        allowed = ", ".join(f"{code}-{one}" for one in parts)
        return f"{country!r}: no such part of {code} is known; allowed: {allowed}"
    return (
        f"{country!r} is not a country whose holidays are known; allowed: an ISO code such as RU, or "
        f"DE-BY for a part of a country{nearest(country, [one for one in known if CODE.fullmatch(one)])}"
    )


def working_share(calendar: Calendar, weeks: Sequence[dt.date]) -> Floats:
    """Return the working days of each week as a share of the usual five.

    Args:
        calendar: of a span that holds the weeks.
        weeks: their Mondays.

    >>> year = calendar_of("RU", dt.date(2022, 1, 1), dt.date(2022, 12, 31))
    >>> working_share(year, [dt.date(2022, 5, 2), dt.date(2022, 5, 16)]).tolist()
    [0.6, 1.0]
    """
    return np.array([sum(map(calendar.works, _days(week))) / USUAL for week in weeks], dtype=np.float64)


def new_year_share(calendar: Calendar, weeks: Sequence[dt.date]) -> Floats:
    """Return the working days of each week that lie around New Year, as a share of the usual five.

    Args:
        calendar: of a span that holds the weeks.
        weeks: their Mondays.

    >>> new_year_share(NO_CALENDAR, [dt.date(2021, 12, 20), dt.date(2022, 1, 3)]).tolist()
    [0.6, 1.0]
    """
    first, last = NEW_YEAR
    return np.array(
        [
            sum(
                calendar.works(day)
                for day in _days(week)
                if (day.month, day.day) >= first or (day.month, day.day) <= last
            )
            / USUAL
            for week in weeks
        ],
        dtype=np.float64,
    )


def month_end_share(calendar: Calendar, weeks: Sequence[dt.date]) -> Floats:
    """Return how much of a month's end lies in each week: of its last `LAST_DAYS` working days, the share.

    Args:
        calendar: of a span that holds the weeks and the ends of their months.
        weeks: their Mondays.

    >>> weeks = [dt.date(2022, 8, 22), dt.date(2022, 8, 29), dt.date(2022, 9, 26)]
    >>> month_end_share(NO_CALENDAR, weeks).tolist()  # 30 and 31 August; 29 and 30 September
    [0.0, 1.0, 1.0]
    """
    return np.array(
        [sum(map(calendar.works, set(_days(week)) & _ends(calendar, week))) / LAST_DAYS for week in weeks],
        dtype=np.float64,
    )


def month_start_share(calendar: Calendar, weeks: Sequence[dt.date]) -> Floats:
    """Return how much of a month's beginning lies in each week: of its first `FIRST_DAYS` working days.

    Args:
        calendar: of a span that holds the weeks and the beginnings of their months.
        weeks: their Mondays.

    >>> weeks = [dt.date(2022, 8, 1), dt.date(2022, 8, 29), dt.date(2022, 9, 5), dt.date(2022, 9, 12)]
    >>> month_start_share(NO_CALENDAR, weeks).round(2).tolist()  # 1 to 3 August; 1, 2 and 5 September
    [1.0, 0.67, 0.33, 0.0]
    """
    return np.array(
        [sum(map(calendar.works, set(_days(week)) & _starts(calendar, week))) / FIRST_DAYS for week in weeks],
        dtype=np.float64,
    )


def month_phases(calendar: Calendar, weeks: Sequence[dt.date]) -> tuple[Floats, Floats, Floats]:
    """Return by week how much of the time lies in it at which a month may be entered as a whole.

    At its end; on the first working days of the next one; or on the first days of that, whichever they are.

    Args:
        calendar: of a span that holds the weeks and the months they touch.
        weeks: their Mondays.
    """
    return (
        month_end_share(calendar, weeks),
        month_start_share(calendar, weeks),
        month_start_share(EVERY_DAY, weeks),
    )


def old_month_share(weeks: Sequence[dt.date]) -> Floats:
    """Return of each week in which a month begins the part that lies in the month before, and NaN of others.

    >>> old_month_share([dt.date(2022, 8, 1), dt.date(2022, 8, 8), dt.date(2022, 8, 29)]).round(2).tolist()
    [0.0, nan, 0.43]
    """
    sundays = np.array([(week + WEEK - DAY).day for week in weeks])
    return np.where(sundays <= 7, (7 - sundays) / 7, np.nan)


def _days(week: dt.date) -> list[dt.date]:
    return [week + DAY * number for number in range(7)]


def _starts(calendar: Calendar, week: dt.date) -> set[dt.date]:
    """Return the first working days of the months that a week touches."""
    found: set[dt.date] = set()
    for first in {week.replace(day=1), (week + WEEK - DAY).replace(day=1)}:
        days = [first + DAY * number for number in range(21)]
        found.update([day for day in days if calendar.works(day)][:FIRST_DAYS])
    return found


def _ends(calendar: Calendar, week: dt.date) -> set[dt.date]:
    """Return the last working days of the months that a week touches."""
    found: set[dt.date] = set()
    for first in {week.replace(day=1), (week + WEEK - DAY).replace(day=1)}:
        last = (first + dt.timedelta(days=31)).replace(day=1) - DAY
        days = [last - DAY * back for back in range(21)]
        found.update([day for day in days if calendar.works(day)][:LAST_DAYS])
    return found
