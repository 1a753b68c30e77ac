"""What a report date has seen: weeks lived, a report in mid-week, weeks without leads."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cube.triangles import triangle

MONDAY = dt.date(2022, 1, 31)


def cube(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["cohort_week", "stage", "lag", "leads"])
    frame["cohort_week"] = pd.to_datetime(frame["cohort_week"])
    return frame.assign(attribute="", value="", attribute2="", value2="")


HISTORY = cube(
    ("2022-01-03", "lead", 0, 10),
    ("2022-01-03", "sale", 1, 2),
    ("2022-01-03", "sale", 3, 1),
    ("2022-01-17", "lead", 0, 7),
    ("2022-01-24", "lead", 0, 5),
)


def test_a_week_without_leads_is_a_cohort_of_none() -> None:
    seen = triangle(HISTORY, "sale", MONDAY, 5)
    assert list(seen.leads) == [10, 0, 7, 5]
    assert list(seen.ages) == [3, 2, 1, 0]
    assert list(seen.events[0]) == [0, 2, 0, 1, 0, 0]
    assert list(seen.lived.sum(axis=1)) == [4, 3, 2, 1]


def test_in_mid_week_part_of_the_next_lag_is_lived() -> None:
    thursday = triangle(HISTORY, "sale", dt.date(2022, 1, 27), 5)
    assert list(thursday.ages) == [2, 1, 0, -1]
    assert thursday.lived[0].tolist() == pytest.approx([1, 1, 1, 3 / 7, 0, 0])
    assert thursday.lived[3].tolist() == pytest.approx([3 / 7, 0, 0, 0, 0, 0])


def test_at_risk_are_those_not_there_yet_and_half_of_those_who_arrive() -> None:
    seen = triangle(HISTORY, "sale", MONDAY, 5)
    assert seen.at_risk()[0].tolist() == [10, 9, 8, 7.5, 0, 0]


def test_as_of_earlier_forgets_what_came_later() -> None:
    then = triangle(HISTORY, "sale", MONDAY, 5).as_of(2)
    assert list(then.leads) == [10, 0]
    assert then.reached.tolist() == [2, 0]
    assert np.array_equal(then.ages, [1, 0])


def test_two_slices_at_once_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="one slice"):
        triangle(pd.concat([HISTORY, HISTORY.assign(value="x")]), "sale", MONDAY, 5)
