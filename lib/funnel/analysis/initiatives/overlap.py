"""Who was treated, who was not, and what else happened in the same weeks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from funnel.analysis.cube.cells import TOTAL, Cells
from funnel.dates import WEEK, week_of
from funnel.logbook import Initiative

BEFORE = 26
LEAST_BEFORE, ENOUGH_BEFORE = 8, 13
LEAST_AFTER = 4
"""Weekly cohorts read before a start; the fewest before, and so many that losing the rest matters little; the
fewest after."""
LEAST_CONTROL = 0.2
"""So many leads of segments not treated, relative to those treated, and they serve as control."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an initiative is measured on.

    Attributes:
        treated: positions of the treated slices, grouped by their first whole treated week.
        control: positions of the slices that serve as control; empty for before and after only.
        start: number of the first whole treated week (of the first group), counted from the table's first.
        skipped: numbers of weeks that were treated only in part.
        first: number of the first week before that counts.
        last: number of the first week after that no longer counts.
        known: number of weeks in the table; the start may lie beyond it.
        method: 'difference in differences', 'before and after' or 'year on year'.
        overlaps: ids of initiatives in the same weeks, each with how it was told apart.
        reason: why nothing can be told; empty if it can.
        year_on_year: the same weeks of the year before are the control.
    """

    treated: tuple[tuple[int, tuple[int, ...]], ...]
    control: tuple[int, ...]
    start: int
    skipped: frozenset[int]
    first: int
    last: int
    known: int
    method: str
    overlaps: tuple[str, ...] = ()
    reason: str = ""
    year_on_year: bool = False


def first_whole_week(day: dt.date) -> dt.date:
    """Return the first Monday on or after a day.

    >>> first_whole_week(dt.date(2022, 2, 2))
    datetime.date(2022, 2, 7)
    """
    return week_of(day) if day.weekday() == 0 else week_of(day) + WEEK


def plan(table: Cells, initiative: Initiative, others: Sequence[Initiative] = ()) -> Plan:
    """Say what an initiative is measured on, and what stands in the way.

    Args:
        table: the cube as arrays, with the attributes of the scopes.
        initiative: the one measured.
        others: all initiatives (this one among them or not).
    """
    start = table.index(first_whole_week(initiative.start))
    treated = _treated(table, initiative)
    inside = {cell for _, cells in treated for cell in cells}
    known = len(table.weeks)
    last = max([start, *(week for week, _ in treated)]) + initiative.weeks_after
    if initiative.end is not None:
        last = min(last, table.index(week_of(initiative.end + dt.timedelta(days=1))))
    skipped = frozenset(
        table.index(week_of(day)) for day in (initiative.start, *initiative.rollout.values()) if day.weekday()
    )
    found = Plan(
        treated, _rest(table, initiative, inside), start, skipped, min(start, known) - BEFORE, last, known, ""
    )
    if not treated:
        return replace(found, method="none", reason="no_such_segment")
    for other in others:
        if other.id != initiative.id and not found.reason:
            found = _beside(table, found, initiative, other)
    return _judged(table, found)


def _judged(table: Cells, found: Plan) -> Plan:
    """Choose the method and refuse what has too few weeks."""
    leads = table.at(0, 0).sum(axis=1)
    treated = leads[[cell for _, cells in found.treated for cell in cells]].sum()
    control = found.control if leads[list(found.control)].sum() >= LEAST_CONTROL * treated else ()
    groups = len(found.treated) + bool(control)
    method = "difference in differences" if groups > 1 else "before and after"
    first = max(found.first, 0)
    reason = found.reason
    if not reason and len(weeks_before(replace(found, first=first))) < LEAST_BEFORE:
        reason = "history_short"
    if not reason and found.last - found.start < 1:
        reason = "over_at_once"
    return replace(found, control=control, method=method, first=first, reason=reason)


def _treated(table: Cells, initiative: Initiative) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Group the treated slices by the number of their first whole treated week."""
    groups: dict[int, list[int]] = {}
    for number, key in enumerate(table.keys):
        if _covers(initiative, key):
            day = initiative.rollout.get(key[1], initiative.start)
            groups.setdefault(table.index(first_whole_week(day)), []).append(number)
    return tuple(sorted((week, tuple(cells)) for week, cells in groups.items()))


