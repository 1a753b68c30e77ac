"""Flags of invented companies, told report by report: false ones where nothing changes, and a planted drop.

    python bench/steady.py [--part steady|power] [--runs 12]

`steady` goes through a year of reports, one every second week, of each company in `catalogue.STEADY`; `power`
lets one manager's first step fall by 30 % and asks whether he is flagged within six weeks, in calm companies
and in such with a season, holidays and a month's end. Prints bar and value, line by line; exit code 1 where a
bar is missed. Full measure: 12 runs, about 40 minutes on one core.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from catalogue import STEADY, rng_of
from companies import MANAGERS, NEVER, Company, History, draw
from cuts import cut
from deviations import Line, show

from funnel.analysis.cells import cells
from funnel.analysis.deviations import compare
from funnel.calendar import Calendar, calendar_of

BY = ("", "channel", "manager")
FIRST, EVERY = 72, 2
FALLS, KEPT = 104, 0.7
"""Week from which the planted drop holds, and the share of conversions that are left."""


def calendar(company: Company) -> Calendar:
    """Return the working days of a company's time, as its settings would name the country."""
    return calendar_of(company.country, company.start, company.start + dt.timedelta(weeks=company.weeks))


def looked(company: Company, history: History, days: Calendar, at: int) -> pd.DataFrame:
    """Return what `deviations` compares at the end of a week, without money."""
    date = company.start + dt.timedelta(weeks=at)
    table = cells(cut(history, date, BY)[0], ("lead", *company.stages), date)
    return compare(table, calendar=days)


def steady(runs: int) -> Iterator[Line]:
    """Nothing changes; what is flagged is false."""
    for name, company in STEADY.items():
        days, weeks = calendar(company), []
        for run in range(runs):
            history = draw(company, rng_of(name, run))
            for at in range(FIRST + run % EVERY, company.weeks + 1, EVERY):
                weeks.append(bool(looked(company, history, days, at)["flag"].any()))
        share = float(np.mean(weeks))
        yield f"{name}: weeks with any flag, of {len(weeks)}", "<= 10 %", f"{share:.1%}", share <= 0.10


def fallen(history: History, manager: int, rng: np.random.Generator) -> History:
    """Return a history in which some of one manager's leads go nowhere from a week on."""
    mine = (history.cohort >= FALLS) & (history.codes["manager"] == manager)
    stopped = mine & (rng.random(len(mine)) > KEPT)
    entered = np.where(stopped[:, None], NEVER, history.entered)
    return replace(history, entered=entered)


def found(company: Company, run: int) -> bool:
    """Tell whether the drop of one manager is flagged within six weeks."""
    manager = run % 5
    history = fallen(
        draw(company, rng_of(company.name, 1000 + run)), manager, np.random.default_rng([7, run])
    )
    days, stage = calendar(company), company.stages[0]
    for at in range(FALLS + 6, FALLS + 1, -1):
        frame = looked(company, history, days, at)
        mine = frame[(frame["attribute"] == "manager") & (frame["value"] == MANAGERS[manager])]
        row = mine[mine["stage"] == stage]
        if row["flag"].any() and row["change"].iloc[0] < 0:
            return True
    return False


def power(runs: int) -> Iterator[Line]:
    """The same drop in companies of 550 leads a week."""
    calm = STEADY["calm-550"]
    others = {
        "season": replace(calm, name="season-550", season=0.35),
        "holidays": replace(STEADY["holidays-ru-550"], start=calm.start - dt.timedelta(weeks=4)),
        "month's end": replace(calm, name="month-end-550", month_end=0.7),
        "one manager's month": replace(calm, name="monthly-550", monthly=1),
    }
    base = float(np.mean([found(calm, run) for run in range(3 * runs)]))
    yield (
        f"calm, one manager's first step -30 %, {3 * runs} runs: found within 6 weeks",
        "",
        f"{base:.0%}",
        None,
    )
    for name, company in others.items():
        share = float(np.mean([found(company, run) for run in range(3 * runs)]))
        yield f"{name}: found", f">= {0.75 * base:.0%}", f"{share:.0%}", share >= 0.75 * base


if __name__ == "__main__":
    sys.exit(show({"steady": steady, "power": power}))
