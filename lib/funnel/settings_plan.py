"""`plan` in `funnel.yml`: leads, sales and revenue planned by week or month, of all and of segments."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from funnel.dates import WEEK, week_of
from funnel.day import within
from funnel.settings_files import Frozen

Amount = Annotated[float, Field(ge=0, le=10**15, allow_inf_nan=False)]
Leads = Annotated[float, Field(ge=0, le=10**7, allow_inf_nan=False)]
MEASURES = ("leads", "sales", "revenue")
_NAMED = 6
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class Goal(Frozen):
    """What is planned of one segment in one period; what is not given is not planned.

    Attributes:
        leads: that come.
        sales: leads that reach the last stage, whenever they came.
        revenue: paid, in the settings' currency.
    """

    leads: Leads | None = None
    sales: Leads | None = None
    revenue: Amount | None = None

    @model_validator(mode="after")
    def _something(self) -> Goal:
        if not self.goals():
            raise ValueError("it plans nothing; give leads, sales or revenue")
        return self

    def goals(self) -> dict[str, float]:
        """Return what is planned, by measure."""
        found = {name: getattr(self, name) for name in MEASURES}
        return {name: float(value) for name, value in found.items() if value is not None}


class Planned(Goal):
    """What is planned in one period.

    Attributes:
        by: of segments, by attribute and value.
    """

    by: dict[str, dict[str, Goal]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something(self) -> Planned:
        if not self.goals() and not self.by:
            raise ValueError("it plans nothing; give leads, sales, revenue or by")
        return self


def _goals(value: object) -> object:
    """A number alone is leads."""
    return {"leads": value} if isinstance(value, int | float | str) and not isinstance(value, bool) else value


def _period(key: object) -> object:
    written = str(key)
    try:
        written = written if _MONTH.fullmatch(written) else dt.date.fromisoformat(written).isoformat()
    except ValueError:
        raise ValueError(f"{key!r} is no week or month; allowed: 2022-10-03 or 2022-10") from None
    within(dt.date.fromisoformat(f"{written}-01"[:10]))
    return written


def _once(plan: dict[str, Planned]) -> dict[str, Planned]:
    named = Counter(days(key) for key in plan)
    twice = sorted(key for key in plan if named[days(key)] > 1)
    if twice:
        more = f" and {len(twice) - _NAMED:,} more" if len(twice) > _NAMED else ""
        raise ValueError(f"{', '.join(twice[:_NAMED])}{more}: one week is planned twice")
    return plan


Plan = Annotated[
    dict[Annotated[str, BeforeValidator(_period)], Annotated[Planned, BeforeValidator(_goals)]],
    AfterValidator(_once),
]


def days(period: str) -> tuple[dt.date, dt.date]:
    """Return the first and last day of a period: a month such as '2022-10', or the week of a day.

    >>> [str(day) for day in days("2022-10-05")]
    ['2022-10-03', '2022-10-09']
    """
    if _MONTH.fullmatch(period):
        year, month = map(int, period.split("-"))
        return dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1])
    first = week_of(dt.date.fromisoformat(period))
    return first, first + WEEK - dt.timedelta(days=1)


def weekly_leads(plan: Mapping[str, Planned]) -> dict[dt.date, float]:
    """Return the leads planned by week (Monday): of weeks, and of months where all seven days are planned.

    A month's leads are spread evenly over its days; a week's own plan goes before.
    """
    daily: dict[dt.date, float] = {}
    weekly: dict[dt.date, float] = {}
    for period, goals in plan.items():
        if goals.leads is None:
            continue
        first, last = days(period)
        count = (last - first).days + 1
        if not _MONTH.fullmatch(period):
            weekly[first] = goals.leads
            continue
        for number in range(count):
            daily[first + dt.timedelta(days=number)] = goals.leads / count
    for monday in sorted({week_of(day) for day in daily}):
        week = [daily.get(monday + dt.timedelta(days=number)) for number in range(7)]
        if monday not in weekly and all(one is not None for one in week):
            weekly[monday] = sum(one for one in week if one is not None)
    return weekly
