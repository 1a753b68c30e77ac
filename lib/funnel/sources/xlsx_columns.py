"""Chosen columns of a big sheet: the others, and the shared strings that only they use, are never held."""

from __future__ import annotations

import datetime as dt
import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from openpyxl.utils.cell import column_index_from_string, get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from funnel.sources.rows import LAST, Choose, told, under_table
from funnel.sources.tabular import DATE, NUMBER, TEXT, Cells, Sheet, unreadable
from funnel.sources.workbook import BEYOND, LAST_ROW, as_text
from funnel.sources.xlsx_package import Damaged, Package, items, opened

_UNCLOSED = 100  # cells of a row without an end; a sound row has none
_FLUSH = 20_000  # rows kept as Python objects before they become Arrow
_SHEET = ("worksheet", "sheetData")
Decoded = tuple[str | int | None, np.int8]
"""A cell: its text, or the number of its shared string; and its kind."""


def sheet_names(path: Path) -> tuple[str, ...]:
    """Return the names of a workbook's sheets, in order, without reading them.

    Raises:
        InputError: it is no XLSX workbook, has no sheet, or it is damaged or locked by a password.
    """
    with opened(path) as package:
        if not package.sheets:
            raise unreadable(str(path), "the workbook has no sheet", "save it again as .xlsx")
        return tuple(package.sheets)


def first_rows(path: Path, sheet: str, most: int) -> list[tuple[str, ...]]:
    """Return the first rows of a sheet that are not blank, as text.

    Raises:
        InputError: the workbook cannot be read.
    """
    with opened(path) as package:
        rows = []
        for row in items(package, package.sheets[sheet], _SHEET, "row"):
            cells = _by_place(row)
            decoded = [_decode(cells.get(place), package)[0] for place in range(max(cells, default=-1) + 1)]
            if any(cell is not None for cell in decoded):
                rows.append(decoded)
            if len(rows) == most:
                break
        known = _shared(package, {cell for row in rows for cell in row if isinstance(cell, int)})
    return [tuple((known[cell] if isinstance(cell, int) else cell) or "" for cell in row) for row in rows]


def read_columns(path: Path, sheet: str, choose: Choose, skip: int = 0) -> Sheet:
    """Read some columns of a sheet; lines under the table are no rows, as in a CSV file.

    Args:
        path: the workbook.
        sheet: the sheet's name.
        choose: is given the header and names the columns to keep, by position.
        skip: rows before the header that are not blank.

    Raises:
        InputError: the workbook cannot be read, or the sheet is empty.
    """
    where = f"{path}, sheet {sheet}"
    header = first_rows(path, sheet, skip + 1)[skip:]
    if not header:
        raise unreadable(where, "it is empty", "export it again, with its header")
    (names,) = header
    chosen = list(choose(names))
    with opened(path) as package, _no_collection():
        columns, rows = _read(package, package.sheets[sheet], chosen, skip)
    return without_under(Sheet(where, tuple(names[place] for place in chosen), columns, rows))


def without_under(sheet: Sheet) -> Sheet:
    """Take off the lines under the table, as they show in the columns that were read."""
    start = max(0, len(sheet.rows) - LAST)
    cells = [Cells(column.values.slice(start)).raw().to_pylist() for column in sheet.columns]
    last = [
        (int(number), ["" if cell is None else cell for cell in row])
        for number, row in zip(sheet.rows[start:], zip(*cells, strict=True), strict=True)
    ]
    under = under_table(last)
    if not under:
        return sheet
    keep = len(sheet.rows) - len(under)
    columns = tuple(
        Cells(column.values.slice(0, keep), None if column.kinds is None else column.kinds[:keep])
        for column in sheet.columns
    )
    notice = "; ".join(filter(None, (sheet.notice, told(len(under)))))
    return Sheet(sheet.where, sheet.names, columns, sheet.rows[:keep], sheet.ragged, notice)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hold Python's search for circles: millions of cells come and go without any, and it takes a third."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _read(
    package: Package, part: str, chosen: Sequence[int], skip: int
) -> tuple[tuple[Cells, ...], npt.NDArray[np.int64]]:
    letters = [get_column_letter(place + 1) for place in chosen]
    columns = [_Column() for _ in chosen]
    numbers: list[int] = []
    number, top = 0, 0
    for row in items(package, part, _SHEET, "row", _thinner(letters)):
        own = row.get("r")
        number = int(own) if own else number + 1
        if number > LAST_ROW:
            raise Damaged(BEYOND)
        if not top:  # what stands before the header, and the header
            if any(_decode(cell, package)[0] is not None for cell in row):
                top = 0 if skip else number
                skip -= 1
            continue
        if not len(row):
            continue
        cells = _by_place(row)
        for place, column in zip(chosen, columns, strict=True):
            column.add(*_decode(cells.get(place), package))
        numbers.append(number - top)
        if len(numbers) % _FLUSH == 0:
            for column in columns:
                column.flush()
    wanted: set[int] = set()
    for column in columns:
        column.flush()
        wanted |= column.shared()
    known = _shared(package, wanted)
    return tuple(column.cells(known) for column in columns), np.array(numbers, np.int64)


