"""A pivot: which fields stand where, and the numbers it shows before Excel refreshes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from funnel.present.workbook.fields import Column, Fields, Floats, Ratio

GRAND = -1


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a pivot.

    Attributes:
        depth: 0 for the outermost row field; GRAND for the grand total.
        item: position of its item in the field's items.
        numbers: one for each data field; NaN where nothing is known, or a ratio is 0 / 0.
    """

    depth: int
    item: int
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Pivot:
    """A pivot on a sheet.

    Attributes:
        name: of the pivot table.
        fields: of the cache.
        rows: names of the row fields, the outermost first; each item of an inner one lies in one of the
            outer.
        pages: names of the filters.
        top: the sheet's row of the first filter.
    """

    name: str
    fields: Fields
    rows: tuple[str, ...]
    pages: tuple[str, ...]
    top: int

    @property
    def head(self) -> int:
        """The sheet's row of the column heads."""
        return self.top + len(self.pages) + (1 if self.pages else 0)

    def lines(self) -> list[Line]:
        """Return all rows in order, the grand total last."""
        columns = [self.fields.column(name) for name in self.rows]
        summed = [item for item in self.fields.columns if not item.items]
        sums = [_sums(column, summed) for column in columns]
        whole = {item.name: float(np.nansum(item.values)) for item in summed}
        lines = [
            Line(depth, item, self._numbers({name: by[item] for name, by in sums[depth].items()}))
            for depth, item in _nested(columns)
        ]
        return [*lines, Line(GRAND, 0, self._numbers(whole))]

    def _numbers(self, sums: dict[str, float]) -> tuple[float, ...]:
        ratios = {ratio.name: ratio for ratio in self.fields.ratios}
        return tuple(
            _divide(sums, ratios[name]) if name in ratios else float(sums[name]) for name in self.fields.shown
        )


def _sums(column: Column, summed: Sequence[Column]) -> dict[str, Floats]:
    """Add up by item; NaN where no row of it has a value."""
    count = len(column.items)
    sums = {}
    for item in summed:
        known = np.isfinite(item.values)
        added = np.bincount(column.codes[known], item.values[known], minlength=count)
        rows = np.bincount(column.codes[known], minlength=count)
        sums[item.name] = np.where(rows > 0, added, np.nan)
    return sums


def _nested(columns: Sequence[Column]) -> Iterator[tuple[int, int]]:
    """Yield depth and item of every row, outer ones before their inner ones."""
    combinations = np.unique(np.stack([column.codes for column in columns], axis=1), axis=0)
    before: list[int] = []
    for codes in combinations.tolist():
        same = 0
        while same < len(before) and before[same] == codes[same]:
            same += 1
        for depth in range(same, len(codes)):
            yield depth, codes[depth]
        before = codes


def _divide(sums: dict[str, float], ratio: Ratio) -> float:
    above, below = sums[ratio.above], sums[ratio.below]
    return float(above / below) if below and (above or not ratio.costs) else float("nan")
