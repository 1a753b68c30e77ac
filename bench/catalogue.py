"""The invented companies that the bench of the printed forecast goes through, by name.

Names of the grid are `steady-LEADS-CLOSED`. Seeds: replication r of a world uses numpy's
`default_rng([SEED, crc32 of its name, r])`: `rng_of`.
"""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import replace

import numpy as np
from companies import Company, Line

SEED = 20221003
"""The published seed."""
LEADS = (15, 30, 60, 150, 550, 2000)
CLOSED = (30, 90, 97)

QUICK = Line("quick", 0.7, weeks=(0.05, 0.15, 0.3, 0.5), price=1000.0)
SLOW = Line("slow", 0.3, weeks=(1.0, 4.0, 10.0, 20.0), price=6000.0)
"""A week and nine months to the sale, prices 1 : 6."""
_JANUARY = dt.date(2020, 1, 13)


def _grid() -> list[Company]:
    return [
        Company(f"steady-{leads}-{closed}", float(leads), closed=closed / 100)
        for leads in LEADS
        for closed in CLOSED
    ]


def _others() -> list[Company]:
    """Return the companies that differ from the steady ones in one thing each."""
    drifting = (replace(QUICK, share=0.85, share_end=0.5), replace(SLOW, share=0.15, share_end=0.5))
    ends = {"month_end": 0.7, "friday": True}
    young = Line(weeks=(0.1, 0.3, 0.6, 1.0))
    seven = Line(steps=(0.8, 0.7, 0.75, 0.8, 0.6, 0.7, 0.6), weeks=(0.3, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0))
    return [
        Company("lines", 150.0, (QUICK, SLOW), weeks=156),
        Company("lines-drifting", 150.0, drifting, weeks=156, steady=False),
        Company("price-rises", 150.0, rise=0.02),
        Company("holidays-de", 150.0, start=_JANUARY, country="DE", weekend=0.3, steady=False),
        Company("holidays-ru", 150.0, start=_JANUARY, country="RU", weekend=0.3, steady=False),
        Company("month-end", 150.0, month_end=0.7, report_at=(100, 102, 104)),
        Company("quarter-end", 150.0, quarter_end=0.5, report_at=(92, 96, 100, 103)),
        Company("fridays", 150.0, friday=True),
        Company("messy-2000", 2000.0, quick=0.5, cleaned=13, skips=0.2, reopened=0.1, **ends),
        Company("cleaned", 150.0, cleaned=13),
        Company("gaps", 150.0, skips=0.3, reopened=0.2),
        Company("stamped", 150.0, migration="stamped", migrated_at=60, steady=False),
        Company("at-creation", 150.0, migration="created", migrated_at=60, steady=False),
        Company("begun", 150.0, weeks=62, begun_at=20, report_at=(44, 50, 56, 62), steady=False),
        Company("young", 150.0, (young,), weeks=20),
        Company("young-2000", 2000.0, (young,), weeks=20),
        Company("young-slow", 150.0, weeks=30),
        Company("reassigned", 150.0, leaves_at=90),
        Company("base-falls", 150.0, base=(91, 0.7), steady=False),
        Company("delay-doubles", 150.0, pace=(78, 2.0), steady=False),
        Company("growth", 60.0, growth=3.0, season=0.3, weekend=0.2),
        Company("bursts", 150.0, burst=6.0),
        Company("pause", 150.0, pause=6),
        Company("half-quick", 150.0, quick=0.5),
        Company("one-stage", 150.0, (Line(steps=(0.05,), weeks=(9.0,)),)),
        Company("seven-stages", 150.0, (seven,)),
        Company("everybody", 150.0, (Line(steps=(1.0, 0.3, 0.3), weeks=(0.1, 2.0, 6.0)),)),
        Company("days", 150.0, (Line(weeks=(0.05, 0.05, 0.05, 0.1)),)),
        Company("year", 150.0, (Line(weeks=(1.0, 4.0, 12.0, 30.0)),), weeks=200),
    ]


_TIMES = {"weeks": 124, "start": _JANUARY}
STEADY = {
    company.name: company
    for company in (
        Company("calm-60", 60.0, **_TIMES),
        Company("calm-150", 150.0, **_TIMES),
        Company("calm-550", 550.0, **_TIMES),
        Company("season", 150.0, season=0.35, **_TIMES),
        Company("holidays-ru", 150.0, country="RU", weekend=0.3, **_TIMES),
        Company("holidays-de", 150.0, country="DE", weekend=0.3, **_TIMES),
        Company("holidays-ru-550", 550.0, country="RU", weekend=0.3, **_TIMES),
        Company("month-end", 150.0, month_end=0.7, **_TIMES),
        Company("quarter-end", 150.0, quarter_end=0.5, **_TIMES),
        Company("monthly-1", 150.0, monthly=1, **_TIMES),
        Company("monthly-2", 150.0, monthly=2, **_TIMES),
        Company("next-month-1", 150.0, monthly=1, monthly_after=True, **_TIMES),
        Company("next-month-2", 150.0, monthly=2, monthly_after=True, **_TIMES),
        Company("fridays", 150.0, friday=True, **_TIMES),
        Company("cleaned", 150.0, cleaned=13, **_TIMES),
        Company("gaps", 150.0, skips=0.3, reopened=0.2, **_TIMES),
        Company("newcomer", 150.0, leaves_at=96, **_TIMES),
        Company("single-export", 150.0, exported_at=84, **_TIMES),
        Company("everybody", 150.0, lines=(Line(steps=(1.0, 0.3, 0.3), weeks=(0.1, 2.0, 6.0)),), **_TIMES),
    )
}
"""Worlds in which nothing ever changes, for the bench of flags: reports of a whole year from week 72 on."""

WORLDS = {company.name: company for company in (*_grid(), *_others())}
SHORT = (
    "steady-15-90", "steady-60-30", "steady-60-97", "steady-150-90", "steady-550-90", "lines",
    "lines-drifting", "price-rises", "holidays-de", "month-end", "stamped", "at-creation", "young",
    "base-falls", "days",
)  # fmt: skip
"""Worlds of the short form."""


def rng_of(name: str, replication: int) -> np.random.Generator:
    """Return the source of chance of one history of a world; the same in any order and any process."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode()), replication])
