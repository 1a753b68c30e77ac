"""Why leads were lost, against what the rows say by hand."""

import datetime as dt

import pytest

from funnel.dates import AsOf
from funnel.errors import InputError
from funnel.warehouse.lost import LOST_COLUMNS, lost

AT = AsOf(dt.date(2022, 2, 7), dt.datetime(2022, 10, 2))


@pytest.fixture
def tables(house, make):
    batch = make(
        leads=[
            "lead_id created_at manager",
            ("1", "2022-01-03 10:00", "Anna"),
            ("2", "2022-01-03 10:00", "Boris"),
            ("3", "2022-01-04 00:00", None),
            ("4", "2022-01-03 10:00", "Anna"),
            ("5", "2022-01-10 10:00", "Anna"),
            ("6", "2022-01-10 10:00", "Anna"),
        ],
        stage_entries=[
            "lead_id stage entered_at reason origin",
            ("1", "lost", "2022-01-04 10:00", "too dear", None),
            ("2", "target", "2022-01-03 22:00", None, None),
            ("2", "lost", "2022-01-05 10:00", "first", None),
            ("2", "lost", "2022-01-18 10:00", "too dear", None),  # the reason is that of the last loss
            ("3", "lost", "2022-01-20 10:00", None, "current"),  # when it was lost is not known
            ("4", "lost", "2022-01-04 10:00", "no answer", None),
            ("4", "target", "2022-01-13 10:00", None, None),  # came back
            ("5", "lost", "2022-01-11 10:00", "no answer", None),
            ("5", "sale", "2022-01-12 10:00", None, None),
            ("6", "lost", "2022-03-01 10:00", "later than the report", None),
        ],
    )
    house.load(batch, dt.datetime(2022, 10, 1))
    return house._tables


def test_each_lost_lead_counts_once_with_its_last_reason_and_furthest_stage(tables, config):
    found = lost(tables, config, AT, [(), ("manager",)])
    assert tuple(found.columns) == LOST_COLUMNS
    told = found.drop(columns="cohort_week").to_numpy().tolist()
    assert told == [
        ["", "", "lead", "", 2, 1, 1],
        ["", "", "lead", "too dear", 0, 1, 0],
        ["", "", "target", "too dear", 0, 1, 0],
        ["manager", "", "lead", "", 2, 1, 1],
        ["manager", "Anna", "lead", "too dear", 0, 1, 0],
        ["manager", "Boris", "target", "too dear", 0, 1, 0],
    ]
    assert set(found["cohort_week"].dt.date) == {dt.date(2022, 1, 3)}


def test_nothing_lost_gives_no_row(house, make, config):
    house.load(make(leads=["lead_id created_at", ("1", "2022-01-03 10:00")]), dt.datetime(2022, 10, 1))
    assert lost(house._tables, config, AT).empty


def test_an_unknown_attribute_is_named_with_the_nearest_one(tables, config):
    with pytest.raises(InputError, match="did you mean 'manager'"):
        lost(tables, config, AT, [("manger",)])


def test_a_telephone_number_in_a_reason_is_blotted(house, make):
    batch = make(
        leads=["lead_id created_at", ("1", "2022-01-03 10:00")],
        stage_entries=[
            "lead_id stage entered_at reason",
            ("1", "lost", "2022-01-04 10:00", "call +7 (916) 123-45-67"),
        ],
    )
    house.load(batch, dt.datetime(2022, 10, 1))
    assert house.lost(AT)["reason"].tolist() == ["call [personal]"]
