"""Which investigation covers a flag, and what was known of it on a report date."""

import datetime as dt

import pandas as pd
import pytest

from funnel.edition.attention import covered_by, in_detail, investigations_at
from funnel.logbook import Initiative, Investigation

DAY = dt.date(2022, 9, 26)


def dug(**changes):
    fields = {
        "id": "a", "opened": dt.date(2022, 9, 12), "first_week": dt.date(2022, 8, 10), "stage": "qualified",
        "attribute": "manager", "value": "Boris", "question": "Why?", "who": "head of sales",
    } | changes  # fmt: skip
    return Investigation.model_validate(fields)


def closed(day, **changes):
    return dug(closed=day, state="explained", finding="Found.", **changes)


def flags(stage="qualified", value="Boris", first="2022-08-15", weeks=6):
    row = {"attribute": "manager", "value": value, "stage": stage, "weeks": weeks}
    return pd.DataFrame([row | {"first_week": pd.Timestamp(first)}])


def covering(items, **flag):
    return covered_by(flags(**flag), investigations_at(items, DAY)).tolist()


def test_an_investigation_covers_its_segment_and_stage_and_no_other():
    assert covering([dug()]) == ["a"]
    assert covering([dug()], stage="target") == [""]
    assert covering([dug()], value="Anna") == [""]
    assert covering([]) == [""]


def test_weeks_decide_an_old_answer_is_none_to_a_new_change():
    assert covering([dug(last_week=dt.date(2022, 8, 14))]) == [""]
    assert covering([dug(last_week=dt.date(2022, 8, 15))]) == ["a"]
    assert covering([closed(dt.date(2022, 8, 10), opened=dt.date(2022, 8, 8))]) == [""]
    assert covering([closed(dt.date(2022, 9, 20))]) == ["a"]
    assert covering([dug(first_week=dt.date(2022, 9, 26))]) == [""]


def test_an_open_one_goes_before_a_closed_one():
    items = [closed(dt.date(2022, 9, 20), id="old", opened=dt.date(2022, 9, 19)), dug(id="running")]
    assert covering(items) == ["running"]


def test_nothing_is_known_before_it_happened():
    items = [
        dug(opened=dt.date(2022, 10, 3)),
        closed(dt.date(2022, 10, 3), id="b", opened=dt.date(2022, 9, 5)),
    ]
    (row,) = investigations_at(items, DAY).to_dict("records")
    assert (row["id"], row["state"], row["finding"], row["age_weeks"]) == ("b", "open", "", 3)
    assert pd.isna(row["closed"]) and row["first_week"] == pd.Timestamp(2022, 8, 8)
    (_, later) = investigations_at(items, dt.date(2022, 11, 7)).to_dict("records")
    assert (later["state"], later["age_weeks"]) == ("explained", 4)


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        ("2022-09-26", None, True),
        ("2022-09-27", None, False),
        ("2021-01-04", "2022-03-28", True),
        ("2021-01-04", "2022-03-27", False),
    ],
)
def test_running_and_just_finished_initiatives_are_shown_in_detail(start, end, shown):
    item = Initiative.model_validate(
        {"id": "x", "title": "X", "owner": "me", "start": start, "end": end,
         "hypotheses": [{"metric": "overall_rate", "change": 0.1}], "cost": {"money": 1}}
    )  # fmt: skip
    assert in_detail(item, DAY) is shown
