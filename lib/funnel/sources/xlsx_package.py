"""What is in an XLSX file: its sheets, which styles are dates, and its parts as a stream of small XML trees.

`workbook` reads a sheet whole and is right for canonical files. An export of the interface has hundreds of
thousands of
rows and dozens of columns of which a few are wanted: this module and `xlsx_columns` hold only those.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from funnel.errors import FunnelError
from funnel.sources.tabular import unreadable


class Damaged(Exception):
    """A part of the file does not hold what it has to."""


_LONGEST = 256 << 20  # bytes of one row, or of one text
_CHUNK = 1 << 20  # bytes of XML at once; the tree of it is some twenty times as big
_ROOT = "xl/workbook.xml"
_DAMAGE = (
    OSError, LookupError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, ElementTree.ParseError,
    Damaged,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """An open XLSX file.

    Attributes:
        archive: the ZIP file.
        sheets: name of a sheet -> its part.
        strings: the part with the shared strings, if there is one.
        dates: the numbers of the cell styles that show a number as a date.
        since_1904: whether days are counted from 1904.
    """

    archive: zipfile.ZipFile
    sheets: dict[str, str]
    strings: str | None
    dates: frozenset[str]
    since_1904: bool


@contextmanager
def opened(path: Path) -> Iterator[Package]:
    """Open an XLSX file.

    Raises:
        InputError: it is no XLSX workbook, or it is damaged or locked by a password.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield _package(archive)
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> FunnelError:
    what = f"it cannot be read as an XLSX workbook ({type(error).__name__})"
    return unreadable(str(path), what, "open it in a spreadsheet and save it as .xlsx without a password")


def _package(archive: zipfile.ZipFile) -> Package:
    parts = archive.namelist()
    folder = posixpath.dirname(_ROOT)
    related = {}
    kinds = {}
    for relation in ElementTree.fromstring(archive.read(f"{folder}/_rels/workbook.xml.rels")):
        target = relation.get("Target", "")
        part = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        related[relation.get("Id", "")] = part
        kinds[relation.get("Type", "").rpartition("/")[2]] = part
    book = ElementTree.fromstring(archive.read(_ROOT))
    sheets = {}
    since_1904 = False
    for element in book.iter():
        if _local(element.tag) == "workbookPr":
            since_1904 = element.get("date1904", "0") in ("1", "true")
        if _local(element.tag) == "sheet":
            id_ = next((value for key, value in element.items() if _local(key) == "id"), "")
            part = related.get(id_, "")
            if "worksheets" in part and part in parts:
                sheets[element.get("name", "")] = part
    styles = kinds.get("styles")
    dates = _date_styles(archive.read(styles)) if styles in parts else frozenset()
    strings = kinds.get("sharedStrings")
    return Package(archive, sheets, strings if strings in parts else None, dates, since_1904)


def _date_styles(xml: bytes) -> frozenset[str]:
    formats = dict(BUILTIN_FORMATS)
    styles: list[int] = []
    for element in ElementTree.fromstring(xml).iter():
        if _local(element.tag) == "numFmt":
            formats[int(element.get("numFmtId", "0"))] = element.get("formatCode", "")
        if _local(element.tag) == "cellXfs":
            styles = [int(style.get("numFmtId", "0")) for style in element]
    return frozenset(
        str(number)
        for number, format_ in enumerate(styles)
        if is_date_format(formats.get(format_, "General"))
    )


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def items(
    package: Package,
    part: str,
    inside: tuple[str, ...],
    item: str,
    thin: Callable[[bytes], bytes] = bytes,
) -> Iterator[ElementTree.Element]:
    """Walk the children of an element of a part, a piece of the file at a time.

    Args:
        package: the open file.
        part: its part.
        inside: the elements around them, from the root, such as `("worksheet", "sheetData")`.
        item: the children's name, such as `row`.
        thin: leaves out what is not wanted of some whole children, before they become trees.

    Raises:
        Damaged: the part is cut off.
    """
    with package.archive.open(part) as stream:
        buffer = b""
        start = re.compile(rb"<(\w+:)?" + inside[-1].encode() + rb"(\s[^>]*)?>")
        while not (found := start.search(buffer)):
            piece = stream.read(_CHUNK)
            if not piece:
                return
            buffer += piece
        if found[0].endswith(b"/>"):
            return
        prefix = found[1] or b""
        head, buffer = buffer[: found.end()], buffer[found.end() :]
        tail = b"".join(b"</" + prefix + name.encode() + b">" for name in reversed(inside))
        end_of_item = b"</" + prefix + item.encode() + b">"
        end_of_all = b"</" + prefix + inside[-1].encode() + b">"
        while True:
            last = buffer.find(end_of_all)
            cut = last if last >= 0 else buffer.rfind(end_of_item) + len(end_of_item)
            if last >= 0 or cut >= len(end_of_item):
                container = ElementTree.fromstring(head + thin(buffer[:cut]) + tail)
                for _ in inside[1:]:
                    container = container[-1]
                yield from container
                if last >= 0:
                    return
                buffer = buffer[cut:]
            piece = stream.read(_CHUNK)
            if not piece:
                raise Damaged("the part is cut off")
            if len(buffer) > _LONGEST:
                raise Damaged("one row of it has no end")
            buffer += piece
