"""Are the newest leads good? The newest cohorts that can be read, each at its age, beside the year before.

It asks one question of one number, so the range that 90 of 100 unchanged companies keep within is its test.
What of all steps and segments differs is found by `deviations`, which knows how many it looks at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from funnel.analysis.attention.readings import LEAST_HISTORY, Reading, left_out, pairs, read
from funnel.analysis.calendar.shown import rhythm
from funnel.analysis.cohorts.table import SMALL
from funnel.analysis.cube.cells import TOTAL, Cells, cells, reading_age, ripening
from funnel.analysis.statistics.dispersion import limits
from funnel.calendar import NO_CALENDAR, Calendar
from funnel.columns import OVERALL
from funnel.dates import WEEK
from funnel.logbook import Initiative

WHOLE, STEP = (6, 13, 26), (1, 2, 4)
"""Weeks read together of the whole and of a step: the fewest that tell enough; 8 are left to compare with."""
DUE = 3.0
"""Conversions to be expected of them, below which nothing is told: one more or less would be a verdict."""
BETTER, USUAL, WORSE, FEW, RARE, UNREAD = "better", "usual", "worse", "few", "rare", "unread"
COLUMNS = (
    "stage", "first_week", "weeks", "at_age", "base", "reached", "observed", "expected", "low", "high",
    "verdict", "newest_week", "readable_from",
)  # fmt: skip


def newest(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    initiatives: Sequence[Initiative] = (),
    calendar: Calendar = NO_CALENDAR,
) -> pd.DataFrame:
    """Judge the newest cohorts of all leads, by each step and as a whole.

    Args:
        reached: the cube.
        steps: `lead` and the stages in order.
        report_date: D.
        initiatives: known changes, see `deviations`.
        calendar: working days of the company's country.

    Returns:
        One row per stage, and one for 'overall': `first_week` and `weeks` (the cohorts read together),
        `at_age` (of the youngest of them), `base` (leads in the step before), `reached`, `observed` and
        `expected` share (by the year before, at the same ages), `low` and `high` (where 90 % of unchanged
        companies lie), `verdict` (better or worse: outside these; usual: inside; few: fewer than 30 leads in
        the step before; rare: fewer than 3 conversions were due; unread: no weeks to compare with, what is
        counted is then empty), `newest_week` (Monday of the newest complete cohort), `readable_from` (the
        Monday from which that one can be read; of an unread one, from which any can, at the earliest).
    """
    table = cells(reached, steps, report_date, attributes=())
    share, old_level = ripening(table), left_out(table, initiatives)
    kept = rhythm(table, share, calendar)
    rows = []
    for pair in pairs(table.steps):
        found, age = None, reading_age(share, pair[0], pair[1])
        room = int(((table.ages >= age) & table.known(pair[0], pair[1])).sum()) - LEAST_HISTORY
        for weeks in WHOLE if pair[2] == OVERALL else STEP:
            found = read(table, share, pair, min(weeks, room), old_level, kept) if room > 0 else None
            if found is None or _enough(table, found) == USUAL or weeks >= room:
                break
        rows.append(_row(table, found, pair[2], age))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("first_week", "newest_week", "readable_from"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return frame


def _enough(table: Cells, reading: Reading) -> str:
    """Return why nothing can be told of a reading's total; USUAL where something can."""
    whole = table.keys.index(TOTAL)
    return FEW if reading.base[whole] < SMALL else RARE if reading.expected[whole] < DUE else USUAL


def _row(table: Cells, reading: Reading | None, stage: str, age: int) -> tuple[object, ...]:
    """Lay out what is read of the total, or from when on it can be."""
    last = table.weeks[-1]
    if reading is None:
        earliest = table.weeks[0] + WEEK * (LEAST_HISTORY + 1 + age)
        nothing = (None, 0, age, 0, 0, np.nan, np.nan, np.nan, np.nan)
        return (stage, *nothing, UNREAD, last, earliest if earliest > last + WEEK else None)
    whole = table.keys.index(TOTAL)
    base, came, rate = (float(one[whole]) for one in (reading.base, reading.reached, reading.rate))
    low, high = (float(one[whole]) for one in limits(reading.base, reading.rate, reading.variance))
    observed = came / base if base > 0 else np.nan
    verdict = _enough(table, reading)
    if verdict == USUAL and not low <= observed <= high:
        verdict = BETTER if observed > high else WORSE
    first = table.weeks[reading.rows[0]]
    counted = (first, len(reading.rows), reading.age, int(base), int(came), observed, rate, low, high)
    return (stage, *counted, verdict, last, last + WEEK * (1 + age))
