"""What cohorts can show in their weeks: holidays, and entries made at the month's end."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from catalogue import STEADY, rng_of
from companies import draw
from cuts import cut
from steady import calendar, looked

from funnel.analysis.cells import cells, ripening
from funnel.analysis.shown import rhythm
from funnel.calendar import NO_CALENDAR


def at(name: str, week: int):
    company = STEADY[name]
    history = draw(company, rng_of(name, 1))
    date = company.start + dt.timedelta(weeks=week)
    table = cells(cut(history, date, ("", "channel", "manager"))[0], ("lead", *company.stages), date)
    return company, history, table


def test_who_enters_the_month_at_its_end_is_found_and_nobody_else():
    _, _, table = at("monthly-1", 104)
    batched = rhythm(table, ripening(table)).batched
    shares = {key[1]: batched[number, 1:] for number, key in enumerate(table.keys) if key[0] == "manager"}
    assert shares["Anna"].min() > 0.8
    for name in ("Boris", "Clara", "David", "Elena"):
        assert shares[name].max() == 0


def test_sales_signed_at_the_month_s_end_are_waited_for_until_then():
    _, _, table = at("month-end", 104)
    found = rhythm(table, ripening(table))
    whole = table.keys.index(("", "", "", ""))
    assert found.batched[whole, -1] == pytest.approx(0.7, abs=0.2)
    assert (found.batched[whole, :-1] == 0).all()
    # of one cohort, week by week: what was signed at the end of a month stays until the next
    week = np.array([80])
    shown = found.ends[-1, 80, 80:104]
    assert (np.diff(shown) >= 0).all()
    assert (np.diff(shown) > 1e-9).sum() <= 6
    assert found.shown(-1, week, np.array([10])).shape == (len(table.keys), 1, 1)


def test_in_a_company_without_either_every_cohort_shows_what_its_age_does():
    _, _, table = at("calm-150", 104)
    found = rhythm(table, ripening(table), NO_CALENDAR)
    factor = found.factor(0, 1, np.arange(60, 100), np.array([1, 3]))
    assert np.ptp(factor, axis=1).max() < 1e-9


def test_after_the_new_year_less_is_expected_where_the_country_is_known():
    company, history, _ = at("holidays-ru-550", 104)
    week = next(w for w in range(90, 120) if company.start + dt.timedelta(weeks=w) >= dt.date(2022, 1, 10))
    rows = [looked(company, history, days, week) for days in (calendar(company), NO_CALENDAR)]
    first = [frame[(frame["attribute"] == "") & (frame["stage"] == "stage_1")].iloc[0] for frame in rows]
    assert first[1]["flag"]
    assert first[0]["expected"] < 0.85 * first[1]["expected"]
    assert not rows[0]["flag"].any()


@pytest.mark.parametrize("name", ["monthly-2", "newcomer", "single-export"])
def test_nothing_is_flagged_in_most_weeks_of_a_company_in_which_nothing_changes(name: str):
    company = STEADY[name]
    history = draw(company, rng_of(name, 5))
    weeks = [looked(company, history, NO_CALENDAR, at)["flag"].any() for at in range(90, 124, 4)]
    assert sum(weeks) <= 2  # of nine; bench/steady.py measures it
