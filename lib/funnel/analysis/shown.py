"""How much of its conversions a cohort can show in its weeks: holidays, and entries made at the month's end.

A step that usually shows half of its conversions after two weeks shows fewer where one of these weeks was a
holiday; where somebody enters the month at its end, it shows none of his before that. So the share shown is
read off the usual ripening at the working time a cohort has had, and, for the part of a segment's entries
that is made at the month's end, at the time it had had by the last of them. How far people rest on holidays,
and which part of a segment's entries that is, the history itself tells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnel.analysis.cells import TOTAL, Cells, reading_age
from funnel.calendar import NO_CALENDAR, Calendar, month_end_share, working_share

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOOKED_AT = 58
"""Newest weeks whose entries tell how a segment is kept."""
SURELY = 3.0
"""Standard errors by which the entries of the months' ends must be too many to count as made up for them."""
RESTS = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95)
"""How far a free day is one: not at all, half, nearly whole; the history chooses."""
UNSURE = 0.3
"""Of what the calendar makes of a conversion, how much may be otherwise: one standard deviation."""
LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What cohorts can show.

    Attributes:
        steady: by step, cohort week and calendar week: the share shown of entries made as they come.
        ends: the same of entries made at the months' ends.
        batched: share of a segment's entries into a step that are made then, (slices, steps).
    """

    steady: Floats
    ends: Floats
    batched: Floats

    def shown(self, step: int, weeks: Ints, ages: Ints) -> Floats:
        """Return the share shown at a step, (slices, weeks, ages): each of the weeks at each of the ages."""
        if step == 0:
            return np.ones((len(self.batched), len(weeks), len(ages)))
        until = np.minimum(weeks[:, None] + ages[None, :], self.steady.shape[2] - 1)
        part = self.batched[:, step][:, None, None]
        both = [shown[step, weeks[:, None], until][None] for shown in (self.steady, self.ends)]
        return np.asarray(np.maximum((1 - part) * both[0] + part * both[1], LEAST))

    def factor(self, before: int, after: int, weeks: Ints, ages: Ints) -> Floats:
        """Return the share of its ripe value that a conversion can show, (slices, weeks, ages)."""
        return self.shown(after, weeks, ages) / self.shown(before, weeks, ages)


def rhythm(table: Cells, share: Floats, calendar: Calendar = NO_CALENDAR) -> Rhythm:
    """Say what the cohorts of a table can show.

    Args:
        table: the cube as arrays.
        share: of `cells.ripening`.
        calendar: working days; of no country only the months' ends are known.
    """
    month_end = month_end_share(calendar, table.weeks)
    batched = _batched(table, month_end)
    free = working_share(calendar, table.weeks) - 1.0
    whole = table.keys.index(TOTAL)
    found, least = None, np.inf
    for rests in RESTS if free.any() else RESTS[:1]:
        work = 1 + rests * free
        steady = _steady(share, work / work.mean())
        one = Rhythm(steady, _ends(steady, month_end), batched)
        misfit = _misfit(table, share, one, whole)
        if found is None or misfit < least:
            found, least = one, misfit
    assert found is not None
    return found


def _steady(share: Floats, work: Floats) -> Floats:
    """Return by step, cohort week and calendar week the share shown after the working time between them."""
    count = len(work)
    done = np.concatenate([[0.0], np.cumsum(work)])
    lived = done[None, 1:] - done[:-1, None] - work[:, None] / 2  # half of the cohort's own week on average
    points = np.concatenate([[0.0], np.arange(share.shape[1]) + 0.5])
    shown = [np.interp(lived, points, np.concatenate([[0.0], one])) for one in share]
    inside = np.arange(count)[None, :] >= np.arange(count)[:, None]
    return np.asarray(np.array(shown) * inside)


def _ends(steady: Floats, month_end: Floats) -> Floats:
    """Return the same as it stood at the last end of a month."""
    result = np.zeros_like(steady)
    until = np.zeros(steady.shape[:2])
    for week in range(steady.shape[2]):
        second = week > 0 and 0 < month_end[week - 1] < 1
        part = 1.0 if second and month_end[week] > 0 else float(month_end[week])
        until = until + part * (steady[:, :, week] - until)
        result[:, :, week] = until
    return result


def _batched(table: Cells, month_end: Floats) -> Floats:
    """Return the share of a segment's entries into a step that are made up for the month's end."""
    count = len(table.weeks)
    new = np.diff(table.reached, axis=3, prepend=0)
    ending = month_end > 0
    first = max(count - LOOKED_AT, 0)
    result = np.zeros((len(table.keys), len(table.steps)))
    entries = np.zeros((len(table.keys), len(table.steps), count))
    for week in range(first, count):
        cohorts = np.arange(week + 1)
        entries[:, :, week] = new[:, cohorts, :, week - cohorts].sum(axis=0)
    usual = float(ending[first:].mean()) if count else 0.0
    if not 0 < usual < 1:
        return result
    number = entries.sum(axis=2)
    there = entries[:, :, ending].sum(axis=2)
    more = there / np.maximum(number, 1.0) - usual
    error = np.sqrt(usual * (1 - usual) / np.maximum(number, 1.0)) * 1.5  # weeks differ more than chance
    result = np.where(more > SURELY * error, more / (1 - usual), 0.0)
    result[:, 0] = 0.0
    return np.asarray(np.clip(result, 0.0, 1.0))


def _misfit(table: Cells, share: Floats, one: Rhythm, whole: int) -> float:
    """Return how badly a rhythm fits the total's history, each step at its reading age."""
    badness = 0.0
    for after in range(1, len(table.steps)):
        age = np.array([reading_age(share, after - 1, after)])
        weeks = np.flatnonzero((table.ages >= age[0]) & table.known(after - 1, after))[-LOOKED_AT:]
        base, count = (table.reached[whole, weeks, step, age[0]] for step in (after - 1, after))
        factor = one.factor(after - 1, after, weeks, age)[whole, :, 0]
        if count.sum() <= 0:
            continue
        due = base * factor * count.sum() / max(float((base * factor).sum()), 1e-9)
        badness += float(((count - due) ** 2 / np.maximum(due, 1.0)).sum())
    return badness
