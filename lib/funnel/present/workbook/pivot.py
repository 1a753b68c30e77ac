"""A pivot: which fields stand where, and the numbers it shows before Excel refreshes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from funnel.analysis.cube.groups import distinct
from funnel.present.workbook.field import Codes, Fields, Floats, Ratio

GRAND = -1
Flags = npt.NDArray[np.bool_]


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
class Page:
    """A filter over a pivot, and the position of the item it is set to; None for all."""

    name: str
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Pivot:
    """A pivot on a sheet. Each row field has a column of its own, so that every program lays it out alike.

    Attributes:
        name: of the pivot table.
        fields: of the cache.
        rows: names of the row fields, the outermost first.
        pages: the filters, each one field.
        top: the sheet's row of the first filter.
        head: the sheet's row of the column heads.
        closed: by name of a row field, the positions of the items whose inner rows are not shown.
    """

    name: str
    fields: Fields
    rows: tuple[str, ...]
    pages: tuple[Page, ...]
    top: int
    head: int
    closed: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def lines(self) -> list[Line]:
        """Return all rows in order, the grand total last."""
        columns, kept = [self.fields.column(name) for name in self.rows], self.kept()
        summed = [item for item in self.fields.columns if len(item.values)]
        codes = [column.codes[kept] for column in columns]
        values = {item.name: item.values[kept] for item in summed}
        least = {item.name for item in summed if item.least}
        sums = [_sums(codes[: depth + 1], values, least) for depth in range(len(columns))]
        lines = [
            Line(len(key) - 1, key[-1], self._numbers(sums[len(key) - 1][key]))
            for key in _nested(codes, [self.closed.get(name, frozenset()) for name in self.rows])
        ]
        whole = _sums([np.zeros_like(codes[0])], values, least)
        return [*lines, Line(GRAND, 0, self._numbers(whole.get((0,), dict.fromkeys(values, np.nan))))]

    def kept(self) -> Flags:
        """Tell by row of the flat data whether the filters let it pass."""
        kept = np.ones(self.fields.rows, dtype=np.bool_)
        for page in self.pages:
            if page.item is not None:
                kept &= self.fields.column(page.name).codes == page.item
        return kept

    def _numbers(self, sums: Mapping[str, float]) -> tuple[float, ...]:
        ratios = {ratio.name: ratio for ratio in self.fields.ratios}
        return tuple(
            divided(sums, ratios[name]) if name in ratios else float(sums[name]) for name in self.fields.shown
        )


def _sums(
    codes: Sequence[Codes], values: Mapping[str, Floats], least: set[str]
) -> dict[tuple[int, ...], dict[str, float]]:
    """Add up by items, or take the smallest value; NaN where no row of them has a value."""
    keys, group = distinct(codes)
    count, found = len(keys), {}
    for name, numbers in values.items():
        known = np.isfinite(numbers)
        if name in least:
            smallest = np.full(count, np.inf)
            np.minimum.at(smallest, group[known], numbers[known])
            found[name] = np.where(np.isfinite(smallest), smallest, np.nan)
        else:
            added = np.bincount(group[known], numbers[known], minlength=count)
            found[name] = np.where(np.bincount(group[known], minlength=count) > 0, added, np.nan)
    return {
        tuple(key): {name: float(column[at]) for name, column in found.items()}
        for at, key in enumerate(keys.tolist())
    }


def _nested(codes: Sequence[Codes], closed: Sequence[frozenset[int]]) -> Iterator[tuple[int, ...]]:
    """Yield the items of every row with those around it, outer rows before their inner ones."""
    before: list[int] = []
    for key in distinct(codes)[0].tolist():
        same = 0
        while same < len(before) and before[same] == key[same]:
            same += 1
        for depth in range(same, len(key)):
            if any(item in shut for item, shut in zip(key[:depth], closed, strict=False)):
                break
            yield tuple(key[: depth + 1])
        before = key


def divided(sums: Mapping[str, float], ratio: Ratio) -> float:
    """Return a ratio of sums; NaN where it says nothing."""
    above, below = sums[ratio.above], sums[ratio.below]
    return float(above / below) if below and (above or not ratio.costs) else float("nan")
