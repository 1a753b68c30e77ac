"""The shape of a slide: its title, a table or picture below it, small lines under that."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

from funnel.publish.office.widths import wanted

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_INCH = 914_400
WIDTH, HEIGHT = 10.0, 5.625
"""Inches of Pandoc's slides."""
_SIDE, _TOP, _TITLE = 0.35, 0.85, 0.6
_SIGN, _LINE = 0.68, 2.3
"""Width of a sign and height of a row as shares of the letters' size, about."""
_HEADS = 1.2
"""Rows that heads of several lines may take more."""
_SIZES = (9.0, 12.0)
"""Points: smallest and largest letters of a table."""


def shape(slide: Element) -> None:
    """Set places and sizes of one slide."""
    exhibits = [*slide.iter(f"{_P}graphicFrame"), *slide.iter(f"{_P}pic")]
    below = _TOP
    for exhibit in exhibits:
        table = next(exhibit.iter(f"{_A}tbl"), None)
        if table is not None:
            below = _TOP + _table(table)
            _put(_place(exhibit, f"{_P}xfrm"), _SIDE, _TOP, WIDTH - 2 * _SIDE, below - _TOP)
        else:
            below = _picture(exhibit)
    tree = next(slide.iter(f"{_P}spTree"))
    for box in list(tree.iter(f"{_P}sp")):
        if next(box.iter(f"{_P}cNvSpPr")).get("txBox"):  # the words of a picture, which it carries itself
            tree.remove(box)
            continue
        kind = next(box.iter(f"{_P}ph"), Element("")).get("type", "")
        if kind in ("ctrTitle", "subTitle", "dt", "ftr", "sldNum"):
            continue
        place = _place(box, f"{_P}spPr/{_A}xfrm")
        if kind == "title":
            _put(place, _SIDE, 0.15, WIDTH - 2 * _SIDE, _TITLE)
            _letters(box, 16, b="1")
            for paragraph in box.iter(f"{_A}p"):
                properties = paragraph.find(f"{_A}pPr")
                if properties is not None:
                    properties.set("algn", "l")
        elif exhibits:
            top = min(below + 0.08, HEIGHT - 0.5)
            _put(place, _SIDE, top, WIDTH - 2 * _SIDE, HEIGHT - top - 0.1)
            _letters(box, 9)
            for body in box.iter(f"{_A}bodyPr"):
                body.set("anchor", "t")
        else:
            _put(place, _SIDE, _TOP, WIDTH - 2 * _SIDE, HEIGHT - _TOP - 0.2)
            _letters(box, 13)


def _place(shape: Element, path: str) -> Element:
    """Return where a shape says its place, made if it says none."""
    found = shape
    for name in path.split("/{"):
        tag = name if name.startswith("{") else "{" + name
        inner = found.find(tag)
        if inner is None:
            inner = Element(tag)
            found.insert(0, inner)
        found = inner
    return found


def _put(place: Element, left: float, top: float, width: float, height: float) -> None:
    for child in list(place):
        place.remove(child)
    inches = [str(round(side * _INCH)) for side in (left, top, width, height)]
    SubElement(place, f"{_A}off", {"x": inches[0], "y": inches[1]})
    SubElement(place, f"{_A}ext", {"cx": inches[2], "cy": inches[3]})


def _picture(shape: Element) -> float:
    """Put a picture as large as fits above its small lines; return where it ends."""
    place = _place(shape, f"{_P}spPr/{_A}xfrm")
    size = place.find(f"{_A}ext")
    wide, high = (float(size.get(side, "1")) for side in ("cx", "cy")) if size is not None else (16.0, 9.0)
    room = HEIGHT - _TOP - 0.55
    width = min(WIDTH - 2 * _SIDE, room * wide / high)
    _put(place, (WIDTH - width) / 2, _TOP, width, width * high / wide)
    return _TOP + width * high / wide


def _table(table: Element) -> float:
    """Fit a table into the slide's width; return its height in inches."""
    rows = list(table.iter(f"{_A}tr"))
    signs = wanted([list(_texts(row)) for row in rows])
    width, height = WIDTH - 2 * _SIDE, HEIGHT - _TOP - 0.7
    points = min(width * 72 / sum(signs) / _SIGN, height * 72 / len(rows) / _LINE)
    points = max(_SIZES[0], min(_SIZES[1], points))
    for column, each in zip(table.iter(f"{_A}gridCol"), signs, strict=False):
        column.set("w", str(round(each / sum(signs) * width * _INCH)))
    line = points * _LINE / 72
    for row in rows:
        row.set("h", str(round(line * _INCH)))
        for properties in row.iter(f"{_A}tcPr"):
            for side, room in (("marL", 0.04), ("marR", 0.04), ("marT", 0.015), ("marB", 0.015)):
                properties.set(side, str(round(room * _INCH)))
    _letters(table, points)
    return line * (len(rows) + _HEADS)


def _texts(row: Element) -> Iterator[str]:
    for cell in row.iter(f"{_A}tc"):
        yield "".join(text.text or "" for text in cell.iter(f"{_A}t"))


def _letters(shape: Element, points: float, **more: str) -> None:
    for run in (*shape.iter(f"{_A}r"), *shape.iter(f"{_A}br")):
        properties = run.find(f"{_A}rPr")
        if properties is None:
            properties = Element(f"{_A}rPr")
            run.insert(0, properties)
        properties.set("sz", str(round(points * 100)))
        for name, value in more.items():
            properties.set(name, value)
    for paragraph in shape.iter(f"{_A}p"):
        if paragraph.find(f"{_A}r") is None and paragraph.find(f"{_A}endParaRPr") is None:
            SubElement(paragraph, f"{_A}endParaRPr", {"sz": str(round(points * 100))})
