"""The track record: only what has come by its time is held against what an edition had forecast."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import worlds

from funnel.analysis.forecast.ahead import AHEAD_COLUMNS, YOUNG, ahead
from funnel.analysis.forecast.final import forecast
from funnel.analysis.forecast.track import FINAL, LEAST, TRACK_COLUMNS, summed, track

START = dt.date(2020, 1, 6)
HORIZON = 40
LEADS = worlds.Funnel(leads=150).draw(np.random.default_rng([9, 0]), 110)


def day(week: float) -> dt.date:
    return START + dt.timedelta(days=round(week * 7))


def edition(at: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    reached, moved = worlds.funnel_cubes(LEADS[LEADS["born"] < at], at)
    told = forecast(reached, worlds.STAGES, day(at), moved=moved, horizon=HORIZON, draws=300)
    return told.frame(), ahead(told)


EDITIONS = {at: edition(at) for at in (60, 60 + 2 / 7)}


def record(at: float, now: float) -> pd.DataFrame:
    reached, _ = worlds.funnel_cubes(LEADS[LEADS["born"] < now], now)
    found = track({day(at): EDITIONS[at]}, reached, day(now), HORIZON)
    assert tuple(found.columns) == TRACK_COLUMNS
    return found[found["stage"] == "sale"]


def came_by(cohorts: pd.Series, week: float) -> list[int]:
    numbers = (cohorts - pd.Timestamp(START)).dt.days // 7
    in_time = LEADS[(LEADS["sale"] < week) & (np.floor(LEADS["sale"]) - LEADS["cohort"] <= HORIZON)]
    return [int((in_time["cohort"] == number).sum()) for number in numbers]


def test_nothing_counts_before_its_time() -> None:
    assert record(60, 63.9).empty
    assert set(record(60, 64)["weeks"]) == {4}
    assert set(record(60, 72.9)["weeks"]) == {4}
    assert set(record(60, 73)["weeks"]) == {4, 13}
    # The oldest of the young cohorts was 12 weeks old and is final at 40, the youngest one week later each.
    final = record(60, 60 + HORIZON - 12 + 2).query("weeks == @FINAL")
    assert final["age_weeks"].tolist() == [12, 11, 10]
    assert record(60, 109).query("weeks == @FINAL")["age_weeks"].tolist() == [*range(12, -1, -1)]


@pytest.mark.parametrize("at", EDITIONS)
def test_what_came_is_what_the_log_says_of_that_time(at: float) -> None:
    """Also where the edition was made on a Wednesday: whole calendar weeks count, its own the first."""
    found = record(at, 109)
    for weeks, until in ((4, 64), (13, 73), (FINAL, np.inf)):
        part = found[found["weeks"] == weeks]
        assert len(part) == YOUNG
        assert part["came"].tolist() == came_by(part["cohort_week"], until)
    assert (found["then"] <= found["came"]).all() and (found["then"] <= found["mean"] + 1e-9).all()


def test_what_is_expected_in_some_weeks_is_near_what_comes() -> None:
    frame = EDITIONS[60][1]
    assert tuple(frame.columns) == AHEAD_COLUMNS
    assert not frame.isna().any().any()
    found = record(60, 109)
    for weeks in (4, 13):
        part = found[found["weeks"] == weeks]
        assert part["mean"].sum() == pytest.approx(part["came"].sum(), rel=0.2)
        inside = part["came"].between(part["p05"], part["p95"]).mean()
        assert inside >= 10 / 13
    sums = frame[frame["stage"] == "sale"].groupby("weeks")["mean"].sum()
    assert frame[frame["stage"] == "sale"].groupby("weeks")["reached"].sum()[4] < sums[4] < sums[13]


def test_only_what_was_unknown_is_scored() -> None:
    """A cohort that had 30 sales, promised 41 more and got 52: off by -21 %, not by 71 to 82."""
    week = pd.Timestamp(START)
    rows = [("sale", 0, 30), ("sale", 3, 52), ("lead", 0, 500)]
    reached = pd.DataFrame([(week, *row) for row in rows], columns=["cohort_week", "stage", "lag", "leads"])
    told = pd.DataFrame(
        [
            (week, "sale", 0, 4, 30, 71.0, 60, 65, 78, 90),
            (week, "lead", 0, 4, 500, 500.0, 500, 500, 500, 500),
        ],
        columns=list(AHEAD_COLUMNS),
    )
    none = EDITIONS[60][0].head(0)
    found = track({day(1): (none, told)}, reached, day(9), HORIZON)
    sale = found[found["stage"] == "sale"]
    expected, came, off, judged, half, most = summed(sale)
    assert (expected, came, judged, half, most) == (41.0, 52, 1, 0, 1)
    assert off == pytest.approx(41 / 52 - 1)
    # Leads that were all there were no forecast; an interval of no width around them is no hit.
    assert summed(found[found["stage"] == "lead"])[3:] == (0, 0, 0)
    assert (found["judged"] == (found["more_expected"] >= LEAST)).all()


def test_an_edition_without_that_table_counts_with_its_final_numbers_alone() -> None:
    reached, _ = worlds.funnel_cubes(LEADS, 109)
    final, none = EDITIONS[60][0], pd.DataFrame(columns=list(AHEAD_COLUMNS))
    found = track({day(60): (final, none)}, reached, day(109), HORIZON)
    assert set(found["weeks"]) == {FINAL}
    assert track({day(60): (final, none)}, reached, day(62), HORIZON).empty
    assert track({}, reached, day(109), HORIZON).empty
