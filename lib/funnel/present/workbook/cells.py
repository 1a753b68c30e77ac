"""Cells: text made harmless, formats, and the look of the report."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from textwrap import wrap

import pandas as pd
from openpyxl.cell import Cell
from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from funnel.present.parts.escape import clean
from funnel.present.parts.theme import FONT, Theme
from funnel.present.workbook.contents import Kind

FORMATS: dict[Kind, str] = {
    "text": "General",
    "date": "yyyy\\-mm\\-dd",
    "count": "#,##0",
    "number": "#,##0.0",
    "share": "0.0%",
    "change": "[>=0.005]+0%;[<=-0.005]\\-0%;0%",
    "money": "#,##0",
}
LINE = 15.0
"""Height of a line in points."""
SIZE = 11.0
"""Size of letters in points; a font without one is a corrupt size to some programs."""
_BOLD = 1.2
"""Width of a bold letter, in characters."""
_ONE_PAGE = 70
"""Rows that can be read on one page."""
LIMIT = 200
"""Longest text of a value; a pivot item takes 255."""
_CODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ACTIVE = ("=", "+", "-", "@")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def safe(text: str, limit: int = LIMIT) -> str:
    r"""Return a value on one line, as Excel stores it: what looks like a coded character is coded itself.

    >>> safe("a\nb _x0041_")
    'a b _x005F_x0041_'
    """
    return coded(clean(text, limit))


def coded(text: str) -> str:
    """Return a clean text with what Excel would decode coded itself."""
    return _CODED.sub("_x005F_", text)


def is_active(text: str) -> bool:
    """Tell whether a program could take a text for a formula.

    >>> is_active("=1+1"), is_active("Anna")
    (True, False)
    """
    return text.startswith(_ACTIVE)


def sheet_name(title: str, taken: Sequence[str]) -> str:
    """Return a title as the name of a sheet: at most 31 characters, none forbidden, not there yet.

    Excel keeps `History` for itself.

    >>> sheet_name("Cost: sale/lead", ["Cost  sale lead"])
    'Cost  sale lead 2'
    """
    plain = _FORBIDDEN.sub(" ", clean(title, 31)).strip(" '") or "Sheet"
    names, used, number = plain, {"history", *(name.casefold() for name in taken)}, 1
    while names.casefold() in used:
        number += 1
        names = f"{plain[: 30 - len(str(number))]} {number}"
    return names


@dataclass(frozen=True, slots=True)
class Painter:
    """Writes formatted cells in the colours of a theme."""

    theme: Theme

    def title(self, sheet: Worksheet, text: str, note: str = "") -> None:
        """Write the title into A1 and a note below it."""
        self.put(sheet, 1, 1, text).font = self.font(size=14, bold=True)
        if note:
            self.put(sheet, 2, 1, note, limit=2000).font = self.font(self.theme.muted)

    def font(self, colour: str = "", *, bold: bool = False, italic: bool = False, size: float = SIZE) -> Font:
        """Return a font of the report's family, in the colour of text if none is given."""
        return Font(name=FONT, size=size, bold=bold, italic=italic, color=argb(colour or self.theme.ink))

    def paragraph(self, sheet: Worksheet, row: int, text: str, width: float, columns: int) -> None:
        """Write a text over the first columns, in as many lines as it takes in their width, in characters."""
        cell = self.put(sheet, row, 1, text, limit=2000)
        cell.font = self.font(self.theme.muted)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=columns)
        sheet.row_dimensions[row].height = LINE * max(len(wrap(text, max(int(width), 20))), 1)

    def header(self, sheet: Worksheet, row: int, column: int, text: str, left: bool | None = None) -> Cell:
        """Write a column head, that of the first column on the left if nothing else is said."""
        cell = self.put(sheet, row, column, text)
        cell.font = self.font(bold=True)
        cell.fill = PatternFill("solid", fgColor=argb(self.theme.wash))
        side = "left" if (column == 1 if left is None else left) else "right"
        cell.alignment = Alignment(
            wrap_text=True, vertical="bottom", horizontal=side, indent=indent(side, column)
        )
        cell.border = Border(bottom=Side("thin", color=argb(self.theme.line)))
        return cell

    def put(
        self,
        sheet: Worksheet,
        row: int,
        column: int,
        value: object,
        kind: Kind = "text",
        limit: int = LIMIT,
        like: Cell | None = None,
    ) -> Cell:
        """Write a value; what is missing (None, NaN, NaT) stays an empty cell.

        A cell `like` another one of its sheet takes that one's style, which is ten times as fast.
        """
        cell = sheet.cell(row, column)
        assert isinstance(cell, Cell)
        if like:
            cell._style = copy(like._style)  # type: ignore[attr-defined]
        else:
            cell.font = self.font()
            cell.number_format = FORMATS[kind]
        if isinstance(value, str):
            self.text(cell, value, limit)
        elif not missing(value):
            cell.value = plain(value)
        return cell

    def text(self, cell: Cell, text: str, limit: int = LIMIT) -> None:
        """Write a text as a text, whatever it looks like."""
        cell.value = safe(text, limit)
        cell.data_type = "s"
        cell.quotePrefix = is_active(text)

    def heat(self, sheet: Worksheet, where: str) -> None:
        """Shade a range from its lowest to its highest value."""
        rule = ColorScaleRule(  # type: ignore[no-untyped-call]
            start_type="min",
            start_color=argb(self.theme.low),
            end_type="max",
            end_color=argb(self.theme.high),
        )
        sheet.conditional_formatting.add(where, rule)


