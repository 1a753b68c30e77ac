"""Leads, sales and revenue by day, counted by hand."""

from __future__ import annotations

import datetime as dt

from funnel.dates import AsOf

AS_OF = AsOf(dt.date(2022, 9, 26), dt.datetime(2022, 10, 1))
SINCE = dt.date(2022, 9, 1)


def test_each_day_holds_what_happened_on_it_by_segment_too(house, make) -> None:
    leads = [
        ("1", "2022-08-31 23:59", "web"), ("2", "2022-09-01 00:00", "web"), ("3", "2022-09-25 23:59", None),
        ("4", "2022-09-26 00:00", "web"),
    ]  # fmt: skip
    entries = [
        ("1", "sale", "2022-09-05 10:00"), ("1", "sale", "2022-09-06 10:00"),  # the first counts
        ("2", "qualified", "2022-09-07 10:00"), ("3", "sale", "2022-09-20 10:00"),  # before its creation
    ]  # fmt: skip
    payments = [
        ("1", "2022-09-05 11:00", "10.00", "RUB"), ("1", "2022-09-05 12:00", "1.00", "USD"),
        ("3", "2022-09-26 00:00", "99.00", "RUB"), ("1", "2022-08-31 23:59", "5.00", "RUB"),
    ]  # fmt: skip
    house.load(
        make(
            leads=["lead_id created_at channel", *leads],
            stage_entries=["lead_id stage entered_at", *entries],
            payments=["lead_id paid_at amount currency", *payments],
        ),
        dt.datetime(2022, 10, 1),
    )
    frame = house.came(AS_OF, SINCE, [(), ("channel",)])
    found = {
        (row.measure, f"{row.attribute}:{row.value}", str(row.day.date())): round(row.count_, 4)
        for row in frame.rename(columns={"count": "count_"}).itertuples()
    }
    assert found == {
        ("leads", ":", "2022-09-01"): 1, ("leads", ":", "2022-09-25"): 1,
        ("leads", "channel:web", "2022-09-01"): 1, ("leads", "channel:", "2022-09-25"): 1,
        ("sales", ":", "2022-09-05"): 1, ("sales", ":", "2022-09-25"): 1,
        ("sales", "channel:web", "2022-09-05"): 1, ("sales", "channel:", "2022-09-25"): 1,
        ("revenue", ":", "2022-09-05"): 71.0742, ("revenue", "channel:web", "2022-09-05"): 71.0742,
    }  # fmt: skip
