import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest

from funnel.analysis.money.costs import account, costs, in_own_currency, share_out
from funnel.errors import InputError
from funnel.settings import Settings, Stage

STEPS = ("lead", "target", "sale")
WEEKS = [dt.date(2022, 9, 12), dt.date(2022, 9, 19)]
NAMES = ["attribute", "value", "attribute2", "value2", "cohort_week", "stage", "lag", "leads"]


@pytest.fixture
def config():
    return Settings(
        stages=(Stage(key="target"), Stage(key="sale")), currency="RUB", rates={"EUR": Decimal("60.5")}
    )


def reached(*rows):
    """Rows of channel, manager, week, leads, target, sale; the total and the slices are added up."""
    long = []
    for channel, manager, week, *counts in rows:
        for stage, count in zip(STEPS, counts, strict=True):
            for slice_ in (
                ("", "", "", ""),
                ("channel", channel, "", ""),
                ("manager", manager, "", ""),
                ("channel", channel, "manager", manager),
            ):
                long.append((*slice_, pd.Timestamp(week), stage, 0, count))
    frame = pd.DataFrame(long, columns=NAMES)
    return frame[frame["leads"] > 0]


def spend(*rows):
    """Rows of day, channel, cost, currency, VAT state."""
    frame = pd.DataFrame(rows, columns=["date", "channel", "cost", "currency", "vat_included"])
    frame["date"] = pd.to_datetime(frame["date"])
    frame["cost"] = [Decimal(cost) for cost in frame["cost"]]
    return frame.assign(campaign="")


LEADS = reached(
    ("web", "Anna", "2022-09-12", 3, 2, 1),
    ("web", "Boris", "2022-09-12", 1, 0, 0),
    ("fair", "Anna", "2022-09-12", 2, 1, 0),
    ("mail", "Boris", "2022-09-19", 5, 1, 0),
)


def test_a_week_by_hand():
    cost = spend(("2022-09-12", "web", "70.00", "RUB", "yes"), ("2022-09-18", "web", "30.03", "RUB", "no"))
    shown = costs(cost, LEADS, STEPS, WEEKS)
    first = shown.iloc[0]
    assert first["spend"] == Decimal("100.03") and first["vat"] == "mixed"
    assert first["cost_per_lead"] == pytest.approx(100.03 / 6)
    assert first["cost_per_target"] == pytest.approx(100.03 / 3)
    assert first["cost_per_sale"] == pytest.approx(100.03)


def test_spend_without_leads_is_kept_and_has_no_cost_per_lead():
    cost = spend(("2022-09-19", "web", "12.34", "RUB", "no"))
    shown = costs(cost, LEADS, STEPS, WEEKS, ("channel",))
    row = shown[shown["match"] == "no leads"].iloc[0]
    assert (row["value"], row["leads"], row["spend"]) == ("web", 0, Decimal("12.34"))
    assert pd.isna(row["cost_per_lead"])
    parts = account(cost, shown).set_index("part")
    assert parts.loc["no leads", "spend"] == Decimal("12.34")
    assert parts.loc["no spend", "leads"] == 11


def test_leads_without_spend_have_no_cost_rather_than_a_cost_of_nothing():
    shown = costs(spend(), LEADS, STEPS, WEEKS, ("channel",))
    assert set(shown["match"]) == {"no spend"}
    assert shown["cost_per_lead"].isna().all()
    assert shown["leads"].sum() == 11


def test_a_channel_that_costs_nothing_has_a_cost_of_nothing():
    cost = spend(("2022-09-12", "web", "0.00", "RUB", "unknown"))
    row = costs(cost, LEADS, STEPS, WEEKS, ("channel",)).query("value == 'web'").iloc[0]
    assert (row["match"], row["cost_per_lead"], row["cost_per_sale"]) == ("matched", 0.0, 0.0)


def test_every_currency_without_a_rate_is_named_at_once(config):
    cost = spend(("2022-09-12", "web", "1.00", "USD", "no"), ("2022-09-12", "web", "1.00", "KZT", "no"))
    with pytest.raises(InputError, match=r"(?s)KZT.*USD.*rates"):
        in_own_currency(cost, config)


def test_another_currency_is_converted_exactly(config):
    cost = in_own_currency(spend(("2022-09-12", "web", "10.01", "EUR", "no")), config)
    assert cost["cost"].tolist() == [Decimal("605.6050")]


def test_by_manager_the_spend_of_a_channel_is_shared_over_its_leads_to_the_cent():
    cost = spend(("2022-09-12", "web", "100.01", "RUB", "no"), ("2022-09-12", "fair", "10.00", "RUB", "no"))
    shown = costs(cost, LEADS, STEPS, WEEKS, ("manager",)).set_index(["cohort_week", "value"])
    week = pd.Timestamp("2022-09-12")
    assert shown.loc[(week, "Anna"), "spend"] == Decimal("75.01") + 10
    assert shown.loc[(week, "Boris"), "spend"] == Decimal("25.00")
    assert sum(shown["spend"]) == Decimal("110.01")


def test_by_manager_spend_without_leads_stays_unmatched_under_no_name():
    cost = spend(("2022-09-12", "video", "7.00", "RUB", "no"))
    shown = costs(cost, LEADS, STEPS, WEEKS, ("manager",))
    row = shown[shown["value"] == ""].iloc[0]
    assert (row["match"], row["spend"]) == ("no leads", Decimal("7.00"))


def test_the_projected_cost_is_spend_over_expected_sales_and_high_when_sales_are_low():
    cost = spend(("2022-09-12", "web", "100.00", "RUB", "no"))
    expected = pd.DataFrame(
        {
            "cohort_week": pd.DatetimeIndex(WEEKS),
            "sales": [4.0, 1.0],
            "sales_low": [2.0, 0.0],
            "sales_high": [5.0, 3.0],
        }
    )
    row = costs(cost, LEADS, STEPS, WEEKS, expected=expected).iloc[0]
    found = (row["projected_cost_per_sale"], row["projected_low"], row["projected_high"])
    assert found == (25.0, 20.0, 50.0)


def test_without_any_payment_no_return_is_told():
    names = ["attribute", "value", "attribute2", "value2", "cohort_week", "lag", "payments", "amount"]
    none = pd.DataFrame(columns=names).astype({"cohort_week": "datetime64[ns]"})
    shown = costs(spend(("2022-09-12", "web", "70.00", "RUB", "yes")), LEADS, STEPS, WEEKS, paid=none)
    assert shown["roas"].isna().all()


def test_refunds_larger_than_sales_give_a_negative_return():
    names = ["attribute", "value", "attribute2", "value2", "cohort_week", "lag", "payments", "amount"]
    paid = pd.DataFrame(
        [("", "", "", "", pd.Timestamp("2022-09-12"), 0, 2, Decimal("-50.00"))], columns=names
    )
    cost = spend(("2022-09-12", "web", "100.00", "RUB", "no"))
    row = costs(cost, LEADS, STEPS, WEEKS, paid=paid).iloc[0]
    assert (row["paid"], row["roas"]) == (Decimal("-50.00"), -0.5)


@pytest.mark.parametrize("amount", ["0.00", "0.01", "100.00", "-3.33", "605.6050"])
def test_shares_add_up_exactly(amount):
    parts = share_out(Decimal(amount), pd.Series([1, 7, 3, 3]).to_numpy())
    assert sum(parts) == Decimal(amount)
