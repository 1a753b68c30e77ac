"""Rows that are held for later questions: the same answers, and none after an import."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

from funnel.dates import AsOf
from funnel.schema import Batch
from funnel.warehouse import Warehouse
from tests.unit.warehouse.conftest import day

AT = AsOf(dt.date(2022, 9, 26), day(9))
LEADS = [
    "lead_id created_at channel manager",
    ("1", "2022-08-29 10:00", "web", "A"),
    ("2", "2022-09-05 10:00", "web", "B"),
    ("3", "2022-09-06 10:00", None, "A"),
    ("4", "2022-09-12 10:00", "tv", "A"),
]
ENTRIES = [
    "lead_id stage entered_at",
    ("1", "target", "2022-08-30 10:00"),
    ("1", "sale", "2022-09-20 10:00"),
    ("2", "qualified", "2022-09-07 10:00"),
    ("3", "lost", "2022-09-08 10:00"),
    ("4", "target", "2022-09-13 10:00"),
]
ASKED: dict[str, Callable[[Warehouse], pd.DataFrame]] = {
    "reached": lambda house: house.reached(AT, [(), ("channel",), ("channel", "manager")]),
    "the other rule": lambda house: house.reached(AT, [()], "entered"),
    "moved": lambda house: house.moved(AT, [(), ("manager",)]),
    "moved by the other rule": lambda house: house.moved(AT, [(), ("manager",)], "entered"),
    "waits": lambda house: house.waits(AT, [(), ("manager",)]),
    "lost": lambda house: house.lost(AT, [(), ("manager",)]),
    "came": lambda house: house.came(AT, dt.date(2022, 8, 1)),
    "crossed": lambda house: house.crossed(AT, ["channel", "manager"]),
    "crossed by lags": lambda house: house.crossed_lags(AT, ["channel", "manager"]),
    "standing": lambda house: house.standing(AT, ["channel"]),
    "who waits": lambda house: house.long_waiting(AT, {"lead": 1.0, "target": 1.0}, ["channel"]),
}


@pytest.mark.parametrize("what", ASKED)
def test_answers_are_the_same(house: Warehouse, make: Callable[..., Batch], what: str) -> None:
    house.load(make(leads=LEADS, stage_entries=ENTRIES), day(1))
    plain = ASKED[what](house)
    assert len(plain)
    house.hold()
    for question in ASKED.values():
        question(house)
    pd.testing.assert_frame_equal(ASKED[what](house), plain)


def test_an_import_ends_it(house: Warehouse, make: Callable[..., Batch]) -> None:
    house.load(make(leads=LEADS, stage_entries=ENTRIES), day(1))
    house.hold()
    before = house.reached(AT)
    house.load(make(stage_entries=[ENTRIES[0], ("4", "sale", "2022-09-14 10:00")]), day(2))
    sold = house.reached(AT)
    assert sold["leads"].sum() == before["leads"].sum() + 2  # lead 4 reached qualified and sale


def test_cohorts_since_a_monday(house: Warehouse, make: Callable[..., Batch]) -> None:
    house.load(make(leads=LEADS, stage_entries=ENTRIES), day(1))
    whole, monday = house.reached(AT, [("channel", "manager")]), dt.date(2022, 9, 5)
    some = house.reached_since(AT, monday, [("channel", "manager")])
    wanted = whole[whole["cohort_week"] >= pd.Timestamp(monday)].reset_index(drop=True)
    assert 0 < len(wanted) < len(whole)
    pd.testing.assert_frame_equal(some, wanted)
