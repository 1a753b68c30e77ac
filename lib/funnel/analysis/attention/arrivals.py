"""Leads that no longer come, or twice as many: every segment's newest week beside what was to be expected.

A fall comes first: every day of it costs. Twice the leads are told too, after the flags: a campaign nobody
announced, a form that sends twice, robots; whoever calls them back must know. A smaller rise needs no help.

Expected is the level of the 13 weeks before, times what the season did a year ago and the week's working
days, each as far as they have told before. How far such an expectation misses is taken from the misses of
the past weeks, so that a company with a season or with bursts is not blamed for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.attention.other_names import instead_of
from funnel.analysis.calendar.shown import UNSURE
from funnel.analysis.cube.cells import TOTAL, Cells, cells
from funnel.analysis.cube.segments import NEARLY_ALL, leaks
from funnel.analysis.statistics import laws
from funnel.analysis.statistics.dispersion import false_discovery
from funnel.calendar import NO_CALENDAR, Calendar, working_share

Floats = npt.NDArray[np.float64]

LEVEL = 13
"""Weeks whose mean is the level."""
YEAR = 52
JUDGED = 58
"""Past weeks whose misses tell how far an expectation can be trusted."""
DUE = 8.0
"""Leads expected from which a segment is watched."""
FLAG_AT = 0.02
"""False discovery rate at which a fall is told, or a rise."""
TWICE = 2.0
"""So many times the leads expected at least is a rise that is told."""
SAME = 0.01
"""Chance from which a fall or rise is said by that of the total, or the total's by those of segments."""
LATER = 0.1
"""So much more of the newest leads without a value, and the attribute is filled in later."""
PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How far the season of a year ago, and free days, count; the past says."""
COLUMNS = (
    "attribute", "value", "cohort_week", "leads", "expected", "low", "high", "change", "p_value", "q_value",
    "flag", "rise", "instead", "instead_leads",
)  # fmt: skip


def arrivals(
    reached: pd.DataFrame, steps: Sequence[str], report_date: dt.date, calendar: Calendar = NO_CALENDAR
) -> pd.DataFrame:
    """Compare the leads of the newest complete week with what was to be expected.

    Args:
        reached: the cube, with the attributes to look at.
        steps: `lead` and the stages in order.
        report_date: D.
        calendar: working days of the company's country.

    Returns:
        One row per attribute value (both empty for the total) with 8 leads due or more, falls that are told
        first: `attribute`, `value`, `cohort_week` (Monday), `leads`, `expected`, `low` (below it lie 5 % of
        unchanged weeks), `high` (above it lie 5 %), `change` (relative), `p_value` (of so few or fewer),
        `q_value`, `flag` (a fall is told), `rise` (twice the leads or more are told), `instead` (of a fall of
        a segment: the new value of its attribute that may stand for it, `other_names`), `instead_leads` (its
        leads of that week). What is one is told once: of the total where all fall, of the segment where the
        others do not. Empty with less than half a year of weeks.
    """
    return fallen(cells(reached, steps, report_date), calendar)


def fallen(table: Cells, calendar: Calendar = NO_CALENDAR) -> pd.DataFrame:
    """Make the rows of `arrivals` from the cells."""
    empty = pd.DataFrame(columns=list(COLUMNS)).astype({"flag": bool, "rise": bool})
    leads, count = table.arrived(), len(table.weeks)
    if count < 2 * LEVEL + 1:
        return empty
    whole = table.keys.index(TOTAL)
    expected, free = _expected(leads, whole, working_share(calendar, table.weeks))
    past = slice(max(count - 1 - JUDGED, LEVEL), count - 1)
    missed = (leads[:, past] - expected[:, past]) ** 2 - expected[:, past]
    spread = np.maximum(missed.sum(axis=1) / np.maximum((expected[:, past] ** 2).sum(axis=1), 1e-9), 0.0)
    spread = np.maximum(spread, 0.5 * spread[whole]) + (UNSURE * abs(free - 1) / free) ** 2
    due, came = expected[:, -1], leads[:, -1]
    watched = (due >= DUE) & _watched(table)
    if not watched.any():
        return empty
    chosen = np.flatnonzero(watched)
    p = _few(came, due, spread)[chosen]
    q = false_discovery(p)
    flagged = _told_once(chosen, q <= FLAG_AT, came, due, spread, whole, _few)
    up = false_discovery(_many(came, due, spread)[chosen])
    twice = (up <= FLAG_AT) & (came >= TWICE * due)[chosen]
    size = 1 / np.maximum(spread[chosen], 1e-9)
    frame = pd.DataFrame(
        {
            "attribute": [table.keys[cell][0] for cell in chosen],
            "value": [table.keys[cell][1] for cell in chosen],
            "cohort_week": pd.Timestamp(table.weeks[-1]),
            "leads": came[chosen].astype("int64"),
            "expected": due[chosen],
            "low": laws.negative_binomial_quantile(0.05, due[chosen], size),
            "high": laws.negative_binomial_quantile(0.95, due[chosen], size),
            "change": came[chosen] / due[chosen] - 1,
            "p_value": p,
            "q_value": q,
            "flag": flagged,
            "rise": _told_once(chosen, twice, came, due, spread, whole, _many),
        }
    )
    names = [
        instead_of(cell, table.keys, leads, due[cell] - came[cell])
        if told and table.keys[cell][0]
        else ("", 0)
        for cell, told in zip(chosen.tolist(), flagged, strict=True)
    ]
    frame = frame.assign(instead=[name for name, _ in names], instead_leads=[number for _, number in names])
    lost = np.where(frame["flag"], frame["expected"] - frame["leads"], 0.0)
    order = pd.DataFrame({"flag": ~frame["flag"], "lost": -lost, "p": p}).sort_values(
        ["flag", "lost", "p"], kind="stable"
    )
    return frame.loc[order.index, list(COLUMNS)].reset_index(drop=True)


def _few(came: Floats, due: Floats, spread: Floats) -> Floats:
    """Return the chance of so few leads or fewer: negative binomial with variance due + spread x due^2."""
    size = 1 / np.maximum(spread, 1e-9)
    return laws.negative_binomial_below(came, np.maximum(due, 1e-9), size)


def _many(came: Floats, due: Floats, spread: Floats) -> Floats:
    """Return the chance of so many leads or more."""
    size = 1 / np.maximum(spread, 1e-9)
    return laws.negative_binomial_above(came - 1, np.maximum(due, 1e-9), size)


def _expected(leads: Floats, whole: int, working: Floats) -> tuple[Floats, float]:
    """Return what each week let expect, (slices, weeks), from the weeks before it alone; 0 where too few.

    Beside it what its free days make of the newest week.
    """
    best, least, newest = np.zeros_like(leads), np.inf, 1.0
    total = leads[whole]
    for rests in PARTS if (working != 1).any() else PARTS[:1]:
        free = np.maximum(1 + rests * (working - 1), 0.05)
        season = _season(total / free)
        for part in PARTS if (season != 1).any() else PARTS[:1]:
            factor = free * season**part
            expected = _level(leads / free) * factor
            judged = slice(max(len(total) - 1 - JUDGED, LEVEL), len(total) - 1)
            misfit = float(((total - expected[whole])[judged] ** 2).sum())
            if misfit < least:
                best, least, newest = expected, misfit, float(free[-1])
    return best, newest


def _level(leads: Floats) -> Floats:
    """Return the mean of the 13 weeks before each week."""
    summed = np.cumsum(np.pad(leads, ((0, 0), (1, 0))), axis=1)
    result = np.zeros_like(leads)
    result[:, LEVEL:] = (summed[:, LEVEL:-1] - summed[:, : -LEVEL - 1]) / LEVEL
    return result


def _season(total: Floats) -> Floats:
    """Return what each week was, a year before, against the 13 weeks before it; 1 where not known."""
    smooth = np.convolve(np.pad(total, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    level = _level(total[None, :])[0]
    result = np.ones_like(total)
    for week in range(YEAR + LEVEL, len(total)):
        then = week - YEAR
        if level[then] > 0:
            result[week] = np.clip(smooth[then] / level[then], 0.2, 5.0)
    return result


def _watched(table: Cells) -> npt.NDArray[np.bool_]:
    """Tell of every slice whether its newest week can be compared: an attribute filled in later cannot."""
    leads, told = table.arrived(), leaks(table)
    whole = table.keys.index(TOTAL)
    share = leads / np.maximum(leads[whole], 1.0)
    late = set(told)
    for number, key in enumerate(table.keys):
        if key[0] and not key[1] and share[number, -1] > share[number, -LEVEL - 4 : -4].mean() + LATER:
            late.add(key[0])
    result = np.array([not key[2] and key[0] not in late for key in table.keys])
    result &= leads.sum(axis=1) < NEARLY_ALL * leads[whole].sum()
    result[whole] = True
    return result


def _told_once(
    chosen: npt.NDArray[np.int64],
    flagged: npt.NDArray[np.bool_],
    came: Floats,
    due: Floats,
    spread: Floats,
    whole: int,
    chance: Callable[[Floats, Floats, Floats], Floats],
) -> npt.NDArray[np.bool_]:
    """Keep of falls that are one the total's, where all fall alike, or else the segments'; so of rises."""
    mine = [int(cell) for cell in chosen[flagged]]
    if whole not in mine:
        return flagged
    ratio = came[whole] / due[whole]
    alone = [
        cell
        for cell in mine
        if cell != whole and chance(came[[cell]], due[[cell]] * ratio, spread[[cell]])[0] < SAME
    ]
    rest = came[whole] + max((due[cell] - came[cell] for cell in alone), key=abs, default=0.0)
    total = chance(np.array([rest]), due[[whole]], spread[[whole]])[0] < SAME or not alone
    return np.isin(chosen, [*alone, whole] if total else alone) & flagged
