"""Flags: equal age, targets and tolerances, known changes, the order of the list; shapes; since when."""

import dataclasses
import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from histories import FIRST, STEPS, Planted, draw, monday

from funnel.analysis.attention.changes import change_point
from funnel.analysis.attention.deviations import COLUMNS, deviations
from funnel.analysis.attention.shapes import _add, _changes, look, shapes
from funnel.logbook import Cost, Hypothesis, Initiative
from funnel.schema import PAID_COLUMNS
from funnel.settings_targets import Target

SEGMENTS = {"channel": 3, "manager": 5}
LAST = 70


def history(planted=(), weeks=LAST, seed=1, leads=500):
    return draw(np.random.default_rng(seed), leads, weeks, SEGMENTS, planted, sigma=0.05)


@pytest.fixture(scope="module")
def dropped():
    """Manager 02 qualifies 40 % fewer since week 64."""
    return history([Planted(64, steps=(1.0, 0.6, 1.0, 1.0), attribute="manager", values=(2,))]).cube()


def test_a_planted_drop_is_first_on_the_list_and_dated(dropped):
    frame = deviations(dropped, STEPS, monday(LAST))
    assert list(frame.columns) == list(COLUMNS)
    first = frame.iloc[0]
    assert (first["attribute"], first["value"], first["stage"], first["flag"]) == (
        "manager",
        "02",
        "qualified",
        True,
    )
    assert abs((first["since"] - pd.Timestamp(monday(64))).days) <= 7
    assert first["change"] == pytest.approx(-0.4, abs=0.12)
    assert first["effect_sales"] < 0
    assert not first["low"] <= first["observed"] <= first["high"]


def test_young_cohorts_are_not_low_because_they_are_young():
    frame = deviations(history().cube(), STEPS, monday(LAST))
    assert not frame["flag"].any()
    total = frame[frame["attribute"] == ""].set_index("stage")
    assert total.loc["proposal", "observed"] == pytest.approx(total.loc["proposal", "expected"], rel=0.2)
    assert total.loc["proposal", "expected"] < 0.36  # ripe it would be 42 %
    assert total.loc["sale", "expected"] < 0.35  # and 43 %


def test_the_expected_share_is_that_of_the_history_at_the_same_ages(dropped):
    row = deviations(dropped, STEPS, monday(LAST)).query(
        "attribute == '' and stage == 'target' and weeks == 6"
    )
    assert len(row) == 1
    part = dropped[(dropped["attribute"] == "") & dropped["stage"].isin(["lead", "target"])]
    week = (part["cohort_week"] - pd.Timestamp(FIRST)).dt.days // 7

    def counted(first, last, age, stage):
        mine = (week >= first) & (week < last) & (part["lag"] <= age) & (part["stage"] == stage)
        return part[mine]["leads"].sum()

    due = leads = 0
    for number in range(64, 70):
        age = 69 - number
        rate = counted(12, 64, age, "target") / counted(12, 64, age, "lead")
        due += rate * counted(number, number + 1, age, "lead")
        leads += counted(number, number + 1, age, "lead")
    assert row["expected"].iloc[0] == pytest.approx(due / leads, abs=1e-4)
    assert row["base"].iloc[0] == leads


def test_targets_and_tolerances_are_their_own_rows(dropped):
    targets = [
        Target(stage="target", minimum=0.6),
        Target(stage="target", minimum=0.2),
        Target(stage="qualified", attribute="manager", relative=0.9),
        Target(stage="overall", minimum=0.5, since=monday(LAST)),
    ]
    frame = deviations(dropped, STEPS, monday(LAST), targets)
    aimed = frame[frame["kind"] == "target"].sort_values("expected")
    assert aimed["flag"].tolist() == [False, True]
    assert aimed["expected"].tolist() == pytest.approx([0.2, 0.6], rel=0.1)  # what young cohorts show of it
    tolerance = frame[frame["kind"] == "tolerance"].set_index("value")
    assert len(tolerance) == 5
    assert tolerance["flag"].to_dict() == {"00": False, "01": False, "02": True, "03": False, "04": False}


