"""The cohort table as a sheet, with live formulas and a heat map, from the columns of `funnel.columns`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from openpyxl.formatting.rule import CellIsRule, Rule
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from funnel.analysis.cohorts.periods import last_week
from funnel.columns import COHORTS, LEADS, Column, Unit, written_out
from funnel.dates import WEEK
from funnel.present.cohorts.tables import of_periods
from funnel.present.parts.columned import title
from funnel.present.parts.final import TAIL, Expected
from funnel.present.parts.texts import Texts
from funnel.present.workbook import chart
from funnel.present.workbook.cells import Painter, argb, finish, missing, width_for, widths
from funnel.present.workbook.contents import Contents, Kind
from funnel.present.workbook.package import Cached
from funnel.present.workbook.sheets import HEAD, address
from funnel.settings import Settings

_KINDS: Mapping[Unit, Kind] = {"weeks": "count", "leads": "count", "share": "share", "change": "change"}
_CHANGE = ("overall_change", "overall_rate")
"""The column whose formula looks at the row before, and what it compares."""


def cohorts(
    sheet: Worksheet, painter: Painter, contents: Contents, settings: Settings, texts: Texts
) -> Cached:
    """Write the cohort table, beside it what is expected of each cohort; return the formulas' values."""
    table, gaps = contents.cohorts, contents.gaps_of_cohorts
    note = texts.t("note_cohorts", last=texts.stage(settings.stage_keys[-1], settings))
    note = " ".join([*of_periods(table, settings, texts), note])
    columns = written_out(COHORTS, settings.stage_keys, "sheet")
    named = [_head(column, settings, texts) for column in columns[1:]]
    told = any(contents.expected)
    ahead = [texts.t("wb_expected_rate"), texts.t("wb_trust")] if told else []
    heads = [texts.t("wb_from"), texts.t("wb_to"), *named, *ahead]
    for number, name in enumerate(heads, start=1):
        painter.header(sheet, HEAD, number, name)
    work = _Sheet(sheet, painter, columns, HEAD + 1, HEAD + len(table))
    for row, record in enumerate(table.to_dict("records"), start=work.first):
        unripe = record["age_weeks"] < settings.young_weeks
        work.cohort(row, record, unripe=unripe)
        if told:
            _ahead(sheet, painter, row, len(columns) + 2, contents.expected[row - work.first], texts)
        if unripe:
            _font(sheet, row, len(heads), painter.font(painter.theme.muted, italic=True))
    total = work.last + 1
    work.total(total, table, texts.t("total"))
    _font(sheet, total, len(heads), painter.font(bold=True))
    sizes = [12.0, 12.0, *(width_for(name, 9.0) for name in named), *([14.0, 26.0] if told else [])]
    if len(table):
        work.colour()
    longer = "period" in table
    below = texts.t("note_unripe_period" if longer else "note_unripe", n=settings.young_weeks).lstrip("* ")
    below = f"{below} {texts.t('note_unripe_change')}"
    painter.put(sheet, total + 2, 1, below, limit=1000).font = painter.font(painter.theme.muted, italic=True)
    sheet.freeze_panes = f"D{work.first}"
    name = f"cap_cohorts_{table['period'].iloc[0]}" if longer else "cap_cohorts"
    painter.title(sheet, f"{texts.t(name)}: {texts.date(contents.report_date)}")
    painter.paragraph(sheet, 2, f"{gaps} {note}".strip(), sum(sizes), len(heads))
    widths(sheet, sizes)
    last = total + 2
    if len(table) > 1:
        number = work.number(_CHANGE[1])
        ahead_of_some = any(one and one.reliable for one in contents.expected)
        lines = {number: painter.theme.ink}
        lines |= {len(heads) - 1: painter.theme.stages[0]} if ahead_of_some else {}
        last = chart.conversions(sheet, (work.first, work.last), lines, total + 4, texts)
    finish(sheet, last, len(heads), HEAD, whole=True)
    return work.cached


