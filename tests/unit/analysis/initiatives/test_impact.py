"""Initiatives: measured against planted truth; too early, overlaps, what was earned."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from histories import STEPS, Planted, draw, monday

from funnel.analysis.initiatives.impact import COLUMNS, impact, lines, measure
from funnel.analysis.initiatives.power import power
from funnel.analysis.initiatives.prospects import prospects
from funnel.analysis.revenue.whatif import CANNOT_RISE
from funnel.logbook import Cost, Hypothesis, Initiative
from funnel.schema import PAID_COLUMNS

SEGMENTS = {"channel": 4, "manager": 5}
START, LAST = 46, 76
EFFECT = Planted(START, steps=(1.3, 1.0, 1.0, 1.0), attribute="channel", values=(1,))


def make(name="chat", start=START, scope=None, change=0.3, metric="target_rate", **more):
    return Initiative(
        id=name,
        title=name,
        owner="lead",
        start=start if isinstance(start, dt.date) else monday(start),
        scope={"channel": ("01",)} if scope is None else scope,
        hypotheses=(Hypothesis(metric=metric, change=change), Hypothesis(metric="overall_rate", change=0.3)),
        cost=Cost(money=Decimal(100_000), hours=10, per_hour=Decimal(1000)),
        **more,
    )


def history(planted=(EFFECT,), seed=4):
    return draw(np.random.default_rng(seed), 500, LAST, SEGMENTS, planted, sigma=0.05).cube()


@pytest.fixture(scope="module")
def cube():
    return history()


@pytest.fixture(scope="module")
def measured(cube):
    sold = cube[cube["stage"] == "sale"]
    paid = sold.rename(columns={"leads": "payments"}).assign(amount=lambda rows: rows["payments"] * 1000)
    return impact(cube, STEPS, monday(LAST), [make()], paid[list(PAID_COLUMNS)]).set_index("metric")


def test_what_was_planted_is_measured_against_the_other_segments(measured):
    row = measured.loc["target_rate"]
    assert row["method"] == "difference in differences"
    assert row["low"] < 0.3 < row["high"]
    assert row["verdict"] == "confirmed"
    assert row["without"] == pytest.approx(row["after"] / (1 + row["measured_change"]))
    assert row["weeks_before"] == 26
    assert row["weeks_after"] == 8  # so many were needed to see it, and the verdict is that of this date
    assert row["later_low"] < 0.3 < row["later_high"]
    assert row["later_high"] - row["later_low"] < row["high"] - row["low"]


def test_every_step_and_the_whole_are_there(measured):
    assert list(measured.reset_index().columns) != []
    assert list(measured.index) == [
        "target_rate",
        "overall_rate",
        "qualified_rate",
        "proposal_rate",
        "sale_rate",
    ]
    assert measured.loc["qualified_rate", "verdict"] == ""
    assert np.isnan(measured.loc["qualified_rate", "expected_change"])
    assert measured.loc["qualified_rate", "low"] < 0 < measured.loc["qualified_rate", "high"]


def test_before_and_after_are_the_rates_of_the_treated_at_equal_age(measured, cube):
    row = measured.loc["overall_rate"]
    part = cube[(cube["attribute"] == "channel") & (cube["value"] == "01") & (cube["lag"] <= row["at_age"])]
    week = (part["cohort_week"] - pd.Timestamp(monday(0))).dt.days // 7
    for name, first, last in (("before", START - 26, START), ("after", START, START + 13)):
        mine = part[(week >= first) & (week < last)]
        sales, leads = (mine.loc[mine["stage"] == stage, "leads"].sum() for stage in ("sale", "lead"))
        assert row[name] == pytest.approx(sales / leads)


def test_extra_sales_revenue_and_return(measured, cube):
    row = measured.loc["overall_rate"]
    part = cube[(cube["attribute"] == "channel") & (cube["value"] == "01") & (cube["stage"] == "sale")]
    week = (part["cohort_week"] - pd.Timestamp(monday(0))).dt.days // 7
    lived = week + part["lag"] < LAST
    sales = part[(week >= START) & lived]["leads"].sum()
    extra = sales * (1 - 1 / (1 + row["measured_change"]))
    assert row["extra_sales"] == pytest.approx(extra)
    assert row["cost"] == 110_000
    assert row["roi_low"] < row["roi"] < row["roi_high"]
    assert row["extra_revenue"] == pytest.approx(row["roi"] * 110_000 + 110_000)
    assert row["revenue_per_month"] / row["extra_revenue"] == pytest.approx(
        row["sales_per_month"] / row["extra_sales"]
    )


def test_no_verdict_before_the_date_of_reading_and_the_date_stays(cube):
    early = impact(cube, STEPS, monday(START + 2), [make()]).set_index("metric")
    late = impact(cube, STEPS, monday(LAST), [make()]).set_index("metric")
    assert early.loc["overall_rate", "verdict"] == "too early"
    assert early.loc["overall_rate", "readable_from"] > pd.Timestamp(monday(START + 2))
    assert early["readable_from"].equals(late["readable_from"].reindex(early.index))
    assert np.isnan(early.loc["overall_rate", "extra_sales"])


def test_an_initiative_that_has_not_begun_is_too_early(cube):
    frame = impact(cube, STEPS, monday(LAST), [make(start=LAST + 8)])
    assert set(frame["verdict"]) == {"too early", ""}
    assert frame["readable_from"].min() > pd.Timestamp(monday(LAST + 8))
    assert list(frame.columns) == list(COLUMNS)


def test_a_start_in_mid_week_leaves_that_week_out(cube):
    item = make(start=monday(START - 1) + dt.timedelta(days=2), change=0.02)  # all weeks are needed
    row = impact(cube, STEPS, monday(LAST), [item]).iloc[0]
    assert (row["weeks_before"], row["weeks_after"]) == (25, 13)


def test_in_different_segments_they_are_told_apart():
    down = Planted(START, steps=(0.75, 1.0, 1.0, 1.0), attribute="channel", values=(2,))
    two = [make(), make("other", scope={"channel": ("02",)}, change=-0.25)]
    frame = impact(history((EFFECT, down)), STEPS, monday(LAST), two)
    rows = frame[frame["metric"] == "target_rate"].set_index("initiative")
    assert rows.loc["chat", "low"] < 0.3 < rows.loc["chat", "high"]
    assert rows.loc["other", "low"] < -0.25 < rows.loc["other", "high"]
    assert rows.loc["chat", "overlaps"] == "other: its segments left out"


@pytest.mark.parametrize("scope", [{"channel": ("01",)}, {}])
def test_in_the_same_segment_and_week_they_cannot_be(cube, scope):
    two = [make(scope=scope), make("other", scope=scope)]
    frame = impact(cube, STEPS, monday(LAST), two)
    assert set(frame["verdict"]) == {"cannot be told"}
    assert set(frame["reason"]) == {"overlap:other", "overlap:chat"}


def test_one_for_everybody_beside_one_for_a_segment_is_read_on_the_rest(cube):
    frame = impact(cube, STEPS, monday(LAST), [make("all", scope={}), make("chat", start=START + 1)])
    row = frame[frame["initiative"] == "all"].iloc[0]
    assert row["overlaps"] == "chat: its segments left out"
    part = cube[(cube["attribute"] == "channel") & (cube["value"] != "01") & (cube["lag"] <= row["at_age"])]
    week = (part["cohort_week"] - pd.Timestamp(monday(0))).dt.days // 7
    mine = part[(week >= START - 26) & (week < START)]
    target, leads = (mine.loc[mine["stage"] == stage, "leads"].sum() for stage in ("target", "lead"))
    assert row["before"] == pytest.approx(target / leads)


def test_a_later_initiative_in_the_same_segment_shortens_the_weeks_read(cube):
    frame = impact(cube, STEPS, monday(LAST), [make(change=0.02), make("later", start=START + 6)])
    row = frame[frame["initiative"] == "chat"].iloc[0]
    assert row["weeks_after"] == 6
    assert row["overlaps"] == "later: only weeks without its change are read"


def test_an_unknown_segment_and_a_short_history_are_said(cube):
    frame = impact(cube, STEPS, monday(LAST), [make(scope={"channel": ("fax",)}), make("first", start=5)])
    reasons = frame.groupby("initiative")["reason"].unique().str[0].to_dict()
    assert reasons == {"chat": "no_such_segment", "first": "history_short"}
    assert set(frame["verdict"]) == {"cannot be told"}


def test_a_staggered_roll_out_is_one_effect():
    later = Planted(START + 6, steps=(1.3, 1.0, 1.0, 1.0), attribute="channel", values=(2,))
    item = make(scope={"channel": ("01", "02")}, rollout={"02": monday(START + 6)}, change=0.02)
    row = impact(history((EFFECT, later)), STEPS, monday(LAST), [item]).iloc[0]
    assert row["low"] < 0.3 < row["high"]
    assert row["weeks_after"] == 19


def test_nothing_is_seen_where_nothing_was_done():
    verdicts = [
        impact(history((), seed), STEPS, monday(LAST), [make(change=0.2)]).iloc[0]["verdict"]
        for seed in range(10, 16)
    ]
    assert "confirmed" not in verdicts


def test_the_picture_shows_what_was_measured(measured, cube):
    frame = lines(cube, STEPS, monday(LAST), make(), "target_rate")
    row = measured.loc["target_rate"]
    assert frame["cohort_week"].max() >= pd.Timestamp(monday(START + 12))  # later weeks are in the picture
    frame = frame[frame["cohort_week"] < pd.Timestamp(monday(START + 8))]
    treated = frame[frame["group"] == "treated"].groupby("period")[["reached", "base"]].sum()
    assert (treated["reached"] / treated["base"])["after"] == pytest.approx(row["after"])
    assert set(frame["group"]) == {"treated", "control"}
    assert lines(cube, STEPS, monday(LAST), make(start=LAST + 8), "target_rate").empty


def test_looking_ahead_tells_worth_and_visibility(cube):
    item = make(start=LAST + 2, scope={}, metric="qualified_rate", change=0.02)
    sold = cube[cube["stage"] == "sale"]
    paid = sold.rename(columns={"leads": "payments"}).assign(amount=lambda rows: rows["payments"] * 1000)
    worth, seen = prospects(cube, STEPS, monday(LAST), item, (), paid[list(PAID_COLUMNS)])
    leads = cube[(cube["attribute"] == "") & (cube["stage"] == "lead")]
    recent = leads[leads["cohort_week"] >= pd.Timestamp(monday(LAST - 13))]["leads"].sum()
    assert worth.leads == pytest.approx(recent / 13 * 365.25 / 7 / 12)
    assert worth.extra_sales == pytest.approx(0.3 * worth.sales)
    assert worth.extra_revenue == pytest.approx(1000 * worth.extra_sales)
    assert worth.payback_months == pytest.approx(110_000 / worth.extra_revenue)
    unknown, _ = prospects(cube, STEPS, monday(LAST), item, (), paid[list(PAID_COLUMNS)][:0])
    assert np.isnan([unknown.extra_revenue, unknown.payback_months, unknown.return_in_a_year]).all()
    assert unknown.extra_sales == worth.extra_sales
    small, whole = seen.set_index("metric").loc[["qualified_rate", "overall_rate"]].itertuples()
    assert small.mde > 0.02
    assert small.power < 0.5 < whole.power
    assert whole.readable_from > pd.Timestamp(monday(LAST + 2))


def test_a_hypothesis_that_the_leads_do_not_allow_is_told_and_earns_no_more_than_they_do(cube):
    item = make(start=LAST + 2, scope={}, metric="qualified_rate", change=4.0)
    worth, seen = prospects(cube, STEPS, monday(LAST), item, ())
    total = cube[cube["attribute"] == ""].groupby("stage")["leads"].sum()
    assert seen.set_index("metric").loc["qualified_rate", "reason"] == CANNOT_RISE
    assert 0 < worth.sales + worth.extra_sales <= worth.leads * total["sale"] / total["qualified"] * 1.5
    assert worth.sales + worth.extra_sales <= worth.leads


def test_more_leads_make_smaller_effects_detectable():
    sizes = []
    for leads in (60, 500):
        cube = draw(np.random.default_rng(1), leads, LAST, SEGMENTS, sigma=0.05).cube()
        sizes.append(prospects(cube, STEPS, monday(LAST), make(start=LAST + 1, scope={}))[1]["mde"].iloc[0])
    assert sizes[0] > 1.5 * sizes[1] > 0


SEASON = 0.35


def seasonal(seed=1, start=112):
    """Nothing but a season of the first step, which the start and the 13 weeks after it lie in."""
    return draw(np.random.default_rng(seed), 500, start + 30, SEGMENTS, season=SEASON)


def test_one_for_everybody_is_compared_year_on_year_where_the_weeks_before_vary():
    found = [measure(seasonal(seed, start).cells(start + 30), item, [item], only="target_rate")[1][0]
             for seed in range(3) for start in (108, 121)
             for item in [make(scope={}, start=start)]]  # fmt: skip
    assert {one.found.method for one in found} == {"year on year"}
    limits = [one.fitted.interval(inflate=one.placebo.inflate) for one in found if one.fitted]
    assert sum(low <= 0 <= high for low, high in limits) >= 5
    assert max(high for _, high in limits) < 0.3


def test_what_a_plan_promises_is_the_power_of_the_reading_that_is_made():
    start = 121
    drawn, item = seasonal(0, start), make(scope={}, start=start, change=0.12)
    one = measure(drawn.cells(start + 30), item, [item], only="target_rate")[1][0]
    assert one.placebo.inflate >= 1.3
    plain = power(drawn.cells(start + 30), one.found, 0, 1, 0.12, one.power.age)
    assert one.power.detectable > 1.2 * plain.detectable and one.power.power < plain.power
    assert one.power.weeks >= plain.weeks
    # the same is said before it starts
    row = prospects(drawn.cube(), STEPS, monday(start), item)[1].iloc[0]
    assert row["power"] == pytest.approx(one.power.power) and row["mde"] == pytest.approx(
        one.power.detectable
    )


def test_a_plan_that_could_tell_nothing_promises_nothing():
    start = 56
    cube = draw(np.random.default_rng(2), 500, start, SEGMENTS, season=0.5).cube()
    row = prospects(cube, STEPS, monday(start), make(scope={}, start=start))[1].iloc[0]
    assert row["reason"] == "varies" and np.isnan(row["power"])


def test_without_a_second_year_it_cannot_be_told_and_no_number_is():
    start = 56
    cube = draw(np.random.default_rng(2), 500, start + 30, SEGMENTS, season=0.5).cube()
    row = impact(cube, STEPS, monday(start + 30), [make(scope={}, start=start)]).iloc[0]
    assert (row["verdict"], row["reason"]) == ("cannot be told", "varies")
    assert np.isnan(row[["measured_change", "low", "high", "extra_sales"]].astype(float)).all()


def test_a_verdict_stays_and_what_is_read_later_stands_beside_it():
    cube = draw(np.random.default_rng(4), 500, LAST + 20, SEGMENTS, [EFFECT], sigma=0.05).cube()
    at_end = cube["cohort_week"] + pd.to_timedelta(cube["lag"] * 7, unit="D")
    dates = [START + 12, START + 15, LAST]
    rows = [
        impact(cube[at_end < pd.Timestamp(monday(at))], STEPS, monday(at), [make()]).iloc[0] for at in dates
    ]
    assert {row["metric"] for row in rows} == {"target_rate"}
    for name in ("verdict", "measured_change", "low", "high", "readable_from"):
        assert len({row[name] for row in rows}) == 1, name
    assert len({row["later_change"] for row in rows}) > 1


def test_on_the_date_of_reading_it_is_read(cube):
    early = impact(cube, STEPS, monday(START + 2), [make()]).set_index("metric")
    day = early.loc["target_rate", "readable_from"].date()
    on_it = impact(cube, STEPS, day, [make()]).set_index("metric")
    before = impact(cube, STEPS, day - dt.timedelta(weeks=1), [make()]).set_index("metric")
    assert before.loc["target_rate", "verdict"] == "too early"
    assert on_it.loc["target_rate", "verdict"] not in ("too early", "")
