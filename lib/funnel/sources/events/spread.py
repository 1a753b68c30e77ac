"""Logs that grow to the right: a row a lead, and in it stage and time again and again."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import Problem, nearest
from funnel.settings_events import Events
from funnel.sources.header_text import normal
from funnel.sources.tabular import TEXT, Cells, Sheet

FULL = 20
"""HubSpot keeps so many revisions of a deal's property at most."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Where one change stands: the columns of its stage and of its time."""

    stage: int
    time: int


def named(header: Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    """Return the columns of some names, in which `*` stands for anything.

    >>> named(["Record ID", "Deal Stage (v1)", "Date (v1)", "Deal Stage (v2)"], ["deal stage (v*)"])
    (1, 3)
    """
    forms = [normal(name).replace("[", "[[]") for name in names]
    plain = [normal(name) for name in header]
    return tuple(
        place
        for place, word in enumerate(plain)
        if word and any(fnmatch.fnmatchcase(word, form) for form in forms)
    )


def pairs(header: Sequence[str], width: int, rules: Events, where: str) -> tuple[list[Pair], list[Problem]]:
    """Find stage and time of each change; beyond the last name they go on at the same distance.

    Args:
        header: the header, which may end before the table does.
        width: of the widest row.
        rules: the names of the two columns.
        where: the file, for messages.

    Returns:
        the pairs from left to right, and what stops the import.
    """
    stages, times = named(header, rules.stage), named(header, rules.entered_at)
    problems = [
        Problem(
            where,
            f"it has no column {names[0]!r} ({what}){nearest(names[0], header)}",
            todo="correct the key events in the settings; * stands for anything in a header",
        )
        for what, names, there in (
            ("stage", rules.stage, stages),
            ("entered_at", rules.entered_at, times),
        )
        if not there
    ]
    if not problems and len(stages) != len(times):
        what = f"it has {len(stages)} columns of a stage and {len(times)} of a time"
        todo = "name them so that both repeat as often: events.stage and events.entered_at"
        problems = [Problem(where, what, todo=todo)]
    if problems:
        return [], problems
    found = [Pair(stage, time) for stage, time in zip(stages, times, strict=True)]
    last = found[-1]
    named_end = max(place for place, name in enumerate(header) if name.strip()) + 1
    step = (
        last.stage - found[-2].stage
        if len(found) > 1
        else max(named_end, last.stage + 1, last.time + 1) - min(last.stage, last.time)
    )
    while max(last.stage, last.time) + step < width and min(last.stage, last.time) + step >= named_end:
        last = Pair(last.stage + step, last.time + step)
        found.append(last)
    return found, []


def width_of(header: Sequence[str], sheet: Sheet) -> int:
    """Return how many cells the widest row has."""
    return max([len(header), *(len(row) for _, row in sheet.ragged)])


def whole(sheet: Sheet, width: int) -> Sheet:
    """Return a sheet of all columns with its rows of another width than the header among the others."""
    more = [row for _, row in sheet.ragged]
    columns = []
    for place in range(width):
        cells = sheet.columns[place] if place < len(sheet.columns) else None
        own = cells.raw() if cells else pa.nulls(len(sheet.rows), pa.string())
        texts = pa.array([row[place] if place < len(row) else None for row in more], pa.string())
        kinds = None if cells is None else cells.kinds
        if kinds is not None:
            kinds = np.concatenate([kinds, np.full(len(more), TEXT)])
        columns.append(Cells(pa.concat_arrays([own, texts]), kinds))
    rows = np.concatenate([sheet.rows, np.array([number for number, _ in sheet.ragged], np.int64)])
    names = (*sheet.names, *[""] * (width - len(sheet.names)))
    return Sheet(sheet.where, names, tuple(columns), rows, (), sheet.notice)


def unpivoted(sheet: Sheet, found: Sequence[Pair]) -> tuple[Sheet, list[int]]:
    """Return a row for each change: the columns that do not repeat, then stage and time.

    Args:
        sheet: all columns, as `whole` returns them.
        found: where the changes stand.

    Returns:
        the sheet, and the positions of its columns in the file; stage and time are those of the first pair.
    """
    repeated = {place for pair in found for place in (pair.stage, pair.time)}
    single = [place for place in range(len(sheet.columns)) if place not in repeated]
    blank = pa.nulls(len(sheet.rows), pa.string())
    parts: list[tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Cells, Cells]] = []
    for pair in found:
        stage, time = sheet.columns[pair.stage], sheet.columns[pair.time]
        there = pc.coalesce(stage.text(), time.text(), blank).is_valid().to_numpy(zero_copy_only=False)
        at = np.flatnonzero(there)
        parts.append((at, _taken(stage, at), _taken(time, at)))
    rows = np.concatenate([at for at, _, _ in parts])
    order = np.argsort(sheet.rows[rows], kind="stable")
    columns = [_taken(sheet.columns[place], rows[order]) for place in single]
    for number in (1, 2):
        cells: list[Cells] = [part[number] for part in parts]  # type: ignore[misc]
        columns.append(_taken(_together(cells), order))
    places = [*single, found[0].stage, found[0].time]
    names = tuple(sheet.names[place] for place in places)
    return Sheet(sheet.where, names, tuple(columns), sheet.rows[rows[order]], (), sheet.notice), places


def full_rows(sheet: Sheet, found: Sequence[Pair]) -> int:
    """Return how many leads have a change in each of the columns there are, if those are many."""
    if len(found) < FULL:
        return 0
    return int(len(sheet.rows) - sheet.columns[found[-1].stage].text().null_count)


def _taken(cells: Cells, at: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Cells:
    return Cells(cells.raw().take(pa.array(at)), None if cells.kinds is None else cells.kinds[at])


def _together(several: Sequence[Cells]) -> Cells:
    values = pa.concat_arrays([cells.values for cells in several])
    if all(cells.kinds is None for cells in several):
        return Cells(values)
    kinds = [np.full(len(cells.values), TEXT) if cells.kinds is None else cells.kinds for cells in several]
    return Cells(values, np.concatenate(kinds))
