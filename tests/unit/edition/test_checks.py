"""Which report dates can be used."""

from __future__ import annotations

import datetime as dt
from typing import cast

import pytest

from funnel.edition.checks import report_date_for
from funnel.errors import InputError
from funnel.warehouse import Warehouse

TODAY = dt.date(2022, 12, 5)


class House:
    def last_day(self) -> dt.date:
        return dt.date(2022, 10, 23)


def day(asked: str | None, today: dt.date = TODAY) -> dt.date:
    return report_date_for(cast(Warehouse, House()), today, dt.date.fromisoformat(asked) if asked else None)


def test_the_default_is_the_last_monday_that_the_data_reach() -> None:
    assert day(None) == dt.date(2022, 10, 24)
    assert day(None, dt.date(2022, 10, 22)) == dt.date(2022, 10, 17)


def test_a_quiet_fortnight_is_allowed_and_no_more() -> None:
    assert day("2022-11-06") == dt.date(2022, 11, 6)
    with pytest.raises(InputError) as caught:
        day("2022-11-07")
    assert "the data end on 2022-10-23: what happened later is not imported" in str(caught.value)
    assert "allowed: 2022-11-06 or earlier" in str(caught.value)


def test_the_future_is_refused() -> None:
    with pytest.raises(InputError, match="it lies in the future; allowed: 2022-10-30 or earlier"):
        day("2022-10-31", dt.date(2022, 10, 30))
