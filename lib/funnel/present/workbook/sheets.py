"""The sheets: flat data, pivots before their first refresh, the cohort table, listings."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from funnel.present.parts.gate_words import SIGN
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import FONT
from funnel.present.workbook.cells import (
    FORMATS,
    LINE,
    Painter,
    argb,
    coded,
    finish,
    indent,
    is_active,
    missing,
    safe,
    width_for,
    widths,
)
from funnel.present.workbook.contents import Contents, Listing
from funnel.present.workbook.fields import COUNT, DATE, RATIO, SHARE, Column, Fields
from funnel.present.workbook.parts import numbers
from funnel.present.workbook.pivot import GRAND, Line, Pivot

_BUILT_IN = {COUNT: "#,##0", SHARE: "0.00%", RATIO: "0.00", DATE: FORMATS["date"]}
_WIDEST = 70.0
"""Widest column of a listing in characters."""
_SUM = 18.0
"""Width of a pivot's sums: Excel and LibreOffice lay them out anew, in other columns."""
HEAD = 4
"""The row of the column heads on the cohort sheet and the listings."""


def flat_data(sheet: Worksheet, painter: Painter, fields: Fields, contents: Contents) -> tuple[str, str]:
    """Write the heads of the flat data; return the range of all cells, and the rows as XML.

    A head shows the mark of gaps by its format, so that the field keeps its name in everybody's formulas;
    what the mark means stands beside the table.
    """
    formats = []
    for number, column in enumerate(fields.columns, start=1):
        head = painter.header(sheet, 1, number, column.name, left=bool(column.items))
        if column.key in contents.marked:
            head.number_format = f'@" {SIGN}"'
        sample = painter.put(sheet, 2, number, None)
        sample.number_format = _format(column)
        if column.items:
            sample.alignment = Alignment(horizontal="left", indent=indent("left", number))
        quoted = painter.put(sheet, 3, number, None, like=sample)
        quoted.quotePrefix = True
        formats.append((sample.style_id, quoted.style_id))
    last = get_column_letter(len(fields.columns))
    ref = f"A1:{last}{fields.rows + 1}"
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = ref
    widths(sheet, [max(12.0, min(len(column.name) + 3.0, 24.0)) for column in fields.columns])
    finish(sheet, fields.rows + 1, len(fields.columns), 1)
    if contents.marked:
        painter.put(sheet, 1, len(fields.columns) + 2, contents.gaps_of_pivots)
    written = [
        _cells(column, get_column_letter(number), *formats[number - 1])
        for number, column in enumerate(fields.columns, start=1)
    ]
    rows = [
        f'<row r="{at}">' + "".join([f"{left}{at}{right}" for left, right in cells]) + "</row>"
        for at, cells in enumerate(zip(*written, strict=True), start=2)
    ]
    return ref, "".join(rows)


def _cells(column: Column, letter: str, style: int, quoted: int) -> list[tuple[str, str]]:
    """Return the two ends of each cell of a column, between which its row's number goes."""
    left = f'<c r="{letter}'
    if column.is_date:
        days = [item for item in column.items if isinstance(item, dt.date)]
        ends = [f'" s="{style}"><v>{(day - _EPOCH).days}</v></c>' for day in days]
        return [(left, ends[code]) for code in column.codes.tolist()]
    if column.items:
        ends = [
            f'" s="{quoted if is_active(text) else style}" t="inlineStr">'
            f"<is><t>{escape(safe(text))}</t></is></c>"
            for text in map(str, column.items)
        ]
        return [(left, ends[code]) for code in column.codes.tolist()]
    cells = (f"><v>{text}</v></c>" if text else "/>" for text in numbers(column))
    return [(left, f'" s="{style}"{cell}') for cell in cells]


_EPOCH = dt.date(1899, 12, 30)


def _format(column: Column) -> str:
    if column.is_date:
        return FORMATS["date"]
    if column.items:
        return "General"
    return "#,##0" if column.whole else "#,##0.00"