def test_a_tolerance_keeps_what_lies_within_it_from_being_flagged():
    cube = history().cube()
    strict = deviations(cube, STEPS, monday(LAST), [Target(stage="target", minimum=0.45)])
    slack = deviations(cube, STEPS, monday(LAST), [Target(stage="target", minimum=0.45, tolerance=0.2)])
    assert strict[strict["kind"] == "target"]["flag"].tolist() == [True]
    assert slack[slack["kind"] == "target"]["flag"].tolist() == [False]


def test_after_a_known_initiative_only_the_weeks_since_are_the_history():
    cube = history([Planted(44, steps=(1.0, 1.5, 1.0, 1.0))]).cube()
    known = Initiative(
        id="x", title="x", owner="x", start=monday(44), cost=Cost(money=0),
        hypotheses=(Hypothesis(metric="qualified_rate", change=0.5),),
    )  # fmt: skip
    without, told = (
        deviations(cube, STEPS, monday(LAST), initiatives=known_of)
        .query("attribute == '' and stage == 'qualified'")
        .iloc[0]
        for known_of in ((), (known,))
    )
    assert without["change"] > 0.15
    assert told["change"] == pytest.approx(0, abs=0.06)
    assert told["p_value"] > 0.05


def test_money_is_sales_times_what_a_sale_brought(dropped):
    sold = dropped[dropped["stage"] == "sale"]
    paid = sold.rename(columns={"leads": "payments"}).assign(amount=lambda rows: rows["payments"] * 1000)
    frame = deviations(dropped, STEPS, monday(LAST), paid=paid[list(PAID_COLUMNS)])
    assert frame["effect_money"].to_numpy() == pytest.approx(
        frame["effect_sales"].to_numpy() * 1000, nan_ok=True
    )


def test_small_cells_are_marked_and_a_short_history_gives_no_rows():
    cube = history(leads=30).cube()
    frame = deviations(cube, STEPS, monday(LAST))
    assert frame["small"].equals(frame["base"] < 30)
    assert frame["small"].any()
    early = deviations(cube, STEPS, monday(8))
    assert early.empty
    assert list(early.columns) == list(COLUMNS)


def test_a_stage_at_zero_everywhere_is_a_data_fault():
    cube = history().cube()
    last = cube["cohort_week"].max()
    gone = cube[~((cube["stage"] == "qualified") & (cube["cohort_week"] == last))]
    gone = gone[~(gone["stage"].isin(["proposal", "sale"]) & (gone["cohort_week"] == last))]
    row = shapes(gone, STEPS, monday(LAST)).iloc[0]
    assert (row["shape"], row["attribute"], row["value"]) == ("data_fault", "stage", "qualified")


@pytest.mark.parametrize(
    ("planted", "name", "value"),
    [
        (Planted(64, 68, (0.85, 0.75, 0.85, 0.95), volume=1.5), "overload", ""),
        (Planted(62, 68, (0.93, 0.85, 0.80, 0.65)), "market", ""),
        (Planted(63, 68, (0.6, 0.75, 1.0, 1.0), "channel", (1,), 2.5), "hidden_launch", "01"),
    ],
)
def test_known_shapes_are_named(planted, name, value):
    found = shapes(history([planted], weeks=68).cube(), STEPS, monday(68), weeks=3)
    assert [(row.shape, row.value) for row in found.itertuples()] == [(name, value)]
    assert found["last_week"].iloc[0] == pd.Timestamp(monday(67))


def test_no_shape_without_a_cause():
    assert shapes(history(weeks=68, seed=2).cube(), STEPS, monday(68), weeks=6).empty


def test_a_change_is_dated_and_chance_is_not():
    rng = np.random.default_rng(5)
    base = np.full(30, 90.0)
    steady = rng.binomial(90, 0.4, 30).astype(float)
    assert change_point(steady, base) is None
    fallen = np.concatenate([steady[:22], rng.binomial(90, 0.25, 8)])
    change = change_point(fallen, base)
    assert abs(change.at - 22) <= 1
    assert change.relative == pytest.approx(-0.375, abs=0.12)