def argb(colour: str) -> str:
    """Return ``#rrggbb`` as Excel writes it, opaque.

    >>> argb("#1f2937")
    'FF1F2937'
    """
    return "FF" + colour.lstrip("#").upper()


def missing(value: object) -> bool:
    """Tell whether there is nothing to show: None, NaN, NaT, infinite."""
    if value is None or value is pd.NaT:
        return True
    return isinstance(value, float) and not math.isfinite(value)


def plain(value: object) -> dt.datetime | dt.date | float | int | Decimal | str:
    """Return a value as openpyxl takes it."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, dt.date | float | int | Decimal):
        return value
    item = getattr(value, "item", None)
    return item() if callable(item) else str(value)


def width_for(head: str, least: float = 11.0) -> float:
    """Return a width in which a column head takes few lines and no word of it is broken.

    >>> width_for("Обычный, доля"), width_for("Квалифицированные")
    (11.6, 22.4)
    """
    longest = max([len(head) / 3, *(len(word) for word in head.split(" "))])
    return max(least, longest * _BOLD + 2.0)


def width_of(head: str, form: str, values: Sequence[float]) -> float:
    """Return a width in which a column of numbers shows its head and each of its numbers.

    >>> width_of("Revenue", "#,##0", [398395550.0, float("nan")])
    15.2
    """
    known = [abs(value) for value in values if math.isfinite(value)]
    digits = 0 if "%" in form else len(f"{max(known, default=0.0):,.0f}") + (2 if ".0" in form else 0)
    return max(width_for(head), digits * _BOLD + 2.0)


def widths(sheet: Worksheet, sizes: Sequence[float]) -> None:
    """Set the widths of the first columns, in characters."""
    for number, size in enumerate(sizes, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = size


def indent(side: str, column: int) -> int:
    """Return the indent that keeps what stands on the left apart from a number in the column before."""
    return 1 if side == "left" and column > 1 else 0


def heighten(sheet: Worksheet, head: int, columns: int) -> None:
    """Make column heads as high as their words need."""
    needed = []
    for column in range(1, columns + 1):
        cell, width = sheet.cell(head, column), sheet.column_dimensions[get_column_letter(column)].width
        letters = int((width - 2 * cell.alignment.indent) / _BOLD)
        needed.append(len(wrap(str(cell.value), letters, break_on_hyphens=False)))
    sheet.row_dimensions[head].height = LINE * max(needed, default=1)


def finish(sheet: Worksheet, rows: int, columns: int, head: int, *, whole: bool = False) -> None:
    """Make the column heads (row `head`) high enough; print landscape, as wide as a page, heads on each.

    What is to be seen `whole` goes on one page unless it is too long to be read there.
    """
    heighten(sheet, head, columns)
    sheet.print_area = f"A1:{get_column_letter(columns)}{max(rows, head)}"
    sheet.print_title_rows = f"{head}:{head}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 1 if whole and rows <= _ONE_PAGE else 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if sheet.oddFooter is not None and sheet.oddFooter.center is not None:
        sheet.oddFooter.center.text = "&A  &P / &N"