@dataclass(slots=True)
class _Sheet:
    """The table's cells, and the values of the formulas among them.

    Attributes:
        columns: those shown, the week first, which takes two columns.
        first, last: rows of the first and the last cohort.
    """

    sheet: Worksheet
    painter: Painter
    columns: tuple[Column, ...]
    first: int
    last: int
    cached: dict[str, float | str] = field(default_factory=dict)

    def at(self, key: str, row: int) -> str:
        """Return the address of a column's cell in a row."""
        return address(self.number(key), row)

    def number(self, key: str) -> int:
        """Return the number of a column."""
        return next(number for number, column in enumerate(self.columns, start=2) if column.key == key)

    def cohort(self, row: int, record: Mapping[Any, Any], *, unripe: bool) -> None:
        """Write a cohort; an unripe one is not to be compared with an older one, so it has no change."""
        week = pd.Timestamp(record["cohort_week"]).date()
        self.painter.put(self.sheet, row, 1, week, "date").alignment = Alignment(horizontal="left")
        last = last_week(week, int(record.get("weeks", 1))) + WEEK - dt.timedelta(days=1)
        self.painter.put(self.sheet, row, 2, last, "date")
        for column in self.columns[1:]:
            value = record[column.key]
            if column.formula:
                self._ratio(row, column, value)
            elif column.key == _CHANGE[0] and self._shows(_CHANGE[1]):
                own, before = (self.at(_CHANGE[1], line) for line in (row, row - 1))
                if row > self.first and not unripe:
                    self._formula(row, column, f'=IF(OR(N({before})=0,{own}=""),"",{own}/{before}-1)', value)
            else:
                self.painter.put(self.sheet, row, self.number(column.key), value, _kind(column))

    def total(self, row: int, table: pd.DataFrame, name: str) -> None:
        """Write the sums of the counts, and the shares of the sums."""
        self.painter.put(self.sheet, row, 1, name)
        sums = {column.key: int(table[column.key].sum()) for column in self.columns if column.unit == "leads"}
        for column in self.columns:
            if column.unit == "leads":
                text = f"=SUM({self._range(column)})" if len(table) else "=0"
                self._formula(row, column, text, sums[column.key])
            elif column.formula:
                above, below = (sums[key] for key in column.formula)
                self._ratio(row, column, above / below if below else float("nan"))

    def colour(self) -> None:
        """Shade the shares and colour the changes."""
        for column in self.columns:
            if column.unit == "share":
                self.painter.heat(self.sheet, self._range(column))
            elif column.unit == "change":
                theme = self.painter.theme
                for sign, colour in (("greaterThan", theme.up), ("lessThan", theme.down)):
                    rule = _sign_rule(sign, Font(color=argb(colour)))
                    self.sheet.conditional_formatting.add(self._range(column), rule)

    def _shows(self, key: str) -> bool:
        return any(column.key == key for column in self.columns)

    def _range(self, column: Column) -> str:
        return f"{self.at(column.key, self.first)}:{self.at(column.key, self.last)}"

    def _ratio(self, row: int, column: Column, value: float) -> None:
        above, below = (self.at(key, row) for key in column.formula or ())
        self._formula(row, column, f'=IF({below}=0,"",{above}/{below})', value)

    def _formula(self, row: int, column: Column, text: str, value: float) -> None:
        cell = self.painter.put(self.sheet, row, self.number(column.key), None, _kind(column))
        cell.value = text
        if column.unit == "share":
            cell.number_format = "0.00%"
        self.cached[cell.coordinate] = "" if missing(value) else value


def _ahead(
    sheet: Worksheet,
    painter: Painter,
    row: int,
    number: int,
    one: Expected | None,
    texts: Texts,
) -> None:
    """Write what is expected of a cohort at the end, and how far that can be trusted."""
    cell = painter.put(sheet, row, number, one.rate if one and one.reliable else None, "share")
    cell.number_format = "0.00%"
    if one is None:
        return
    doubt = one.doubt
    word = "wb_reliable" if not doubt else "wb_mostly_curve" if doubt == TAIL else "wb_not_reliable"
    side = Alignment(horizontal="left", indent=1)
    painter.put(sheet, row, number + 1, texts.t(word)).alignment = side
    sheet.cell(HEAD, number + 1).alignment = Alignment(
        wrap_text=True, horizontal="left", vertical="bottom", indent=1
    )


def _kind(column: Column) -> Kind:
    return _KINDS.get(column.unit, "number")


def _head(column: Column, settings: Settings, texts: Texts) -> str:
    """Return the head of a column that stands under no stage's name."""
    own = title(column, settings, texts)
    if column.key == LEADS.key:
        return LEADS.title[texts.language]
    if column.stage:
        name = texts.stage(column.stage, settings)
        return name if column.unit == "leads" else f"{name}, {own}"
    return texts.t("stage_overall") if column.key == _CHANGE[1] else own


def _font(sheet: Worksheet, row: int, count: int, font: Font) -> None:
    for number in range(1, count + 1):
        sheet.cell(row, number).font = font


def _sign_rule(sign: str, font: Font) -> Rule:
    return CellIsRule(operator=sign, formula=["0"], font=font)  # type: ignore[no-untyped-call,no-any-return]
