"""The whole workbook."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from funnel.present.parts import theme
from funnel.present.parts.escape import clean
from funnel.present.parts.texts import Texts
from funnel.present.workbook import cohort_sheet, formula_sheet, listing_sheet, pivots, sheets
from funnel.present.workbook.cells import Painter, sheet_name
from funnel.present.workbook.contents import Contents
from funnel.present.workbook.field import Fields
from funnel.present.workbook.fields import fields
from funnel.present.workbook.limits import fitting
from funnel.present.workbook.package import Cached, Package
from funnel.settings import Settings


def write_workbook(path: Path, contents: Contents, settings: Settings, texts: Texts) -> None:
    """Write the workbook; the same contents give the same bytes.

    Sheets: the cohort table, the pivot of cohorts, the pivot of managers (or of the first attribute), the
    same numbers as formulas, the listings, and last the flat data that all these are made from. Pivots are
    refreshed when opened. Without any flat data there are none, and no formulas.

    Args:
        path: the file; it is overwritten.
        contents: what it shows.
        settings: stages, names, company, the place of the palette.
        texts: the language.
    """
    painter, book = Painter(theme.load(settings)), Workbook()
    book.remove(book.worksheets[0])
    _properties(book, contents.report_date, settings, texts)
    found, contents = _fields(contents, settings, texts)
    data = sheet_name(texts.t("wb_sheet_data"), [])

    def new(title: str) -> Worksheet:
        sheet: Worksheet = book.create_sheet(sheet_name(title, [*book.sheetnames, data]))
        return sheet

    cached: dict[int, Cached] = {}
    rows: dict[int, sheets.Rows] = {}
    drawn: dict[int, pivots.Drawn] = {}
    sheet = new(texts.t("wb_sheet_cohorts"))
    cached[1] = cohort_sheet.cohorts(sheet, painter, contents, settings, texts)
    if found:
        drawn = dict(enumerate(pivots.draw(new, painter, found, contents, settings, texts), start=2))
        sheet, number = new(texts.t("wb_sheet_formulas")), len(book.worksheets)
        cached[number] = formula_sheet.formulas(sheet, painter, found, contents, texts, data)
    for shown in contents.listings:
        written = listing_sheet.listing(new(shown.title), painter, shown, texts)
        if written:
            rows[len(book.worksheets)] = written
    if found:
        sheet = book.create_sheet(data)
        rows[len(book.worksheets)] = sheets.flat_data(sheet, painter, found, contents)
    book.worksheets[0].sheet_view.tabSelected = True
    package = Package(book)
    for number, written in rows.items():
        package.put_rows(number, written.after, written.ref, written.lines)
    for number, values in cached.items():
        package.put_values(number, values)
    if found:
        pivots.put(package, found, drawn, book, contents.report_date, texts)
    package.save(path, contents.report_date)


def _fields(contents: Contents, settings: Settings, texts: Texts) -> tuple[Fields | None, Contents]:
    """Return the fields, and the contents with as many cohorts as a sheet has room for; None without any."""
    if not len(contents.flat):
        return None, contents
    most, said = settings.workbook.rows, []
    cut = replace(contents, flat=fitting(contents.flat, most))
    found = fields(cut, settings, texts)
    if len(cut.flat) < len(contents.flat):
        first = texts.date(cut.flat["cohort_week"].min().date())
        said.append(texts.t("wb_pivot_cut", first=first, n=texts.number(most)))
    if contents.left_out:
        names = ", ".join(clean(texts.attribute(name, settings), 60) for name in contents.left_out)
        said.append(texts.t("wb_pivot_left_out", names=names, n=texts.number(most)))
    return replace(found, note=" ".join([*said, found.note]).strip()), cut


def _properties(book: Workbook, day: dt.date, settings: Settings, texts: Texts) -> None:
    company = clean(settings.company)
    book.properties.creator = company or texts.t("title")
    book.properties.title = texts.t("title_company", company=company) if company else texts.t("title")
    book.properties.subject = texts.t("subtitle", date=texts.date(day))
    book.properties.language = texts.language
    book.properties.created = dt.datetime.combine(day, dt.time())
