"""A table of a page under the name .xls, as Bitrix24 and Salesforce save it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from funnel.sources.encodings import Encoding, encoding_of
from funnel.sources.rows import Choose, gather
from funnel.sources.tabular import Sheet, unreadable

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]+)", re.IGNORECASE)
_BEGINNINGS = (b"<meta", b"<html", b"<table", b"<!doctype html", b"<head", b"<?xml", b"<style")
_PIECE = 1 << 18
_UNCLOSED = 4 << 20  # characters of a mark that has not ended yet; a longer one is none
_END = 50_000  # likewise at the end of the file, where the parser tries each mark anew to the very end
_CUT = "a mark in it (<) is never closed"
_BREAKS = ("br", "p", "div", "li")


def is_html(path: Path) -> bool:
    """Whether a file is a page, whatever its name."""
    try:
        with path.open("rb") as stream:
            head = stream.read(256)
    except OSError:
        return False
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
        head = head.removeprefix(mark)
    return head.replace(b"\x00", b"").lstrip().lower().startswith(_BEGINNINGS)  # zeros: UTF-16


def read_html(path: Path, choose: Choose | None = None, skip: int = 0) -> Sheet:
    """Read the first table of a page; see `gather` for the arguments.

    Raises:
        InputError: it has no table, or cannot be read.
    """
    encoding = _encoding(path)
    return gather(str(path), _rows(path, encoding.name), choose, skip, encoding.notice)


def first_lines(path: Path, most: int) -> list[list[str]]:
    """Return the first rows of the table that are not blank."""
    found: list[list[str]] = []
    for row in _rows(path, _encoding(path).name):
        if any(cell.strip() for cell in row):
            found.append(row)
        if len(found) == most:
            break
    return found


def _encoding(path: Path) -> Encoding:
    with path.open("rb") as stream:
        head = stream.read(2048)
    named = _CHARSET.search(head)
    name = named[1].decode().lower() if named else ""
    by_itself = head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head
    if by_itself or not name or name in ("utf-8", "utf8"):
        return encoding_of(path)
    try:
        bytes(range(256)).decode(name, "replace")
    except (LookupError, ValueError):  # there is none of this name, or it is not one of files
        return encoding_of(path)
    return Encoding(name)


def _rows(path: Path, encoding: str) -> Iterator[list[str]]:
    table = _Table()
    seen = False
    try:
        with path.open(encoding=encoding, errors="replace", newline="") as stream:
            while piece := stream.read(_PIECE):
                table.feed(piece)
                if len(table.rawdata) > _UNCLOSED:
                    raise unreadable(str(path), _CUT, "export it again; it may have been cut off")
                seen = seen or bool(table.rows)
                yield from table.take()
    except OSError as error:
        raise unreadable(str(path), f"it cannot be read ({error.strerror})") from error
    if len(table.rawdata) > _END:
        raise unreadable(str(path), _CUT, "export it again; it may have been cut off")
    table.close()
    yield from table.take()
    if not seen:
        raise unreadable(str(path), "it is a page without a table", "export it again: it may be empty")


class _Table(HTMLParser):
    """The rows of the first table; tables and other marks inside of a cell are its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._depth = 0
        self._done = False
        self._row: list[str] | None = None
        self._cell: list[str] | None = None

    def take(self) -> Iterator[list[str]]:
        """Return the rows that are whole, once."""
        rows, self.rows = self.rows, []
        yield from rows

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "table":
            self._depth += 1
        elif self._depth == 1 and not self._done:
            if tag == "tr":
                self._end_row()
                self._row = []
            elif tag in ("td", "th") and self._row is not None:
                self._end_cell()
                self._cell = []
        if tag in _BREAKS and self._cell:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._depth:
            if self._depth == 1:
                self._end_row()
                self._done = True
            self._depth -= 1
        elif self._depth == 1 and tag == "tr":
            self._end_row()
        elif self._depth == 1 and tag in ("td", "th"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            self._row.append("".join(self._cell).strip())
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row:
            self.rows.append(self._row)
        self._row = None
