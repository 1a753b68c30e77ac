"""The whole workbook."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from funnel.present.parts import theme
from funnel.present.parts.escape import clean
from funnel.present.parts.texts import Texts
from funnel.present.workbook import cohort_sheet, parts, sheets
from funnel.present.workbook.cells import Painter, sheet_name
from funnel.present.workbook.contents import Contents
from funnel.present.workbook.fields import Fields, fields
from funnel.present.workbook.package import CACHE_ID, RECORDS_ID, Additions, Cached, save
from funnel.present.workbook.pivot import Pivot
from funnel.settings import Settings

_TOP = 4
"""The row of a pivot's first filter, below title and note."""
_PREFERRED = "manager"


def write_workbook(path: Path, contents: Contents, settings: Settings, texts: Texts) -> None:
    """Write the workbook; the same contents give the same bytes.

    Sheets: the cohort table, the pivot of cohort weeks by stages, the pivot of managers (or of the first
    attribute) by stages, the listings, and last the flat data that the pivots are made from. Pivots are
    refreshed when opened. Without any flat data there are no pivots.

    Args:
        path: the file; it is overwritten.
        contents: what it shows.
        settings: stages, names, company, the place of the palette.
        texts: the language.
    """
    painter = Painter(theme.load(settings))
    book = Workbook()
    book.remove(book.worksheets[0])
    _properties(book, contents.report_date, settings, texts)
    sheet = _new(book, texts.t("wb_sheet_cohorts"))
    title = f"{texts.t('cap_cohorts')}: {texts.date(contents.report_date)}"
    table, gaps = contents.cohorts, contents.gaps_of_cohorts
    cached: dict[int, Cached] = {1: cohort_sheet.cohorts(sheet, painter, table, settings, texts, title, gaps)}
    tables: dict[int, str] = {}
    made = fields(contents.flat, contents.attributes, settings, texts) if len(contents.flat) else None
    data = sheet_name(texts.t("wb_sheet_data"), [])
    if made:
        tables = _pivots(book, painter, made, contents, texts)
    for shown in contents.listings:
        sheets.listing(_new(book, shown.title, data), painter, shown, texts)
    rows: dict[int, tuple[str, str]] = {}
    cache = ("", "")
    if made:
        sheet = book.create_sheet(data)
        ref, written = sheets.flat_data(sheet, painter, made, contents)
        rows[len(book.worksheets)] = (ref, written)
        definition = parts.cache_definition(made, sheet.title, ref, contents.report_date, RECORDS_ID)
        cache = (definition, parts.cache_records(made))
    book.worksheets[0].sheet_view.tabSelected = True
    save(book, path, Additions(rows, tables, cache, cached), contents.report_date)


def _pivots(
    book: Workbook, painter: Painter, made: Fields, contents: Contents, texts: Texts
) -> dict[int, str]:
    """Write both pivots; return their definitions by number of the sheet."""
    wanted = [("wb_pivot_weeks", made.time, made.attributes, texts.t("wb_sheet_pivot"))]
    if made.attributes:
        names = list(contents.attributes)
        of = made.attributes[names.index(_PREFERRED) if _PREFERRED in names else 0]
        others = tuple(name for name in made.attributes if name != of)
        wanted.append(
            ("wb_pivot_values", (of,), (*made.time, *others), texts.t("wb_sheet_values", attribute=of))
        )
    tables = {}
    for number, (key, rows, pages, title) in enumerate(wanted, start=1):
        pivot = Pivot(f"Pivot{number}", made, tuple(rows), tuple(pages), _TOP)
        lines = pivot.lines()
        sheet = _new(book, title)
        title = texts.t(key, attribute=rows[0])
        ref = sheets.pivot(sheet, painter, pivot, lines, texts, title, contents.gaps_of_pivots)
        labels = (texts.t("wb_rows"), texts.t("wb_values"))
        tables[len(book.worksheets)] = parts.table_definition(pivot, lines, ref, CACHE_ID, labels)
    return tables


def _new(book: Workbook, title: str, *taken: str) -> Worksheet:
    sheet: Worksheet = book.create_sheet(sheet_name(title, [*book.sheetnames, *taken]))
    return sheet


def _properties(book: Workbook, day: dt.date, settings: Settings, texts: Texts) -> None:
    company = clean(settings.company)
    book.properties.creator = company or texts.t("title")
    book.properties.title = texts.t("title_company", company=company) if company else texts.t("title")
    book.properties.subject = texts.t("subtitle", date=texts.date(day))
    book.properties.language = texts.language
    book.properties.created = dt.datetime.combine(day, dt.time())
