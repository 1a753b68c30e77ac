"""How invented companies keep their records: holidays, batches, gaps, migrations.

The holidays are written down here, not taken from a library, so that a method which uses one is tested by
something else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from traits import Company

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Clock = Callable[[Floats], Floats]

_DAY = 86_400
_WEEK = 7 * _DAY
_NEVER = np.int64(2**60)
HOLIDAYS = {
    "DE": (((12, 22), (12, 31)), ((1, 1), (1, 6)), ((5, 1), (5, 1)), ((10, 3), (10, 3))),
    "RU": (((12, 30), (12, 31)), ((1, 1), (1, 9)), ((5, 1), (5, 3)), ((5, 9), (5, 10)), ((6, 12), (6, 12))),
}
"""First and last day (month, day) of the times in which little is decided."""
_WORK = {"weekday": 1.0, "weekend": 0.3, "holiday": 0.1}
"""How much of a day's work is done."""


def clock(company: Company) -> tuple[Clock, Clock]:
    """Return how to turn seconds of the calendar into seconds of working time, and back.

    A usual week has as many seconds of either. Without a country the two are the same.
    """
    if not company.country:
        return (lambda moment: moment), (lambda moment: moment)
    days = [company.start + dt.timedelta(days=n) for n in range(7 * (company.weeks + 520))]
    spans = HOLIDAYS[company.country]
    work = np.array(
        [
            _WORK["holiday"]
            if any(first <= (day.month, day.day) <= last for first, last in spans)
            else _WORK["weekend" if day.weekday() > 4 else "weekday"]
            for day in days
        ]
    )
    work *= 7 / (5 * _WORK["weekday"] + 2 * _WORK["weekend"])
    calendar = np.arange(len(days) + 1) * float(_DAY)
    done = np.append(0.0, np.cumsum(work)) * _DAY
    return (
        lambda moment: _line(moment, calendar, done),
        lambda moment: _line(moment, done, calendar),
    )


def _line(moment: Floats, x: Floats, y: Floats) -> Floats:
    beyond = np.maximum(moment - x[-1], 0)
    result: Floats = np.interp(moment, x, y) + beyond
    return result


def batches(company: Company, true: Ints, lost: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Move sales to the end of their month or quarter, entries to Fridays, losses to the cleaning's day."""
    true, lost = true.copy(), lost.copy()
    for share, months, days in ((company.month_end, 1, 2), (company.quarter_end, 3, 14)):
        if share:
            last = true[:, -1]
            some = (last < 2**58) & (rng.random(len(last)) < share)
            end = _end(company, last[some], months)
            last[some] = np.maximum(last[some], end - 1 - rng.integers(0, days * _DAY, some.sum()))
            true[:, -1] = last
    if company.friday:
        true, lost = _friday(true), _friday(lost)
    if company.cleaned:
        every = company.cleaned * _WEEK
        lost = np.where(lost < _NEVER, -(-lost // every) * every + 10 * 3600, _NEVER)
    return true, lost


def _end(company: Company, moment: Ints, months: int = 1) -> Ints:
    """Return the end of the month of each moment, or of a span of so many months of the year."""
    start = np.datetime64(company.start, "s")
    month = (start + moment.astype("timedelta64[s]")).astype("datetime64[M]").astype(np.int64)
    after = ((month // months + 1) * months).astype("datetime64[M]")
    return (after.astype("datetime64[s]") - start).astype(np.int64)


def monthly(company: Company, manager: Ints, entered: Ints, lost: Ints) -> tuple[Ints, Ints]:
    """Move every entry of the first managers to the end of its month or just after it, in its order."""
    mine = manager < company.monthly
    result = []
    for moment in (entered, lost[:, None]):
        there = mine[:, None] & (moment < 2**58)
        moved = moment.copy()
        end = _end(company, moment[there])
        first, length = (0, 3) if company.monthly_after else (-2, 2)
        at = end + first * _DAY + moment[there] % (length * _DAY - 60)
        moved[there] = np.maximum(moment[there], at)
        result.append(np.where(there, np.maximum.accumulate(moved, axis=1), moment))
    return result[0], result[1][:, 0]


def exported(company: Company, created: Ints, entered: Ints, lost: Ints) -> tuple[Ints, Ints]:
    """Return what weekly exports of where each lead stands show of the stages, and when each was first seen.

    Of what was before the first look only the last stage is known; of a lead lost by then, none.
    """
    first = np.maximum((company.exported_at or 0) * _WEEK, (created // _WEEK + 1) * _WEEK)
    known = entered < first[:, None]
    last = np.where(known, np.arange(entered.shape[1]), -1).max(axis=1)
    gone = (lost < first) & (last < entered.shape[1] - 1)
    passed = known & (np.arange(entered.shape[1]) < last[:, None]) | gone[:, None]
    return np.where(passed, _NEVER, entered), first


def _friday(moment: Ints) -> Ints:
    """Return the next Friday, 17:00."""
    five = 4 * _DAY + 17 * 3600
    return np.where(moment < _NEVER, -((five - moment) // _WEEK) * _WEEK + five, _NEVER)


def recorded(
    company: Company, created: Ints, true: Ints, lost: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return what the record says: when leads entered stages, and when they were lost."""
    entered, lost = true.copy(), lost.copy()
    if company.skips:
        later = np.roll(true, -1, axis=1) < _NEVER
        later[:, -1] = False
        entered[later & (rng.random(true.shape) < company.skips)] = _NEVER
    if company.reopened and true.shape[1] > 1:
        sold = true[:, -1] < _NEVER
        some = sold & (rng.random(len(true)) < company.reopened)
        before = true[:, -2]
        way = (rng.random(len(true)) * (true[:, -1] - before)).astype(np.int64)
        lost = np.where(some, before + way, lost)
    moved_on = company.migrated_at * _WEEK
    if company.migration == "stamped":
        first = moved_on + 10 * 3600 + rng.integers(0, 6 * 3600, len(true))
        entered = np.where(entered < moved_on, first[:, None] + np.arange(true.shape[1]), entered)
        lost = np.where(lost < moved_on, first + true.shape[1], lost)
    elif company.migration == "created":
        entered = np.where(entered < moved_on, created[:, None], entered)
        lost = np.where(lost < moved_on, created, lost)
    return entered, lost
