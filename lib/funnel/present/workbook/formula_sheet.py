"""The pivots' numbers once more as formulas, for programs that know no calculated fields.

Each number is a sum over the flat data under the filters on top of the sheet, each conversion a quotient of
two such cells. A filter's choice becomes a criterion in a hidden column, in which signs that SUMIFS would
take for a pattern are escaped. Where nothing is known a cell is empty or a dash, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from funnel.present.parts.texts import Texts
from funnel.present.workbook.cells import Painter, argb, finish, heighten, missing, width_of, widths
from funnel.present.workbook.contents import Contents
from funnel.present.workbook.field import Column, Fields, Ratio
from funnel.present.workbook.fields import COHORTS, RIPE, attribute_key
from funnel.present.workbook.formula_rows import FormulaRow, cohort_rows, criterion, value_rows
from funnel.present.workbook.limits import CHOICES
from funnel.present.workbook.package import Cached
from funnel.present.workbook.pivot import Flags, divided
from funnel.present.workbook.pivots import chosen
from funnel.present.workbook.sheets import address

_TOP = 4
"""The row of the first filter."""
_NONE = "–"


def formulas(
    sheet: Worksheet, painter: Painter, fields: Fields, contents: Contents, texts: Texts, data: str
) -> Cached:
    """Write the sheet; return the values of its formulas.

    Args:
        sheet: an empty one.
        painter: the look.
        fields: of the flat data.
        contents: what the workbook shows.
        texts: the language.
        data: name of the sheet with the flat data.
    """
    work = _Sheet(sheet, painter, fields, quote_sheetname(data))
    keys = [*(attribute_key(name) for name in contents.attributes), RIPE]
    for name in fields.named(*keys):
        work.filter(fields.column(name), texts.t("wb_all"))
    first = work.row + 1
    work.block(first, texts.t("wb_pivot_weeks"), cohort_rows(fields, texts))
    if contents.attributes:
        (name,) = fields.named(attribute_key(chosen(contents)))
        last = "".join(f": {fields.column(group).items[0]}" for group in fields.named(COHORTS))
        rows = value_rows(fields, chosen(contents), texts)
        work.block(work.row + 2, texts.t("wb_values_of", attribute=name) + last, rows)
    said = " ".join(filter(None, [contents.gaps_of_pivots, texts.t("wb_formulas_note"), fields.note]))
    every = np.ones(fields.rows, dtype=np.bool_)
    sums = {column.name: _added(column, every) for column in fields.columns if len(column.values)}
    sizes = [30.0, *(width_of(name, fields.formats[name], [sums.get(name, 0.0)]) for name in fields.shown)]
    painter.title(sheet, texts.t("wb_sheet_formulas"))
    painter.paragraph(sheet, 2, said, sum(sizes[:9]), min(9, len(sizes)))
    widths(sheet, sizes)
    for at in range(work.hidden, work.hidden + 2 + len(work.criteria)):
        sheet.column_dimensions[get_column_letter(at)].hidden = True
    finish(sheet, work.row - 1, len(sizes), first + 1, whole=True)
    for head in work.heads:
        heighten(sheet, head, len(sizes))
    sheet.freeze_panes = "B2"
    return work.cached


@dataclass(slots=True)
class _Sheet:
    """The cells, and the values of the formulas among them.

    Attributes:
        data: the sheet of the flat data, as a formula names it.
        row: the next one to write.
        criteria: of the filters: the column of the flat data, and the address of what it must meet.
        cached: the values of the formulas.
        heads: rows of column heads.
    """

    sheet: Worksheet
    painter: Painter
    fields: Fields
    data: str
    row: int = _TOP
    criteria: list[tuple[str, str]] = field(default_factory=list)
    cached: dict[str, float | str] = field(default_factory=dict)
    heads: list[int] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        """The first of the hidden columns: two of criteria, then the values to choose from by filter."""
        return len(self.fields.shown) + 3

    def filter(self, column: Column, every: str) -> None:
        """Write a filter: its name, the choice, and what the choice asks of the flat data."""
        own, choices = self.hidden, self.hidden + 2 + len(self.criteria)
        self.painter.put(self.sheet, self.row, 1, column.name)
        chosen = self.painter.put(self.sheet, self.row, 2, every)
        chosen.fill = PatternFill("solid", fgColor=argb(self.painter.theme.wash))
        chosen.border = Border(bottom=Side("thin", color=argb(self.painter.theme.line)))
        offered = [every, *map(str, column.items[:CHOICES])]
        for at, value in enumerate(offered):
            self.painter.put(self.sheet, _TOP + at, choices, value)
        letter = get_column_letter(choices)
        listed = DataValidation(type="list", formula1=f"${letter}${_TOP}:${letter}${_TOP + len(offered) - 1}")
        listed.add(chosen)
        self.sheet.add_data_validation(listed)
        escaped = chosen.coordinate
        for sign in "~*?":
            escaped = f'SUBSTITUTE({escaped},"{sign}","~{sign}")'
        everything = every.replace('"', '""')
        formula = f'=IF({chosen.coordinate}="{everything}","*","="&{escaped})'
        self._formula(self.row, own, formula, "*")
        self.criteria.append((self._range(column.name), f"${get_column_letter(own)}${self.row}"))
        self.row += 1

    def block(self, row: int, title: str, rows: Sequence[FormulaRow]) -> None:
        """Write a table: a title, the heads, a row of formulas for each row."""
        self.painter.put(self.sheet, row, 1, title).font = self.painter.font(bold=True)
        self.painter.header(self.sheet, row + 1, 1, "")
        for number, name in enumerate(self.fields.shown, start=2):
            self.painter.header(self.sheet, row + 1, number, name)
        first = row + 2
        self.heads.append(row + 1)
        if all(one.age is None for one in rows):
            self.sheet.cell(row + 1, 2).value = None
        for at, one in enumerate(rows, start=first):
            self._line(at, one, first, first + len(rows) - 1)
        for number, name in enumerate(self.fields.shown, start=2):
            ratio = self.fields.ratio(name)
            if ratio and ratio.format == "0.00%":
                self.painter.heat(
                    self.sheet, f"{address(number, first)}:{address(number, first + len(rows) - 2)}"
                )
        self.row = first + len(rows)

    def _line(self, row: int, one: FormulaRow, first: int, last: int) -> None:
        is_date = one.age is not None
        label = self.painter.put(self.sheet, row, 1, one.label, "date" if is_date else "text")
        label.alignment = Alignment(horizontal="left")
        self.painter.put(self.sheet, row, 2, one.age)
        own = self._own(row, one)
        kept = one.kept(self.fields.rows)
        sums: dict[str, float] = {}
        for number, name in enumerate(self.fields.shown[1:], start=3):
            ratio = self.fields.ratio(name)
            if ratio:
                text, value = self._quotient(row, ratio), divided(sums, ratio)
            else:
                text, value = self._sum(name, own), _added(self.fields.column(name), kept)
                sums[name] = value
                if one.rest:
                    at = get_column_letter(number)
                    text = f'=IF({at}{last}="","",{at}{last}-SUM({at}{first}:{at}{row - 1}))'
            cell = self._formula(row, number, text, (_NONE if ratio else "") if missing(value) else value)
            cell.number_format = self.fields.formats[name]
            cell.alignment = Alignment(horizontal="right")
        if one.total:
            for number in range(1, len(self.fields.shown) + 2):
                self.sheet.cell(row, number).font = self.painter.font(bold=True)

    def _own(self, row: int, one: FormulaRow) -> list[tuple[str, str]]:
        """Return what the row itself asks of the flat data; texts are asked by hidden cells."""
        found = []
        for at, (column, item) in enumerate(one.of):
            if column.is_date:
                found.append((self._range(column.name), f"$A{row}"))
                continue
            cell = self.painter.put(
                self.sheet, row, self.hidden + at, criterion(str(column.items[item])), limit=255
            )
            found.append((self._range(column.name), f"${cell.coordinate}"))
        return found

    def _sum(self, name: str, own: Sequence[tuple[str, str]]) -> str:
        asked = "".join(f",{where},{what}" for where, what in [*self.criteria, *own])
        total, column = self._range(name), self.fields.column(name)
        if np.isfinite(column.values).all():
            return f"=SUMIFS({total}{asked})"
        return f'=IF(COUNTIFS({total},">-1E+300"{asked})=0,"",SUMIFS({total}{asked}))'

    def _quotient(self, row: int, ratio: Ratio) -> str:
        above, below = (
            address(self.fields.shown.index(name) + 2, row) for name in (ratio.above, ratio.below)
        )
        nothing = f"OR(N({above})=0,N({below})=0)" if ratio.costs else f"N({below})=0"
        return f'=IF({nothing},"{_NONE}",N({above})/{below})'

    def _range(self, name: str) -> str:
        letter = get_column_letter(self.fields.names.index(name) + 1)
        return f"{self.data}!${letter}$2:${letter}${self.fields.rows + 1}"

    def _formula(self, row: int, number: int, text: str, value: float | str) -> Cell:
        cell = self.painter.put(self.sheet, row, number, None)
        cell.value = text
        self.cached[cell.coordinate] = value
        return cell


def _added(column: Column, kept: Flags) -> float:
    """Add up what is known; NaN if nothing is."""
    known = column.values[kept & np.isfinite(column.values)]
    return float(known.sum()) if len(known) or np.isfinite(column.values).all() else float("nan")
