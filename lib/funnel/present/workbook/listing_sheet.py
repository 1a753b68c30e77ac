"""A listing as a sheet: a frame as it is, long texts in several lines."""

from __future__ import annotations

import math

from openpyxl.cell import Cell
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from funnel.present.parts.texts import Texts
from funnel.present.workbook.bulk import Styles, rows, value_cells
from funnel.present.workbook.cells import LINE, Painter, finish, indent, width_for
from funnel.present.workbook.contents import Listing, Shown
from funnel.present.workbook.limits import PRINTED, ROWS
from funnel.present.workbook.sheets import HEAD, Rows, address

_WIDEST = 70.0
"""Widest column of a listing in characters."""


def listing(sheet: Worksheet, painter: Painter, shown: Listing, texts: Texts) -> Rows | None:
    """Write heads and formats of a listing; return its rows, None if it has none."""
    frame = shown.frame.head(ROWS - HEAD)
    count, notes = len(frame), [shown.note]
    if count > PRINTED:
        notes.append(texts.t("wb_printed", n=PRINTED))
    lines, cells = [1] * count, []
    for at, column in enumerate(shown.columns, start=1):
        text, left = column.kind == "text", column.kind in ("text", "date")
        painter.header(sheet, HEAD, at, column.header, left=left)
        values = frame[column.name].tolist()
        lengths = [len(str(value)) if text else 0 for value in values]
        width = min(max(width_for(column.header), max(lengths, default=0) + 3.0), _WIDEST)
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].width = width
        if not count:
            continue
        styles = _styles(sheet, painter, at, column, left=left)
        links = frame[column.link].tolist() if column.link else ()
        cells.append((letter, value_cells(values, styles, 2000, links)))
        if text:
            lines = [
                max(line, math.ceil(size * 1.1 / width)) for line, size in zip(lines, lengths, strict=True)
            ]
        if column.heat:
            painter.heat(sheet, f"{letter}{HEAD + 1}:{letter}{HEAD + count}")
    columns = len(shown.columns)
    widths = [sheet.column_dimensions[get_column_letter(at)].width for at in range(1, columns + 1)]
    painter.title(sheet, shown.title)
    painter.paragraph(sheet, 2, " ".join(filter(None, notes)), sum(widths), columns)
    sheet.freeze_panes = f"A{HEAD + 1}"
    finish(sheet, HEAD + max(min(count, PRINTED), 1), columns, HEAD)
    if not count:
        painter.put(sheet, HEAD + 1, 1, texts.t("wb_empty"))
        return None
    ref = f"A{HEAD}:{address(columns, HEAD + count)}"
    sheet.auto_filter.ref = ref
    heights = [LINE * line if line > 1 else 0.0 for line in lines]
    return Rows(HEAD, f"A1:{address(columns, HEAD + count)}", rows(cells, HEAD + 1, heights))


def _styles(sheet: Worksheet, painter: Painter, number: int, column: Shown, *, left: bool) -> Styles:
    """Return the styles of a column's cells, from two cells that make way for the rows."""
    side = "left" if left else "right"
    found: list[Cell] = []
    for row in (HEAD + 1, HEAD + 2):
        cell = painter.put(sheet, row, number, None, column.kind)
        if column.link:
            cell.font = painter.font(painter.theme.stages[0])
        cell.alignment = Alignment(side, "top", wrap_text=column.kind == "text", indent=indent(side, number))
        found.append(cell)
    found[1].quotePrefix = True
    return Styles(found[0].style_id, found[1].style_id)
