"""A figure as SVG and its values: what the page shows of it in place of the picture.

The SVG holds no time, no version and no name that another one on the page could hold. Its texts are texts;
the page brings the font they were measured in.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from funnel.present.parts import values
from funnel.present.parts.values import Pair, Panel, Series, Told

KIND = "application/vnd.funnel.chart+json"
"""Mime type of a chart beside its picture in a notebook; JupyterLab and Quarto pass it by."""
LARGEST = 250_000
"""Signs of an SVG; a figure that needs more stays a picture."""
ROWS = 210
"""Most rows of values told of a panel; of more, every second, third, ... is told."""
_POINTS = 72
_PAD = 0.1
_HEAD = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
_SIZE = re.compile(r'(<svg\b)[^>]*?viewBox="([^"]*)"[^>]*>')
_NAME = re.compile(r'( id="|href="#|url\(#)([^")]+)')
_TAG = re.compile(r"<[^>]*>")
_LONG = re.compile(r"-?\d+\.\d{3,}")
_ID = re.compile(r' id="([^"]*)"')
_USED = re.compile(r'(?:href="#|url\(#)([^")]*)')


def chart(figure: Figure, *, cut: bool = False, notes: Sequence[str] = ()) -> dict[str, Any] | None:
    """Return a drawn figure as SVG with its values, as JSON; None where it is to stay a picture.

    Args:
        figure: drawn once already, so that its parts stand where they stay.
        cut: whether its empty margins are cut off, as pyplot's pictures in a notebook are.
        notes: lines said below it.
    """
    found = values.panels(figure)
    if found is None:
        return None
    width, height = (float(side) for side in figure.get_size_inches())
    box = Bbox.from_bounds(0, 0, width, height)
    if cut:
        tight = figure.get_tightbbox()
        box = tight.padded(_PAD) if tight is not None else box
    svg = _svg(figure, box if cut else None)
    if len(svg) > LARGEST:
        return None
    told = [_panel(panel, box, width, height) for panel in found]
    return {"svg": svg, "panels": told, "notes": list(notes)}


def _svg(figure: Figure, box: Bbox | None) -> str:
    out = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "funnel", "svg.id": None}):
        figure.savefig(out, format="svg", metadata=nothing, bbox_inches=box, dpi=_POINTS)
    raw = _HEAD.sub("", out.getvalue().decode("utf-8"))
    raw = _SIZE.sub(r'\1 viewBox="\2">', raw, count=1).replace("xlink:href", "href")
    raw = _TAG.sub(lambda tag: _LONG.sub(_short, tag[0]), raw)  # what is written, such as 27.09.2021, stays
    used = set(_USED.findall(raw))
    raw = _ID.sub(lambda name: name[0] if name[1] in used else "", raw)
    raw = re.sub(r"\n\s*", "\n", re.sub(r"<g>\s*</g>|<defs>\s*</defs>", "", raw)).strip()
    numbers: dict[str, str] = {}  # names of clips follow from lengths to the last bit, which vary
    raw = _NAME.sub(lambda found: found[1] + numbers.setdefault(found[2], f"n{len(numbers)}"), raw)
    own = hashlib.sha256(raw.encode()).hexdigest()[:8]
    return _NAME.sub(rf"\g<1>{own}-\g<2>", raw)


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _panel(panel: Panel, box: Bbox, width: float, height: float) -> dict[str, Any]:
    """Return the values of a panel by place, and where they stand in the SVG."""
    axes = panel.axes
    frame = axes.get_position()
    up, right = (box.y1, -box.x0)

    def place(x: float, y: float) -> Pair:
        share = (axes.transData - axes.transAxes).transform((x, y))
        across = (frame.x0 + float(share[0]) * frame.width) * width + right
        down = up - (frame.y0 + float(share[1]) * frame.height) * height
        return across * _POINTS, down * _POINTS

    left, top = (frame.x0 * width + right) * _POINTS, (up - frame.y1 * height) * _POINTS
    columns = [one for one in panel.series if not one.level]
    rows = _rows(columns)
    step = math.ceil(len(rows) / ROWS)
    kept = [row for at, row in enumerate(rows) if at % max(step, 1) == 0 or at == len(rows) - 1]
    told = [_row(panel, at, cells, place) for at, cells in kept]
    return {
        "title": _title(axes),
        "along": _along(axes.yaxis if panel.lying else axes.xaxis),
        "lying": panel.lying,
        "every": step,
        "box": [
            round(float(side), 1)
            for side in (left, top, frame.width * width * 72, frame.height * height * 72)
        ],
        "columns": [{"name": one.name, "band": one.band} for one in columns],
        "levels": [[one.name, _told(panel, one.points[0][1])] for one in panel.series if one.level],
        "rows": _beside(told),
    }


def _along(axis: Axis) -> str:
    """Return what stands along an axis: what its `gid` says, else its label."""
    return str(axis.get_gid() or axis.get_label_text()).split("\n")[0]


def _title(axes: Any) -> str:
    return next(filter(None, (axes.get_title(loc=loc) for loc in ("left", "center", "right"))), "")


def _rows(columns: Sequence[Series]) -> list[tuple[float, list[float | Pair | None]]]:
    """Return the series side by side; where one has several points at a place, it takes several rows."""
    found: dict[tuple[float, int], list[float | Pair | None]] = {}
    for at, one in enumerate(columns):
        seen: dict[float, int] = {}
        for x, value in one.points:
            key = round(x, 9)
            seen[key] = seen.get(key, 0) + 1
            found.setdefault((key, seen[key]), [None] * len(columns))[at] = value
    return [(x, cells) for (x, _), cells in sorted(found.items(), key=lambda item: item[0])]


def _beside(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put bars that stand beside each other over one name into one row."""
    kept: list[dict[str, Any]] = []
    for row in rows:
        last = kept[-1] if kept else None
        free = last and all(None in pair for pair in zip(last["cells"], row["cells"], strict=True))
        if last and free and isinstance(row["along"], str) and row["along"] == last["along"]:
            pairs = zip(last["cells"], row["cells"], strict=True)
            last["cells"] = [old if old is not None else new for old, new in pairs]
        else:
            kept.append(row)
    return kept


def _row(panel: Panel, at: float, cells: Sequence[float | Pair | None], place: Any) -> dict[str, Any]:
    values_ = [value for value in cells if isinstance(value, float)]
    ends = [value[0] for value in cells if isinstance(value, tuple)]
    height = (values_ or ends or [0.0])[0]
    across, down = place(height, at) if panel.lying else place(at, height)
    return {
        "at": [round(float(across), 1), round(float(down), 1)],
        "along": values.written(panel, at, along=True),
        "cells": [None if value is None else _told(panel, value) for value in cells],
    }


def _told(panel: Panel, value: float | Pair) -> Told | list[Told]:
    if isinstance(value, tuple):
        return [values.written(panel, end, along=False) for end in value]
    return values.written(panel, value, along=False)
