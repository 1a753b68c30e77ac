import datetime as dt
from decimal import Decimal

import pytest

from funnel.dates import AsOf
from funnel.errors import InputError
from funnel.warehouse.crossed import crossed
from funnel.warehouse.customers import customers

AT = AsOf(dt.date(2022, 3, 7), dt.datetime(2022, 10, 2))
LEADS = [
    "lead_id created_at customer_id channel manager",
    ("1", "2022-01-03 10:00", "C1", "web", "Anna"),
    ("2", "2022-01-18 10:00", "C1", "fair", "Boris"),
    ("3", "2022-01-04 10:00", None, "web", None),
    ("4", "2022-01-10 10:00", "", "fair", "Anna"),
]
ENTRIES = ["lead_id stage entered_at", ("1", "sale", "2022-01-05 10:00"), ("3", "target", "2022-01-05 10:00")]
PAYMENTS = [
    "lead_id paid_at amount currency",
    ("2", "2022-01-19 10:00", "50.50", None),
    ("1", "2021-12-20 10:00", "100.00", None),  # before the first lead
    ("1", "2022-01-20 10:00", "-30.00", None),
    ("3", "2022-01-12 10:00", "10.01", "USD"),
]


@pytest.fixture
def tables(house, make):
    house.load(make(leads=LEADS, stage_entries=ENTRIES, payments=PAYMENTS), dt.datetime(2022, 10, 1))
    return house._tables


def rows(frame):
    keys = ["value", "cohort_week", "kind", "lag", "number", "amount"]
    return [
        (value, week.date().isoformat(), kind, lag, number, str(amount))
        for value, week, kind, lag, number, amount in frame[keys].itertuples(index=False)
    ]


def test_a_customer_belongs_to_the_week_and_the_channel_of_the_first_lead(tables, config):
    found = customers(tables, config, AT, [("channel",)])
    assert sorted(rows(found)) == [
        ("fair", "2022-01-10", "customer", 0, 1, "0.00"),
        ("web", "2022-01-03", "customer", 0, 2, "0.00"),
        ("web", "2022-01-03", "first", 0, 1, "100.00"),
        ("web", "2022-01-03", "first", 1, 1, "611.352742"),
        ("web", "2022-01-03", "refund", 2, 1, "-30.00"),
        ("web", "2022-01-03", "repeat", 2, 1, "50.50"),
    ]


def test_everything_paid_is_there(tables, config):
    found = customers(tables, config, AT)
    assert sum(found["amount"]) == Decimal("100.00") + Decimal("50.50") - 30 + Decimal("10.01") * Decimal(
        "61.0742"
    )
    assert found.loc[found["kind"] == "customer", "number"].sum() == 3


def test_a_currency_without_a_rate_is_named(tables, config):
    bare = config.model_copy(update={"rates": {}})
    with pytest.raises(InputError, match="USD"):
        customers(tables, bare, AT)


def test_the_cross_holds_every_lead_stage_and_payment_once(tables, config):
    found = crossed(tables, config, AT, ["channel", "manager"])
    assert found[["leads", "target", "qualified", "sale", "payments"]].sum().to_dict() == {
        "leads": 4, "target": 2, "qualified": 1, "sale": 1, "payments": 4,
    }  # fmt: skip
    first = found.iloc[0]
    assert (first["attr_0"], first["attr_1"], str(first["revenue"])) == ("web", "", "611.352742")
    assert sum(found["revenue"]) == Decimal("731.852742")


def test_the_cross_without_payments_has_no_revenue(house, make, config):
    house.load(make(leads=LEADS, stage_entries=ENTRIES), dt.datetime(2022, 10, 1))
    found = crossed(house._tables, config, AT, [])
    assert found["revenue"].tolist() == [0, 0, 0]
    assert found["leads"].tolist() == [2, 1, 1]
