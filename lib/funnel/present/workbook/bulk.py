"""Rows of a sheet as they stand in the file: many cells, written without an object for each."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.present.workbook.cells import is_active, missing, plain, safe
from funnel.present.workbook.field import Column, number
from funnel.present.workbook.limits import QUOTED

_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  Excel's days know no zone
_BLOCK = 20_000
"""Rows that are put together at a time."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file, of which a few thousand are held at a time: each is its parts, one after the other.

    Attributes:
        parts: a text that stands in every line, or the texts by line.
        count: how many lines there are.
    """

    parts: tuple[str | pa.Array, ...]
    count: int

    def __iter__(self) -> Iterator[pa.Buffer]:
        """Return the lines as UTF-8, some at a time."""
        for first in range(0, self.count, _BLOCK):
            some = (one if isinstance(one, str) else _plain(one.slice(first, _BLOCK)) for one in self.parts)
            lines = pc.binary_join_element_wise(*some, "")
            yield pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "")[0].as_buffer()

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return sum(
            self.count * len(part.encode()) if isinstance(part, str) else _size(part) for part in self.parts
        )


def _plain(texts: pa.Array) -> pa.Array:
    return texts.dictionary_decode() if isinstance(texts, pa.DictionaryArray) else texts


def _size(texts: pa.Array) -> int:
    lengths = pc.binary_length(texts.dictionary if isinstance(texts, pa.DictionaryArray) else texts)
    if isinstance(texts, pa.DictionaryArray):
        lengths = lengths.take(texts.indices)
    return int(pc.sum(lengths).as_py() or 0)


def repeated(texts: Sequence[str], codes: np.ndarray) -> pa.Array:
    """Return the text of each line: that at its code.

    >>> repeated(["a", "b"], np.array([1, 0, 1])).to_pylist()
    ['b', 'a', 'b']
    """
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype("int32")), pa.array(texts, pa.string()))


@dataclass(frozen=True, slots=True)
class Styles:
    """Numbers of a column's cell styles: of its values, and of texts that look like a formula."""

    cell: int
    quoted: int


def serial(moment: dt.date) -> float:
    """Return a day, or a moment, as Excel counts them.

    >>> serial(dt.date(2022, 9, 26)), serial(dt.datetime(2022, 9, 26, 12))
    (44830.0, 44830.5)
    """
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    return (moment.replace(tzinfo=None) - _EPOCH) / dt.timedelta(days=1)


def number_texts(column: Column, before: str, after: str, empty: str) -> pa.Array:
    """Return the numbers of a column as they stand in the file, between two texts; where unknown `empty`."""
    texts, codes = column.written
    return repeated([empty if text is None else f"{before}{text}{after}" for text in texts], codes)


def rows(cells: Sequence[tuple[str, pa.Array]], first: int, heights: Sequence[float] = ()) -> Lines:
    """Return rows.

    Args:
        cells: by column, its letter and what stands in each cell behind the row's number.
        first: the number of the first row.
        heights: of the rows, in points; 0 for the usual one.
    """
    count = len(cells[0][1])
    at = pa.array(np.arange(first, first + count)).cast(pa.string())
    tall = [f'" ht="{height}" customHeight="1">' if height else '">' for height in heights]
    parts: list[str | pa.Array] = ['<row r="', at, pa.array(tall, pa.string()) if tall else '">']
    for letter, ends in cells:
        parts += [f'<c r="{letter}', at, ends]
    return Lines((*parts, "</row>"), count)


def field_cells(column: Column, styles: Styles) -> pa.Array:
    """Return the ends of the cells of a column of the flat data."""
    if column.items:
        return repeated([_end(item, styles, 200) for item in column.items], column.codes)
    return number_texts(column, f'" s="{styles.cell}"><v>', "</v></c>", f'" s="{styles.cell}"/>')


def value_cells(values: Sequence[object], styles: Styles, limit: int, links: Sequence[str] = ()) -> pa.Array:
    """Return the ends of the cells of a listing's column.

    Args:
        values: what is missing (None, NaN, NaT) is an empty cell.
        styles: of its cells.
        limit: longest text.
        links: addresses that the cells lead to; '' for none.
    """
    known: dict[tuple[type, object], str] = {}
    found = []
    for at, value in enumerate(values):
        address = links[at] if links else ""
        if address and len(address) <= QUOTED and isinstance(value, str):
            found.append(_link(value, address, styles, limit))
            continue
        key = (type(value), value)
        if key not in known:
            known[key] = _end(value, styles, limit)
        found.append(known[key])
    return pa.array(found, pa.string())


def _end(value: object, styles: Styles, limit: int) -> str:
    """Return what stands behind the row's number."""
    if isinstance(value, str) and value:
        style = styles.quoted if is_active(value) else styles.cell
        return f'" s="{style}" t="inlineStr"><is><t>{escape(safe(value, limit))}</t></is></c>'
    if value == "" or missing(value):
        return f'" s="{styles.cell}"/>'
    shown = plain(value)
    if isinstance(shown, dt.date):
        shown = serial(shown)
    assert not isinstance(shown, str)
    text = number(float(shown)) if math.isfinite(shown) else ""
    return f'" s="{styles.cell}"><v>{text}</v></c>'


def _link(value: str, address: str, styles: Styles, limit: int) -> str:
    """Return a cell that leads somewhere: a formula, of which a sheet may have any number."""
    shown = safe(value, min(limit, QUOTED))
    address, text = (part.replace('"', '""') for part in (address, shown))
    formula = escape(f'HYPERLINK("{address}","{text}")')
    return f'" s="{styles.cell}" t="str"><f>{formula}</f><v>{escape(shown)}</v></c>'
