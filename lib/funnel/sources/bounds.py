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
import pyarrow.compute as pc
import pyarrow.parquet as pq
from openpyxl.utils.cell import column_index_from_string

from funnel.errors import InputError
from funnel.settings_files import Limits
from funnel.sources.tabular import unreadable

SMALL = 50_000_000  # bytes that harm nobody
_PIECE = 1 << 18
_CELL = 16  # bytes of memory that a cell takes at least
_LETTERS = re.compile(rb'\br="([A-Z]{3})\d')  # of a cell beyond the 702nd column
_BATCH = 65_536  # rows
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
    """Refuse a Parquet file of too many columns or cells, by what its own footer says, or of too much text.

    Raises:
        InputError: it has.
    """
    try:
        told = pq.read_metadata(path)
        stored = sum(told.row_group(group).total_byte_size for group in range(told.num_row_groups))
        check_columns(str(path), told.num_columns, limits)
        check_size(path, max(stored, told.num_rows * told.num_columns * _CELL), limits)
        _check_texts(path, told, limits)
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError, LookupError):  # a name that is no text is a ValueError
        return  # what is damaged is told where it is read


def _check_texts(path: Path, told: pq.FileMetaData, limits: Limits) -> None:
    """Refuse texts that are stored once and stand in many cells, where together they are too much."""
    folded, long = _texts(path, told, limits)
    if not (folded or long):
        return
    unpacked = 0
    with pq.ParquetFile(path, read_dictionary=folded) as file:
        for batch in file.iter_batches(_BATCH, columns=[*folded, *long]):
            for lengths in map(_lengths, batch.columns):
                if (pc.max(lengths).as_py() or 0) > 4 * limits.cell_characters:
                    what = f"a cell has more than limits.cell_characters allows ({limits.cell_characters:,})"
                    todo = "shorten it, or raise limits.cell_characters in funnel.yml"
                    raise unreadable(str(path), what, todo)
                unpacked += pc.sum(lengths).as_py() or 0
            check_size(path, unpacked, limits)


def _texts(path: Path, told: pq.FileMetaData, limits: Limits) -> tuple[list[str], list[str]]:
    """Return the columns of texts that may unfold to much, and the others in which a cell may be too long."""
    columns = map(told.schema.column, range(told.num_columns))
    names = {
        column.path: place
        for place, column in enumerate(columns)
        if column.physical_type == "BYTE_ARRAY" and "." not in column.path
    }
    folded, long = set[str](), set[str]()
    with pq.ParquetFile(path, read_dictionary=[*names]) as file:
        for group in range(told.num_row_groups if names else 0):
            first = next(file.iter_batches(1, row_groups=[group], columns=[*names]), None)
            for name, cells in zip(first.schema.names, first.columns, strict=True) if first else ():
                stored = told.row_group(group).column(names[name])
                longest = pc.max(pc.binary_length(cells.dictionary)).as_py() or 0
                if longest * stored.num_values > SMALL:
                    folded.add(name)
                elif stored.total_uncompressed_size > limits.cell_characters:
                    long.add(name)
    return sorted(folded), sorted(long - folded)


def _lengths(column: pa.Array) -> pa.Array:
    """Return the bytes of each cell, a text of a dictionary measured once."""
    if pa.types.is_dictionary(column.type):
        return pc.binary_length(column.dictionary).cast(pa.int64()).take(column.indices)
    return pc.binary_length(column).cast(pa.int64())


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
