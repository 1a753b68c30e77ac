"""Flags and arrivals of invented companies, told report by report: false ones, and planted ones found.

    python bench/steady.py [--part steady|power|arrivals] [--runs 40] [--worlds 'holidays-*,monthly-1']

`steady` goes through a year of reports, one every second week, of each company in `catalogue.STEADY`; what is
flagged of conversions and of the leads that came is false. `power` lets one manager's first step fall by 30 %
and asks whether he is flagged within six weeks, in calm companies and in such with a season, holidays and a
month's end. `arrivals` lets one channel bring nothing, a half, twice as much, and asks whether the report of
that very week tells it. Prints bar and value, line by line; exit code 1 where a bar is missed. Weeks of one
history depend on each other: the standard error stands beside, over histories. Full measure: 40 runs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from functools import partial

import numpy as np
import numpy.typing as npt
from catalogue import STEADY, rng_of
from companies import MANAGERS, NEVER, Company, History, draw
from cuts import cut
from deviations import Line, show

from funnel.analysis.attention.arrivals import fallen
from funnel.analysis.attention.deviations import compare
from funnel.analysis.cube.cells import Cells, cells
from funnel.calendar import Calendar, calendar_of

BY = ("", "channel", "manager")
FIRST, EVERY = 72, 2
FALLS, KEPT = 104, 0.7
"""Week from which the planted drop holds, and the share of conversions that are left."""


def calendar(company: Company) -> Calendar:
    """Return the working days of a company's time, as its settings would name the country."""
    return calendar_of(company.country, company.start, company.start + dt.timedelta(weeks=company.weeks))


def table(company: Company, history: History, at: int) -> Cells:
    """Return what a report at the end of a week sees."""
    date = company.start + dt.timedelta(weeks=at)
    return cells(cut(history, date, BY)[0], ("lead", *company.stages), date)


def tables(company: Company, history: History, weeks: range) -> Iterator[Cells]:
    """Return the same of several weeks: of one cut, unless later records change what was known before."""
    if company.leaves_at is not None or company.exported_at is not None:
        yield from (table(company, history, at) for at in weeks)
        return
    last = max(weeks)
    newest = table(company, history, last)
    yield from (newest.as_of(last - at) for at in weeks)


