"""One sheet's share of a canonical table, and the shares of all sheets put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from funnel.schema import SPEND, Origin, Rejected, Table, TableName
from funnel.settings import Settings
from funnel.sources import duplicates, spend_rows
from funnel.sources.convert import Fault, absent, convert, is_free, unprintable
from funnel.sources.instants import Writing
from funnel.sources.rejects import faulty, ragged
from funnel.sources.tabular import Cells, Sheet


@dataclass(slots=True)
class Part:
    """What one sheet gives to a table.

    Attributes:
        table: the table.
        sheet: the sheet.
        good: converted rows that can be used.
        positions: their positions in the sheet.
        rejected: rows that cannot.
        replaced: column -> cells of it in which characters that cannot be read or printed were replaced.
    """

    table: Table
    sheet: Sheet
    good: pa.Table
    positions: npt.NDArray[np.int64]
    rejected: list[Rejected] = field(default_factory=list)
    replaced: dict[str, int] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """Rows read, used or not."""
        return int(self.good.num_rows) + len(self.rejected)


@dataclass(slots=True)
class Brought:
    """What files of one foreign kind bring; see `schema.Batch` for `replaces` and `additions`."""

    parts: list[Part] = field(default_factory=list)
    replaces: dict[TableName, pa.Table] = field(default_factory=dict)
    additions: set[TableName] = field(default_factory=set)


def make(
    table: Table,
    sheet: Sheet,
    columns: Mapping[str, Cells],
    settings: Settings,
    more_faults: Sequence[Fault] = (),
    writing: Writing | None = None,
) -> Part:
    """Convert the columns of a sheet and set its bad rows aside.

    Args:
        table: the table.
        sheet: names and cells as a person finds them again, among them those of `columns` by the same names.
        columns: the cells by column of the table.
        settings: time zone, stages, currencies.
        more_faults: what the caller found wrong; their columns stand in the sheet.
        writing: how the file writes dates and amounts.
    """
    size = len(sheet.rows)
    values: dict[str, pa.Array] = {}
    faults = list(more_faults)
    replaced: dict[str, int] = {}
    for column in (*table.columns, *(table.column(name) for name in columns)):
        if column.name in values:
            continue
        if column.name in columns:
            values[column.name], wrong = convert(columns[column.name], column, table.name, settings, writing)
            faults += wrong
            if is_free(column, table.name) and (count := unprintable(values[column.name])):
                replaced[column.name] = count
        else:
            values[column.name] = absent(column, size)
    bad = np.zeros(size, bool)
    for fault in faults:
        bad |= fault.mask
    good = pa.table(values)
    good = good.filter(pa.array(~bad)) if bad.any() else good
    rejected = [*faulty(table, sheet, faults), *ragged(table, sheet)]
    return Part(table, sheet, good, np.flatnonzero(~bad), rejected, replaced)


def together(parts: Sequence[Part], table: Table) -> tuple[pa.Table, list[Rejected], Origin]:
    """Join the good rows of all sheets of a table and set duplicates aside; also where each row stood."""
    rows = pa.concat_tables([part.good for part in parts], promote_options="default")
    starts = np.cumsum([0, *(len(part.positions) for part in parts)])

    numbers = np.concatenate([part.sheet.rows[part.positions] for part in parts])
    origin = Origin(tuple(part.sheet.where for part in parts), tuple(starts[:-1].tolist()), numbers)
    found = duplicates.find(rows, table) if table is not SPEND else _overtaken(parts, starts)
    cells: list[Mapping[str, str]] = []
    for part, start, end in zip(parts, starts[:-1], starts[1:], strict=True):
        mine = [one.place for one in found if start <= one.place < end]
        cells += part.sheet.texts([int(part.positions[place - start]) for place in mine])
    values = [str(rows.column(table.key[0])[one.place].as_py()) for one in found]
    rejected = as_rejected(found, table, origin, values, cells)
    keep = np.ones(rows.num_rows, bool)
    keep[[duplicate.place for duplicate in found]] = False
    kept = np.concatenate([[0], np.cumsum(keep)])[starts[:-1]]
    origin = Origin(origin.files, tuple(kept.tolist()), numbers[keep])
    return (rows.filter(pa.array(keep)) if found else rows).combine_chunks(), rejected, origin


def as_rejected(
    found: Sequence[duplicates.Duplicate],
    table: Table,
    origin: Origin,
    values: Sequence[str],
    cells: Sequence[Mapping[str, str]],
) -> list[Rejected]:
    """Make rejected rows of duplicates, whose places are those of `origin`.

    Args:
        found: the duplicates, in order of their places.
        table: theirs.
        origin: where each row stood.
        values: of each duplicate the first part of its key.
        cells: of each duplicate its cells as they stand in the file.
    """
    rejected = []
    for duplicate, value, own in zip(found, values, cells, strict=True):
        (where, number), (other, place) = origin.at(duplicate.place), origin.at(duplicate.other)
        row = f"row {place}" + ("" if other == where else f" of {other}")
        reason = (
            f"{other} brings these days of its platform and account anew"
            if table is SPEND
            else f"exact duplicate of {row}"
            if duplicate.exact
            else f"the same {', '.join(table.key)} as {row}, but other content; "
            "it is not known which is right, so none of them is used; keep the right one"
        )
        rejected.append(
            Rejected(table.name, where, number, table.key[0], value, reason, own, duplicate.exact)
        )
    return rejected


def writing_of(where: str, settings: Settings) -> Writing:
    """Return how a file, or a sheet of it, writes dates and amounts."""
    name = Path(where.split(", sheet ")[0]).name
    return Writing(settings.file_rules(name), f"files.{name}")


def _overtaken(parts: Sequence[Part], starts: npt.NDArray[np.int64]) -> list[duplicates.Duplicate]:
    """Name the rows of ad spend whose days a later file brings anew; nothing of them is lost."""
    goods, found = [part.good for part in parts], []
    for number, gone in enumerate(spend_rows.replaced(goods)):
        later = int(starts[number + 1]) if number + 1 < len(goods) else 0
        found += [
            duplicates.Duplicate(int(starts[number] + place), later, True)
            for place in np.flatnonzero(gone).tolist()
        ]
    return found
