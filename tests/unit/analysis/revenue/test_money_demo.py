"""Costs, lifetime values, durations and slices of the demo, against plain pandas and the planted truth."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cohorts import breakdown, durations
from funnel.analysis.forecast.final import forecast
from funnel.analysis.money import costs, flat, ltv
from funnel.dates import AsOf, complete_weeks
from funnel.schema import TABLES
from funnel.settings import load
from funnel.warehouse import crossed, cubes, customers, journeys, waiting
from funnel.warehouse import paid as money
from funnel.warehouse.foreign import attach
from funnel.warehouse.known import BEGINNING, Tables

ROOT = Path(__file__).parents[4]
DEMO = ROOT / "data" / "demo"
STAGES = ("target", "qualified", "proposal", "sale")


@pytest.fixture(scope="module")
def demo():
    settings = load(ROOT / "funnel.yml")
    engine = ibis.duckdb.from_connection(attach(DEMO, settings))
    tables = Tables(*(engine.table(name) for name in TABLES))
    as_of = AsOf(dt.date(2022, 10, 24), BEGINNING)
    by = [(), ("channel",), ("manager",), ("channel", "campaign"), ("channel", "manager")]
    return SimpleNamespace(
        tables=tables,
        settings=settings,
        as_of=as_of,
        weeks=complete_weeks(as_of.report_date, 108),
        reached=cubes.reached(tables, settings, as_of, by),
        paid=money.paid(tables, settings, as_of, by),
        spend=costs.in_own_currency(money.spend(tables, settings, as_of), settings),
        waits=journeys.waits(tables, settings, as_of),
        truth=json.loads((DEMO / "truth.json").read_text(encoding="utf-8")),
        leads=pd.read_parquet(DEMO / "leads.parquet"),
        raw_spend=pd.read_parquet(DEMO / "spend.parquet"),
        raw_paid=pd.read_parquet(DEMO / "payments.parquet"),
    )


def monday(days: pd.Series) -> pd.Series:
    days = pd.to_datetime(days).dt.normalize()
    return days - pd.to_timedelta(days.dt.weekday, unit="D")


@pytest.mark.parametrize("by", [(), ("channel",), ("channel", "campaign"), ("manager",)], ids=str)
def test_spend_in_is_spend_shown_and_spend_unmatched_to_the_cent(demo, by):
    shown = costs.costs(demo.spend, demo.reached, demo.settings.steps, demo.weeks[-13:], by)
    account = costs.account(demo.spend, shown)
    assert sum(account["spend"]) == sum(demo.raw_spend["cost"])
    inside = demo.raw_spend[monday(demo.raw_spend["date"]) >= pd.Timestamp(demo.weeks[-13])]
    assert sum(shown["spend"]) == sum(inside["cost"])
    assert account["leads"].sum() == (monday(demo.leads["created_at"]) >= pd.Timestamp(demo.weeks[-13])).sum()


def test_the_campaign_that_brought_nobody_is_shown_as_unmatched(demo):
    shown = costs.costs(demo.spend, demo.reached, demo.settings.steps, demo.weeks, ("channel", "campaign"))
    test = shown[shown["value2"] == "social-test"]
    own = demo.raw_spend[demo.raw_spend["campaign"] == "social-test"]
    assert set(test["match"]) == {"no leads"}
    assert sum(test["spend"]) == sum(own["cost"]) > 0
    assert test["cost_per_lead"].isna().all()


def test_free_channels_are_unmatched_leads_without_a_cost(demo):
    shown = costs.costs(demo.spend, demo.reached, demo.settings.steps, demo.weeks, ("channel",))
    free = shown[shown["value"].isin(["organic", "referral"])]
    assert set(free["match"]) == {"no spend"}
    assert free["cost_per_sale"].isna().all()
    assert free["leads"].sum() == demo.leads["channel"].isin(["organic", "referral"]).sum()


def test_cost_per_lead_of_a_channel_by_hand(demo):
    shown = costs.costs(demo.spend, demo.reached, demo.settings.steps, demo.weeks, ("channel",), demo.paid)
    week = pd.Timestamp(2022, 9, 12)
    row = shown[(shown["cohort_week"] == week) & (shown["value"] == "search")].iloc[0]
    of_spend = (monday(demo.raw_spend["date"]) == week) & (demo.raw_spend["channel"] == "search")
    of_leads = (monday(demo.leads["created_at"]) == week) & (demo.leads["channel"] == "search")
    ids = set(demo.leads.loc[of_leads, "lead_id"])
    paid = sum(demo.raw_paid.loc[demo.raw_paid["lead_id"].isin(ids), "amount"])
    cost = float(sum(demo.raw_spend.loc[of_spend, "cost"]))
    assert row["cost_per_lead"] == pytest.approx(cost / of_leads.sum())
    assert row["paid"] == paid
    assert row["roas"] == pytest.approx(float(paid) / float(row["spend"]))
    assert row["vat"] == "yes"


def test_spend_with_and_without_vat_is_never_added_up_in_silence(demo):
    total = costs.costs(demo.spend, demo.reached, demo.settings.steps, demo.weeks)
    assert set(total["vat"]) == {"mixed"}
    states = costs.vat_states(demo.spend).set_index("vat_included")["spend"]
    social = demo.raw_spend[demo.raw_spend["channel"] == "social"]
    assert states["no"] == sum(social["cost"])


def test_the_cost_of_a_final_sale_lies_within_its_interval(demo):
    as_of = AsOf(dt.date(2022, 3, 7), BEGINNING)
    reached = cubes.reached(demo.tables, demo.settings, as_of)
    moved = cubes.moved(demo.tables, demo.settings, as_of)
    made = forecast(reached, STAGES, as_of.report_date, moved=moved, seed=1).frame()
    sales = made[made["stage"] == "sale"].rename(
        columns={"final_mean": "sales", "final_p05": "sales_low", "final_p95": "sales_high"}
    )
    spend = costs.in_own_currency(money.spend(demo.tables, demo.settings, as_of), demo.settings)
    weeks = complete_weeks(as_of.report_date, 75)
    expected = sales[["cohort_week", "sales", "sales_low", "sales_high"]]
    shown = costs.costs(spend, reached, demo.settings.steps, weeks, expected=expected)
    shown = shown.set_index("cohort_week")
    final = {pd.Timestamp(cohort["week"]): cohort["final"]["sale"] for cohort in demo.truth["cohorts"]}
    true_cost = pd.Series({week: float(shown.loc[week, "spend"]) / final[week] for week in shown.index})
    inside = (shown["projected_low"] <= true_cost) & (true_cost <= shown["projected_high"])
    assert len(inside) == 75 and inside.mean() >= 0.85
    assert (shown["projected_cost_per_sale"] <= shown["cost_per_sale"] * 1.000001).all()


@pytest.mark.parametrize("quarter", ["2020-Q4", "2021-Q1"])
@pytest.mark.parametrize("stage", STAGES)
def test_the_median_of_a_ripe_quarter_lies_within_two_per_cent_of_the_truth(demo, quarter, stage):
    found = durations.durations(demo.waits, 104)
    year, number = quarter.split("-Q")
    at = pd.Timestamp(int(year), 3 * int(number) - 2, 1)
    row = found[(found["cohort_quarter"] == at) & (found["start"] == "lead") & (found["stage"] == stage)]
    truth = demo.truth["delays"]["by_quarter"][quarter][stage]
    assert row["median_days"].item() == pytest.approx(truth["median_days"], rel=0.02)


def test_young_quarters_do_not_look_quick_only_because_they_are_young(demo):
    found = durations.durations(demo.waits, 104)
    young = found[(found["cohort_quarter"] == pd.Timestamp(2022, 7, 1)) & (found["start"] == "lead")]
    sale = young[young["stage"] == "sale"].iloc[0]
    truth = demo.truth["delays"]["by_quarter"]["2022-Q3"]["sale"]
    seen = demo.waits[
        (demo.waits["cohort_month"] >= pd.Timestamp(2022, 7, 1))
        & (demo.waits["cohort_month"] < pd.Timestamp(2022, 10, 1))
        & (demo.waits["stage"] == "sale")
        & (demo.waits["start"] == "lead")
        & (demo.waits["outcome"] == "reached")
    ]
    naive = np.quantile(np.repeat(seen["days"], seen["leads"]), 0.8)
    assert naive < 0.4 * truth["p80_days"]
    assert sale["p80_days"] == pytest.approx(truth["p80_days"], rel=0.2)
    assert 0.1 < sale["borrowed"] < 0.5


def test_the_share_that_will_buy_is_near_the_truth(demo):
    found = durations.durations(demo.waits, 104)
    total = found[found["cohort_quarter"].isna() & (found["start"] == "lead") & (found["stage"] == "sale")]
    final = sum(cohort["final"]["sale"] for cohort in demo.truth["cohorts"]) / demo.truth["leads"]
    assert total["share"].item() == pytest.approx(final, rel=0.03)


def test_nine_of_ten_that_moved_on_had_done_so_within_the_limit(demo):
    limits = durations.waiting_limits(demo.waits, 104)
    entries = pd.read_parquet(DEMO / "stage_entries.parquet")
    first = entries[entries["stage"] != "lost"].groupby("lead_id")["entered_at"].min()
    created = demo.leads.set_index("lead_id")["created_at"]
    took = (first - created.loc[first.index]).dt.total_seconds() / 86400
    early = took[created.loc[first.index] < pd.Timestamp(2022, 1, 1)]
    assert (early <= limits["lead"]).mean() == pytest.approx(0.9, abs=0.01)
    listed = waiting.long_waiting(demo.tables, demo.settings, demo.as_of, limits)
    assert (listed["waited_days"] > listed["limit_days"]).all()
    assert listed["lead_id"].is_unique


def test_lifetime_value_of_all_leads_lies_within_three_per_cent_of_the_truth(demo):
    heads = ltv.of_leads(demo.reached, demo.paid)
    found = ltv.lifetime_values(*heads, demo.as_of.report_date, 104, seed=1).iloc[0]
    truth = demo.truth["money"]["paid_total"]
    assert found["final"] == pytest.approx(truth, rel=0.03)
    assert found["final_p05"] <= truth <= found["final_p95"]
    assert found["paid"] == sum(demo.raw_paid["amount"])
    assert found["ltv"] == pytest.approx(truth / demo.truth["leads"], rel=0.03)


def test_most_channels_hold_the_truth_in_their_interval(demo):
    parts = ltv.of_leads(demo.reached, demo.paid, "channel")
    found = ltv.lifetime_values(*parts, demo.as_of.report_date, 104, seed=1).set_index("value")
    truth = demo.truth["money"]["paid_by_channel"]
    low, high = found["final_p05"], found["final_p95"]
    inside = [low[name] <= amount <= high[name] for name, amount in truth.items()]
    assert sum(inside) >= 5
    assert sum(found["paid"]) == sum(demo.raw_paid["amount"])
    assert found["number"].to_dict() == demo.leads["channel"].value_counts().to_dict()


def test_the_curve_of_a_year_by_hand(demo):
    curve = ltv.payback_curve(*ltv.of_leads(demo.reached, demo.paid), demo.as_of.report_date, 104, seed=1)
    leads = demo.leads.assign(week=monday(demo.leads["created_at"]))
    paid = demo.raw_paid.merge(leads, on="lead_id")
    lag = ((monday(paid["paid_at"]) - paid["week"]).dt.days // 7).clip(lower=0)
    age = (pd.Timestamp(demo.as_of.report_date) - leads["week"]).dt.days // 7 - 1
    amount = paid["amount"].astype("float64")
    expected = 0.0
    for week in range(11):
        old = set(leads.loc[age >= week, "week"])
        here = amount[(lag == week) & paid["week"].isin(old)]
        expected += here.sum() / (age >= week).sum()
    row = curve[curve["age"] == 10].iloc[0]
    assert row["per_head"] == pytest.approx(expected)
    assert row["low"] < row["per_head"] < row["high"]


def test_customers_and_their_repeat_payments_by_hand(demo):
    found = ltv.repeats(customers.customers(demo.tables, demo.settings, demo.as_of)).iloc[0]
    owner = demo.leads.set_index("lead_id")["customer_id"]
    bought = demo.raw_paid[demo.raw_paid["amount"] > 0]
    buyers = bought["lead_id"].map(owner).nunique()
    assert found["customers"] == owner.nunique()
    assert found["buyers"] == buyers
    assert found["repeat_payments"] == len(bought) - buyers
    assert found["refund_amount"] == sum(demo.raw_paid.loc[demo.raw_paid["amount"] < 0, "amount"])
    whole = found["first_amount"] + found["repeat_amount"] + found["refund_amount"]
    assert whole == sum(demo.raw_paid["amount"])


@pytest.mark.parametrize("by", [("channel",), ("channel", "manager")], ids=str)
def test_slices_add_up_to_the_whole(demo, by):
    whole = breakdown.counts_by(demo.reached, demo.settings.steps, demo.weeks)
    parts = breakdown.slices_by(demo.reached, demo.settings.steps, demo.weeks, by)
    for column in ("leads", *STAGES):
        assert parts[column].sum() == whole[column].sum()


def test_the_most_telling_attribute_is_the_one_planted_strongest(demo):
    found = breakdown.telling(
        demo.reached, demo.settings.steps, demo.weeks, [("channel",), ("manager",), ("channel", "manager")]
    )
    spread = {
        name: np.std([sum(value["logit"].values()) for value in values.values()])
        for name, values in demo.truth["segments"].items()
    }
    assert spread["channel"] > spread["manager"]
    assert found.loc[0, "attribute"] == "channel" and found.loc[0, "attribute2"] == ""


def test_the_flat_data_add_up_to_everything(demo):
    names = list(demo.settings.attributes)
    cross = crossed.crossed(demo.tables, demo.settings, demo.as_of, names)
    found = flat.flat(cross, names, STAGES, demo.weeks, demo.spend, np.full(len(cross), 0.25))
    assert sum(found["spend"].dropna()) == sum(demo.raw_spend["cost"])
    assert sum(found["revenue"]) == sum(demo.raw_paid["amount"])
    assert found["leads"].sum() == len(demo.leads)
    week = found[found["cohort_week"] == pd.Timestamp(2022, 9, 12)]
    rows = (cross["cohort_week"] == pd.Timestamp(2022, 9, 12)).sum()
    assert week["expected_sales"].sum() == pytest.approx(week["sale"].sum() + rows / 4)
    of = (monday(demo.raw_spend["date"]) == pd.Timestamp(2022, 9, 12)) & (demo.raw_spend["channel"] == "chat")
    assert sum(week.loc[week["attr_0"] == "chat", "spend"]) == sum(demo.raw_spend.loc[of, "cost"])
    assert week.loc[week["attr_0"] == "organic", "spend"].isna().all()


def test_the_flat_data_say_nothing_of_what_is_not_known(demo):
    cross = crossed.crossed(demo.tables, demo.settings, demo.as_of, ["manager"])
    weeks = pd.DatetimeIndex(demo.weeks)
    coming = np.where(cross["cohort_week"] >= weeks[-3], np.nan, 0.0)
    half = demo.spend[demo.spend["date"] >= weeks[50]]
    found = flat.flat(cross, ["manager"], STAGES, demo.weeks, half, coming)
    assert (found["spend"].isna() == (found["cohort_week"] < weeks[50])).all()
    assert (found["expected_sales"].isna() == (found["cohort_week"] >= weeks[-3])).all()
    nothing = flat.flat(cross, ["manager"], STAGES, demo.weeks, demo.spend.head(0))
    assert nothing["spend"].isna().all() and len(nothing) == len(found)
