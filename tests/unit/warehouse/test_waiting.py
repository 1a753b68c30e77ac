"""Who waits too long: the list by id, and the counts, against what the rows say by hand."""

import datetime as dt

import pytest

from funnel.dates import AsOf
from funnel.errors import InputError
from funnel.warehouse.waiting import WAITING_COLUMNS, long_waiting, waiting_counts

AT = AsOf(dt.date(2022, 2, 7), dt.datetime(2022, 10, 2))
LIMITS = {"lead": 30.0, "target": 20.0}


def test_the_longest_waits_come_first_and_who_is_lost_or_done_is_not_listed(four_ways, config):
    found = long_waiting(four_ways, config, AT, {"lead": 30.0, "target": 20.0}, ["manager"])
    assert found[["lead_id", "stage", "manager"]].to_numpy().tolist() == [
        ["3", "lead", ""],
        ["4", "target", "Anna"],
    ]
    assert found["waited_days"].tolist() == pytest.approx([34.0, 24.583], abs=0.01)
    assert found["cohort_week"].dt.date.tolist() == [dt.date(2022, 1, 3)] * 2


def test_a_bounded_list_holds_those_furthest_in_the_funnel_and_tells_how_many_there_are(four_ways, config):
    limits = {"lead": 30.0, "target": 20.0}
    found = long_waiting(four_ways, config, AT, limits, ["manager"], most=1)
    assert found[["lead_id", "stage", "long_waiting"]].to_numpy().tolist() == [["4", "target", 2]]
    every = long_waiting(four_ways, config, AT, limits, ["manager"])
    assert set(every["long_waiting"]) == {len(every)} == {2}


def test_a_stage_without_a_limit_lists_nobody(four_ways, config):
    assert long_waiting(four_ways, config, AT, {"target": 25.0}).empty


def test_open_leads_are_counted_by_stage_and_those_that_wait_too_long_among_them(four_ways, config):
    found = waiting_counts(four_ways, config, AT, LIMITS, [(), ("manager",)])
    assert tuple(found.columns) == WAITING_COLUMNS
    assert found.drop(columns="longest_days").to_numpy().tolist() == [
        ["", "", "lead", 1, 1, 30.0],
        ["", "", "target", 1, 1, 20.0],
        ["manager", "", "lead", 1, 1, 30.0],
        ["manager", "Anna", "target", 1, 1, 20.0],
    ]
    assert found["longest_days"].tolist() == pytest.approx([34.0, 24.583, 34.0, 24.583], abs=0.01)


def test_who_waits_less_counts_as_open_alone_and_a_stage_without_a_limit_is_left_out(four_ways, config):
    found = waiting_counts(four_ways, config, AT, {"target": 25.0})
    assert found[["stage", "open", "waiting"]].to_numpy().tolist() == [["target", 1, 0]]
    assert waiting_counts(four_ways, config, AT, {}).empty


def test_an_unknown_attribute_of_the_counts_is_named_with_the_nearest_one(four_ways, config):
    with pytest.raises(InputError, match="did you mean 'manager'"):
        waiting_counts(four_ways, config, AT, LIMITS, [("manger",)])
