"""Canonical files too large to be held: read, converted and stored some rows at a time."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from funnel.errors import InputError, Problem
from funnel.schema import STAGE_ENTRIES, TABLES, Origin, Rejected, Table, TableName
from funnel.settings import Settings
from funnel.settings_files import Limits
from funnel.sources import duplicates, headers, stage_words
from funnel.sources.convert import is_settled
from funnel.sources.csv_file import csv_blocks
from funnel.sources.keys import hashes, repeated
from funnel.sources.recognise import Found
from funnel.sources.shares import Part, as_rejected, make, writing_of
from funnel.sources.table_file import kind_of
from funnel.sources.tabular import Cells, Sheet, parquet_blocks
from funnel.stored import Runs, Stored

MANY = 1_000_000
"""Rows of a table from which it is not held."""
_BYTES = 40  # of a row of a CSV file, at least
_BLOCKS: Mapping[str, Callable[[Path], Iterator[Sheet]]] = {"parquet": parquet_blocks, "csv": csv_blocks}


class NotSettledError(Exception):
    """Cells of a block can be read in two ways, of which the whole column tells the right one."""


@dataclass(slots=True)
class Streamed:
    """What files give to a table that is not held.

    Attributes:
        rows: what can be used of them.
        origin: where they stood.
        rejected: what cannot be used.
        read: rows read, used or not.
        replaced: file -> column -> cells in which characters were replaced.
    """

    rows: Stored
    origin: Origin
    rejected: list[Rejected]
    read: int
    replaced: Mapping[str, Mapping[str, int]]


NOTHING = Streamed(Stored(Path(), 0, []), Origin((), (), Runs((), (), 0)), [], 0, {})
"""What files give that cannot be read."""


def is_large(found: Sequence[Found]) -> bool:
    """Tell whether the files of one table have many rows, all of them in a form that is read by blocks."""
    kinds = [kind_of(item.path) for item in found]
    return set(kinds) <= set(_BLOCKS) and sum(map(_rows, found, kinds)) > MANY


def _rows(found: Found, kind: str) -> int:
    try:
        return (
            pq.read_metadata(found.path).num_rows
            if kind == "parquet"
            else found.path.stat().st_size // _BYTES
        )
    except (pa.ArrowException, OSError, ValueError):
        return 0  # what is wrong with it is told where it is read


def stored(
    name: TableName, found: Sequence[Found], settings: Settings, scratch: Path, tell: Callable[[str], None]
) -> Streamed:
    """Read the files of one table into a file of our own.

    What comes of it, and what is told, is what comes of reading each file as a whole.

    Args:
        name: of the table.
        found: its files.
        settings: time zone, stages, currencies.
        scratch: a folder for the file.
        tell: is told what is being read.

    Raises:
        InputError: a file is unreadable or lacks a column; all problems of all files.
        NotSettledError: it takes a whole column to read a file.
    """
    files = _heads(TABLES[name], found, settings.limits)
    taken = _Taken(TABLES[name], files, settings, scratch / f"{name}.parquet")
    problems: list[Problem] = []
    for file in files:
        tell(f"Reading {file.path}")
        if file.passed:
            tell(f"{file.path}: columns not used: {', '.join(file.passed)}")
        try:
            taken.take(file, tell)
        except InputError as error:
            problems += error.problems
    taken.writer.close()
    if problems:
        raise InputError("The input cannot be used; nothing was imported.", problems)
    return taken.without_duplicates()


@dataclass(frozen=True, slots=True)
class _File:
    """A file, the column of the table that each of its columns is, and the columns passed over."""

    path: Path
    blocks: Callable[[Path], Iterator[Sheet]]
    columns: Mapping[str, int]
    passed: Sequence[str]

    def cells(self, sheet: Sheet) -> Mapping[str, Cells]:
        return {name: sheet.columns[place] for name, place in self.columns.items()}


def _heads(table: Table, found: Sequence[Found], limits: Limits) -> list[_File]:
    """Look at the first rows of each file."""
    files: list[_File] = []
    problems: list[Problem] = []
    for item in found:
        blocks = _BLOCKS[kind_of(item.path)]
        try:
            sheet = next(blocks(item.path))
        except InputError as error:
            problems += error.problems
            continue
        columns, passed, wrong = headers.match(sheet, table)
        problems += wrong or headers.too_many(sheet.where, columns, table, limits)
        place = {id(cells): number for number, cells in enumerate(sheet.columns)}
        files.append(
            _File(item.path, blocks, {name: place[id(cells)] for name, cells in columns.items()}, passed)
        )
    problems += headers.same_but_for_case({str(file.path): tuple(file.columns) for file in files})
    if problems:
        raise InputError("The input cannot be used; nothing was imported.", problems)
    return files


@dataclass(slots=True)
class _Taken:
    """The rows taken so far."""

    table: Table
    files: Sequence[_File]
    settings: Settings
    path: Path
    rejected: list[Rejected] = field(default_factory=list)
    keys: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    numbers: list[npt.NDArray[np.int64]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    size: int = 0
    replaced: dict[str, collections.Counter[str]] = field(default_factory=dict)
    schema: pa.Schema = field(init=False)
    writer: pq.ParquetWriter = field(init=False)

    def __post_init__(self) -> None:
        names = dict.fromkeys(column.name for column in self.table.columns)
        names |= dict.fromkeys(name for file in self.files for name in file.columns)
        self.schema = pa.schema([(name, self.table.column(name).arrow) for name in names])
        self.writer = pq.ParquetWriter(self.path, self.schema, compression="zstd")

    def take(self, file: _File, tell: Callable[[str], None]) -> None:
        """Convert and store the rows of a file."""
        where, told = str(file.path), stage_words.Untold()
        writing = writing_of(where, self.settings)
        self.starts.append(self.size)
        notice = ""
        for sheet in file.blocks(file.path):
            columns = file.cells(sheet)
            if not all(is_settled(cells, self.table.column(n), writing) for n, cells in columns.items()):
                raise NotSettledError
            if self.table is STAGE_ENTRIES:
                sheet, columns = stage_words.translate(sheet, columns, self.settings, told)
            self._store(make(self.table, sheet, columns, self.settings, (), writing), where)
            notice = sheet.notice
        if notice:
            tell(f"{where}: {notice}")
        told.tell(where, self.settings, tell)

    def _store(self, part: Part, where: str) -> None:
        good = part.good
        for field_ in self.schema:
            if field_.name not in good.column_names:
                good = good.append_column(field_, pa.nulls(good.num_rows, field_.type))
        self.writer.write_table(good.select(self.schema.names).cast(self.schema))
        self.keys.append(hashes(good.select(list(self.table.key))))
        self.numbers.append(part.sheet.rows[part.positions])
        self.size += good.num_rows
        self.rejected += part.rejected
        self.replaced.setdefault(where, collections.Counter()).update(part.replaced)

    def without_duplicates(self) -> Streamed:
        """Return the rows, those that stand twice set aside."""
        read = self.size + len(self.rejected)
        suspects = repeated(self.keys)
        before = Origin(
            tuple(str(file.path) for file in self.files), tuple(self.starts), Runs.of(self.numbers)
        )
        rows = Stored(self.path, self.size, self.schema.names)
        if not suspects.any():
            return Streamed(rows, before, self.rejected, read, self.replaced)
        places = np.flatnonzero(suspects)
        some = _chosen(rows, suspects)
        found = [
            duplicates.Duplicate(int(places[one.place]), int(places[one.other]), one.exact)
            for one in duplicates.find(some, self.table)
        ]
        first = some.column(self.table.key[0])
        values = [str(first[int(np.searchsorted(places, one.place))].as_py()) for one in found]
        gone = np.zeros(self.size, bool)
        gone[[one.place for one in found]] = True
        stood = [before.at(one.place) for one in found]
        self.rejected += as_rejected(found, self.table, before, values, self._texts(stood))
        kept = self.path.with_suffix(".kept.parquet")
        with pq.ParquetWriter(kept, self.schema, compression="zstd") as writer:
            for first_row, block in _numbered(rows):
                writer.write_table(block.filter(pa.array(~gone[first_row : first_row + block.num_rows])))
        kept.replace(self.path)
        numbers = np.concatenate(self.numbers)[~gone]
        starts = tuple(int(start - gone[:start].sum()) for start in self.starts)
        origin = Origin(before.files, starts, Runs.of([numbers]))
        rows = Stored(self.path, len(numbers), self.schema.names)
        return Streamed(rows, origin, self.rejected, read, self.replaced)

    def _texts(self, stood: Sequence[tuple[str, int]]) -> list[Mapping[str, str]]:
        """Return the cells of rows of files as they stand there, which takes reading those files again."""
        found: dict[tuple[str, int], Mapping[str, str]] = {}
        for file in self.files:
            where = str(file.path)
            wanted = np.array([number for name, number in stood if name == where], np.int64)
            for sheet in file.blocks(file.path) if len(wanted) else ():
                places = np.flatnonzero(np.isin(sheet.rows, wanted))
                numbers = sheet.rows[places].tolist()
                found |= {
                    (where, number): cells
                    for number, cells in zip(numbers, sheet.texts(places.tolist()), strict=True)
                }
        return [found[one] for one in stood]


def _numbered(rows: Stored) -> Iterator[tuple[int, pa.Table]]:
    first = 0
    for block in rows.blocks():
        yield first, block
        first += block.num_rows


def _chosen(rows: Stored, mask: npt.NDArray[np.bool_]) -> pa.Table:
    return pa.concat_tables(
        [block.filter(pa.array(mask[first : first + block.num_rows])) for first, block in _numbered(rows)]
    ).combine_chunks()
