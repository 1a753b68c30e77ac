"""Which weeks the newest periods hold."""

import datetime as dt

from funnel.analysis.cohorts.periods import newest

WEEKS = [dt.date(2022, 6, 6) + dt.timedelta(weeks=number) for number in range(15)]
"""To 12 September."""


def test_the_newest_months_hold_the_weeks_that_begin_in_them() -> None:
    two = newest(WEEKS, "month", dt.date(2022, 9, 19), 2)
    assert two == [week for week in WEEKS if week >= dt.date(2022, 8, 1)]
    assert newest([], "month", dt.date(2022, 9, 19), 2) == []
