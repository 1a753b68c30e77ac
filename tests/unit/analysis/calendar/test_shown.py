"""What cohorts can show in their weeks: holidays, and entries made month by month."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from catalogue import STEADY, rng_of
from companies import draw
from steady import calendar, table

from funnel.analysis.attention.deviations import compare
from funnel.analysis.calendar.shown import rhythm
from funnel.analysis.cube.cells import ripening
from funnel.calendar import NO_CALENDAR


def at(name: str, week: int):
    company = STEADY[name]
    history = draw(company, rng_of(name, 1))
    return company, history, table(company, history, week)


def test_who_enters_the_month_at_its_end_is_found_and_nobody_else():
    _, _, made = at("monthly-1", 104)
    batched = rhythm(made, ripening(made)).batched
    shares = {key[1]: batched[0, number, 1:] for number, key in enumerate(made.keys) if key[0] == "manager"}
    assert shares["Anna"].min() > 0.8
    for name in ("Boris", "Clara", "David", "Elena"):
        assert shares[name].max() == 0


def test_who_enters_the_month_in_the_first_days_of_the_next_is_found_and_what_he_shows_is_known():
    company, history, made = at("next-month-1", 110)
    found = rhythm(made, ripening(made))
    cell = made.keys.index(("manager", "Anna", "", ""))
    assert found.batched[1:, cell, 1:].sum(axis=0).min() > 0.6 and found.batched[0, cell, 1:].max() == 0
    others = [number for number, key in enumerate(made.keys) if key[0] == "manager" and number != cell]
    assert found.batched[:, others].max() == 0
    # a week after its end a cohort shows nothing, or nearly all: as expected of each
    weeks, age = np.arange(60, 108), np.array([1])
    due = found.factor(0, 1, weeks, age)[cell, :, 0]
    base, count = (made.reached[cell, weeks, step, 1] for step in (0, 1))
    assert due.min() < 0.05 and due.max() > 0.6
    assert np.corrcoef(due, count / base)[0, 1] > 0.9
    flags = [compare(table(company, history, week))["flag"].any() for week in range(90, 124, 4)]
    assert sum(flags) <= 2


def test_sales_signed_at_the_month_s_end_are_waited_for_until_then():
    _, _, made = at("month-end", 104)
    found = rhythm(made, ripening(made))
    whole = made.keys.index(("", "", "", ""))
    assert found.batched[0, whole, -1] == pytest.approx(0.7, abs=0.2)
    assert (found.batched[:, whole, :-1] == 0).all()
    # of one cohort, week by week: what was signed at the end of a month stays until the next
    week = np.array([80])
    shown = found.monthly[0][-1, 80, 80:104]
    assert (np.diff(shown) >= 0).all()
    assert (np.diff(shown) > 1e-9).sum() <= 6
    assert found.shown(-1, week, np.array([10])).shape == (len(made.keys), 1, 1)


def test_in_a_company_without_either_every_cohort_shows_what_its_age_does():
    _, _, made = at("calm-150", 104)
    found = rhythm(made, ripening(made), NO_CALENDAR)
    factor = found.factor(0, 1, np.arange(60, 100), np.array([1, 3]))
    assert np.ptp(factor, axis=1).max() < 1e-9


def test_after_the_new_year_less_is_expected_where_the_country_is_known():
    company, history, _ = at("holidays-ru-550", 104)
    week = next(w for w in range(90, 120) if company.start + dt.timedelta(weeks=w) >= dt.date(2022, 1, 10))
    rows = [
        compare(table(company, history, week), calendar=days) for days in (calendar(company), NO_CALENDAR)
    ]
    first = [frame[(frame["attribute"] == "") & (frame["stage"] == "stage_1")].iloc[0] for frame in rows]
    assert first[1]["flag"]
    assert first[0]["observed"] == pytest.approx(first[0]["expected"], rel=0.1)  # however many weeks it read
    assert not rows[0]["flag"].any()


@pytest.mark.parametrize("name", ["monthly-2", "newcomer", "single-export"])
def test_nothing_is_flagged_in_most_weeks_of_a_company_in_which_nothing_changes(name: str):
    company = STEADY[name]
    history = draw(company, rng_of(name, 5))
    weeks = [compare(table(company, history, at))["flag"].any() for at in range(90, 124, 4)]
    assert sum(weeks) <= 2  # of nine; bench/steady.py measures it
