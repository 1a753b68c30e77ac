"""XLSX workbooks: which sheets there are, and a sheet's cells as text that remembers what they were."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa

from funnel.sources.tabular import DATE, NUMBER, TEXT, Cells, Sheet, unreadable

Value = object  # what a cell can hold: text, number, bool, date, time, nothing
LAST_ROW = 1_048_576
BEYOND = f"a row lies beyond the last one of a sheet, {LAST_ROW:,}"
_EXACT = 10**15  # Excel keeps fifteen digits


@contextmanager
def _opened(path: Path) -> Iterator[openpyxl.Workbook]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of looks it does not know
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                yield book
            finally:
                book.close()
    except Exception as error:  # zipfile, zlib, XML and openpyxl have a class each for a damaged file
        raise unreadable(
            str(path),
            f"it cannot be read as an XLSX workbook ({type(error).__name__}: {error})",
            "open it in a spreadsheet and save it as .xlsx without a password",
        ) from error


def sheet_names(path: Path) -> tuple[str, ...]:
    """Return the names of a workbook's sheets, in order.

    Raises:
        InputError: it is no XLSX workbook, or it is damaged or locked by a password.
    """
    with _opened(path) as book:
        return tuple(sheet.title for sheet in book.worksheets)


def read_sheet(path: Path, name: str) -> Sheet:
    """Read one sheet of a workbook; the first row that is not blank is the header.

    Raises:
        InputError: the workbook cannot be read, or the sheet is empty.
    """
    where = f"{path}, sheet {name}"
    with _opened(path) as book:
        sheet = book[name]
        sheet.reset_dimensions()  # the size a file states is often wrong
        numbered = enumerate(_bounded(sheet.iter_rows(values_only=True)))
        top, header = next(((n, row) for n, row in numbered if _filled(row)), (0, ()))
        rows = [(number - top, row) for number, row in numbered if _filled(row)]
    if not header:
        raise unreadable(where, "it is empty", "export it again, with its header")
    width = max(len(header), *(len(row) for _, row in rows)) if rows else len(header)
    names = tuple(as_text(cell) or "" for cell in [*header, *[None] * (width - len(header))])
    columns = [
        _cells([row[place] if place < len(row) else None for _, row in rows]) for place in range(width)
    ]
    # columns that are wholly empty, header too, are formatting only
    used = [
        place
        for place in range(width)
        if names[place].strip() or columns[place].values.null_count < len(rows)
    ]
    return Sheet(
        where,
        tuple(names[place] for place in used),
        tuple(columns[place] for place in used),
        np.array([number for number, _ in rows], np.int64),
    )


def _bounded(rows: Iterator[Sequence[Value]]) -> Iterator[Sequence[Value]]:
    """Give the rows of a sheet; up to one that names a number beyond all, blank ones would have no end."""
    for number, row in enumerate(rows, start=1):
        if number > LAST_ROW:
            raise ValueError(BEYOND)
        yield row


def _filled(row: Sequence[Value]) -> bool:
    return any(cell is not None and (not isinstance(cell, str) or cell.strip()) for cell in row)


def _cells(column: Sequence[Value]) -> Cells:
    texts = pa.array([as_text(cell) for cell in column], pa.string())
    return Cells(texts, np.fromiter((_kind(cell) for cell in column), np.int8, len(column)))


def _kind(cell: Value) -> np.int8:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return NUMBER
    return DATE if isinstance(cell, (dt.date, dt.time, dt.timedelta)) else TEXT


def as_text(cell: Value) -> str | None:
    """Return a cell as text: dates in ISO, numbers by the shortest text that names them."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    return str(cell)
