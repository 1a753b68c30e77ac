"""From openpyxl's file to the finished one: bulk rows and pivots put in, dates fixed."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

from openpyxl import Workbook

from funnel.present.workbook.parts import DECLARATION, RELATIONS

_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_CACHE = "xl/pivotCache/pivotCacheDefinition1.xml"
_RECORDS = "xl/pivotCache/pivotCacheRecords1.xml"
_CONTENT_TYPES = "[Content_Types].xml"
_STAMP = (1980, 1, 1, 0, 0, 0)
CACHE_ID = 1
RECORDS_ID = "rId1"
Cached = Mapping[str, float | str]
"""Values of formulas by cell, for programs that show a file without calculating it."""


@dataclass(frozen=True, slots=True)
class Additions:
    """What openpyxl does not write itself.

    Attributes:
        rows: by number of the sheet (from 1): the range of its cells, and rows to put behind its first one.
        tables: by number of the sheet: the pivot table on it.
        cache: definition and records of the pivot cache.
        cached: by number of the sheet: values of its formulas.
    """

    rows: Mapping[int, tuple[str, str]]
    tables: Mapping[int, str]
    cache: tuple[str, str]
    cached: Mapping[int, Cached] = field(default_factory=dict)


def save(book: Workbook, path: Path, additions: Additions, day: dt.date) -> None:
    """Write the workbook; the same content gives the same bytes."""
    plain = io.BytesIO()
    book.save(plain)
    parts: dict[str, str | bytes] = {}
    with zipfile.ZipFile(plain) as package:
        for name in sorted(
            package.namelist(), key=lambda name: (name != _CONTENT_TYPES, name != "_rels/.rels")
        ):
            parts[name] = package.read(name)
    for sheet, (ref, rows) in additions.rows.items():
        _change(parts, _sheet(sheet), partial(_with_rows, ref=ref, rows=rows))
    for sheet, values in additions.cached.items():
        _change(parts, _sheet(sheet), partial(_with_values, values=values))
    moment = f"{day.isoformat()}T00:00:00Z"
    _change(parts, "docProps/core.xml", lambda text: re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", moment, text))
    if additions.tables:
        _add_pivots(parts, additions)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        for name, content in parts.items():
            package.writestr(_entry(name), content)
    path.write_bytes(buffer.getvalue())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _STAMP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    entry.create_system = 3
    return entry


def _sheet(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode("utf-8")


def _change(parts: dict[str, str | bytes], name: str, change: Callable[[str], str]) -> None:
    parts[name] = change(_text(parts[name]))


def _with_rows(text: str, ref: str, rows: str) -> str:
    """Put rows behind the first row of a sheet, in place of the others."""
    head, rest = text.split("</row>", 1)
    tail = rest[rest.index("</sheetData>") :]
    return (
        re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="{ref}"', head, count=1) + "</row>" + rows + tail
    )


def _with_values(text: str, values: Cached) -> str:
    """Give formulas the values they have."""

    def filled(found: re.Match[str]) -> str:
        value = values.get(found[2])
        if value is None:
            return found[0]
        kind = ' t="str"' if isinstance(value, str) else ""
        shown = escape(value) if isinstance(value, str) else repr(value)
        return f"{found[1]}{kind}><f>{found[3]}</f><v>{shown}</v></c>"

    pattern = r'(<c r="([A-Z]+\d+)"(?: s="\d+")?)><f>([^<]*)</f><v ?(?:/>|></v>)</c>'
    return re.sub(pattern, filled, text)


def _add_pivots(parts: dict[str, str | bytes], additions: Additions) -> None:
    parts[_CACHE], parts[_RECORDS] = additions.cache
    parts["xl/pivotCache/_rels/pivotCacheDefinition1.xml.rels"] = _relation(
        RECORDS_ID, "pivotCacheRecords", "pivotCacheRecords1.xml"
    )
    types = [(_CACHE, "pivotCacheDefinition+xml"), (_RECORDS, "pivotCacheRecords+xml")]
    for number, (sheet, definition) in enumerate(additions.tables.items(), start=1):
        name = f"xl/pivotTables/pivotTable{number}.xml"
        parts[name] = definition
        parts[f"xl/pivotTables/_rels/pivotTable{number}.xml.rels"] = _relation(
            "rId1", "pivotCacheDefinition", "../pivotCache/pivotCacheDefinition1.xml"
        )
        parts[f"xl/worksheets/_rels/sheet{sheet}.xml.rels"] = _relation(
            "rId1", "pivotTable", f"../pivotTables/pivotTable{number}.xml"
        )
        types.append((name, "pivotTable+xml"))
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{_TYPES}{kind}"/>' for name, kind in types
    )
    _change(parts, _CONTENT_TYPES, lambda text: text.replace("</Types>", overrides + "</Types>"))
    relation = (
        f'<Relationship Id="rIdPivot1" Type="{RELATIONS}/pivotCacheDefinition" '
        'Target="pivotCache/pivotCacheDefinition1.xml"/></Relationships>'
    )
    _change(parts, "xl/_rels/workbook.xml.rels", lambda text: text.replace("</Relationships>", relation))
    cache = f'<pivotCache xmlns:r="{RELATIONS}" cacheId="{CACHE_ID}" r:id="rIdPivot1"/>'
    caches = f"<pivotCaches>{cache}</pivotCaches></workbook>"
    _change(parts, "xl/workbook.xml", lambda text: text.replace("</workbook>", caches))


def _relation(identifier: str, kind: str, target: str) -> str:
    return (
        f'{DECLARATION}<Relationships xmlns="{_PACKAGE}"><Relationship Id="{identifier}" '
        f'Type="{RELATIONS}/{kind}" Target="{target}"/></Relationships>'
    )
