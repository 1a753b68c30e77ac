"""Cohorts of several weeks against a plain recount of leads, and which period a company gets by itself."""

from __future__ import annotations

import calendar
import datetime as dt
import random
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.analysis.cohorts.periods import choose, newest
from funnel.analysis.cohorts.table import cohort_table, triangle
from funnel.analysis.cohorts.table import history as followed

STEPS = ("lead", "target", "sale")
FIRST = dt.date(2021, 1, 4)
WEEK = dt.timedelta(days=7)
# a lead: its week, its value, the lags of target and sale (None: not reached)
LEAD = st.tuples(
    st.integers(0, 70),
    st.sampled_from(["a", "b"]),
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 9),
)
DATES = st.dates(dt.date(2021, 3, 1), dt.date(2022, 6, 1))


def border(week: dt.date, kind: str, day: dt.date) -> dt.date:
    """The first day of a week's period, written down another way than in the library."""
    if kind == "month":
        return week.replace(day=1)
    if kind == "quarter":
        return dt.date(week.year, {1: 1, 2: 4, 3: 7, 4: 10}[(week.month + 2) // 3], 1)
    end = day - dt.timedelta(days=day.weekday())
    while end - 4 * WEEK > week:
        end -= 4 * WEEK
    return end - 4 * WEEK


def mondays_in(start: dt.date, kind: str) -> int:
    months = {"month": 1, "quarter": 3}.get(kind)
    if not months:
        return 4
    days = [
        dt.date(start.year, start.month + add, one + 1)
        for add in range(months)
        for one in range(calendar.monthrange(start.year, start.month + add)[1])
    ]
    return sum(one.weekday() == 0 for one in days)


def cube(leads: list[tuple], day: dt.date) -> pd.DataFrame:
    rows = []
    for number, value, *lags in leads:
        week = FIRST + WEEK * number
        if week >= day:
            continue
        for stage, lag in zip(STEPS, [0, *lags], strict=True):
            if lag is not None and week + WEEK * lag < day:
                for attribute, name in (("", ""), ("channel", value)):
                    rows.append((attribute, name, "", "", pd.Timestamp(week), stage, lag, 1))
    names = ["attribute", "value", "attribute2", "value2", "cohort_week", "stage", "lag", "leads"]
    return pd.DataFrame(rows, columns=names)


@settings(max_examples=60, deadline=None)
@given(st.lists(LEAD, min_size=1, max_size=60), DATES, st.sampled_from(["4weeks", "month", "quarter"]),
       st.none() | st.integers(0, 6), st.booleans())  # fmt: skip
def test_a_period_is_the_sum_of_its_weeks(leads, day, kind, age, sliced):
    monday = day - dt.timedelta(days=day.weekday())
    weeks = [FIRST + WEEK * number for number in range((monday - FIRST).days // 7)]
    told = newest(weeks, kind, day, 5)
    found = cohort_table(cube(leads, day), STEPS, day, told, "channel" if sliced else "", age, "", kind)

    wanted = sorted({border(week, kind, day) for week in weeks})[-5:]
    lines = []
    for start in wanted:
        mine = [week for week in weeks if border(week, kind, day) == start]
        ages = [(monday - week).days // 7 - 1 for week in mine]
        if age is not None and min(ages) < age:
            continue
        for value in sorted({lead[1] for lead in leads}) if sliced else [""]:
            some = [one for one in leads if FIRST + WEEK * one[0] in mine and value in ("", one[1])]
            late = 99 if age is None else age
            reached = [
                sum(
                    one[at] is not None and one[at] <= late and FIRST + WEEK * (one[0] + one[at]) < day
                    for one in some
                )
                for at in (2, 3)
            ]
            row = (start, len(mine), mondays_in(start, kind), min(ages), len(some), *reached)
            lines.append((row, value))
    seen = {value for row, value in lines if value}
    columns = ["period_start", "weeks", "weeks_of", "age_weeks", "leads", "target", "sale"]
    got = found.assign(period_start=found["period_start"].dt.date)
    rows = [tuple(row) for row in got[columns].itertuples(index=False)]
    values = got["channel"].tolist() if sliced else [""] * len(got)
    named = dict(zip([(row[0], value) for row, value in zip(rows, values, strict=True)], rows, strict=True))
    for row, value in lines:
        # a value without leads in any shown week has no row
        if (row[0], value) in named:
            assert named.pop((row[0], value)) == row
        else:
            assert sliced and value in seen and row[4] == 0
    assert not named
    for leads_, sales, rate in found[["leads", "sale", "overall_rate"]].itertuples(index=False):
        assert rate == sales / leads_ if leads_ else rate != rate


@settings(max_examples=60, deadline=None)
@given(st.lists(LEAD, min_size=1, max_size=60), DATES, st.sampled_from(["4weeks", "month", "quarter"]),
       st.integers(0, 6))  # fmt: skip
def test_pictures_of_periods_count_the_leads_of_their_weeks(leads, day, kind, age):
    monday = day - dt.timedelta(days=day.weekday())
    weeks = [FIRST + WEEK * number for number in range((monday - FIRST).days // 7)]
    told, known = newest(weeks, kind, day, 6), cube(leads, day)
    steps = followed(known, STEPS, day, told, age, kind)
    curves = triangle(known, STEPS, day, told, kind)
    points, lines = set(), set()
    for start in sorted({border(week, kind, day) for week in weeks})[-6:]:
        mine = [week for week in weeks if border(week, kind, day) == start]
        youngest = (monday - max(mine)).days // 7 - 1
        some = [one for one in leads if FIRST + WEEK * one[0] in mine]

        def sales(old: int, some: list[tuple] = some) -> int:
            return sum(one[3] is not None and one[3] <= old for one in some)

        lines |= {(start, old, len(some), sales(old)) for old in range(youngest + 1)}
        targets = sum(one[2] is not None and one[2] <= age for one in some)
        if youngest >= age:
            points |= {
                (start, youngest, "target", len(some), targets),
                (start, youngest, "sale", targets, sales(age)),
                (start, youngest, "overall", len(some), sales(age)),
            }
    for frame, names, wanted in (
        (steps, ["age_weeks", "stage", "base", "reached"], points),
        (curves, ["age", "leads", "reached"], lines),
    ):
        starts = frame["period_start"].dt.date
        got = [
            (start, *row)
            for start, row in zip(starts, frame[names].itertuples(index=False, name=None), strict=True)
        ]
        assert len(got) == len(wanted) and set(got) == wanted


def history(leads: float, weeks: int, seed: int) -> pd.Series:
    """A company's weeks by the law of small numbers, without numpy's."""
    chance = random.Random(seed)

    def poisson() -> int:
        at, waited = -1, 0.0
        while waited < leads:
            at, waited = at + 1, waited + chance.expovariate(1.0)
        return at

    return pd.Series([poisson() for _ in range(weeks)], index=[FIRST + WEEK * n for n in range(weeks)])


@pytest.mark.parametrize(
    ("leads", "usual", "most"),
    [
        (2, "quarter", 0.75),
        (5, "quarter", 0.01),
        (8, "quarter", 0.06),
        (12, "4weeks", 0.02),
        (18, "4weeks", 0.01),
    ],
)
def test_companies_of_few_leads_get_cohorts_that_are_seldom_small(leads: int, usual: str, most: float):
    day = FIRST + WEEK * 110
    small, rows, chosen = 0, 0, Counter()
    for seed in range(40):
        weeks = history(leads, 110, seed)
        kind = choose(weeks, day)
        chosen[kind] += 1
        sums = weeks.groupby([border(week, kind, day) for week in weeks.index]).agg(["sum", "size"])
        whole = sums[[size == mondays_in(start, kind) for start, size in sums["size"].items()]]
        small, rows = small + int((whole["sum"] < 30).sum()), rows + len(whole)
        assert (weeks < 30).mean() > 0.9  # what weekly rows would be
    assert small / rows <= most
    assert chosen[usual] >= 36


def test_a_company_of_many_leads_keeps_its_weeks_and_so_does_a_young_one():
    assert choose(history(60, 110, 1), FIRST + WEEK * 110) == "week"
    assert choose(history(5, 12, 1), FIRST + WEEK * 12) == "week"
    assert choose(pd.Series(dtype="int64"), FIRST) == "week"


def test_the_choice_holds_for_a_quarter():
    weeks = history(9, 200, 3)  # between two periods
    chosen = {}
    for number in range(100, 200):
        day = FIRST + WEEK * number
        quarter = (day.year, (day.month - 1) // 3)
        chosen.setdefault(quarter, set()).add(choose(weeks.iloc[:number], day))
    assert all(len(kinds) == 1 for kinds in chosen.values())
