"""Money, data problems, restatements and foreign tables; the counts themselves have the oracle."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from funnel.dates import AsOf
from funnel.errors import InputError, MissingError
from funnel.warehouse import Warehouse

D = dt.date(2022, 9, 26)
FIRST, SECOND = dt.datetime(2022, 10, 1), dt.datetime(2022, 10, 2)
NOW = AsOf(D, SECOND)
WEEK = dt.date(2022, 9, 12)


def leads(*ids: str, channel: str = "web", at: str = "2022-09-12 10:00") -> list[tuple]:
    return [(name, at, channel) for name in ids]


HEAD = "lead_id created_at channel"
ENTRY = "lead_id stage entered_at"


def test_amounts_in_another_currency_are_converted_exactly(house, make) -> None:
    payments = [
        "lead_id paid_at amount currency",
        ("1", "2022-09-12 11:00", "0.01", "USD"),
        ("1", "2022-09-12 12:00", "99999999999999.99", "USD"),
        ("1", "2022-09-18 23:59", "1.10", None),
        ("1", "2022-09-19 00:00", "5.00", "RUB"),
    ]
    house.load(make(leads=[HEAD, *leads("1")], payments=payments), FIRST)
    paid = house.paid(NOW)
    exact = Decimal("0.01") * Decimal("61.0742") + Decimal("6107419999999999.389258") + Decimal("1.10")
    assert paid[["lag", "payments", "amount"]].values.tolist() == [[0, 3, exact], [1, 1, Decimal("5.00")]]


def test_every_currency_without_a_rate_is_named(house, make) -> None:
    payments = ["lead_id paid_at amount currency"]
    payments += [("1", "2022-09-12 11:00", "1.00", "EUR"), ("1", "2022-09-12 11:00", "2.00", "KZT")]
    house.load(make(leads=[HEAD, *leads("1")], payments=payments), FIRST)
    with pytest.raises(InputError, match=r"(?s)'EUR'.*funnel.yml.*'KZT'"):
        house.paid(NOW)


def test_an_unknown_attribute_names_the_nearest(house, make) -> None:
    house.load(make(leads=[HEAD, *leads("1")]), FIRST)
    with pytest.raises(InputError, match="did you mean 'channel'") as caught:
        house.reached(NOW, [("chanel",)], where={"region": "x"})
    assert len(caught.value.problems) == 2
    with pytest.raises(ValueError, match="pairs"):
        house.reached(NOW, [("a", "b", "c")])


def test_a_total_is_the_same_whether_it_was_asked_with_attributes_or_alone(house, make) -> None:
    entries = [ENTRY, ("1", "sale", "2022-09-14 10:00"), ("2", "target", "2022-09-13 10:00")]
    house.load(make(leads=[HEAD, *leads("1"), *leads("2", channel="tv")], stage_entries=entries), FIRST)
    for cube in (house.reached, house.moved, house.waits):
        alone = cube(NOW)
        house._totals.clear()
        cube(NOW, [("channel",), ()])
        pd.testing.assert_frame_equal(cube(NOW), alone)
        assert (
            len(cube(NOW, rule="entered"))
            and cube(NOW, where={"channel": "tv"}).leads.sum() < alone.leads.sum()
        )
    before = house.reached(NOW)["leads"].sum()
    house.load(make(leads=[HEAD, *leads("3")]), SECOND)
    assert house.reached(NOW)["leads"].sum() == before + 1


def test_problems_are_counted_with_an_example(house, make) -> None:
    entries = [
        ENTRY,
        ("1", "target", "2022-09-11 10:00"),
        ("2", "sale", "2022-09-13 10:00"),
        ("2", "qualified", "2022-09-14 10:00"),
        ("3", "called", "2022-09-14 10:00"),
        ("4", "target", "2022-09-14 10:00"),
        ("4", "target", "2022-09-15 10:00"),
    ]
    payments = [
        "lead_id paid_at amount",
        ("1", "2022-09-12 09:00", "1.00"),
        ("2", "2022-09-12", "1.00"),  # a day without a time says nothing about the order within it
        ("4", "2022-09-13 09:00", "1.00"),
    ]
    given = [*leads("1", "2", "3"), ("4", "2022-09-12 10:00", None), ("5", "2022-09-12 10:00", None)]
    house.load(make(leads=[HEAD, *given], stage_entries=entries, payments=payments), FIRST)
    house.load(make(leads=[HEAD, *(lead for lead in given if lead[0] != "4")]), SECOND, full=True)
    assert house.problems(NOW).values.tolist() == [
        ["stage_entries", "entered_before_created", 1, 1, "1"],
        ["payments", "paid_before_created", 1, 1, "1"],
        ["stage_entries", "deleted_lead", 2, 1, "4"],
        ["payments", "deleted_lead", 1, 1, "4"],
        ["stage_entries", "unknown_stage", 1, 1, "3"],
        ["stage_entries", "out_of_sequence", 1, 1, "2"],
        ["stage_entries", "skipped_stage", 1, 1, "2"],
        ["leads", "missing_value:channel", 1, 1, "5"],
    ]


def test_each_kind_of_edit_is_named(house, make) -> None:
    names = ["deleted", "moved", "added", "removed", "redated", "gone_later", "reassigned", "same", "future"]
    before = [HEAD, *leads(*names[:-1]), *leads("future", at="2022-09-27 10:00")]
    entries = {name: (name, "target", "2022-09-14 10:00") for name in names if name != "added"}
    house.load(make(leads=before, stage_entries=[ENTRY, *entries.values()]), FIRST)

    after = [
        HEAD,
        *leads("added", "removed", "redated", "gone_later", "same", "late"),
        *leads("moved", at="2022-09-05 10:00"),
        *leads("reassigned", channel="fair"),
        *leads("future"),
    ]
    del entries["removed"]
    entries["added"] = ("added", "target", "2022-09-15 10:00")
    entries["redated"] = ("redated", "target", "2022-09-22 10:00")
    entries["gone_later"] = ("gone_later", "target", "2022-09-26 00:00")
    house.load(make(leads=after, stage_entries=[ENTRY, *entries.values()]), SECOND, full=True)

    found = house.restated(D, FIRST, SECOND, "entered")
    rows = {
        (row.cohort_week.date(), row.stage, row.kind): (row.before, row.after, row.leads)
        for row in found.itertuples()
    }
    assert rows == {
        (WEEK, "lead", "deleted"): (1, 0, 1),
        (WEEK, "target", "deleted"): (1, 0, 1),
        (WEEK, "lead", "added late"): (0, 1, 1),
        (WEEK, "lead", "creation moved"): (1, 1, 2),
        (WEEK, "target", "creation moved"): (1, 1, 2),
        (WEEK - dt.timedelta(days=7), "lead", "creation moved"): (0, 1, 1),
        (WEEK - dt.timedelta(days=7), "target", "creation moved"): (0, 1, 1),
        (WEEK, "target", "entry added"): (0, 1, 1),
        (WEEK, "target", "entry removed"): (1, 0, 1),
        (WEEK, "target", "entry redated"): (2, 1, 2),
        (WEEK, "lead", "reassigned"): (1, 1, 1),
        (WEEK, "target", "reassigned"): (1, 1, 1),
    }
    # All but "same" were edited, and "late" came: nine leads, however many rows they stand in.
    assert found["leads"].sum() > found["leads_once"].sum() == 9
    cohorts = {
        (row.cohort_week.date(), row.stage): (row.cohort_before, row.cohort_after)
        for row in found.itertuples()
    }
    # Of nine leads of the week two went, two came; one more moved a week back.
    assert cohorts[(WEEK, "lead")] == (8, 8)
    assert cohorts[(WEEK - dt.timedelta(days=7), "lead")] == (0, 1)
    assert house.restated(D, SECOND, SECOND).empty


def test_foreign_tables_give_the_same_cubes(house, make, tmp_path: Path, config) -> None:
    entries = [ENTRY, ("1", "target", "2022-09-14 10:00"), ("2", "lost", "2022-09-20 10:00")]
    batch = make(leads=[HEAD, *leads("1", "2")], stage_entries=entries)
    house.load(batch, FIRST)
    with pytest.raises(MissingError, match=r"leads\.parquet"):
        Warehouse.attach_parquet(tmp_path, config)
    for name, table in batch.tables.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    with Warehouse.attach_parquet(tmp_path, config) as foreign:
        as_of = AsOf(D, foreign.known_at())
        assert foreign.reached(as_of, [(), ("channel",)]).equals(house.reached(NOW, [(), ("channel",)]))
        assert foreign.moved(as_of).equals(house.moved(NOW))
        assert foreign.paid(as_of).empty and foreign.spend(as_of).empty
        assert foreign.fingerprint(as_of)["leads"] == house.fingerprint(NOW)["leads"]
    pq.write_table(batch.tables["leads"].drop_columns("created_at"), tmp_path / "leads.parquet")
    with pytest.raises(InputError, match="created_at"):
        Warehouse.attach_parquet(tmp_path, config)