def test_over_dispersed_weeks_need_more_for_a_change():
    base, reached = np.full(20, 200.0), np.array([80.0] * 15 + [62.0] * 5)
    assert change_point(reached, base) is not None
    assert change_point(reached, base, rho=0.05) is None


def test_dates_are_dates():
    assert monday(0) == dt.date(2020, 9, 28)


def test_of_a_single_stage_the_step_is_tested_once_and_the_whole_can_still_have_a_target(dropped):
    only = ("lead", "target")
    cube = dropped[dropped["stage"].isin(only)]
    frame = deviations(cube, only, monday(LAST), [Target(stage="overall", minimum=0.9)])
    assert set(frame.loc[frame["kind"] == "history", "stage"]) == {"target"}
    aimed = frame[frame["kind"] == "target"]
    assert aimed["stage"].tolist() == ["overall"]
    assert aimed["flag"].all()
    assert not frame.duplicated(["attribute", "value", "stage", "kind"]).any()


@pytest.mark.parametrize(("leads", "named"), [(18, []), (120, ["skipped_stage"])])
def test_a_good_week_of_the_next_step_is_no_skipped_stage_and_all_of_many_is(leads, named):
    """All who came to target went on to qualified: 8 of 8 happens, 50 of 50 does not."""
    made = history(leads=leads, seed=3)
    lags = made.lags.copy()
    here = (made.week >= LAST - 3) & (lags[:, 0] < 999)
    lags[here, 0] = 0
    lags[here, 1] = 0
    found = list(look(dataclasses.replace(made, lags=lags).cells(LAST)))
    assert [shape.name for shape in found if shape.name in ("skipped_stage", "data_fault")] == named
    assert [shape.stage for shape in found if shape.name == "skipped_stage"] == ["target"] * len(named)


def test_a_launch_by_an_attribute_that_tells_the_outcome_is_none():
    planted = Planted(63, 68, (0.6, 0.75, 1.0, 1.0), "channel", (1,), 2.5)
    plain = history((planted,), weeks=68)
    known = (plain.codes["channel"] == 1) | (plain.lags[:, 0] < 999)
    codes = {**plain.codes, "channel": np.where(known, plain.codes["channel"], 99)}
    cube = dataclasses.replace(plain, codes=codes).cube()
    cube["value"] = cube["value"].where((cube["attribute"] != "channel") | (cube["value"] != "99"), "")
    assert "hidden_launch" in set(shapes(plain.cube(), STEPS, monday(68), weeks=3)["shape"])
    assert "hidden_launch" not in set(shapes(cube, STEPS, monday(68), weeks=3)["shape"])


def test_the_change_of_the_whole_is_the_product_of_the_steps():
    steps = [
        SimpleNamespace(reached=np.array([10.0, 3.0]), expected=np.array([20.0, 3.0])),
        SimpleNamespace(reached=np.array([4.0, 7.0]), expected=np.array([4.0, 3.0])),
    ]
    assert _changes(steps) == pytest.approx([10.5 / 20.5 - 1, 7.5 / 3.5 - 1])


@pytest.mark.parametrize(("name", "first"), [("hidden_launch", 36), ("data_fault", 39)])
def test_a_shape_is_of_the_newest_weeks_and_goes_on_while_it_is_seen(name, first):
    rows: list[dict[str, object]] = []
    for score, last in ((3.0, 39), (5.0, 40), (4.0, 41)):
        seen = SimpleNamespace(
            weeks=[monday(week) for week in range(last + 1)], keys=[("channel", "web", "", "")]
        )
        shape = SimpleNamespace(name=name, stage="", cell=0, volume=score, change=0.0, score=score)
        _add(rows, seen, shape)
    (row,) = rows
    assert (row["first_week"], row["last_week"]) == (
        pd.Timestamp(monday(first + 1)),
        pd.Timestamp(monday(41)),
    )
    assert (row["volume"], row["score"]) == (5.0, 5.0)
    assert row["seen"] == pd.Timestamp(monday(40))
