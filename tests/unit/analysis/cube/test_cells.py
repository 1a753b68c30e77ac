"""The cube as arrays: what each slice had reached at each age, and what an earlier report saw."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cube.cells import TOTAL, cells, reading_age, ripening, told_steps

STEPS = ("lead", "target", "sale")
ROWS = [
    # week, stage, lag, leads; on the 24th the cohorts are 2, 1 and 0 weeks old
    ("2022-01-03", "lead", 0, 10),
    ("2022-01-03", "target", 0, 4),
    ("2022-01-03", "target", 2, 1),
    ("2022-01-03", "sale", 1, 2),
    ("2022-01-10", "lead", 0, 20),
    ("2022-01-10", "target", 1, 6),
    ("2022-01-17", "lead", 0, 5),
    ("2022-01-24", "lead", 0, 7),
]


def cube(rows=ROWS, attribute="", value=""):
    frame = pd.DataFrame(rows, columns=["cohort_week", "stage", "lag", "leads"])
    frame["cohort_week"] = pd.to_datetime(frame["cohort_week"])
    return frame.assign(attribute=attribute, value=value, attribute2="", value2="")


def test_counts_are_cumulative_by_age_and_the_running_week_is_left_out():
    table = cells(cube(), STEPS, dt.date(2022, 1, 26))
    assert table.weeks == (dt.date(2022, 1, 3), dt.date(2022, 1, 10), dt.date(2022, 1, 17))
    assert table.ages.tolist() == [2, 1, 0]
    assert table.keys == (TOTAL,)
    assert table.at(1, 0)[0].tolist() == [4, 0, 0]
    assert table.at(1, 2)[0].tolist() == [5, 6, 0]
    assert table.at(2, 1)[0].tolist() == [2, 0, 0]


def test_an_earlier_report_is_what_cells_of_that_date_are():
    parts = [cube(), cube(ROWS[:4], "channel", "chat"), cube(ROWS[4:], "channel", "search")]
    whole = pd.concat(parts, ignore_index=True)
    now = cells(whole, STEPS, dt.date(2022, 1, 24)).as_of(1)
    then = cells(whole, STEPS, dt.date(2022, 1, 17))
    assert now.weeks == then.weeks
    assert now.ages.tolist() == then.ages.tolist()
    for week, age in enumerate(then.ages):
        assert np.array_equal(now.reached[:, week, :, : age + 1], then.reached[:, week, :, : age + 1])


def test_ripening_is_the_chain_ladder():
    # two cohorts lived to age 1: 4 of 10 targets at age 0; one lived to age 2: 4 then 5
    share = ripening(cells(cube(), STEPS, dt.date(2022, 1, 24)), least=1)
    assert share[1].round(4).tolist() == [round(4 / 10 * 4 / 5, 4), 0.8, 1.0]
    assert reading_age(share, 0, 1, 0.5) == 1


def test_a_date_before_the_first_complete_cohort_is_told():
    with pytest.raises(ValueError, match="no cohort is complete at 2022-01-05"):
        cells(cube(), STEPS, dt.date(2022, 1, 5))


def test_a_step_concluded_from_where_leads_stood_tells_no_history():
    frame = cube([*ROWS, ("2022-01-03", "lost", 2, 3), ("2022-01-10", "lost", 1, 9)])
    here = (frame["cohort_week"] == "2022-01-03") & (frame["stage"] == "lost")
    frame["concluded"] = np.where(here, 3, 0)  # how far these three had come is not known: 3 of 5 + 3
    table = cells(frame, STEPS, dt.date(2022, 1, 24))
    assert table.known(0, 1).tolist() == [False, True, True]
    assert table.known(0, 2).tolist() == [True, True, True]  # who is lost has not bought
    assert table.as_of(1).known(0, 1).tolist() == [False, True]
    sold = (frame["cohort_week"] == "2022-01-03") & (frame["stage"] == "sale")
    frame["concluded"] = np.where(sold, 2, 0)
    assert cells(frame, STEPS, dt.date(2022, 1, 24)).known(0, 2).tolist() == [False, True, True]


def test_one_stamped_stage_makes_no_other_unknown_and_a_stage_that_nobody_reached_is_known():
    rows = [
        ("2022-01-03", "lead", 0, 5), ("2022-01-03", "target", 0, 4), ("2022-01-10", "lead", 0, 5),
    ]  # fmt: skip
    weeks = [dt.date(2022, 1, 3), dt.date(2022, 1, 10)]
    stamped = cube(rows).assign(stamped=[0, 4, 0])
    assert told_steps(stamped, weeks, STEPS).tolist() == [[True, False, True], [True, True, True]]
    none = cube(rows).assign(stamped=0)
    assert told_steps(none, weeks, STEPS).all()
