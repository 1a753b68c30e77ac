"""From openpyxl's file to the finished one: bulk rows, pivots and slicers put in, dates fixed."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape

from openpyxl import Workbook

from funnel.present.workbook.bulk import Lines

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_CONTENT_TYPES = "[Content_Types].xml"
_STAMP = (1980, 1, 1, 0, 0, 0)
_LARGE, _QUICK = 50_000_000, 3
"""A part of more bytes is packed at this level: a sixth larger than at the usual one, in 40 % of its time."""
Cached = Mapping[str, float | str]
"""Values of formulas by cell, for programs that show a file without calculating it."""


class Package:
    """The parts of a workbook by name, as openpyxl writes them, for more to be put in."""

    def __init__(self, book: Workbook) -> None:
        plain = io.BytesIO()
        book.save(plain)
        with zipfile.ZipFile(plain) as package:
            names = sorted(
                package.namelist(), key=lambda name: (name != _CONTENT_TYPES, name != "_rels/.rels")
            )
            self._parts: dict[str, str | bytes] = {name: package.read(name) for name in names}
        self._lines: dict[str, tuple[str, Lines]] = {}

    def add(self, name: str, content: str, kind: str) -> None:
        """Put a part in, of a content type."""
        self._parts[name] = content
        entry = f'<Override PartName="/{name}" ContentType="{kind}"/></Types>'
        self.change(_CONTENT_TYPES, lambda text: text.replace("</Types>", entry))

    def relate(self, source: str, kind: str, target: str) -> str:
        """Relate a part to another one; return the relation's name.

        Args:
            source: name of the part that refers.
            kind: address of the kind of relation.
            target: name of the part it refers to.
        """
        folder, own = PurePosixPath(source).parent, PurePosixPath(source).name
        name = f"{folder}/_rels/{own}.rels"
        if name not in self._parts:
            self._parts[name] = f'{DECLARATION}<Relationships xmlns="{_PACKAGE}"></Relationships>'
        identifier = f"rIdMore{len(re.findall('<Relationship ', _text(self._parts[name]))) + 1}"
        entry = f'<Relationship Id="{identifier}" Type="{kind}" Target="/{target}"/></Relationships>'
        self.change(name, lambda text: text.replace("</Relationships>", entry))
        return identifier

    def change(self, name: str, change: Callable[[str], str]) -> None:
        """Change the text of a part."""
        self._parts[name] = change(_text(self._parts[name]))

    def put_lines(self, name: str, before: str, lines: Lines) -> None:
        """Put lines into a part, before the last place of a text in it; they are made while it is saved."""
        self._lines[name] = (before, lines)

    def put_rows(self, sheet: int, after: int, ref: str, rows: Lines) -> None:
        """Put rows behind a row of a sheet, in place of the others; `ref` is the range of all its cells."""

        def changed(text: str) -> str:
            start = text.index("</row>", text.index(f'<row r="{after}"')) + len("</row>")
            tail = text[text.index("</sheetData>", start) :]
            head = re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="{ref}"', text[:start], count=1)
            return head + tail

        self.change(sheet_part(sheet), changed)
        self.put_lines(sheet_part(sheet), "</sheetData>", rows)

    def put_values(self, sheet: int, values: Cached) -> None:
        """Give the formulas of a sheet the values they have."""

        def filled(found: re.Match[str]) -> str:
            value = values.get(found[2])
            if value is None:
                return found[0]
            kind = ' t="str"' if isinstance(value, str) else ""
            shown = escape(value) if isinstance(value, str) else repr(value)
            return f"{found[1]}{kind}><f>{found[3]}</f><v>{shown}</v></c>"

        pattern = r'(<c r="([A-Z]+\d+)"(?: s="\d+")?)><f>([^<]*)</f><v ?(?:/>|></v>)</c>'
        self.change(sheet_part(sheet), lambda text: re.sub(pattern, filled, text))

    def save(self, path: Path, day: dt.date) -> None:
        """Write the file; the same parts give the same bytes."""
        moment = f"{day.isoformat()}T00:00:00Z"
        self.change("docProps/core.xml", lambda text: re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", moment, text))
        unfinished = path.with_name(f"{path.name}.part")  # a run that ends here leaves no half of a workbook
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
            for name, content in self._parts.items():
                if name in self._lines:
                    _write_with(package, _entry(name), _text(content), *self._lines[name])
                else:
                    package.writestr(_entry(name), content)
        unfinished.replace(path)


def _write_with(
    package: zipfile.ZipFile, entry: zipfile.ZipInfo, content: str, before: str, lines: Lines
) -> None:
    """Write a part with lines before a text of it."""
    place = content.rindex(before)
    head, tail = content[:place].encode(), content[place:].encode()
    entry.file_size = len(head) + lines.size + len(tail)  # by which the form of the entry is chosen
    if entry.file_size > _LARGE:
        entry._compresslevel = _QUICK  # type: ignore[attr-defined]  # an open part has no other way to say it
    with package.open(entry, "w") as part:
        part.write(head)
        for some in lines:
            part.write(some)
        part.write(tail)


def sheet_part(number: int) -> str:
    """Return the name of a sheet's part."""
    return f"xl/worksheets/sheet{number}.xml"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _STAMP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    entry.create_system = 3
    return entry


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode("utf-8")
