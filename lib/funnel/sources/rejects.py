"""Rows that are set aside: each once with all its reasons, and written so that a person can correct them."""

from __future__ import annotations

import collections
import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.gate.personal import BLOT, blot, blot_id, is_about_people
from funnel.private import private
from funnel.schema import REJECTED_COLUMNS, TABLES, Rejected, Table, harmless
from funnel.sources.clean import blotted
from funnel.sources.convert import REPLACED, Fault
from funnel.sources.tabular import Sheet

SHOWN_REASONS = 10
_ID = re.compile(r"(?:^|_)id$")
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"  # tab and line breaks are text


def faulty(table: Table, sheet: Sheet, faults: Sequence[Fault]) -> Iterator[Rejected]:
    """Make one rejected row of each row that has faults; the first fault gives column and value."""
    given = {name.strip().casefold(): name for name in reversed(sheet.names)}
    reasons: dict[int, list[Fault]] = {}
    for fault in faults:
        for place in np.flatnonzero(fault.mask).tolist():
            reasons.setdefault(place, []).append(fault)
    places = sorted(reasons)
    for place, cells in zip(places, sheet.texts(places), strict=True):
        texts = [(name, cells[given[name.casefold()]]) for name in (fault.column for fault in reasons[place])]
        whys = [fault.reason(text.strip()) for fault, (_, text) in zip(reasons[place], texts, strict=True)]
        (column, value), *others = texts
        more = "".join(
            f"; also {name} ({text!r}): {why}" for (name, text), why in zip(others, whys[1:], strict=True)
        )
        row = int(sheet.rows[place])
        yield Rejected(table.name, sheet.where, row, column, value, whys[0] + more, cells)


def ragged(table: Table, sheet: Sheet) -> Iterator[Rejected]:
    """Make one rejected row of each row that has not as many cells as the header."""
    width = len(sheet.names)
    for row, raw in sheet.ragged:
        names = [*sheet.names, *(f"cell {place + 1}" for place in range(width, len(raw)))]
        why = f"it has {len(raw)} cells, the header {width}; quote cells that hold the delimiter"
        cells = dict(zip(names, raw, strict=False))
        yield Rejected(table.name, sheet.where, row, "", "", why, cells)


def ragged_unseen(table: Table, sheet: Sheet) -> Iterator[Rejected]:
    """Make one rejected row of each ragged row, without its cells: any of them may be a personal one."""
    for row, raw in sheet.ragged:
        why = f"it has {len(raw)} cells, another number than the header; quote cells that hold the delimiter"
        yield Rejected(table.name, sheet.where, row, "", "", why)


def reasons(rejected: Sequence[Rejected]) -> list[str]:
    """Say how many rows were rejected for which reason, the most frequent first, each with its first row.

    Reasons that differ only in a number they name are one. No value is told: it may be a personal one.
    """
    first: dict[tuple[str, str, str], Rejected] = {}
    counts: collections.Counter[tuple[str, str, str]] = collections.Counter()
    for row in rejected:
        reason = re.sub(r"\d+", "#", _own(row))
        counts[row.table, row.column, reason] += 1
        first.setdefault((row.table, row.column, reason), row)
    lines = []
    for key, count in counts.most_common(SHOWN_REASONS):
        one = first[key]
        where = f"{one.table}, column {one.column}" if one.column else one.table
        place = f"{one.file}, row {one.row}" if one.row else one.file
        lines.append(f"{where}: {count:,} {'row' if count == 1 else 'rows'}, {_own(one)}; first: {place}")
    if rest := len(counts) - len(lines):
        lines.append(f"and {rest} more reasons")
    return lines


def _own(row: Rejected) -> str:
    """Return the first of a row's reasons."""
    return row.reason.split("; also ")[0]


def _columns(rows: Sequence[Rejected], own: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return the columns of a file of rejected rows: `REJECTED_COLUMNS`, then the own ones."""
    yield [row.file for row in rows]
    yield [str(row.row) for row in rows]
    yield [row.column for row in rows]
    values = [""] * len(rows)
    for name in {row.column for row in rows}:
        places = [place for place, row in enumerate(rows) if row.column == name]
        for place, text in zip(
            places, _unseen_of(name, [rows[place].value for place in places]), strict=True
        ):
            values[place] = text
    yield values
    yield _unseen([row.reason for row in rows], blot)
    for name in own:
        yield _unseen_of(name, [row.cells.get(name, "") for row in rows])


def _unseen_of(name: str, cells: Sequence[str]) -> Sequence[str]:
    """Return the cells of a column without what is personal in them."""
    if is_about_people(name):
        return [BLOT if cell.strip() else "" for cell in cells]
    return _unseen(cells, blot_id if _ID.search(name) else blot)


def _unseen(cells: Sequence[str], one: Callable[[str], str]) -> Sequence[str]:
    """Blot numbers and addresses out of cells, and replace what a terminal could take for an order."""
    plain = pc.replace_substring_regex(pa.array(cells, pa.string()), _CONTROL, REPLACED)
    texts: list[str] = blotted(plain, one).to_pylist()
    return texts


def write_rejected(rejected: Sequence[Rejected], directory: Path) -> list[Path]:
    """Write rejected rows to ``<directory>/<table>.csv``; return the files, one for each table that has any.

    The files are UTF-8 with BOM, so that a spreadsheet reads them. First come the `REJECTED_COLUMNS`, then
    the row's own cells; an own column of the same name gets ``(own)`` behind it. A cell that a spreadsheet
    could take for a formula (it begins with = + - @, a tab or a line break) gets an apostrophe before it;
    control characters are replaced. Telephone numbers, addresses and what stands in columns about people are
    blotted: file and row number lead to them.
    Each file is not open to all, written beside its place and moved there in one step. Afterwards the
    directory tells of these rows only: a file of an earlier import whose table has no rejected row now is
    removed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for table in dict.fromkeys([*TABLES, *(row.table for row in rejected)]):
        path = directory / f"{table}.csv"
        rows = [row for row in rejected if row.table == table]
        if not rows:
            path.unlink(missing_ok=True)
            continue
        own = list(dict.fromkeys(name for row in rows for name in row.cells))
        beside = path.with_suffix(f".{os.getpid()}.part")
        try:
            with private(), beside.open("w", encoding="utf-8-sig", newline="") as stream:
                writer = csv.writer(stream)
                header = [f"{name} (own)" if name in REJECTED_COLUMNS else name for name in own]
                writer.writerow([*REJECTED_COLUMNS, *map(harmless, header)])
                for cells in zip(*_columns(rows, own), strict=True):
                    writer.writerow(map(harmless, cells))
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        written.append(path)
    return written
