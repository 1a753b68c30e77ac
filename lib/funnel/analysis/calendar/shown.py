"""How much of its conversions a cohort can show in its weeks: holidays, and entries made month by month.

A step that usually shows half of its conversions after two weeks shows fewer where one of these weeks was a
holiday; where somebody enters the month at its end, or in the first days of the next one, it shows none of
his before that. So the share shown is read off the usual ripening at the working time a cohort has had, and,
for the part of a segment's entries that is made month by month, at the time it had had by the end of the last
month entered. How far people rest on holidays, and which part of a segment's entries that is, history tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnel.analysis.cube.cells import TOTAL, Cells, reading_age
from funnel.calendar import (
    NO_CALENDAR,
    Calendar,
    month_phases,
    new_year_share,
    old_month_share,
    working_share,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOOKED_AT = 58
"""Newest weeks whose entries tell how a segment is kept."""
SURELY = 3.0
"""Standard errors by which entries of months' ends or beginnings must be too many to count as made then."""
RESTS = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95)
"""How far a free day is one: not at all, half, nearly whole; the history chooses."""
SLOWS = (0.4, 0.0, 0.2, 0.6, 0.8, 0.9)
"""How much of a working day around New Year is not done; where the history does not tell, the first."""
UNSURE = 0.3
"""Of what the calendar makes of a conversion, how much may be otherwise: one standard deviation."""
LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What cohorts can show.

    Attributes:
        steady: by step, cohort week and calendar week: the share shown of entries made as they come.
        monthly: the same of entries made at the months' ends, and of those made as the next ones begin: on
            the first working days, or on the first days of all.
        batched: shares of a segment's entries into a step that are made then, (these, slices, steps).
    """

    steady: Floats
    monthly: tuple[Floats, ...]
    batched: Floats

    def shown(self, step: int, weeks: Ints, ages: Ints) -> Floats:
        """Return the share shown at a step, (slices, weeks, ages): each of the weeks at each of the ages."""
        if step == 0:
            return np.ones((self.batched.shape[1], len(weeks), len(ages)))
        until = np.minimum(weeks[:, None] + ages[None, :], self.steady.shape[2] - 1)
        parts = self.batched[:, :, step][:, :, None, None]
        as_they_come = (1 - parts.sum(axis=0)) * self.steady[step, weeks[:, None], until][None]
        batches = [
            part * shown[step, weeks[:, None], until][None]
            for part, shown in zip(parts, self.monthly, strict=True)
        ]
        return np.asarray(np.maximum(as_they_come + sum(batches), LEAST))

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
    old = old_month_share(table.weeks)
    kinds = tuple(zip(month_phases(calendar, table.weeks), (np.ones(len(old)), old, old), strict=True))
    batched = _batched(table, [part > 0 for part, _ in kinds])
    free = working_share(calendar, table.weeks) - 1.0
    whole = table.keys.index(TOTAL)
    near = new_year_share(calendar, table.weeks) if calendar.country else np.zeros(len(free))

    def of(rests: float, slows: float) -> tuple[float, Rhythm]:
        work = np.maximum(1 + rests * free - slows * near, LEAST)
        steady = _steady(share, work / work.mean())
        monthly = tuple(_entered(steady, part, covered) for part, covered in kinds)
        one = Rhythm(steady, monthly, batched)
        return _misfit(table, share, one, whole), one

    if not (free.any() or near.any()):
        return of(0.0, 0.0)[1]
    slowed = 0.0
    for _ in range(2):  # each in turn, given the other
        rested = RESTS[int(np.argmin([of(rests, slowed)[0] for rests in RESTS]))]
        slowed = SLOWS[int(np.argmin([of(rested, slows)[0] for slows in SLOWS]))]
    return of(rested, slowed)[1]


def _steady(share: Floats, work: Floats) -> Floats:
    """Return by step, cohort week and calendar week the share shown after the working time between them."""
    count = len(work)
    done = np.concatenate([[0.0], np.cumsum(work)])
    lived = done[None, 1:] - done[:-1, None] - work[:, None] / 2  # half of the cohort's own week on average
    points = np.concatenate([[0.0], np.arange(share.shape[1]) + 0.5])
    shown = [np.interp(lived, points, np.concatenate([[0.0], one])) for one in share]
    inside = np.arange(count)[None, :] >= np.arange(count)[:, None]
    return np.asarray(np.array(shown) * inside)


def _entered(steady: Floats, part: Floats, covered: Floats) -> Floats:
    """Return the same as it stood where entries are made month by month.

    Args:
        steady: of entries made as they come.
        part: by calendar week, the share of a month's entries that is made in it.
        covered: up to which part of the week reaches what is entered from then on; NaN: no further.
    """
    result = np.zeros_like(steady)
    until, reach = np.zeros(steady.shape[:2]), np.zeros(steady.shape[:2])
    for week in range(steady.shape[2]):
        if not np.isnan(covered[week]):
            before = steady[:, :, week - 1] if week else until
            reach = before + covered[week] * (steady[:, :, week] - before)
        second = week > 0 and 0 < part[week - 1] < 1
        done = 1.0 if second and part[week] > 0 else float(part[week])
        until = until + done * (reach - until)
        result[:, :, week] = until
    return result


def _batched(table: Cells, kinds: Sequence[npt.NDArray[np.bool_]]) -> Floats:
    """Return the shares of a segment's entries into a step made in each kind of weeks.

    Most months end in the week in which the next one begins: that kind counts that stands out most.
    """
    count = len(table.weeks)
    new = np.diff(table.reached, axis=3, prepend=0)
    first = max(count - LOOKED_AT, 0)
    entries = np.zeros((len(table.keys), len(table.steps), count))
    for week in range(first, count):
        cohorts = np.arange(week + 1)
        entries[:, :, week] = new[:, cohorts, :, week - cohorts].sum(axis=0)
    number = np.maximum(entries.sum(axis=2), 1.0)
    found, sure = [], []
    for weeks in kinds:
        usual = float(weeks[first:].mean()) if count else 0.0
        if not 0 < usual < 1:
            return np.zeros((len(kinds), len(table.keys), len(table.steps)))
        more = entries[:, :, weeks].sum(axis=2) / number - usual
        error = np.sqrt(usual * (1 - usual) / number) * 1.5  # weeks differ more than chance
        sure.append(more / error)
        found.append(np.where(more > SURELY * error, more / (1 - usual), 0.0))
    result = np.array(found)
    result[:, :, 0] = 0.0
    result *= np.argmax(np.array(sure), axis=0) == np.arange(len(kinds))[:, None, None]
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
