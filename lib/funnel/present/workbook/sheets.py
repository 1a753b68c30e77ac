"""The sheets of the flat data and of the pivots before their first refresh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from funnel.present.parts.gate_words import SIGN
from funnel.present.parts.texts import Texts
from funnel.present.workbook.bulk import Lines, Styles, field_cells, rows
from funnel.present.workbook.cells import (
    FORMATS,
    Painter,
    argb,
    coded,
    finish,
    indent,
    missing,
    width_of,
    widths,
)
from funnel.present.workbook.contents import Contents
from funnel.present.workbook.field import COUNT, Column, Fields
from funnel.present.workbook.fields import AGE, WEEK
from funnel.present.workbook.pivot import GRAND, Line, Pivot

HEAD = 4
"""The row of the column heads on the cohort sheet and the listings."""
TABLE = "FunnelData"
"""The name of the table that the flat data are, in every language."""
_ROOM = 150
"""Rows of a pivot that are coloured, so that unfolded ones are too."""
_MORE = 3
"""Rows by which LibreOffice lays a pivot out longer."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a sheet as XML.

    Attributes:
        after: the row behind which they stand.
        ref: the range of all cells of the sheet.
        lines: the rows.
    """

    after: int
    ref: str
    lines: Lines


def address(column: int, row: int) -> str:
    """Return the name of a cell."""
    return f"{get_column_letter(column)}{row}"


def flat_data(sheet: Worksheet, painter: Painter, fields: Fields, contents: Contents) -> Rows:
    """Write the heads of the flat data, a table of Excel; return its rows.

    A head shows the mark of gaps by its format, so that the field keeps its name in everybody's formulas;
    what the mark means stands beside the table. Of the sheet its heads alone are printed.
    """
    styles = []
    for number, column in enumerate(fields.columns, start=1):
        left = bool(column.items) and not column.is_number
        head = painter.header(sheet, 1, number, column.name, left=left)
        if column.key in contents.marked:
            head.number_format = f'@" {SIGN}"'
        sample = painter.put(sheet, 2, number, None)
        sample.number_format = _format(column)
        if left:
            sample.alignment = Alignment(horizontal="left", indent=indent("left", number))
        quoted = painter.put(sheet, 3, number, None, like=sample)
        quoted.quotePrefix = True
        styles.append(Styles(sample.style_id, quoted.style_id))
    ref = f"A1:{address(len(fields.columns), fields.rows + 1)}"
    table = Table(
        displayName=TABLE, name=TABLE, ref=ref, tableStyleInfo=TableStyleInfo(name="TableStyleLight1")
    )
    table._initialise_columns()  # type: ignore[attr-defined]
    for cells, column in zip(table.tableColumns, fields.columns, strict=True):
        cells.name = coded(column.name)
    sheet.add_table(table)
    sheet.freeze_panes = "A2"
    widths(sheet, [max(12.0, min(len(column.name) + 3.0, 24.0)) for column in fields.columns])
    finish(sheet, 1, len(fields.columns), 1)
    if contents.marked:
        painter.put(sheet, 1, len(fields.columns) + 2, contents.gaps_of_pivots, limit=2000)
    cells = [
        (get_column_letter(number), field_cells(column, style))
        for number, (column, style) in enumerate(zip(fields.columns, styles, strict=True), start=1)
    ]
    return Rows(1, ref, rows(cells, 2))


def _format(column: Column) -> str:
    if column.is_date:
        return FORMATS["date"]
    if column.items:
        return "General"
    return COUNT if column.whole else "#,##0.00"


def pivot(
    sheet: Worksheet, painter: Painter, made: Pivot, lines: Sequence[Line], texts: Texts, young_weeks: int
) -> str:
    """Write a pivot as it looks before its first refresh; return its range."""
    fields, side = made.fields, len(made.rows)
    for at, page in enumerate(made.pages):
        painter.put(sheet, made.top + at, 1, page.name)
        items = fields.column(page.name).items
        painter.put(sheet, made.top + at, 2, texts.t("wb_all") if page.item is None else items[page.item])
    for number, name in enumerate(made.rows, start=1):
        painter.header(sheet, made.head, number, name, left=True).value = coded(name)
    for number, name in enumerate(fields.shown, start=side + 1):
        painter.header(sheet, made.head, number, name).value = coded(fields.caption(name))
    for row, line in enumerate(lines, start=made.head + 1):
        _line(sheet, painter, made, row, line, texts)
    last = made.head + len(lines)
    _colours(sheet, painter, made, young_weeks)
    sheet.freeze_panes = address(side + 1, made.head + 1)
    labels = [30.0, *([14.0] * (side - 1))]
    numbers = zip(fields.shown, zip(*(line.numbers for line in lines), strict=True), strict=True)
    sizes = [width_of(fields.caption(name), fields.formats[name], column) for name, column in numbers]
    widths(sheet, [*labels, *([max(sizes)] * len(sizes))])
    finish(sheet, last + _MORE, side + len(fields.shown), made.head, whole=True)
    return f"A{made.head}:{address(side + len(fields.shown), last)}"


def _line(sheet: Worksheet, painter: Painter, made: Pivot, row: int, line: Line, texts: Texts) -> None:
    side = len(made.rows)
    if line.depth == GRAND:
        painter.put(sheet, row, 1, texts.t("wb_grand_total"))
    else:
        column = made.fields.column(made.rows[line.depth])
        item = column.items[line.item]
        cell = painter.put(sheet, row, line.depth + 1, item, "date" if column.is_date else "text")
        cell.alignment = Alignment(horizontal="left")
    formats = made.fields.formats
    for number, (name, value) in enumerate(zip(made.fields.shown, line.numbers, strict=True), start=side + 1):
        ratio = made.fields.ratio(name)
        cell = painter.put(sheet, row, number, "–" if missing(value) and ratio else value)
        cell.number_format = formats[name]
        cell.alignment = Alignment(horizontal="right")
    if line.depth in (0, GRAND) and side > 1:
        for number in range(1, side + len(made.fields.shown) + 1):
            sheet.cell(row, number).font = painter.font(bold=True)


def _colours(sheet: Worksheet, painter: Painter, made: Pivot, young_weeks: int) -> None:
    """Shade the conversions; grey the rows of unripe cohorts, where a row is a cohort."""
    side, first, last = len(made.rows), made.head + 1, made.head + _ROOM
    end = get_column_letter(side + len(made.fields.shown))
    if made.fields.column(made.rows[-1]).key == WEEK:
        (age,) = made.fields.named(AGE)
        where = get_column_letter(side + 1 + made.fields.shown.index(age))
        formula = f"AND(ISNUMBER(${get_column_letter(side)}{first}),${where}{first}<{young_weeks})"
        font = Font(italic=True, color=argb(painter.theme.muted))
        rule = FormulaRule(formula=[formula], font=font)  # type: ignore[no-untyped-call]
        sheet.conditional_formatting.add(f"A{first}:{end}{last}", rule)
    for number, name in enumerate(made.fields.shown, start=side + 1):
        ratio = made.fields.ratio(name)
        if ratio and ratio.format == "0.00%":
            letter = get_column_letter(number)
            painter.heat(sheet, f"{letter}{first}:{letter}{last}")
