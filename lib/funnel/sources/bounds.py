"""How much a file may be, looked up before it takes any memory: `limits` in the settings."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.cell import column_index_from_string

from funnel.settings_files import Limits
from funnel.sources.tabular import unreadable

SMALL = 50_000_000  # bytes that harm nobody
_PIECE = 1 << 18
_CELL = 16  # bytes of memory that a cell takes at least
_LETTERS = re.compile(rb'\br="([A-Z]{3})\d')  # of a cell beyond the 702nd column
_ROWS = ("/worksheets/", "sharedstrings")  # parts that are read as a stream


def check_workbook(path: Path, limits: Limits) -> None:
    """Refuse a workbook that unfolds to too much, has too many columns, or a cell that never ends.

    Raises:
        InputError: what is too much, and which limit says so.
    """
    with suppress(zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        _check_parts(path, limits)  # what is damaged or locked is told where it is read


def _check_parts(path: Path, limits: Limits) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        check_size(path, sum(part.file_size for part in parts), limits)
        for part in parts:
            if any(word in f"/{part.filename.casefold()}" for word in _ROWS):
                with archive.open(part) as stream:
                    _check_cells(path, iter(partial(stream.read, _PIECE), b""), limits)
            elif part.file_size > SMALL and part.filename.endswith((".xml", ".rels")):
                what = f"its part {part.filename} has {part.file_size / 1e6:,.0f} MB"
                raise unreadable(str(path), what, "save it anew in a spreadsheet, without its formats")


def check_size(path: Path, unpacked: int, limits: Limits) -> None:
    """Refuse a file that unfolds to more bytes, or to more times its size, than it may.

    Raises:
        InputError: it would.
    """
    packed = max(path.stat().st_size, 1)
    if unpacked > limits.unpacked_mb * 1_000_000:
        what = f"unpacked it has {unpacked / 1e6:,.0f} MB"
        raise unreadable(str(path), what, "export fewer columns or rows, or raise limits.unpacked_mb")
    if unpacked > SMALL and unpacked > limits.unpacked_ratio * packed:
        what = (
            f"unpacked it is {unpacked / packed:,.0f} times as big: it may have been made to fill the memory"
        )
        raise unreadable(str(path), what, "save it anew, or raise limits.unpacked_ratio if you trust it")


def check_parquet(path: Path, limits: Limits) -> None:
    """Refuse a Parquet file of too many columns or cells, by what its own footer says.

    Raises:
        InputError: it has.
    """
    try:
        told = pq.read_metadata(path)
        stored = sum(told.row_group(group).total_byte_size for group in range(told.num_row_groups))
    except (pa.ArrowException, OSError, ValueError):  # what is damaged is told where it is read
        return
    check_columns(str(path), told.num_columns, limits)
    check_size(path, max(stored, told.num_rows * told.num_columns * _CELL), limits)


def check_text(path: Path, limits: Limits) -> None:
    """Refuse a text file that would take more memory than a file may.

    Raises:
        InputError: it would.
    """
    takes = 4 * path.stat().st_size
    if takes > limits.unpacked_mb * 1_000_000:
        what = f"read it would take about {takes / 1e6:,.0f} MB of memory"
        raise unreadable(str(path), what, "split it, or raise limits.unpacked_mb")


def check_columns(where: str, columns: int, limits: Limits) -> None:
    """Refuse a table that is too wide.

    Raises:
        InputError: it is.
    """
    if columns > limits.columns:
        what = f"it has {columns:,} columns; limits.columns allows {limits.columns:,}"
        raise unreadable(where, what, "export fewer columns, or raise limits.columns in funnel.yml")


def _check_cells(path: Path, pieces: Iterator[bytes], limits: Limits) -> None:
    """Look through the XML of a part, a piece at a time, for far columns and for text without an end."""
    seen: set[bytes] = set()
    run = 0
    for piece in pieces:
        seen.update(_LETTERS.findall(piece))
        last = piece.rfind(b"<")
        if last < 0:
            run += len(piece)
        else:
            run = len(piece) - last
        if run > 4 * limits.cell_characters:  # a character has four bytes at most
            what = f"a cell has more than limits.cell_characters allows ({limits.cell_characters:,})"
            raise unreadable(str(path), what, "shorten it, or raise limits.cell_characters in funnel.yml")
    furthest = max((column_index_from_string(letters.decode()) for letters in seen), default=0)
    check_columns(str(path), furthest, limits)
