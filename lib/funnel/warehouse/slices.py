"""Counting per lead rows into a cube: the total, single attributes and pairs in one pass of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from funnel.warehouse.known import Tables, days_of

By = Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Slices:
    """What to group by: () for the total, one attribute, or a pair."""

    by: By

    def __post_init__(self) -> None:
        long = [names for names in self.by if len(names) > 2]
        if long:
            raise ValueError(f"by: at most pairs of attributes, found {long}")

    @property
    def attributes(self) -> tuple[str, ...]:
        """All attributes needed, each once; their columns are `attr_0`, `attr_1`, ... in this order."""
        return tuple(dict.fromkeys(name for names in self.by for name in names))

    def columns(self, names: tuple[str, ...]) -> list[str]:
        """Return the columns of a slice's attributes."""
        return [f"attr_{self.attributes.index(name)}" for name in names]

    @property
    def carried(self) -> list[str]:
        """The attribute columns a per-lead row has to carry."""
        return self.columns(self.attributes)


@dataclass(frozen=True, slots=True)
class Way:
    """A way that a lead may have gone: whether it did, what names it, and what is the lead's own on it."""

    taken: ir.BooleanValue
    names: Mapping[str, ir.Value]
    own: Mapping[str, ir.Value]


def by_way(tables: Tables, leads: ir.Table, kept: Sequence[str], ways: Sequence[Way]) -> ir.Table:
    """Return a row for each lead and way that it took: the columns `kept`, the way's and the lead's own."""
    columns = {f"taken_{number}": way.taken for number, way in enumerate(ways)}
    for number, way in enumerate(ways):
        columns |= {f"{name}_{number}": value for name, value in way.own.items()}
    wide = tables.once(leads.select(*kept, **columns))
    rows = [
        wide.filter(wide[f"taken_{number}"]).select(
            *kept, **way.names, **{name: wide[f"{name}_{number}"] for name in way.own}
        )
        for number, way in enumerate(ways)
    ]
    return ibis.union(*rows, distinct=False) if len(rows) > 1 else rows[0]


def cube(
    rows: ir.Table, slices: Slices, keys: Sequence[str], measures: Mapping[str, ir.Value | ibis.Deferred]
) -> pd.DataFrame:
    """Aggregate per-lead rows for every slice.

    Args:
        rows: per-lead rows with `week` (days, see `known.monday`), the other keys and `attr_*`.
        slices: what to group by.
        keys: columns to group by in every slice, `week` first.
        measures: aggregates by name.

    Returns:
        One row per slice, values and keys: `attribute`, `value`, `attribute2`, `value2`, `cohort_week`
        (Monday, datetime64), the other keys, the measures; sorted by slice, then values and keys.
    """
    if not slices.by:
        slices = Slices([()])
    parts = []
    for number, names in enumerate(slices.by):
        values = slices.columns(names)
        grouped = rows.group_by(*values, *keys).aggregate(**measures)
        shown = [grouped[column] for column in values] + [ibis.literal("")] * (2 - len(values))
        slice_number = ibis.literal(number, type="int16")
        parts.append(grouped.select(*keys, *measures, slice=slice_number, value=shown[0], value2=shown[1]))
    whole = parts[0] if len(parts) == 1 else ibis.union(*parts, distinct=False)
    return _frame(whole.to_pyarrow(), slices, keys, tuple(measures))


def _frame(table: pa.Table, slices: Slices, keys: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """Turn the engine's answer into the frame of the contract, in a fixed order."""
    value, value2 = _Words.of(table["value"]), _Words.of(table["value2"])
    columns = {name: table[name].to_pandas() for name in (*keys, *measures)}
    number = table["slice"].to_numpy()
    order = _order([number, value.codes, value2.codes, *(_codes(columns[name]) for name in keys)])
    names = np.array([[*names, "", ""][:2] for names in slices.by], dtype=object)[number[order]]
    return pd.DataFrame(
        {
            "attribute": names[:, 0],
            "value": value.texts(order),
            "attribute2": names[:, 1],
            "value2": value2.texts(order),
            "cohort_week": days_of(columns.pop("week").iloc[order]),
            **{name: column.to_numpy()[order] for name, column in columns.items()},
        }
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """A column of texts as positions in the sorted different ones: each Python string is made once."""

    words: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> _Words:
        encoded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column
        whole = encoded.dictionary_encode().combine_chunks()
        words = whole.dictionary.to_pylist()
        order = sorted(range(len(words)), key=words.__getitem__)
        rank = np.empty(len(words), dtype="int64")
        rank[order] = np.arange(len(words))
        return cls(np.array([words[place] for place in order], dtype=object), rank[whole.indices.to_numpy()])

    def texts(self, order: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.words[self.codes[order]]
        return found


def _codes(column: pd.Series) -> np.ndarray:
    """Return numbers that sort as the values of a key do, starting at 0."""
    if column.dtype == object:
        return _Words.of(pa.chunked_array([pa.array(column, pa.string())])).codes
    numbers = column.to_numpy().astype("int64")
    return numbers - (numbers.min() if len(numbers) else 0)


def _order(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return the order of rows by several columns of small numbers, packed into one where they fit."""
    packed = np.zeros(len(columns[0]), dtype="int64")
    room = 1
    for column in columns:
        width = int(column.max()) + 1 if len(column) else 1
        room *= width
        if room >= 2**63:
            return np.lexsort(list(reversed(columns)))
        packed = packed * width + column
    return np.argsort(packed, kind="stable")


def named(codes: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Return the names for a column of positions."""
    found: np.ndarray = np.array(names, dtype=object)[codes.to_numpy()]
    return found
