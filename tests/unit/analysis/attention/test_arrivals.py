"""Leads that no longer come."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from catalogue import STEADY
from companies import draw
from steady import calendar

from funnel.analysis.attention.arrivals import COLUMNS, fallen
from funnel.analysis.cube.cells import Cells
from funnel.calendar import NO_CALENDAR, working_share

KEYS = (
    ("", "", "", ""), ("channel", "fair", "", ""), ("channel", "web", "", ""), ("channel", "web ads", "", ""),
)  # fmt: skip
FIRST = dt.date(2020, 9, 28)


def table(*channels: np.ndarray, steps=("lead", "sale")) -> Cells:
    """Leads by week of channels, and of all; nobody buys."""
    leads = np.array([sum(channels), *channels], dtype=float)
    count = leads.shape[1]
    reached = np.zeros((len(leads), count, len(steps), count))
    reached[:, :, 0] = leads[:, :, None]
    weeks = tuple(FIRST + dt.timedelta(weeks=number) for number in range(count))
    return Cells(KEYS[: len(leads)], weeks, count - 1 - np.arange(count), steps, reached)


def drawn(rng: np.random.Generator, mean, count: int = 100) -> np.ndarray:
    return rng.poisson(mean * np.exp(rng.normal(0, 0.06, count))).astype(float)


def test_a_channel_that_brings_nothing_is_told_once_of_the_channel():
    rng = np.random.default_rng(1)
    fair, web = drawn(rng, 60), drawn(rng, 60)
    fair[-1] = 0
    frame = fallen(table(fair, web))
    assert list(frame.columns) == list(COLUMNS)
    told = frame[frame["flag"]]
    assert told[["attribute", "value", "leads"]].to_numpy().tolist() == [["channel", "fair", 0]]
    assert told["expected"].iloc[0] == pytest.approx(60, rel=0.15)
    assert told["change"].iloc[0] == -1


def test_leads_that_stop_altogether_are_told_once_of_all():
    rng = np.random.default_rng(2)
    fair, web = drawn(rng, 60), drawn(rng, 90)
    fair[-1] = web[-1] = 0
    frame = fallen(table(fair, web))
    assert frame.loc[frame["flag"], "attribute"].tolist() == [""]


def test_twice_the_leads_of_a_channel_are_told_once_and_are_no_fall():
    rng = np.random.default_rng(7)
    fair, web = drawn(rng, 60), drawn(rng, 60)
    fair[-1] = 140
    frame = fallen(table(fair, web))
    assert not frame["flag"].any()
    told = frame[frame["rise"]]
    assert told[["attribute", "value", "leads"]].to_numpy().tolist() == [["channel", "fair", 140]]
    assert told["change"].iloc[0] > 1 and told["high"].iloc[0] < 100
    fair[-1] = 105  # a good week
    assert not fallen(table(fair, web))["rise"].any()
    fair[-1], web[-1] = 140, 135
    frame = fallen(table(fair, web))
    assert frame.loc[frame["rise"], "attribute"].tolist() == [""]


def test_a_channel_that_is_called_otherwise_since_three_weeks_is_told_beside_the_one_that_fell():
    rng = np.random.default_rng(1)
    fair, web = drawn(rng, 60), drawn(rng, 60)
    renamed, share = np.zeros(100), np.zeros(100)
    renamed[-3:], web[-3:] = web[-3:], 0
    frame = fallen(table(fair, web, renamed))
    told = frame[frame["flag"]]
    assert told[["value", "leads", "instead"]].to_numpy().tolist() == [["web", 0, "web ads"]]
    assert told["instead_leads"].tolist() == [int(renamed[-1])]
    assert set(frame.loc[~frame["flag"], "instead"]) == {""}
    share[:] = renamed[-1]  # one that was there all the year stands for nobody
    assert set(fallen(table(fair, web, share))["instead"]) == {""}
    share[:-1] = 0
    share[-1] = 0.3 * fair[-2]  # a few of another do not make up for it
    assert set(fallen(table(fair, web, share))["instead"]) == {""}


def test_a_company_that_comes_in_bursts_hears_nothing_of_them():
    rng = np.random.default_rng(8)
    mean = np.where(np.arange(100) % 10 == 9, 180.0, 60.0)
    made = table(drawn(rng, mean), drawn(rng, mean))
    assert not any(fallen(made.as_of(back))["rise"].any() for back in range(12))


def test_a_new_year_s_week_is_no_fall_where_the_country_is_known():
    company = STEADY["holidays-ru"]
    days = calendar(company)
    weeks = [FIRST + dt.timedelta(weeks=number) for number in range(67)]
    assert weeks[-1] == dt.date(2022, 1, 3)
    quiet = 1 - 0.7 * (1 - working_share(days, weeks))
    rng = np.random.default_rng(3)
    leads = drawn(rng, 80 * quiet, 67), drawn(rng, 80 * quiet, 67)
    assert not fallen(table(*leads), days)["flag"].any()
    assert fallen(table(*leads), NO_CALENDAR)["expected"].iloc[0] > 140


@pytest.mark.parametrize("season", [0.0, 0.35])
def test_hardly_a_steady_week_is_told(season: float):
    told = []
    for run in range(30):
        rng = np.random.default_rng([4, run])
        mean = 50 * (1 + season * np.sin(2 * np.pi * (np.arange(130) + 10 * run) / 52))
        table_ = table(drawn(rng, mean, 130), drawn(rng, mean, 130))
        told += [bool(fallen(table_.as_of(back))["flag"].any()) for back in (0, 7, 14)]
    assert np.mean(told) <= 0.05


def test_an_attribute_that_is_filled_in_later_is_not_watched():
    rng = np.random.default_rng(5)
    one, empty = drawn(rng, 60), drawn(rng, 5)
    empty[-1], one[-1] = 60, 5  # of the newest leads hardly one has a value yet
    made = table(one, empty)
    frame = fallen(
        Cells((KEYS[0], KEYS[1], ("channel", "", "", "")), made.weeks, made.ages, made.steps, made.reached)
    )
    assert not frame["flag"].any()
    assert frame["attribute"].tolist() == [""]


def test_too_few_weeks_tell_nothing():
    assert fallen(table(np.full(20, 50.0))).empty


def test_an_invented_company_s_leads_are_watched_without_false_alarm():
    company = STEADY["season"]
    history = draw(company, np.random.default_rng(6))
    counts = pd.Series(history.cohort).value_counts().reindex(range(company.weeks), fill_value=0).sort_index()
    made = table(counts.to_numpy(float))
    assert sum(bool(fallen(made.as_of(back))["flag"].any()) for back in range(40)) <= 2


def test_another_name_makes_up_for_what_is_lacking_not_for_all_that_was_due():
    rng = np.random.default_rng(1)
    fair, web = drawn(rng, 60), drawn(rng, 60)
    renamed = np.zeros(100)
    web[-1], renamed[-1] = 20, 30  # 40 are lacking, of which another name brings three quarters
    frame = fallen(table(fair, web, renamed))
    assert frame.loc[frame["flag"], ["value", "instead"]].to_numpy().tolist() == [["web", "web ads"]]
