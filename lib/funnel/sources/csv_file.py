"""CSV as people save it: encoding and delimiter found out, every row kept with its number."""

from __future__ import annotations

import collections
import csv
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from funnel.settings_files import Limits
from funnel.sources.encodings import Encoding, encoding_of
from funnel.sources.rows import Choose, blocks, gather
from funnel.sources.tabular import Sheet, unreadable

DELIMITERS = (",", ";", "\t")
csv.field_size_limit(Limits().cell_characters)  # a mark that is never closed must not take in the file
_SEPARATOR = re.compile(r"^\ufeff?sep=(.)\r?\n?$")  # Excel's own first line


def limit_cells(characters: int) -> None:
    """Say how long a cell may be; see `Limits`."""
    csv.field_size_limit(characters)


def read_csv(path: Path, choose: Choose | None = None, skip: int = 0) -> Sheet:
    """Read a CSV file: UTF-8 with or without BOM, UTF-16, Windows-1251 or -1252; comma, semicolon or tab.

    Args:
        path: the file.
        choose: is given the header and names the columns to keep, by position; the others are never held.
        skip: rows before the header that are not blank.

    Raises:
        InputError: it is empty, no text, or its quoting is broken.
    """
    with _opened(path, _widest if skip else _delimiter) as (reader, encoding):
        return gather(str(path), reader, choose, skip, encoding.notice)


def csv_blocks(path: Path) -> Iterator[Sheet]:
    """Read a CSV file some rows at a time, all columns; see `read_csv`.

    Raises:
        InputError: it is empty, no text, or its quoting is broken.
    """
    with _opened(path, _delimiter) as (reader, encoding):
        yield from blocks(str(path), reader, None, 0, encoding.notice)


def read_lines(path: Path, most: int | None = None) -> list[list[str]]:
    """Read the rows of a CSV file whose header need not come first, blank ones included.

    The delimiter is the one under which the most common row is widest.

    Raises:
        InputError: it is empty, no text, or its quoting is broken.
    """
    with _opened(path, _widest) as (reader, _):
        return list(itertools.islice(reader, most))


def encoding_notice(path: Path) -> str:
    """Return what the user should know of a file's encoding; '' where it was no guess."""
    return encoding_of(path).notice


@contextmanager
def _opened(path: Path, sniff: Callable[[str], str]) -> Iterator[tuple[Iterator[list[str]], Encoding]]:
    """Open a CSV file; what goes wrong while its rows are taken is told as the user's to mend."""
    encoding = encoding_of(path)
    try:
        with path.open(encoding=encoding.name, errors="replace", newline="") as stream:
            delimiter = _separator(stream) or sniff(_sample(stream))
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            try:
                yield reader, encoding
            except csv.Error as error:
                if "field limit" in str(error):
                    raise unreadable(
                        f"{path}, line {reader.line_num}",
                        f"a cell has more than {csv.field_size_limit():,} characters",
                        "look for a quotation mark that is not closed above this line; or raise "
                        "limits.cell_characters",
                    ) from error
                raise unreadable(
                    f"{path}, line {reader.line_num}",
                    f"broken quoting ({error})",
                    "close every quotation mark; a quotation mark inside a quoted cell is written twice",
                ) from error
    except OSError as error:
        raise unreadable(str(path), f"it cannot be read ({error.strerror})") from error


def _separator(stream: TextIO) -> str:
    """Take the line `sep=;`, if the file begins with it; return what it says."""
    found = _SEPARATOR.match(stream.readline(16))
    if found:
        return found[1]
    stream.seek(0)
    return ""


def _sample(stream: TextIO) -> str:
    start = stream.tell()
    sample = stream.read(1 << 16)
    stream.seek(start)
    return sample


def _delimiter(sample: str) -> str:
    """Return the delimiter under which most rows of a sample are as wide as the header, then the widest."""

    def score(delimiter: str) -> tuple[float, int]:
        rows = [row for row in _rows(sample, delimiter, 50) if row]
        width = len(rows[0]) if rows else 0
        same = sum(len(row) == width for row in rows)
        return (same / len(rows), width) if width > 1 else (0, width)

    best = max(DELIMITERS, key=score)
    return best if score(best)[0] else _widest(sample)


def _widest(sample: str) -> str:
    """Return the delimiter under which the most common width of a sample's rows is greatest."""

    def score(delimiter: str) -> tuple[int, int]:
        widths = collections.Counter(len(row) for row in _rows(sample, delimiter, 200) if len(row) > 1)
        (width, count), *_ = widths.most_common(1) or [(0, 0)]
        return (width, count)

    return max(DELIMITERS, key=score)


def _rows(sample: str, delimiter: str, most: int) -> list[list[str]]:
    try:
        return list(csv.reader(sample.splitlines(keepends=True)[:most], delimiter=delimiter))
    except csv.Error:
        return []
