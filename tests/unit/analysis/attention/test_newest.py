"""Are the newest leads good: planted rises and falls, counts by plain pandas, a company's first weeks."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from histories import FIRST, STEPS, Planted, draw, monday

from funnel.analysis.attention.newest import COLUMNS, newest
from funnel.columns import OVERALL

LAST = 70


def history(planted=(), weeks=LAST, seed=1, leads=500):
    return draw(np.random.default_rng(seed), leads, weeks, {"channel": 3}, planted, sigma=0.05)


def whole(cube: pd.DataFrame, weeks: int = LAST) -> pd.Series:
    frame = newest(cube, STEPS, monday(weeks))
    assert list(frame.columns) == list(COLUMNS)
    return frame.set_index("stage").loc[OVERALL]


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "usual"), (1.9, "better"), (0.4, "worse")])
def test_a_planted_change_is_seen_each_cohort_at_its_own_age(factor: float, verdict: str) -> None:
    cube = history([Planted(60, steps=(1.0, 1.0, 1.0, factor))]).cube()
    row = whole(cube)
    assert row["verdict"] == verdict
    part = cube[(cube["attribute"] == "") & cube["stage"].isin([STEPS[0], STEPS[-1]])]
    weeks = [row["first_week"] + pd.Timedelta(weeks=number) for number in range(int(row["weeks"]))]
    ages = {week: (pd.Timestamp(monday(LAST)) - week).days // 7 - 1 for week in weeks}
    mine = part[part["cohort_week"].isin(weeks) & (part["lag"] <= part["cohort_week"].map(ages))]
    counted = mine.groupby("stage")["leads"].sum()
    assert row["base"] == counted[STEPS[0]] and row["reached"] == counted[STEPS[-1]]
    assert ages[weeks[-1]] == row["at_age"] and len(weeks) == 6
    ripe = row["readable_from"] - row["newest_week"]
    assert ripe == pd.Timedelta(weeks=1 + row["at_age"])


def test_unchanged_companies_are_judged_as_usual_in_about_nine_of_ten_cases() -> None:
    told = [whole(history(seed=seed).cube())["verdict"] for seed in range(40)]
    assert 0.75 <= told.count("usual") / len(told) <= 1.0


def test_the_day_from_which_a_young_company_can_be_read_is_the_first_on_which_it_is() -> None:
    last = 30
    cube = history(weeks=last).cube()
    read: dict[int, pd.Series] = {}
    for weeks in range(6, last):
        date = monday(weeks)
        seen = cube[(cube["cohort_week"] + pd.to_timedelta(7 * cube["lag"], "D")) < pd.Timestamp(date)]
        read[weeks] = newest(seen, STEPS, date).set_index("stage").loc[OVERALL]
    first = next(weeks for weeks, row in read.items() if row["verdict"] != "unread")
    assert first > 9
    assert read[first - 1]["readable_from"].date() == monday(first)
    assert pd.isna(read[first - 1]["observed"])


def test_too_few_leads_are_no_verdict_and_a_company_that_never_sold_is_none_either() -> None:
    few = draw(np.random.default_rng(1), 1, 40, {"channel": 1}, sigma=0.0).cube()
    row = newest(few, STEPS, monday(40)).set_index("stage").loc[OVERALL]
    assert row["verdict"] in ("few", "rare") and row["weeks"] > 6
    cube = history().cube()
    unsold = cube[cube["stage"] != STEPS[-1]]
    assert whole(unsold)["verdict"] == "rare"
    assert dt.date(2019, 1, 1) < FIRST