def _covers(initiative: Initiative, key: tuple[str, str, str, str]) -> bool:
    scope = initiative.scope
    if not scope:
        return key == TOTAL
    given = dict(pair for pair in ((key[0], key[1]), (key[2], key[3])) if pair[0])
    return given.keys() == scope.keys() and all(given[name] in values for name, values in scope.items())


def _rest(table: Cells, initiative: Initiative, inside: set[int]) -> tuple[int, ...]:
    """Return the slices of the same attributes that were not treated."""
    if not initiative.scope:
        return ()
    wanted = set(initiative.scope)
    return tuple(
        number
        for number, key in enumerate(table.keys)
        if {name for name in (key[0], key[2]) if name} == wanted and number not in inside
    )


def _beside(table: Cells, found: Plan, initiative: Initiative, other: Initiative) -> Plan:
    """Tell the initiative apart from another one, or say that it cannot be."""
    moves = [table.index(first_whole_week(day)) for day in (other.start, *other.rollout.values())]
    if other.end is not None:
        moves.append(table.index(first_whole_week(other.end + dt.timedelta(days=1))))
    moves = [week for week in moves if found.first < week < found.last]
    if not moves:
        return found
    if initiative.scope and not other.scope:
        return replace(found, overlaps=(*found.overlaps, f"{other.id}: reaches treated and others alike"))
    if initiative.scope and not other.scope.keys() & initiative.scope.keys():
        return replace(found, overlaps=(*found.overlaps, f"{other.id}: spread over treated and others alike"))
    hit = _hit(table, initiative, other)
    if initiative.scope:
        left = tuple(
            (week, tuple(cell for cell in cells if cell not in hit)) for week, cells in found.treated
        )
        left = tuple((week, cells) for week, cells in left if cells)
        control = tuple(cell for cell in found.control if cell not in hit)
        if left == found.treated:
            return replace(
                found, control=control, overlaps=(*found.overlaps, f"{other.id}: its segments left out")
            )
    else:
        own = _rest(table, other, hit) if other.scope else ()
        left, control = (((found.start, own),) if own else ()), found.control
    return _trimmed(found, moves, other.id, left, control)


def _hit(table: Cells, initiative: Initiative, other: Initiative) -> set[int]:
    """Return the slices by the initiative's attributes (or the other's) that the other touches."""
    wanted = set(initiative.scope or other.scope)
    shared = wanted & other.scope.keys()
    result = set()
    for number, key in enumerate(table.keys):
        given = dict(pair for pair in ((key[0], key[1]), (key[2], key[3])) if pair[0])
        if given.keys() == wanted and all(given[name] in other.scope[name] for name in shared):
            result.add(number)
    return result


def _trimmed(
    found: Plan,
    moves: list[int],
    name: str,
    left: tuple[tuple[int, tuple[int, ...]], ...],
    control: tuple[int, ...],
) -> Plan:
    """Read fewer weeks, or else fewer segments, or else nothing."""
    first = max([week for week in moves if week <= found.start], default=found.first)
    last = min([week for week in moves if week > found.start], default=found.last)
    same_week = found.start in moves
    before, after = found.start - max(first, 0), last - found.start
    shorter = replace(
        found,
        first=first,
        last=last,
        overlaps=(*found.overlaps, f"{name}: only weeks without its change are read"),
    )
    if not same_week and before >= ENOUGH_BEFORE and after >= found.last - found.start:
        return shorter
    if left:
        note = f"{name}: its segments left out"
        return replace(found, treated=left, control=control, overlaps=(*found.overlaps, note))
    if not same_week and before >= LEAST_BEFORE and after >= LEAST_AFTER:
        return shorter
    note = f"{name}: same segments and weeks"
    return replace(found, overlaps=(*found.overlaps, note), reason=f"overlap:{name}")


def weeks_before(found: Plan) -> npt.NDArray[np.int64]:
    """Return the numbers of the weeks before the start that count."""
    return np.array(
        [
            week
            for week in range(max(found.first, 0), min(found.start, found.known))
            if week not in found.skipped
        ],
        np.int64,
    )