def pivot(
    sheet: Worksheet,
    painter: Painter,
    made: Pivot,
    lines: Sequence[Line],
    texts: Texts,
    title: str,
    gaps: str = "",
) -> str:
    """Write a pivot as it looks before its first refresh, after what its data lack; return its range."""
    painter.title(sheet, title, f"{gaps} {texts.t('wb_pivot_note')} {made.fields.note}".strip())
    for at, name in enumerate(made.pages):
        painter.put(sheet, made.top + at, 1, name)
        painter.put(sheet, made.top + at, 2, texts.t("wb_all"))
    head = made.head
    painter.header(sheet, head, 1, texts.t("wb_rows"))
    formats = {name: _BUILT_IN[form] for name, form in made.fields.formats.items() if form}
    for number, name in enumerate(made.fields.shown, start=2):
        painter.header(sheet, head, number, name).value = coded(made.fields.caption(name))
    items = [made.fields.column(name) for name in made.rows]
    ratios = {ratio.name for ratio in made.fields.ratios}
    for row, line in enumerate(lines, start=head + 1):
        _label(sheet, painter, row, line, items, texts)
        for number, (name, value) in enumerate(zip(made.fields.shown, line.numbers, strict=True), start=2):
            cell = painter.put(sheet, row, number, "–" if missing(value) and name in ratios else value)
            cell.number_format = formats[name]
            if line.depth in (0, GRAND) and len(items) > 1:
                cell.font = Font(name=FONT, bold=True, color=argb(painter.theme.ink))
    columns = len(made.fields.shown) + 1
    sheet.freeze_panes = f"B{head + 1}"
    widths(sheet, [24, *(width_for(made.fields.caption(name), _SUM) for name in made.fields.shown)])
    last = head + len(lines)
    finish(sheet, last, columns, head)
    return f"A{head}:{get_column_letter(columns)}{last}"


def _label(
    sheet: Worksheet, painter: Painter, row: int, line: Line, items: Sequence[Column], texts: Texts
) -> None:
    if line.depth == GRAND:
        painter.put(sheet, row, 1, texts.t("wb_grand_total"))
        return
    column = items[line.depth]
    cell = painter.put(sheet, row, 1, column.items[line.item], "date" if column.is_date else "text")
    cell.alignment = Alignment(horizontal="left", indent=line.depth)


def address(column: int, row: int) -> str:
    """Return the name of a cell."""
    return f"{get_column_letter(column)}{row}"


def listing(sheet: Worksheet, painter: Painter, shown: Listing, texts: Texts) -> None:
    """Write a frame as it is; long texts take several lines."""
    painter.title(sheet, shown.title, shown.note)
    lines = [1] * len(shown.frame)
    for number, column in enumerate(shown.columns, start=1):
        text, left = column.kind == "text", column.kind in ("text", "date")
        painter.header(sheet, HEAD, number, column.header, left=left)
        values = shown.frame[column.name].tolist()
        longest = max([len(str(value)) for value in values if text], default=0)
        width = min(max(width_for(column.header), longest + 3.0), _WIDEST)
        sheet.column_dimensions[get_column_letter(number)].width = width
        sample = None
        for at, value in enumerate(values):
            cell = painter.put(sheet, HEAD + 1 + at, number, value, column.kind, 2000, sample)
            if sample is None:
                side = "left" if left else "right"
                cell.alignment = Alignment(side, "top", wrap_text=text, indent=indent(side, number))
                sample = cell
            if text:
                lines[at] = max(lines[at], math.ceil(len(str(value)) * 1.1 / width))
        if column.heat and values:
            letter = get_column_letter(number)
            painter.heat(sheet, f"{letter}{HEAD + 1}:{letter}{HEAD + len(values)}")
    for at, count in enumerate(lines):
        if count > 1:
            sheet.row_dimensions[HEAD + 1 + at].height = LINE * count
    if shown.frame.empty:
        painter.put(sheet, HEAD + 1, 1, texts.t("wb_empty"))
    else:
        sheet.auto_filter.ref = f"A{HEAD}:{address(len(shown.columns), HEAD + len(shown.frame))}"
    sheet.freeze_panes = f"A{HEAD + 1}"
    finish(sheet, HEAD + max(len(shown.frame), 1), len(shown.columns), HEAD)
