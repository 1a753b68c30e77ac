"""Slicers: buttons that filter both pivots at once.

They are Microsoft's extension of the format: [MS-XLSX] 2.6.70 to 2.6.85 (the caches and their items), 2.6.59
(what is shown), 3.1 (examples). Every element and attribute written here stands in those schemas and in
workbooks saved by Excel; see docs/decisions/slicers.md. Programs that know none show the text in their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from funnel.present.parts.texts import Texts
from funnel.present.workbook.cells import safe
from funnel.present.workbook.field import Column
from funnel.present.workbook.package import DECLARATION, MAIN, RELATIONS, Package, sheet_part
from funnel.present.workbook.parts import CACHE_NUMBER, SLICED, attribute

_OFFICE = "http://schemas.microsoft.com/office/2007/relationships"
_MARKUP = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_SHAPES = "http://schemas.microsoft.com/office/drawing/2010"
_ROOT = f'xmlns="{SLICED}" xmlns:mc="{_MARKUP}" mc:Ignorable="x" xmlns:x="{MAIN}"'
_ROW = 220_000
"""Height of a button, in English metric units: 914,400 an inch."""
_WIDE = 12
"""From so many values on the buttons stand in two columns."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slicer lies: from the corner of the first cell to that of the last one, both from 0."""

    left: int
    top: int
    right: int
    bottom: int


def put(
    package: Package,
    columns: Sequence[Column],
    pivots: Mapping[int, str],
    places: Sequence[Place],
    texts: Texts,
) -> None:
    """Put a slicer for every column on every sheet with a pivot; each filters all pivots.

    Args:
        package: with the pivots.
        columns: fields of the pivots' cache.
        pivots: by number of the sheet, the name of the pivot on it.
        places: of the slicers on a sheet, by column.
        texts: the language.
    """
    caches = [f"Slicer_{number}" for number in range(1, len(columns) + 1)]
    found = []
    for number, (cache, column) in enumerate(zip(caches, columns, strict=True), start=1):
        name = f"xl/slicerCaches/slicerCache{number}.xml"
        package.add(name, _cache(cache, column, pivots), "application/vnd.ms-excel.slicerCache+xml")
        found.append(package.relate("xl/workbook.xml", f"{_OFFICE}/slicerCache", name))
    _name_in_workbook(package, caches, found)
    for at, sheet in enumerate(pivots, start=1):
        names = [f"Slicer {sheet}.{number}" for number in range(1, len(columns) + 1)]
        shown = "".join(map(_slicer, names, caches, columns))
        part, drawing = f"xl/slicers/slicer{at}.xml", f"xl/drawings/slicers{at}.xml"
        package.add(
            part, f"{DECLARATION}<slicers {_ROOT}>{shown}</slicers>", "application/vnd.ms-excel.slicer+xml"
        )
        anchors = "".join(
            _anchor(number, name, place, texts.t("wb_slicer", field=column.name))
            for number, (name, place, column) in enumerate(zip(names, places, columns, strict=True), start=2)
        )
        package.add(
            drawing,
            f'{DECLARATION}<xdr:wsDr xmlns:xdr="{_DRAWING}/spreadsheetDrawing" xmlns:a="{_DRAWING}/main">'
            f"{anchors}</xdr:wsDr>",
            "application/vnd.openxmlformats-officedocument.drawing+xml",
        )
        own = sheet_part(sheet)
        drawn = package.relate(own, f"{RELATIONS}/drawing", drawing)
        listed = package.relate(own, f"{_OFFICE}/slicer", part)
        _show(package, own, drawn, listed)


def _show(package: Package, sheet: str, drawn: str, listed: str) -> None:
    """Name the drawing and the slicers of a sheet in it, by their relations."""
    tail = (
        f'<drawing xmlns:r="{RELATIONS}" r:id="{drawn}"/><extLst>'
        f'<ext uri="{{A8765BA9-456A-4dab-B4F3-ACF838C121DE}}" xmlns:x14="{SLICED}"><x14:slicerList>'
        f'<x14:slicer xmlns:r="{RELATIONS}" r:id="{listed}"/></x14:slicerList></ext></extLst></worksheet>'
    )
    package.change(sheet, lambda text: text.replace("</worksheet>", tail))


