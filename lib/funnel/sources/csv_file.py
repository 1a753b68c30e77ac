"""CSV as people save it: encoding and delimiter found out, every row kept with its number."""

from __future__ import annotations

import codecs
import collections
import csv
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from funnel.sources.tabular import Cells, Sheet, unreadable

DELIMITERS = (",", ";", "\t")
_CHUNK = 10_000
Choose = Callable[[tuple[str, ...]], Sequence[int]]
_FOREIGN = {
    b"PK\x03\x04": "an XLSX workbook (or another ZIP file)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"PAR1": "a Parquet file",
}


def read_csv(path: Path, choose: Choose | None = None) -> Sheet:
    """Read a CSV file: UTF-8 with or without BOM, UTF-16 or Windows-1251; comma, semicolon or tab.

    Args:
        path: the file.
        choose: is given the header and names the columns to keep, by position; the others are never held.

    Raises:
        InputError: it is empty, no text, or its quoting is broken.
    """
    with _opened(path, _delimiter) as (reader, encoding):
        return _sheet(path, reader, encoding, choose)


def read_lines(path: Path, most: int | None = None) -> list[list[str]]:
    """Read the rows of a CSV file whose header need not come first, blank ones included.

    The delimiter is the one under which the most common row is widest.

    Raises:
        InputError: it is empty, no text, or its quoting is broken.
    """
    with _opened(path, _widest) as (reader, _):
        return list(itertools.islice(reader, most))


@contextmanager
def _opened(path: Path, sniff: Callable[[str], str]) -> Iterator[tuple[Iterator[list[str]], str]]:
    """Open a CSV file; what goes wrong while its rows are taken is told as the user's to mend."""
    encoding = _encoding(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            delimiter = sniff(stream.read(1 << 16))
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            try:
                yield reader, encoding
            except csv.Error as error:
                raise unreadable(
                    f"{path}, line {reader.line_num}",
                    f"broken quoting ({error})",
                    "close every quotation mark; a quotation mark inside a quoted cell is written twice",
                ) from error
    except UnicodeError as error:
        raise unreadable(str(path), f"it is no text in {encoding} ({error})", "save it as UTF-8") from error
    except OSError as error:
        raise unreadable(str(path), f"it cannot be read ({error.strerror})") from error


def _sheet(path: Path, reader: Iterator[list[str]], encoding: str, choose: Choose | None) -> Sheet:
    header = next((row for row in reader if any(cell.strip() for cell in row)), None)
    if header is None:
        raise unreadable(str(path), "it is empty", "export it again, with its header")
    width = len(header)
    chosen = list(range(width)) if choose is None else list(choose(tuple(header)))
    chunks: list[list[pa.Array]] = [[] for _ in chosen]
    rows: list[int] = []
    ragged: list[tuple[int, Sequence[str]]] = []
    numbered = enumerate(reader, start=1)
    while chunk := list(itertools.islice(numbered, _CHUNK)):
        good = []
        for number, row in chunk:
            if not any(row) or not any(cell.strip() for cell in row):
                continue  # a blank row, also one of delimiters only
            if len(row) > width and not any(row[width:]):
                row = row[:width]
            if len(row) == width:
                good.append(row)
                rows.append(number)
            else:
                ragged.append((number, row))
        for cells, place in zip(chunks, chosen, strict=True):
            cells.append(pa.array([row[place] for row in good], pa.string()))
    columns = tuple(
        Cells(pa.concat_arrays(cells) if cells else pa.array([], pa.string())) for cells in chunks
    )
    names = tuple(header[place] for place in chosen)
    return Sheet(str(path), names, columns, np.array(rows, np.int64), tuple(ragged), _notice(encoding))


def encoding_notice(path: Path) -> str:
    """Return what the user should know of a file's encoding; '' where it was no guess."""
    return _notice(_encoding(path))


def _notice(encoding: str) -> str:
    if encoding != "cp1251":
        return ""
    return "read as Windows-1251, since it is not UTF-8; if its words look wrong, save it as UTF-8"


def _encoding(path: Path) -> str:
    """Return the encoding of a text file; only Windows-1251 is a guess, made when UTF-8 is impossible."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
            broken = not _is_utf8(head, stream)
        content = head if head.strip() and not broken else path.read_bytes()
    except OSError as error:
        raise unreadable(str(path), f"it cannot be read ({error.strerror})") from error
    if not content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise unreadable(str(path), "it is empty", "export it again, with its header")
    for magic, what in _FOREIGN.items():
        if content.startswith(magic):
            raise unreadable(str(path), f"its name says CSV, but it is {what}", "name it after what it is")
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if zeros.count(0) > 0.4 * len(zeros):
            return encoding
    if not broken:
        return "utf-8"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        around = content[max(0, error.start - 100_000) : error.start + 100_000].decode("utf-8", "replace")
        foreign = sum(character > "\x7f" for character in around)
        if around.count("\ufffd") < 0.2 * foreign:
            raise unreadable(
                str(path),
                f"it is UTF-8 with a broken character at byte {error.start + 1}",
                "export the file again; it may have been cut off",
            ) from error
    return "cp1251"


def _is_utf8(head: bytes, stream: BinaryIO) -> bool:
    """Whether a file is UTF-8 to its end, without holding it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
        while piece := stream.read(1 << 20):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(sample: str) -> str:
    """Return the delimiter under which most rows of a sample are as wide as the header, then the widest."""

    def score(delimiter: str) -> tuple[float, int]:
        try:
            rows = [
                row for row in csv.reader(sample.splitlines(keepends=True)[:50], delimiter=delimiter) if row
            ]
        except csv.Error:
            return (0, 0)
        width = len(rows[0]) if rows else 0
        same = sum(len(row) == width for row in rows)
        return (same / len(rows), width) if width > 1 else (0, width)

    return max(DELIMITERS, key=score)


def _widest(sample: str) -> str:
    """Return the delimiter under which the most common width of a sample's rows is greatest."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            rows = list(csv.reader(sample.splitlines(keepends=True)[:200], delimiter=delimiter))
        except csv.Error:
            return (0, 0)
        widths = collections.Counter(len(row) for row in rows if len(row) > 1)
        (width, count), *_ = widths.most_common(1) or [(0, 0)]
        return (width, count)

    return max(DELIMITERS, key=score)
