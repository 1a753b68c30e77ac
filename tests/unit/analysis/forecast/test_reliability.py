"""When the forecast says that it cannot be trusted, and when it must not say so."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import worlds

from funnel.analysis.cube.triangles import Triangle
from funnel.analysis.forecast import reliability
from funnel.analysis.forecast.conversion import fit_stage
from funnel.analysis.forecast.final import arrived, forecast, settle
from funnel.analysis.forecast.reliability import (
    AGE_BANDS,
    FALSE_ALARMS,
    UNSURE,
    Verdict,
    _doubt,
    band_of,
    judge,
    retrospect,
)
from funnel.analysis.forecast.told import History


def seen(leads: np.ndarray, sales: np.ndarray) -> Triangle:
    ages = np.arange(len(leads))[::-1]
    lived = (np.arange(sales.shape[1])[None, :] <= ages[:, None]).astype(float)
    weeks = pd.date_range("2020-01-06", periods=len(leads), freq="7D")
    return Triangle(weeks, ages, leads.astype(float), sales * lived, lived)


def judged(triangle: Triangle) -> Verdict:
    return judge(History(("sale",), (triangle,), None), "sale")


def test_a_steady_world_is_trusted() -> None:
    marked = 0
    for number in range(6):
        leads, sales = worlds.plain(250).draw(np.random.default_rng([21, number]), 110)
        marked += any(judged(seen(leads, sales)).reasons)
    # Each is marked with a chance of 5 %; more than 2 of 6 are in 2 of 1000 seeds.
    assert marked <= 2


def stopping(number: int, last: int = 100) -> Triangle:
    leads, sales = worlds.plain(250).draw(np.random.default_rng(number), 110)
    calendar = np.arange(110)[:, None] + np.arange(105)[None, :]
    return seen(leads, np.where(calendar < last, sales, 0))


def test_a_sudden_stop_of_sales_is_noticed() -> None:
    verdict = judged(stopping(22))
    assert verdict.reasons[0] != ""
    assert verdict.widen_at(np.array([0]))[0] >= 0.4
    short = verdict.record[verdict.record["back"] == 4]
    assert (short["actual"] < short["low"]).any() or "delay_may_have_changed" in verdict.reasons


@pytest.mark.parametrize(("changed", "reason"), [(False, "missed_lately"), (True, "")])
def test_the_miss_of_a_change_that_is_seen_no_more_is_no_evidence(
    monkeypatch: pytest.MonkeyPatch, changed: bool, reason: str
) -> None:
    missed = {"back": 8, "band": 0, "forecast": 22.0, "low": 10.0, "high": 39.0, "actual": 150.0}
    record = pd.DataFrame([{**missed, "tail": 1e-9, "share": 2.2, "changed": changed}])
    monkeypatch.setattr(reliability, "retrospect", lambda *_: record)
    leads, sales = worlds.plain(250).draw(np.random.default_rng([21, 0]), 110)
    assert judged(seen(leads, sales)).reasons[0] == reason


def test_verdicts_do_not_depend_on_the_seed() -> None:
    world = next(world for world in worlds.others() if world.name == "delay doubles")
    leads, sales = world.draw(np.random.default_rng([25, 1]), worlds.DOUBLES_AT + 13)
    reached = worlds.reached_frame(leads, worlds.seen(sales))
    day = dt.date(2019, 10, 7) + dt.timedelta(weeks=len(leads))
    told = {
        forecast(reached, ["sale"], day, draws=50, seed=seed).stages["sale"].verdict.reasons
        for seed in range(3)
    }
    assert len(told) == 1
    assert any(told.pop())


def test_a_handful_of_late_sales_does_not_mark_ripe_ages() -> None:
    leads, sales = worlds.plain(250).draw(np.random.default_rng([26, 2]), 110)
    base = judged(seen(leads, sales))
    ages = np.arange(110)[::-1]
    for cohort in np.flatnonzero((ages > 70) & (ages < 104))[::3]:
        sales[cohort, ages[cohort]] += 1
    late = judged(seen(leads, sales))
    ripe = late.record[(late.record["band"] == len(AGE_BANDS) - 1) & (late.record["back"] == 4)]
    assert ripe["tail"].item() < 1e-4
    assert late.reasons[-1] == base.reasons[-1] == ""


def test_the_tail_of_what_came_is_that_of_independent_draws() -> None:
    triangle = stopping(22, last=106)
    past = History(("sale",), (triangle,), None)
    record = retrospect(past, "sale", backs=(8,))
    by_band = record.set_index("band")
    then = triangle.as_of(8)
    again = History(("sale",), (then,), None, draws=4000, seed=9).told("sale")
    sure = Verdict(("",) * len(AGE_BANDS), record)
    _, drawn = arrived(settle("sale", again, sure, 9), 8, 9)
    for band in (0, 2, 3):
        mine = band_of(then.ages) == band
        ahead = drawn[mine].sum(axis=0) - then.reached[mine].sum()
        came = by_band.loc[band, "actual"]
        below = (ahead < came).mean() + (ahead == came).mean() / 2
        assert by_band.loc[band, "forecast"] == pytest.approx(ahead.mean(), rel=0.05)
        assert by_band.loc[band, "tail"] == pytest.approx(2 * min(below, 1 - below), abs=0.03)


def test_a_doubled_delay_is_found_where_it_began() -> None:
    world = next(world for world in worlds.others() if world.name == "delay doubles")
    fit = fit_stage(seen(*world.draw(np.random.default_rng(23))), seed=1)
    assert abs(fit.model.changed_at - worlds.DOUBLES_AT) <= 6


def test_few_sales_are_said_to_be_few() -> None:
    leads, sales = worlds.World("tiny", 2.0).draw(np.random.default_rng(24), 80)
    assert set(judged(seen(leads, sales)).reasons) == {"few_conversions"}


def test_a_reliable_age_is_not_widened_without_a_doubt() -> None:
    record = pd.DataFrame({"band": [0, 1], "actual": [10.0, 10.0], "forecast": [9.0, 30.0]})
    verdict = Verdict(("", "missed_lately", *[""] * (len(AGE_BANDS) - 2)), record)
    # 31 / 11: the worst miss of that band.
    assert verdict.widen_at(np.array([2, 5])).round(3).tolist() == [0.0, round(float(np.log(31 / 11)), 3)]
    assert verdict.reason_at(np.array([2, 5])) == ["", "missed_lately"]


def test_doubt_grows_with_the_evidence_up_to_the_mark() -> None:
    record = pd.DataFrame({"band": [0], "actual": [10.0], "forecast": [9.0]})
    mark = FALSE_ALARMS["young_unlike_old"]
    doubts = tuple(_doubt(chance, mark) for chance in (0.001, mark, 0.1, 0.3, 0.5, 1.0))
    widths = Verdict(("",) * len(AGE_BANDS), record, doubts).widen_at(np.array([0, 4, 8, 13, 26, 52]))
    assert widths[0] == widths[1] == pytest.approx(UNSURE)
    assert widths[1] > widths[2] > widths[3] > 0.0
    assert not widths[4:].any()


def test_cohorts_unlike_older_ones_are_doubted_before_they_are_marked() -> None:
    doubted = steady = 0.0
    world = next(world for world in worlds.others() if world.name == "base steps down 30 %")
    for number in range(8):
        leads, sales = world.draw(np.random.default_rng([27, number]))
        for at in (worlds.STEP_AT, worlds.STEP_AT + 13):
            width = judged(seen(leads[:at], sales[:at])).widen_at(np.array([0]))[0]
            doubted, steady = (doubted + width, steady) if at > worlds.STEP_AT else (doubted, steady + width)
    assert doubted > 1.5 * steady
