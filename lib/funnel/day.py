"""A day as people write it in settings and registers: within the years that files of leads may tell of."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator

FIRST, LAST = dt.date(1970, 1, 1), dt.date(2199, 12, 31)


def within(day: dt.date) -> dt.date:
    """Return a day that weeks can be counted from, to both sides.

    Raises:
        ValueError: it lies before or after all that a report tells of.

    >>> within(dt.date(9999, 12, 31))
    Traceback (most recent call last):
    ValueError: 9999-12-31 stands for something else; allowed: a day from 1970-01-01 to 2199-12-31
    """
    if not FIRST <= day <= LAST:
        raise ValueError(f"{day} stands for something else; allowed: a day from {FIRST} to {LAST}")
    return day


Day = Annotated[dt.date, AfterValidator(within)]