def _name_in_workbook(package: Package, caches: Sequence[str], relations: Sequence[str]) -> None:
    listed = "".join(f'<x14:slicerCache xmlns:r="{RELATIONS}" r:id="{name}"/>' for name in relations)
    ext = (
        f'<extLst><ext uri="{{BBE1A952-AA13-448e-AADC-164F8A28A991}}" xmlns:x14="{SLICED}">'
        f"<x14:slicerCaches>{listed}</x14:slicerCaches></ext></extLst></workbook>"
    )
    names = "".join(f'<definedName name="{name}">#N/A</definedName>' for name in caches)

    def changed(text: str) -> str:
        return text.replace("</definedNames>", f"{names}</definedNames>").replace("</workbook>", ext)

    package.change("xl/workbook.xml", changed)


def _cache(name: str, column: Column, pivots: Mapping[int, str]) -> str:
    tables = "".join(
        f'<pivotTable tabId="{sheet}" name={attribute(pivot)}/>' for sheet, pivot in pivots.items()
    )
    items = "".join(f'<i x="{at}" s="1"/>' for at in range(len(column.items)))
    return (
        f'{DECLARATION}<slicerCacheDefinition {_ROOT} name="{name}" sourceName={attribute(column.name)}>'
        f'<pivotTables>{tables}</pivotTables><data><tabular pivotCacheId="{CACHE_NUMBER}">'
        f'<items count="{len(column.items)}">{items}</items></tabular></data></slicerCacheDefinition>'
    )


def _slicer(name: str, cache: str, column: Column) -> str:
    wide = ' columnCount="2"' if len(column.items) >= _WIDE or len(column.items) == 2 else ""
    return (
        f'<slicer name="{name}" cache="{cache}" caption={attribute(column.name)}{wide} rowHeight="{_ROW}"/>'
    )


def _anchor(number: int, name: str, place: Place, instead: str) -> str:
    """Return a slicer's frame, and what programs without slicers show in its place."""
    corners = "".join(
        f"<xdr:{end}><xdr:col>{column}</xdr:col><xdr:colOff>0</xdr:colOff>"
        f"<xdr:row>{row}</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:{end}>"
        for end, column, row in (("from", place.left, place.top), ("to", place.right, place.bottom))
    )
    frame = (
        f'<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="{number}" name="{name}"/>'
        "<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr>"
        '<xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm>'
        f'<a:graphic><a:graphicData uri="{_SHAPES}/slicer">'
        f'<sle:slicer xmlns:sle="{_SHAPES}/slicer" name="{name}"/></a:graphicData></a:graphic>'
        "</xdr:graphicFrame>"
    )
    fallback = (
        '<xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="0" name=""/>'
        '<xdr:cNvSpPr><a:spLocks noTextEdit="1"/></xdr:cNvSpPr></xdr:nvSpPr>'
        '<xdr:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="1800000" cy="1200000"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill><a:prstClr val="white"/></a:solidFill>'
        '<a:ln w="1"><a:solidFill><a:prstClr val="green"/></a:solidFill></a:ln></xdr:spPr>'
        '<xdr:txBody><a:bodyPr vertOverflow="clip" horzOverflow="clip"/><a:lstStyle/><a:p><a:r>'
        f'<a:rPr lang="en-US" sz="1100"/><a:t>{escape(safe(instead))}</a:t></a:r></a:p></xdr:txBody></xdr:sp>'
    )
    return (
        f'<xdr:twoCellAnchor editAs="oneCell">{corners}'
        f'<mc:AlternateContent xmlns:mc="{_MARKUP}" xmlns:a14="{_SHAPES}/main">'
        f'<mc:Choice Requires="a14">{frame}</mc:Choice>'
        f'<mc:Fallback xmlns="">{fallback}</mc:Fallback></mc:AlternateContent><xdr:clientData/>'
        "</xdr:twoCellAnchor>"
    )
