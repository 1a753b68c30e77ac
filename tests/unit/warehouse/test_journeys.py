import datetime as dt

import pytest

from funnel.analysis.cohorts.durations import waiting_limits
from funnel.dates import AsOf
from funnel.errors import InputError
from funnel.warehouse.journeys import waits
from funnel.warehouse.waiting import long_waiting

AT = AsOf(dt.date(2022, 2, 7), dt.datetime(2022, 10, 2))


def test_every_way_ends_reached_lost_or_open_after_the_time_it_took(four_ways, config):
    found = waits(four_ways, config, AT)
    outcomes = found.groupby(["start", "stage", "outcome"])["leads"].sum().to_dict()
    assert outcomes == {
        ("lead", "target", "reached"): 3,  # lead 4 came back from its loss
        ("lead", "target", "open"): 1,
        ("lead", "qualified", "reached"): 1,  # skipped: reached with the sale
        ("lead", "qualified", "lost"): 1,
        ("lead", "qualified", "open"): 2,
        ("lead", "sale", "reached"): 1,
        ("lead", "sale", "lost"): 1,
        ("lead", "sale", "open"): 2,
        ("target", "qualified", "reached"): 1,
        ("target", "qualified", "lost"): 1,
        ("target", "qualified", "open"): 1,
        # nobody was seen entering qualified, so nothing is known of the way from there
    }


def test_from_a_stage_counts_only_who_was_seen_entering_it(house, config, make):
    entries = [
        "lead_id stage entered_at origin",
        ("1", "target", "2022-01-04 10:00", "event"),
        ("1", "qualified", "2022-01-06 10:00", "event"),
        ("2", "sale", "2022-01-08 10:00", "event"),  # skipped what is before it, and came back
        ("2", "target", "2022-01-09 10:00", "event"),
        ("3", "target", "2022-01-08 10:00", "current"),  # stood there when it was first looked at
        ("3", "qualified", "2022-01-15 10:00", "snapshot"),
        ("3", "sale", "2022-01-18 10:00", "snapshot"),
    ]
    leads = ["lead_id created_at", *((str(number), "2022-01-03 10:00") for number in (1, 2, 3))]
    house.load(make(leads=leads, stage_entries=entries), dt.datetime(2022, 10, 1))
    found = waits(house._tables, config, AT, rule="any-later")
    between = found[found["start"] != "lead"]
    assert between[["start", "stage", "outcome", "leads"]].to_numpy().tolist() == [
        ["target", "qualified", "reached", 1],
        ["qualified", "sale", "reached", 1],
        ["qualified", "sale", "open", 1],
    ]
    assert between["days"].tolist() == pytest.approx([2.0, 3.0, 31.6], rel=0.05)
    backwards = waits(house._tables, config, AT, rule="entered")
    assert (backwards.loc[backwards["start"] != "lead", "days"] > 1).all()


def test_where_leads_stand_alone_says_nothing_of_any_time(house, config, make):
    """As a single export: one entry a lead, concluded from where it stands, on the day of its last edit."""
    leads = ["lead_id created_at", *((str(number), "2022-01-03 10:00") for number in range(40))]
    stages = ("target", "qualified", "sale", None)
    entries = [
        (str(number), stages[number % 4], f"2022-01-{5 + number % 20:02} 10:00", "current")
        for number in range(40)
        if stages[number % 4]
    ]
    entries.insert(0, "lead_id stage entered_at origin")
    house.load(make(leads=leads, stage_entries=entries), dt.datetime(2022, 10, 1))
    found = waits(house._tables, config, AT)
    assert not (found["outcome"] == "reached").any()
    assert waiting_limits(found, 104) == {}
    assert long_waiting(house._tables, config, AT, waiting_limits(found, 104)).empty


def test_times_are_known_to_half_a_per_cent(four_ways, config):
    found = waits(four_ways, config, AT)
    way = found[(found["start"] == "lead") & (found["stage"] == "target") & (found["outcome"] == "reached")]
    assert way["days"].tolist() == pytest.approx([0.5, 1.0, 10.0], rel=0.0051)


def test_by_an_attribute_the_leads_add_up_to_the_total(four_ways, config):
    found = waits(four_ways, config, AT, [(), ("manager",)])
    sums = found.groupby(["attribute", "start", "stage"])["leads"].sum()
    assert sums[""].to_dict() == sums["manager"].to_dict()


def test_an_unknown_attribute_is_named_with_the_nearest_one(four_ways, config):
    with pytest.raises(InputError, match="did you mean 'manager'"):
        waits(four_ways, config, AT, [("manger",)])