def _thinner(letters: Sequence[str]) -> Callable[[bytes], bytes]:
    """Return what cuts cells of other columns out of the XML of whole rows, and cells without content.

    Most of a wide sheet is never wanted, and making trees of it is most of the time. Only the plain form that
    all common programs write is cut; rows in any other form are left as they are, to be read in full. A row
    with content keeps a cell, wanted or not: it is no blank row.
    """
    wanted = "|".join(letters).encode()
    cell = re.compile(rb'<c r="(?:' + wanted + rb')\d+"[^>]*(?<!/)>.*?</c>', re.DOTALL)
    any_cell = re.compile(rb'<c r="[A-Z]+\d+"[^>]*(?<!/)>.*?</c>', re.DOTALL)

    def thin(rows: bytes) -> bytes:
        if rows.count(b"<c") != rows.count(b'<c r="') or b"<!" in rows:
            return rows
        parts = []
        for row in rows.split(b"</row>"):
            end = row[row.rfind(b"</c>") + 1 :]
            if end.count(b'<c r="') - end.count(b"/>") > _UNCLOSED:
                return rows  # the end of each would be looked for to the end of the row
            cells = cell.findall(row) or any_cell.findall(row)[:1]
            start = row.find(b"<c ")
            parts += [row, b"</row>"] if start < 0 else [row[:start], *cells, b"</row>"]
        return b"".join(parts).removesuffix(b"</row>")

    return thin


class _Column:
    """The cells of one column as they come: texts, or numbers of shared strings."""

    def __init__(self) -> None:
        self._values: list[str | int | None] = []
        self._kinds: list[np.int8] = []
        self._texts: list[pa.Array] = []
        self._shared: list[pa.Array] = []
        self._all_kinds: list[npt.NDArray[np.int8]] = []

    def add(self, value: str | int | None, kind: np.int8) -> None:
        self._values.append(value)
        self._kinds.append(kind)

    def flush(self) -> None:
        values = self._values
        self._texts.append(pa.array([v if isinstance(v, str) else None for v in values], pa.string()))
        self._shared.append(pa.array([v if isinstance(v, int) else None for v in values], pa.int32()))
        self._all_kinds.append(np.array(self._kinds, np.int8))
        self._values, self._kinds = [], []

    def shared(self) -> set[int]:
        """Return the numbers of the shared strings it uses."""
        return {number for part in self._shared for number in part.unique().to_pylist() if number is not None}

    def cells(self, known: dict[int, str | None]) -> Cells:
        texts = pa.concat_arrays(self._texts)
        shared = pa.concat_arrays(self._shared)
        if shared.null_count < len(shared):
            encoded = shared.dictionary_encode()
            words = pa.array([known[number] for number in encoded.dictionary.to_pylist()], pa.string())
            texts = pc.coalesce(texts, words.take(encoded.indices))
        return Cells(texts, np.concatenate(self._all_kinds))


def _by_place(row: Element) -> dict[int, Element]:
    """Return the cells of a row by their column, counted from 0."""
    cells = {}
    place = -1
    for cell in row:
        reference = cell.get("r")
        place = _place(reference) if reference else place + 1
        cells[place] = cell
    return cells


_PLACES: dict[str, int] = {}


def _place(reference: str) -> int:
    letters = reference.rstrip("0123456789")
    place = _PLACES.get(letters)
    if place is None:
        place = _PLACES[letters] = column_index_from_string(letters) - 1
    return place


def _decode(cell: Element | None, package: Package) -> Decoded:
    """Return a cell's text, or the number of its shared string; None where it is empty."""
    if cell is None or not len(cell):
        return None, TEXT
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _string(cell[0]) or None, TEXT
    value = cell[-1]
    text = value.text
    if not text or not value.tag.endswith("}v"):
        return None, TEXT
    if kind == "s":
        if not (text.isdecimal() and len(text) < 10):
            raise Damaged("a cell names no shared string")
        return int(text), TEXT
    if kind == "n":
        return _date(text, package) if cell.get("s") in package.dates else (_number(text), NUMBER)
    if kind == "b":
        return ("true" if text == "1" else "false"), TEXT
    return text, DATE if kind == "d" else TEXT


def _number(text: str) -> str:
    """Return a number by the shortest text that names it."""
    if text.isdigit():
        return text  # no digit of a long id is lost here
    try:
        return as_text(float(text)) or ""
    except (ValueError, OverflowError):
        return text


def _date(text: str, package: Package) -> Decoded:
    epoch = CALENDAR_MAC_1904 if package.since_1904 else CALENDAR_WINDOWS_1900
    try:
        moment = from_excel(float(text), epoch)
    except (ValueError, OverflowError):  # no calendar has such a day; it is told as no date
        return text, TEXT
    if isinstance(moment, dt.datetime) and moment.microsecond:  # seconds are what a spreadsheet shows
        moment = (moment + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    return as_text(moment), DATE


def _string(element: Element) -> str:
    """Return the text of a shared or inline string: its runs together, without phonetic hints."""
    if len(element) == 1 and not len(element[0]):
        return element[0].text or ""
    parts = []
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name == "t":
            parts.append(child.text or "")
        elif name == "r":
            parts += [run.text or "" for run in child if run.tag.endswith("}t")]
    return "".join(parts)


def _shared(package: Package, wanted: set[int]) -> dict[int, str | None]:
    """Return some of the shared strings by number; the others are passed over."""
    if not wanted:
        return {}
    if package.strings is None:
        raise Damaged("the shared strings are missing")
    found: dict[int, str | None] = {}
    strings = islice(items(package, package.strings, ("sst",), "si"), max(wanted) + 1)
    for number, element in enumerate(strings):
        if number in wanted:
            found[number] = _string(element) or None
    if len(found) < len(wanted):
        raise Damaged("shared strings are missing")
    return found
