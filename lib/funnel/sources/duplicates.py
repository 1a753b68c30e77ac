"""Rows that stand twice: exact copies are kept once, contradicting ones not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import Table

_PLACE = ""  # no column of a table can have this name
_LARGE = 500_000
_PARTS = 16


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A row not to be used: its place, the place of the row it repeats, and whether it is an exact copy."""

    place: int
    other: int
    exact: bool


def find(rows: pa.Table, table: Table) -> list[Duplicate]:
    """Find duplicates among the rows of a table, in order of their places.

    Of rows that are equal in every column all but the first are duplicates. Rows that then still share the
    table's key contradict each other, and all of them are duplicates.
    """
    suspects = [place for group in _groups(rows, table.key) for place in group]
    if not suspects:
        return []
    part = rows.take(pa.array(suspects))
    copies = {}
    for group in _groups(part, part.column_names):
        first = min(suspects[index] for index in group)
        copies.update(
            {suspects[i]: Duplicate(suspects[i], first, True) for i in group if suspects[i] != first}
        )
    kept = [place for place in suspects if place not in copies]
    result = list(copies.values())
    for group in _groups(rows.take(pa.array(kept, pa.int64())), table.key):
        places = sorted(kept[index] for index in group)
        result += [
            Duplicate(place, places[1] if place == places[0] else places[0], False) for place in places
        ]
    return sorted(result, key=lambda duplicate: duplicate.place)


def _groups(rows: pa.Table, columns: Sequence[str]) -> list[list[int]]:
    """Return the places of rows that agree in some columns, for every set of at least two."""
    chosen = rows.select(list(columns))
    groups: list[list[int]] = []
    for places in _parts(chosen.column(0)):
        part = chosen if places is None else chosen.take(pa.array(places))
        if part.group_by(list(columns)).aggregate([]).num_rows == part.num_rows:
            continue
        numbers = np.arange(part.num_rows) if places is None else places
        numbered = part.append_column(_PLACE, pa.array(numbers))
        listed = numbered.group_by(list(columns)).aggregate([(_PLACE, "list"), (_PLACE, "count")])
        several = listed.filter(pc.greater(listed.column(f"{_PLACE}_count"), 1))
        groups += several.column(f"{_PLACE}_list").to_pylist()
    return groups


def _parts(column: pa.ChunkedArray) -> Iterator[npt.NDArray[np.int64] | None]:
    """Yield the places of rows that may agree in a column, part by part; None for all rows at once.

    Grouping all rows of a large table takes several times its memory; rows whose text ends otherwise do not
    agree.
    """
    if len(column) <= _LARGE or not pa.types.is_string(column.type):
        yield None
        return
    ends = pc.utf8_slice_codeunits(column, -2).combine_chunks().dictionary_encode()
    codes = ends.indices.fill_null(len(ends.dictionary)).to_numpy(zero_copy_only=False) % _PARTS
    for number in range(_PARTS):
        yield np.flatnonzero(codes == number)
