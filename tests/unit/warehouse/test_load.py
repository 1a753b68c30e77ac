"""What an import does to what stood: nothing is overwritten, and the same again changes nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pyarrow as pa
import pytest

from funnel.dates import AsOf
from funnel.errors import InputError
from funnel.schema import Rejected
from tests.unit.warehouse.conftest import table

REPORT = dt.date(2022, 9, 26)
LEADS = ["lead_id created_at channel", ("1", "2022-09-12 10:00", "web"), ("2", "2022-09-13 10:00", None)]
ENTRIES = ["lead_id stage entered_at", ("1", "target", "2022-09-14 10:00"), ("1", "sale", "2022-09-20 10:00")]
PAYMENTS = ["lead_id paid_at amount", ("1", "2022-09-20 10:00", "100.00")]
SPEND = [
    "date channel campaign cost",
    ("2022-09-12", "web", None, "10.00"),
    ("2022-09-12", "web", "a", "5.00"),
]


def day(number: int) -> dt.datetime:
    return dt.datetime(2022, 10, number)


def counts(loaded) -> dict[str, tuple[int, ...]]:
    return {
        one.table: (one.read, one.rejected, one.inserted, one.changed, one.unchanged, one.closed)
        for one in loaded
    }


def leads_at(house, moment: dt.datetime, channel: str | None = None) -> int:
    frame = house.reached(AsOf(REPORT, moment), where={} if channel is None else {"channel": channel})
    return int(frame.loc[frame["stage"] == "lead", "leads"].sum())


def test_the_same_again_changes_nothing(house, make) -> None:
    whole = make(leads=LEADS, stage_entries=ENTRIES, payments=PAYMENTS, spend=SPEND)
    first, _ = house.load(whole, day(1))
    assert counts(first) == {
        "leads": (2, 0, 2, 0, 0, 0),
        "stage_entries": (2, 0, 2, 0, 0, 0),
        "payments": (1, 0, 1, 0, 0, 0),
        "spend": (2, 0, 2, 0, 0, 0),
    }
    before = house.known_at(), house.fingerprint(AsOf(REPORT, day(9)))
    for full in (False, True):
        again, rejected = house.load(whole, day(2), full=full)
        assert not rejected
        assert all(one.unchanged == one.read and one.closed == 0 for one in again)
    assert (house.known_at(), house.fingerprint(AsOf(REPORT, day(9)))) == before
    assert len(house.imports()) == 12


def test_what_was_known_stays_answerable(house, make) -> None:
    house.load(make(leads=LEADS), day(1))
    print_of_day_1 = house.fingerprint(AsOf(REPORT, day(1)))
    changed = [
        "lead_id created_at channel region",
        ("1", "2022-09-12 10:00", "fair", "EU"),
        LEADS[2] + (None,),
    ]
    loaded, _ = house.load(make(leads=changed), day(2))
    assert counts(loaded)["leads"] == (2, 0, 0, 1, 1, 0)
    loaded, _ = house.load(make(leads=[LEADS[0], LEADS[2]]), day(3), full=True)
    assert counts(loaded)["leads"] == (1, 0, 0, 0, 1, 1)

    assert [leads_at(house, day(number)) for number in (1, 2, 3)] == [2, 2, 1]
    assert [leads_at(house, day(number), "web") for number in (1, 2, 3)] == [1, 0, 0]
    assert [leads_at(house, day(number), "fair") for number in (1, 2, 3)] == [0, 1, 0]
    assert leads_at(house, dt.datetime(2020, 1, 1)) == 2, "the first import is known from the beginning"
    assert house.fingerprint(AsOf(REPORT, day(1))) == print_of_day_1, "also after a column was added"
    assert house.attributes() == ("channel", "region")


def test_a_column_the_batch_does_not_have_keeps_its_values(house, make) -> None:
    house.load(make(leads=LEADS), day(1))
    loaded, _ = house.load(make(leads=["lead_id created_at", ("1", "2022-09-12 11:00")]), day(2))
    assert counts(loaded)["leads"] == (1, 0, 0, 1, 0, 0)
    assert leads_at(house, day(2), "web") == 1


def test_a_new_cost_of_a_day_without_campaign_closes_the_old_one(house, make) -> None:
    house.load(make(spend=SPEND), day(1))
    loaded, _ = house.load(make(spend=[SPEND[0], ("2022-09-12", "web", None, "12.00")]), day(2))
    assert counts(loaded)["spend"] == (1, 0, 0, 1, 0, 0)
    for moment, costs in ((day(1), ["10.00", "5.00"]), (day(2), ["12.00", "5.00"])):
        spend = house.spend(AsOf(REPORT, moment))
        assert [str(cost) for cost in spend["cost"]] == costs
        assert spend[["campaign", "currency", "vat_included"]].values.tolist() == [
            ["", "RUB", "unknown"],
            ["a", "RUB", "unknown"],
        ]


def test_rows_of_unknown_leads_are_set_aside_and_nothing_is_lost(house, make) -> None:
    entries = [*ENTRIES, ("77", "sale", "2022-09-20 10:00")]
    loaded, rejected = house.load(make(leads=LEADS, stage_entries=entries), day(1))
    assert counts(loaded)["stage_entries"] == (3, 1, 2, 0, 0, 0)
    assert rejected[0].value == "77"
    assert rejected[0].cells == {"lead_id": "77", "stage": "sale", "entered_at": "2022-09-20 10:00:00"}
    assert "import the leads first" in rejected[0].reason


def test_a_key_with_two_contents_is_set_aside_and_twice_the_same_is_one(house, make) -> None:
    leads = [*LEADS, LEADS[1], ("3", "2022-09-13 10:00", "a"), ("3", "2022-09-13 10:00", "b")]
    loaded, rejected = house.load(make(leads=leads), day(1))
    assert counts(loaded)["leads"] == (5, 2, 2, 0, 1, 0)
    assert [one.value for one in rejected] == ["3", "3"]


def test_a_full_import_does_not_delete_rows_it_holds_but_cannot_read(house, make) -> None:
    house.load(make(leads=LEADS), day(1))
    broken = Rejected("leads", "test.csv", 2, "created_at", "yesterday", "no date", {"lead_id": "2"})
    batch = dataclasses.replace(make(leads=LEADS[:2]), rejected=(broken,))
    loaded, _ = house.load(batch, day(2), full=True)
    assert counts(loaded)["leads"] == (2, 1, 0, 0, 1, 0)
    assert leads_at(house, day(2)) == 2


def test_a_clock_that_went_back_does_not_mix_up_two_states(house, make) -> None:
    house.load(make(leads=LEADS), day(5))
    house.load(make(leads=[LEADS[0], ("3", "2022-09-13 10:00", "web")]), day(4))
    assert house.known_at() == day(5) + dt.timedelta(microseconds=1)
    assert [leads_at(house, moment) for moment in (day(5), house.known_at())] == [2, 3]


def test_an_offset_in_the_known_time_becomes_utc(house, make) -> None:
    moscow = dt.timezone(dt.timedelta(hours=3))
    house.load(make(leads=LEADS), dt.datetime(2022, 10, 1, 2, tzinfo=moscow))
    assert house.known_at() == dt.datetime(2022, 9, 30, 23)


@pytest.mark.parametrize("name", ["known_from", "ROWID", "Channel"])
def test_names_that_cannot_be_columns_are_refused_and_nothing_is_loaded(house, make, name: str) -> None:
    house.load(make(leads=LEADS), day(1))
    with pytest.raises(InputError, match=name):
        house.load(make(leads=[f"lead_id created_at {name}", ("9", "2022-09-12 10:00", "x")]), day(2))
    assert leads_at(house, day(9)) == 2


def test_hostile_names_and_values_are_only_text(house, make) -> None:
    name = 'a";DROP_TABLE_leads;--'
    value = "'); DROP TABLE leads; <script>\u202e"
    house.load(make(leads=[f"lead_id created_at {name}", ("1", "2022-09-12 10:00", value)]), day(1))
    frame = house.reached(AsOf(REPORT, day(1)), [(name,)], where={name: value})
    assert frame[["attribute", "value", "leads"]].values.tolist() == [[name, value, 1]]


def test_first_and_last_day(house, make) -> None:
    house.load(make(leads=LEADS, stage_entries=ENTRIES, spend=SPEND), day(1))
    assert (house.first_day(), house.last_day()) == (dt.date(2022, 9, 12), dt.date(2022, 9, 20))


def test_what_is_dated_in_the_future_is_counted_as_a_problem_and_does_not_move_the_last_day(
    house, make
) -> None:
    """The first import is known from the beginning, yet was made on a day; a later one on its own."""
    ahead = [("3", "2042-09-13 10:00", None)]
    house.load(make(leads=[*LEADS, *ahead], stage_entries=ENTRIES), day(1))
    assert house.last_day() == dt.date(2022, 9, 20)
    house.load(make(stage_entries=[ENTRIES[0], ("2", "target", "2022-10-09 10:00")]), day(2))
    assert house.last_day() == dt.date(2022, 9, 20)
    found = house.problems(AsOf(REPORT, day(9))).set_index("table")
    found = found[found["problem"] == "dated_ahead"]
    assert found["rows"].to_dict() == {"leads": 1, "stage_entries": 1}
    assert found["example"].to_dict() == {"leads": "3", "stage_entries": "2"}
    assert house.last_day(AsOf(dt.date(2022, 9, 20), day(9))) == dt.date(2022, 9, 14)


def test_the_fingerprint_does_not_depend_on_the_order_of_rows_but_on_every_value(
    house, make, tmp_path
) -> None:
    from funnel.warehouse import Warehouse

    house.load(make(leads=LEADS, stage_entries=ENTRIES), day(1))
    as_of = AsOf(REPORT, day(9))
    expected = house.fingerprint(as_of)
    for number, (leads, same) in enumerate(
        [
            ([LEADS[0], LEADS[2], LEADS[1]], True),
            ([LEADS[0], LEADS[1], ("2", "2022-09-13 10:00:00.000001", None)], False),
        ]
    ):
        with Warehouse.open(tmp_path / f"{number}.duckdb", house._settings, write=True) as other:
            other.load(make(leads=leads, stage_entries=[ENTRIES[0], ENTRIES[2], ENTRIES[1]]), day(1))
            found = other.fingerprint(as_of)
        assert (found["leads"] == expected["leads"]) is same
        assert found["stage_entries"] == expected["stage_entries"]
    assert house.fingerprint(AsOf(dt.date(2022, 9, 20), day(9)))["stage_entries"] != expected["stage_entries"]


def test_a_batch_that_holds_some_leads_wholly_closes_what_they_no_longer_have(house, make) -> None:
    house.load(make(leads=LEADS, stage_entries=ENTRIES, payments=PAYMENTS), day(1))
    moved = make(
        leads=[LEADS[0]],
        stage_entries=[ENTRIES[0], ("1", "target", "2022-09-15 10:00")],
        payments=[PAYMENTS[0]],
    )
    covered = {"stage_entries": table("lead_id", ("1",)), "leads": table("lead_id", ("2",))}
    loaded, rejected = house.load(dataclasses.replace(moved, replaces=covered), day(2))
    assert not rejected
    assert counts(loaded)["stage_entries"] == (1, 0, 1, 0, 0, 2)
    assert counts(loaded)["leads"] == (0, 0, 0, 0, 0, 1)
    assert counts(loaded)["payments"] == (0, 0, 0, 0, 0, 0)
    assert leads_at(house, day(1)) == 2
    assert leads_at(house, day(3)) == 1


def test_ad_costs_read_again_replace_their_account_and_days_and_nothing_else(house, make) -> None:
    head = "date channel campaign cost platform account"
    first = [
        ("2022-09-12", "ads", "a", "10.00", "google", "1"),
        ("2022-09-13", "ads", "b", "11.00", "google", "1"),
        ("2022-09-19", "ads", "a", "12.00", "google", "1"),
        ("2022-09-12", "ads", "a", "13.00", "meta", "1"),
    ]
    house.load(make(leads=LEADS, spend=[head, *first]), day(1))
    again = make(spend=[head, ("2022-09-12", "ads", "a", "10.50", "google", "1")])
    days = {"first": [dt.date(2022, 9, 12)], "last": [dt.date(2022, 9, 18)]}
    covered = {"spend": pa.table({"platform": ["google"], "account": ["1"], **days})}
    loaded, _ = house.load(dataclasses.replace(again, replaces=covered), day(2))
    assert counts(loaded)["spend"] == (1, 0, 0, 1, 0, 1)
    spend = house.spend(AsOf(REPORT, day(3)))
    assert sorted(str(cost) for cost in spend["cost"]) == ["10.50", "12.00", "13.00"]


def test_a_full_import_closes_nothing_in_a_table_of_additions(house, make) -> None:
    house.load(make(leads=LEADS, stage_entries=ENTRIES), day(1))
    more = make(leads=LEADS, stage_entries=[ENTRIES[0], ("2", "target", "2022-09-21 10:00")])
    more = dataclasses.replace(more, additions=frozenset({"stage_entries"}))
    loaded, _ = house.load(more, day(2), full=True)
    assert counts(loaded)["stage_entries"] == (1, 0, 1, 0, 0, 0)
