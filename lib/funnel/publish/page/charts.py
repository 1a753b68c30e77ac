"""Charts in place of pictures: the same figure as SVG, its values as tables that open below it."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from funnel.present.parts import vector
from funnel.present.parts.escape import for_html
from funnel.present.parts.texts import EMPTY, Texts
from funnel.publish.outputs import text

_IMAGE = re.compile(r'<img\b[^>]*?\bsrc="data:image/png;base64,([^"]+)"[^>]*>')
_ALT = re.compile(r'\balt="([^"]*)"')
_STYLE = re.compile(r"<style\b.*?</style>", re.DOTALL)

Charts = Mapping[str, Mapping[str, Any]]
"""Charts by the SHA-256 of their pictures."""


def found(notebooks: Iterable[Path]) -> Charts:
    """Return the charts that executed notebooks show."""
    charts: dict[str, Mapping[str, Any]] = {}
    for path in notebooks:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", ()):
                data = output.get("data", {})
                if vector.KIND in data and "image/png" in data:
                    charts[_named(text(data["image/png"]))] = data[vector.KIND]
    return charts


def in_place(page: str, charts: Charts, colours: Mapping[str, str], texts: Texts) -> str:
    """Return a page with the charts in place of their pictures; pictures without a chart stay.

    Args:
        page: HTML whose pictures stand in it.
        charts: from `found`.
        colours: names of the page's colours, by their ``#rrggbb``.
        texts: the language.
    """

    def chart(image: re.Match[str]) -> str:
        one = charts.get(_named(image[1]))
        if one is None:
            return image[0]
        alt = _ALT.search(image[0])
        return _chart(one, alt[1] if alt else "", colours, texts)

    return _IMAGE.sub(chart, page)


def named_colours(markup: str, colours: Mapping[str, str]) -> str:
    """Return markup whose colours are those of the page, by name, so that the dark look changes them."""
    return re.sub(
        r"#[0-9a-fA-F]{6}\b",
        lambda hue: f"var(--{colours[hue[0].lower()]},{hue[0]})" if hue[0].lower() in colours else hue[0],
        markup,
    )


def _named(picture: str) -> str:
    try:
        return hashlib.sha256(base64.b64decode(picture)).hexdigest()
    except binascii.Error:
        return ""


def _chart(one: Mapping[str, Any], alt: str, colours: Mapping[str, str], texts: Texts) -> str:
    """Return a chart as HTML; `alt` is HTML already."""
    drawn = named_colours(_STYLE.sub("", one["svg"]), colours)
    drawn = drawn.replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)
    notes = "".join(f'<p class="note">{for_html(note)}</p>' for note in one["notes"])
    tables = "".join(_table(panel, texts) for panel in one["panels"])
    hint = for_html(texts.t("chart_hint"))
    return (
        f'<div class="chart" data-hint="{hint}"><div class="wide" tabindex="0">{drawn}</div></div>{notes}'
        f'<details class="values"><summary>{for_html(texts.t("chart_values"))}</summary>{tables}</details>'
    )


def _table(panel: Mapping[str, Any], texts: Texts) -> str:
    columns = panel["columns"]
    heads = [panel["along"] or texts.t("chart_place"), *(_head(one, columns, texts) for one in columns)]
    digits = [_digits(row["along"] for row in panel["rows"])]
    digits += [
        _digits(end for row in panel["rows"] for end in _ends(row["cells"][at])) for at in range(len(columns))
    ]
    lines = []
    for row in panel["rows"]:
        told = [_cell(value, digits[at], texts) for at, value in enumerate(row["cells"], 1)]
        cells = "".join(f"<td>{for_html(value)}</td>" for value in told)
        place = ",".join(f"{side:g}" for side in row["at"])
        along = for_html(_value(row["along"], digits[0], texts))
        lines.append(f'<tr data-at="{place}"><th scope="row">{along}</th>{cells}</tr>')
    box = ",".join(f"{side:g}" for side in panel["box"])
    lying = ' data-lying="yes"' if panel["lying"] else ""
    levels = [f"{name}: {_value(value, _digits([value]), texts)}" for name, value in panel["levels"]]
    if panel["every"] > 1:
        levels.append(texts.t("chart_every", n=panel["every"]))
    title = f"<caption>{for_html(panel['title'])}</caption>" if panel["title"] else ""
    titles = "".join(f'<th scope="col">{for_html(head)}</th>' for head in heads)
    table = f"{title}<thead><tr>{titles}</tr></thead><tbody>{''.join(lines)}</tbody>"
    below = "".join(f'<p class="note">{for_html(level)}</p>' for level in levels)
    return f'<div class="scroll" tabindex="0"><table data-box="{box}"{lying}>{table}</table></div>{below}'


def _head(column: Mapping[str, Any], columns: Any, texts: Texts) -> str:
    """Return what a series is called; one without a name by its place among those without."""
    if column["name"]:
        return str(column["name"])
    unnamed = [one for one in columns if not one["name"] and one["band"] == column["band"]]
    at = next(place for place, one in enumerate(unnamed, 1) if one is column)
    name = texts.t("chart_range" if column["band"] else "chart_value")
    return name if len(unnamed) == 1 else f"{name} {at}"


def _ends(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _cell(value: Any, digits: int, texts: Texts) -> str:
    if isinstance(value, list):
        return f" {EMPTY} ".join(_value(end, digits, texts) for end in value)
    return _value(value, digits, texts)


def _value(value: Any, digits: int, texts: Texts) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return texts.date(dt.date.fromisoformat(value["day"]))
    return value if isinstance(value, str) else texts.number(value, digits)


def _digits(values: Iterable[Any]) -> int:
    """Return with how many digits after the point numbers are written, all of a column alike."""
    numbers = [abs(value) for value in values if isinstance(value, (int, float))]
    if all(number == round(number) for number in numbers):
        return 0
    largest = max(numbers)
    return next(digits for digits, least in ((1, 100), (2, 1), (4, 0)) if largest >= least)
