"""Rows of a sheet as they stand in the file: many cells, written without an object for each."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

from funnel.present.workbook.cells import is_active, missing, plain, safe
from funnel.present.workbook.field import Column
from funnel.present.workbook.limits import QUOTED

_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  Excel's days know no zone


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


def number(value: float) -> str:
    """Return one number as it stands in the file.

    >>> number(3.0), number(0.5)
    ('3', '0.5')
    """
    return str(int(value)) if value == int(value) else repr(value)


def numbers(column: Column) -> list[str]:
    """Return the numbers of a column as they stand in the file; '' where nothing is known."""
    written = [
        number(value) if column.whole else repr(value) for value in np.nan_to_num(column.values).tolist()
    ]
    return [text if known else "" for text, known in zip(written, np.isfinite(column.values), strict=True)]


def rows(cells: Sequence[Sequence[tuple[str, str]]], first: int, heights: Sequence[float] = ()) -> str:
    """Return rows from the two ends of their cells, between which the row's number goes.

    Args:
        cells: by column.
        first: the number of the first row.
        heights: of the rows, in points; 0 for the usual one.
    """
    tall = [f' ht="{height}" customHeight="1"' if height else "" for height in heights]
    return "".join(
        f'<row r="{at}"{tall[at - first] if tall else ""}>'
        + "".join([f"{left}{at}{right}" for left, right in row])
        + "</row>"
        for at, row in enumerate(zip(*cells, strict=True), start=first)
    )


def field_cells(column: Column, letter: str, styles: Styles) -> list[tuple[str, str]]:
    """Return the ends of the cells of a column of the flat data."""
    left = f'<c r="{letter}'
    if column.items:
        ends = [_end(item, styles, 200) for item in column.items]
        return [(left, ends[code]) for code in column.codes.tolist()]
    cells = (f"><v>{text}</v></c>" if text else "/>" for text in numbers(column))
    return [(left, f'" s="{styles.cell}"{cell}') for cell in cells]


def value_cells(
    values: Sequence[object], letter: str, styles: Styles, limit: int, links: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Return the ends of the cells of a listing's column.

    Args:
        values: what is missing (None, NaN, NaT) is an empty cell.
        letter: of the column.
        styles: of its cells.
        limit: longest text.
        links: addresses that the cells lead to; '' for none.
    """
    left, known = f'<c r="{letter}', {}
    found = []
    for at, value in enumerate(values):
        address = links[at] if links else ""
        if address and len(address) <= QUOTED and isinstance(value, str):
            found.append((left, _link(value, address, styles, limit)))
            continue
        key = (type(value), value)
        if key not in known:
            known[key] = _end(value, styles, limit)
        found.append((left, known[key]))
    return found


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