def mean(by_run: list[list[bool]]) -> tuple[float, float]:
    """Return the share of what is true, and its standard error over the histories."""
    shares = np.array([np.mean(one) for one in by_run])
    error = shares.std(ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else np.nan
    return float(shares.mean()), float(error)


def steady(runs: int, worlds: str = "*") -> Iterator[Line]:
    """Nothing changes; what is told is false. Of the companies whose names match one of the patterns."""
    for name, company in STEADY.items():
        if not any(fnmatch(name, pattern) for pattern in worlds.split(",")):
            continue
        days = calendar(company)
        flags: list[list[bool]] = []
        came: list[list[bool]] = []
        for run in range(runs):
            history = draw(company, rng_of(name, run))
            weeks = range(FIRST + run % EVERY, company.weeks + 1, EVERY)
            seen = list(tables(company, history, weeks))
            flags.append([bool(compare(one, calendar=days)["flag"].any()) for one in seen])
            leads = [fallen(one, days) for one in seen]
            came.append([bool((one["flag"] | one["rise"]).any()) for one in leads])
        for what, told in (("flag", flags), ("fall or rise of leads", came)):
            share, error = mean(told)
            value = f"{share:.1%} ± {error:.1%}"
            yield f"{name}: weeks with any {what}, {runs} histories", "<= 10 %", value, share <= 0.10


def fallen_manager(history: History, manager: int, rng: np.random.Generator) -> History:
    """Return a history in which some of one manager's leads go nowhere from a week on."""
    mine = (history.cohort >= FALLS) & (history.codes["manager"] == manager)
    stopped = mine & (rng.random(len(mine)) > KEPT)
    entered = np.where(stopped[:, None], NEVER, history.entered)
    return replace(history, entered=entered)


def found(company: Company, run: int) -> bool:
    """Tell whether the drop of one manager is flagged within six weeks."""
    manager = run % 5
    history = draw(company, rng_of(company.name, 1000 + run))
    history = fallen_manager(history, manager, np.random.default_rng([7, run]))
    days, stage = calendar(company), company.stages[0]
    for seen in tables(company, history, range(FALLS + 6, FALLS + 1, -1)):
        frame = compare(seen, calendar=days)
        mine = frame[(frame["attribute"] == "manager") & (frame["value"] == MANAGERS[manager])]
        row = mine[mine["stage"] == stage]
        if row["flag"].any() and row["change"].iloc[0] < 0:
            return True
    return False


def _others() -> dict[str, Company]:
    """Return companies of 550 leads a week, the calm one first."""
    calm = STEADY["calm-550"]
    return {
        "calm": calm,
        "season": replace(calm, name="season-550", season=0.35),
        "holidays": replace(STEADY["holidays-ru-550"], start=calm.start - dt.timedelta(weeks=4)),
        "month's end": replace(calm, name="month-end-550", month_end=0.7),
        "one manager's month": replace(calm, name="monthly-550", monthly=1),
    }


def power(runs: int) -> Iterator[Line]:
    """The same drop in companies of 550 leads a week."""
    base = np.nan
    for name, company in _others().items():
        share, error = mean([[found(company, run)] for run in range(3 * runs)])
        base = share if name == "calm" else base
        what = f"{name}, one manager's first step -30 %, {3 * runs} runs: found within 6 weeks"
        bar = "" if name == "calm" else f">= {0.75 * base:.0%}"
        yield what, bar, f"{share:.0%} ± {error:.0%}", None if name == "calm" else share >= 0.75 * base


def without(history: History, gone: npt.NDArray[np.bool_]) -> History:
    """Return a history in which some leads never came."""
    kept = ~gone
    place = np.cumsum(kept) - 1
    paid = kept[history.payer]
    names = ("cohort", "created", "true", "entered", "lost", "inherited")
    return replace(
        history,
        **{name: getattr(history, name)[kept] for name in names},
        codes={name: codes[kept] for name, codes in history.codes.items()},
        payer=place[history.payer[paid]],
        paid_at=history.paid_at[paid],
        amount=history.amount[paid],
        looked=None if history.looked is None else history.looked[kept],
    )


def arrivals(runs: int) -> Iterator[Line]:
    """One of four channels brings nothing, a half, or twice what it brought, from a week on."""
    companies = {"calm, 150 leads": STEADY["calm-150"], "season, 150": STEADY["season"]}
    companies |= {"holidays, 150": STEADY["holidays-ru"], "calm, 550": STEADY["calm-550"]}
    for name, company in companies.items():
        days = calendar(company)
        for what, before, after in (("nothing", 1.0, 0.0), ("a half", 1.0, 0.5), ("twice as much", 0.5, 1.0)):
            told = []
            for run in range(2 * runs):
                rng = np.random.default_rng([11, run])
                at, channel = FALLS + run % 16, run % 4
                history = draw(company, rng_of(name, 2000 + run))
                mine = history.codes["channel"] == channel
                keep = np.where(history.cohort >= at, after, before)
                seen = without(history, mine & (rng.random(len(mine)) >= keep))
                frame = fallen(table(company, seen, at + 1), days)
                of_channels = (frame["attribute"] == "channel").to_numpy()
                told.append([bool((frame["flag"] | frame["rise"])[of_channels].any())])
            share, error = mean(told)
            bar, holds = (">= 95 %", share >= 0.95) if after == 0 else ("", None)
            value = f"{share:.0%} ± {error:.0%}"
            yield f"{name}: one channel brings {what}: told in that week", bar, value, holds


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--worlds", default="*", help="companies of the part steady, patterns with commas")
    worlds = options.parse_known_args()[0].worlds
    sys.exit(show({"steady": partial(steady, worlds=worlds), "power": power, "arrivals": arrivals}, options))
