"""The shape of a document: lying pages, tables as wide as they are and small enough to fit them."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from funnel.publish.office.widths import wanted

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LONG, _SHORT, _EDGE = 16_838, 11_906, 1_000
"""A4 and its margin, in twentieths of a point."""
_SIZES = ((8, 20), (12, 17), (16, 15), (99, 13))
"""Most columns, and half points of the letters."""
_USUAL = 16
"""Half points of the letters of any table, as report.lua reckons with."""
_SIGN = 0.6
"""Width of a sign as a share of the letters' size, about."""
_ORDER = [
    "tblStyle", "tblpPr", "tblOverlap", "bidiVisual", "tblStyleRowBandSize", "tblStyleColBandSize", "tblW",
    "jc", "tblCellSpacing", "tblInd", "tblBorders", "shd", "tblLayout", "tblCellMar", "tblLook", "tblCaption",
    "tblDescription",
]  # fmt: skip
"""Of a table's properties, by the schema."""
_LINE = {"val": "single", "sz": "4", "space": "0", "color": "D5DAE1"}


def shape(document: Element) -> None:
    """Set the pages and the tables of a document."""
    body = document.find(f"{_W}body")
    if body is None:
        return
    section = body.find(f"{_W}sectPr")
    section = SubElement(body, f"{_W}sectPr") if section is None else section
    for name in ("pgSz", "pgMar"):
        for old in section.findall(f"{_W}{name}"):
            section.remove(old)
    size = {"w": str(_LONG), "h": str(_SHORT), "orient": "landscape"}
    edges = dict.fromkeys(("top", "right", "bottom", "left"), str(_EDGE))
    at = next((at for at, one in enumerate(section) if not _before(one)), len(section))
    section.insert(at, _element("pgMar", {**edges, "header": "600", "footer": "600", "gutter": "0"}))
    section.insert(at, _element("pgSz", size))
    for table in body.iter(f"{_W}tbl"):
        _table(table)


def shape_styles(styles: Element) -> None:
    """Set the letters of tables in the styles of a document, for tables whose columns are not known yet."""
    for style in styles.iter(f"{_W}style"):
        if style.get(f"{_W}styleId") == "Table":
            letters = Element(f"{_W}rPr")
            letters.extend(_letters(_USUAL))
            style.insert(next(at for at, one in enumerate(style) if one.tag == f"{_W}tblPr"), letters)


def _before(one: Element) -> bool:
    """Tell whether a part of a section's properties stands before the size of its pages."""
    names = ("headerReference", "footerReference", "footnotePr", "endnotePr", "type")
    return one.tag.removeprefix(_W) in names


def _table(table: Element) -> None:
    columns = len(list(table.iter(f"{_W}gridCol")))
    half = next(size for most, size in _SIZES if columns <= most)
    for run in table.iter(f"{_W}r"):
        properties = run.find(f"{_W}rPr")
        if properties is None:
            properties = Element(f"{_W}rPr")
            run.insert(0, properties)
        properties.extend(_letters(half))
    properties = table.find(f"{_W}tblPr")
    if properties is None:
        return
    rows = [[_text(cell) for cell in row.iter(f"{_W}tc")] for row in table.iter(f"{_W}tr")]
    plain = [row for row in rows if len(row) == columns]  # those without cells over several columns
    signs = wanted([[], [], *plain]) if plain else [1.0] * columns
    whole = min(_LONG - 2 * _EDGE, sum(signs) * half * 10 * _SIGN)
    for column, each in zip(table.iter(f"{_W}gridCol"), signs, strict=False):
        column.set(f"{_W}w", str(round(each / sum(signs) * whole)))
    for name in ("tblW", "tblLayout", "tblBorders"):
        for old in properties.findall(f"{_W}{name}"):
            properties.remove(old)
    borders = Element(f"{_W}tblBorders")
    for side in ("top", "bottom", "insideH"):
        borders.append(_element(side, _LINE))
    width = _element("tblW", {"type": "dxa", "w": str(round(whole))})
    made = (width, borders, _element("tblLayout", {"type": "fixed"}))
    properties[:] = sorted([*properties, *made], key=lambda one: _ORDER.index(one.tag.removeprefix(_W)))


def _letters(half: int) -> list[Element]:
    return [_element(name, {"val": str(half)}) for name in ("sz", "szCs")]


def _text(cell: Element) -> str:
    return "".join(text.text or "" for text in cell.iter(f"{_W}t"))


def _element(name: str, values: dict[str, str]) -> Element:
    return Element(f"{_W}{name}", {f"{_W}{key}": value for key, value in values.items()})
