"""The forecast: what a reader may rely on, whatever the history looks like."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import worlds

from funnel.analysis.forecast.draws import draw_coming
from funnel.analysis.forecast.final import FORECAST_COLUMNS, QUANTILES, forecast
from funnel.analysis.forecast.maturity import maturity_curves
from funnel.errors import MissingError

AT = 60
DAY = dt.date(2020, 1, 6) + dt.timedelta(weeks=AT)
LEADS = worlds.Funnel(leads=80).draw(np.random.default_rng([7, 0]), AT)
REACHED, MOVED = worlds.funnel_cubes(LEADS, AT)
TOLD = forecast(REACHED, worlds.STAGES, DAY, moved=MOVED, draws=300, seed=1).frame()


def sound(frame: pd.DataFrame) -> None:
    assert tuple(frame.columns) == FORECAST_COLUMNS
    assert not frame.isna().any().any()
    limits = frame[[f"final_{name}" for name in QUANTILES]]
    assert (limits.diff(axis=1).iloc[:, 1:] >= -1e-9).all().all()
    assert (limits["final_p05"] >= frame["reached"] - 1e-9).all()
    assert (limits["final_p95"] <= frame["leads"] + 1e-9).all()
    assert frame["final_mean"].between(frame["reached"] - 1e-9, frame["leads"] + 1e-9).all()
    assert frame["maturity"].between(frame["maturity_low"], frame["maturity_high"]).all()
    assert frame["maturity_high"].max() <= 1
    assert (frame["reliable"] == (frame["reason"] == "")).all()


def test_every_complete_cohort_and_stage_has_a_sound_row() -> None:
    sound(TOLD)
    assert len(TOLD) == AT * 4
    assert TOLD["stage"].tolist()[:4] == list(worlds.STAGES)
    assert TOLD["age_weeks"].tolist()[-1] == 0


def test_the_same_seed_gives_the_same_forecast() -> None:
    again = forecast(REACHED, worlds.STAGES, DAY, moved=MOVED, draws=300, seed=1).frame()
    pd.testing.assert_frame_equal(again, TOLD)


CASES = {
    "no open leads known": (LEADS, AT, False),
    "one cohort": (LEADS[LEADS["cohort"] == 0], 1, True),
    "five cohorts": (LEADS[LEADS["cohort"] < 5], 5, True),
    "weeks without leads": (LEADS[(LEADS["cohort"] < 20) | (LEADS["cohort"] > 30)], AT, True),
    "a tuesday": (LEADS, 50 + 1 / 7, True),
    "a sunday": (LEADS, 50 + 6 / 7, True),
}


@pytest.mark.parametrize("case", CASES)
def test_any_history_gives_an_answer(case: str) -> None:
    leads, at, with_moved = CASES[case]
    reached, moved = worlds.funnel_cubes(leads, at)
    day = dt.date(2020, 1, 6) + dt.timedelta(days=round(at * 7))
    told = forecast(reached, worlds.STAGES, day, moved=moved if with_moved else None, draws=200)
    sound(told.frame())
    assert not maturity_curves(told).isna().any().any()
    assert len(told.frame()) == int(at) * 4


def test_a_stage_nobody_reached_is_small_wide_and_not_reliable() -> None:
    reached, moved = REACHED[REACHED["stage"] != "sale"], MOVED[MOVED["next_stage"] != "sale"]
    told = forecast(reached, worlds.STAGES, DAY, moved=moved, draws=200).frame()
    sound(told)
    sale = told[told["stage"] == "sale"]
    assert set(sale["reason"]) == {"no_conversions"}
    assert 0 < sale["final_mean"].sum() < 1
    assert (sale["maturity"] == 0).all()


def test_a_short_history_tells_what_it_has_lived_through_and_no_more() -> None:
    at = 14
    reached, moved = worlds.funnel_cubes(LEADS[LEADS["cohort"] < at], at)
    day = dt.date(2020, 1, 6) + dt.timedelta(weeks=at)
    told = forecast(reached, worlds.STAGES, day, moved=moved, draws=200)
    # Nearly all become target within two weeks; of the sales half take longer than these leads are old.
    assert set(told.stages["target"].frame()["reason"]) == {""}
    assert set(told.stages["sale"].frame()["reason"]) <= {"history_short", "few_conversions"}


def test_a_short_horizon_is_kept() -> None:
    told = forecast(REACHED, ["sale"], DAY, horizon=26, draws=200).frame()
    sound(told)
    ripe = told[told["age_weeks"] >= 26]
    assert (ripe["final_p95"] == ripe["reached"]).all()


def test_no_leads_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(MissingError, match=r"no lead was created before 2021-03-01.*Import leads"):
        forecast(REACHED[:0], worlds.STAGES, DAY)


def moves_of(frame: pd.DataFrame, week: pd.Timestamp, stage: str, leads: int) -> pd.DataFrame:
    """Let the open leads of one cohort stand in one stage only."""
    other = frame[(frame["cohort_week"] != week) | (frame["next_stage"] != "")]
    row = {"cohort_week": week, "stage": stage, "next_stage": "", "entered": 4, "left": 6, "leads": leads}
    return pd.concat(
        [other, pd.DataFrame([row]).reindex(columns=frame.columns).fillna("")], ignore_index=True
    )


def test_a_lead_with_a_proposal_out_is_worth_more_and_a_lost_one_nothing() -> None:
    week = pd.Timestamp("2020-01-06") + pd.Timedelta(weeks=AT - 5)
    means = {}
    for stage in ("lead", "proposal"):
        told = forecast(
            REACHED, worlds.STAGES, DAY, moved=moves_of(MOVED, week, stage, 30), draws=200
        ).stages["sale"]
        # Before stages are put in order: these leads stand in stages that they are not counted in.
        means[stage] = draw_coming(told.fit, 200, seed=3)[0].sum(axis=1)[AT - 5]
    all_lost = MOVED[(MOVED["cohort_week"] != week) | (MOVED["next_stage"] != "")]
    gone = forecast(REACHED, worlds.STAGES, DAY, moved=all_lost, draws=200).stages["sale"]
    assert gone.coming.sum(axis=1)[AT - 5] == 0
    # True: 43 % of proposals buy, 4 % of fresh leads; a lead that has waited is worth less still.
    assert 0.25 * 30 < means["proposal"] < 0.6 * 30
    assert means["lead"] < 0.05 * 30


def test_curves_are_those_of_the_truth() -> None:
    curves = maturity_curves(forecast(REACHED, worlds.STAGES, DAY, moved=MOVED, draws=200))
    # Ripe leads' own times from the simulation, not the fitted ones.
    ripe = LEADS[np.isfinite(LEADS["target"]) & (LEADS["cohort"] < 40)]
    lag = np.floor(ripe["target"]) - ripe["cohort"]
    told = curves[curves["stage"] == "target"].set_index("age_weeks")["maturity"]
    assert told[0] == pytest.approx((lag <= 0).mean(), abs=0.04)
    assert told[2] == pytest.approx((lag <= 2).mean(), abs=0.02)


def test_a_cohort_that_has_nothing_to_come_carries_no_mark() -> None:
    """Twelve weeks of log tell of no delay; but where every lead is closed, there is nothing to tell."""
    at = 12
    leads = worlds.Funnel(leads=200).draw(np.random.default_rng([7, 3]), at)
    reached, moved = worlds.funnel_cubes(leads, at)
    day = dt.date(2020, 1, 6) + dt.timedelta(weeks=at)
    oldest = moved["cohort_week"] == moved["cohort_week"].min()
    closed = moved.copy()
    closed.loc[oldest & (closed["next_stage"] == ""), "next_stage"] = "lost"
    marks = [
        forecast(reached, worlds.STAGES, day, moved=stays, draws=100, seed=1).frame().query("stage == 'sale'")
        for stays in (moved, closed)
    ]
    assert (marks[0]["reason"] != "").all()
    first = marks[1].iloc[0]
    assert first["reliable"] and first["final_p05"] == first["final_p95"] == first["reached"]
    assert (marks[1]["reason"].iloc[1:] != "").all()


def test_what_rests_on_the_curve_alone_is_a_share_and_nothing_of_what_has_lived_it_all() -> None:
    for stage in forecast(
        REACHED, worlds.STAGES, DAY, moved=MOVED, draws=50, seed=1, horizon=40
    ).stages.values():
        share = stage.fit.tail_share()
        assert ((share >= 0) & (share <= 1)).all()
        assert share[:10] == pytest.approx(0, abs=1e-9)
        assert share[-1] > 0
