"""What is a segment, what is one fact, and what a difference can bring at most."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from companies import NEVER, WEEK, Company, Line, draw
from cuts import cut
from histories import History, Planted, monday
from histories import draw as draw_history

from funnel.analysis.attention.deviations import compare, deviations
from funnel.analysis.cube.cells import Cells, cells
from funnel.analysis.cube.segments import comparable, handed_over, leaks

STEPS = ("lead", "target", "qualified", "proposal", "sale")
AT = 78


def drawn(planted: tuple[Planted, ...] = (), seed: int = 4, leads: float = 400) -> History:
    segments = {"channel": 4, "manager": 5}
    return draw_history(np.random.default_rng(seed), leads, AT, segments, planted, sigma=0.05)


def known_only_of(history: History, attribute: str, step: int) -> pd.DataFrame:
    """Return the cube of a history in which an attribute is given to leads when they reach a step."""
    cube = history.cube()
    codes = {**history.codes, attribute: np.where(history.lags[:, step] < 999, history.codes[attribute], 99)}
    given = dataclasses.replace(history, codes=codes).cube()
    given["value"] = given["value"].where((given["attribute"] != attribute) | (given["value"] != "99"), "")
    rest = cube["attribute"] != attribute
    return pd.concat([cube[rest], given[given["attribute"] == attribute]], ignore_index=True)


def test_an_attribute_given_at_acceptance_tells_nothing_of_acceptance():
    cube = known_only_of(drawn(), "manager", 0)
    frame = deviations(cube, STEPS, monday(AT))
    managers = frame[frame["attribute"] == "manager"]
    assert set(managers["stage"]) == {"qualified", "proposal", "sale"}
    assert not frame["flag"].any()


def test_an_attribute_filled_for_buyers_is_no_segment_at_all():
    cube = known_only_of(drawn(), "channel", 3)
    assert leaks(cells(cube, STEPS, monday(AT))) == {"channel": 4}
    frame = deviations(cube, STEPS, monday(AT))
    assert set(frame["attribute"]) == {"", "manager"}


def test_leads_without_a_value_that_go_on_like_others_are_a_segment():
    history = drawn()
    codes = {**history.codes, "manager": history.codes["manager"]}
    cube = dataclasses.replace(history, codes=codes).cube()
    cube["value"] = cube["value"].where((cube["attribute"] != "manager") | (cube["value"] != "03"), "")
    assert leaks(cells(cube, STEPS, monday(AT))) == {}


def test_a_value_that_everybody_has_and_a_step_that_everybody_passes_are_no_facts_of_their_own():
    history = drawn((Planted(72, steps=(0.6, 1, 1, 1)),))
    codes = {
        "channel": np.where(np.arange(len(history.week)) % 50, 0, 1),
        "manager": history.codes["manager"],
    }
    lags = np.column_stack(
        [np.zeros_like(history.week), history.lags[:, :3]]
    )  # the first step is passed by all
    frame = compare(dataclasses.replace(history, codes=codes, lags=lags).cells(AT))
    assert ("channel", "00") not in set(zip(frame["attribute"], frame["value"], strict=True))
    assert set(frame.loc[frame["attribute"] == "manager", "stage"]) == {
        "qualified",
        "proposal",
        "sale",
        "overall",
    }
    assert frame.loc[frame["flag"], ["attribute", "stage"]].to_numpy().tolist() == [["", "qualified"]]


def test_a_drop_of_all_is_told_once_of_the_total_and_one_of_a_manager_once_of_him():
    everybody = compare(drawn((Planted(72, steps=(0.7, 1, 1, 1)),)).cells(AT))
    assert everybody.loc[everybody["flag"], ["attribute", "stage"]].to_numpy().tolist() == [["", "target"]]
    assert "total:target" in set(everybody["same_as"])
    of_one = (Planted(72, steps=(1, 0.5, 1, 1), attribute="manager", values=(2,)),)
    frame = compare(drawn(of_one).cells(AT))
    flags = frame.loc[frame["flag"], ["attribute", "value", "stage"]].to_numpy().tolist()
    assert flags == [["manager", "02", "qualified"]]


def test_two_facts_are_two_flags():
    planted = (
        Planted(72, steps=(0.6, 1, 1, 1), attribute="manager", values=(1,)),
        Planted(72, steps=(1, 0.5, 1, 1), attribute="channel", values=(3,)),
    )
    frame = compare(drawn(planted, leads=600).cells(AT))
    flags = {tuple(row) for row in frame.loc[frame["flag"], ["attribute", "value", "stage"]].to_numpy()}
    assert {("manager", "01", "target"), ("channel", "03", "qualified")} <= flags


LINE = Line(steps=(0.5, 0.5, 0.5), weeks=(0.3, 1.0, 4.0))


def test_who_inherits_open_leads_has_no_history_of_them_and_brings_no_sales_that_nobody_made():
    company = Company("heir", 150.0, (LINE,), weeks=100, leaves_at=94)
    history = draw(company, np.random.default_rng(8))
    heir = history.codes["manager"].copy()
    new = (history.created >= 94 * WEEK) & (np.arange(len(heir)) % 4 == 0)
    heir[new] = 5  # the one who inherits has leads of his own from then on
    date = company.start + dt.timedelta(weeks=100)
    reached, _, _ = cut(
        dataclasses.replace(history, codes={**history.codes, "manager": heir}), date, ("", "manager")
    )
    steps = ("lead", *company.stages)
    table = cells(reached, steps, date)
    marked = dict(zip((key[1] for key in table.keys), handed_over(table), strict=True))
    assert marked["Felix"][:94].all()
    assert marked["Anna"][90:94].all()
    assert not any(marked[name].any() for name in ("", "Boris", "Clara", "David", "Elena"))
    frame = deviations(reached, steps, date)
    assert not frame["flag"].any()
    open_leads = history.entered[:, -1] == NEVER
    assert open_leads.sum() > 0
    assert frame["effect_sales"].abs().max() < 60


def test_what_a_difference_brings_is_bounded_by_the_leads_there_are():
    frame = compare(drawn((Planted(72, steps=(1.9, 1, 1, 1)),)).cells(AT))
    assert (frame["effect_sales"] <= frame["leads"]).all()
    assert (frame["effect_sales"] >= -frame["leads"]).all()
    row = frame[(frame["attribute"] == "") & (frame["stage"] == "target")].iloc[0]
    # 0.9 x 42 % more leads are target, of whom 53 % x 42 % x 43 % buy
    assert row["effect_sales"] == pytest.approx(row["leads"] * 0.9 * 0.42 * 0.53 * 0.42 * 0.43, rel=0.25)


def test_the_total_is_always_a_segment():
    table = drawn().cells(AT)
    assert comparable(table, 0, 1)[table.keys.index(("", "", "", ""))]


def test_who_has_just_enough_leads_due_is_marked_as_having_inherited_them():
    # Of 32 leads of the first week 16 had ended a week later: of a manager's 16 eight were due, and none had.
    keys = (("", "", "", ""), ("manager", "a", "", ""), ("manager", "b", "", ""))
    leads = np.array([[32.0, 32.0], [16.0, 16.0], [16.0, 16.0]])
    ended = np.zeros((3, 2, 2))
    ended[0, 0, 1] = ended[2, 0, 1] = 16.0
    reached = np.zeros((3, 2, 2, 2))
    reached[:, :, 0] = leads[:, :, None]
    weeks = (monday(0), monday(1))
    table = Cells(keys, weeks, np.array([1, 0]), ("lead", "sale"), reached, ended=ended)
    assert handed_over(table).tolist() == [[False, False], [True, True], [False, False]]
