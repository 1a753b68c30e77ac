"""Rows that stand twice: exact copies are kept once, contradicting ones not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import Table

_PLACE = ""  # no column of a table can have this name


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
    numbered = rows.select(list(columns)).append_column(_PLACE, pa.array(np.arange(rows.num_rows)))
    counted = numbered.group_by(list(columns)).aggregate([(_PLACE, "count")])
    if counted.num_rows == rows.num_rows:
        return []
    listed = numbered.group_by(list(columns)).aggregate([(_PLACE, "list"), (_PLACE, "count")])
    several = listed.filter(pc.greater(listed.column(f"{_PLACE}_count"), 1))
    groups: list[list[int]] = several.column(f"{_PLACE}_list").to_pylist()
    return groups
