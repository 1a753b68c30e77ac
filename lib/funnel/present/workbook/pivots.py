"""The pivots of the workbook: which there are, their sheets, and their parts put into the file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.styles.numbers import builtin_format_id
from openpyxl.worksheet.worksheet import Worksheet

from funnel.dates import WEEK as DAYS
from funnel.present.parts.texts import Texts
from funnel.present.workbook import parts, sheets, slicers
from funnel.present.workbook.cells import Painter
from funnel.present.workbook.contents import Contents
from funnel.present.workbook.field import Fields
from funnel.present.workbook.fields import COHORTS, QUARTER, RIPE, TRUST, WEEK, attribute_key
from funnel.present.workbook.package import RELATIONS, SHEETS, Package, sheet_part
from funnel.present.workbook.pivot import Line, Page, Pivot
from funnel.settings import Settings

CACHE_ID = 1
_FIRST = 5
"""The row in which slicers begin, below title and notes."""
_HIGH = 9
"""How many rows a slicer is high."""
_ACROSS = 2
"""How many columns a slicer is wide."""
_PREFERRED = "manager"
_CACHE, _RECORDS = "xl/pivotCache/pivotCacheDefinition1.xml", "xl/pivotCache/pivotCacheRecords1.xml"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A pivot on its sheet: its rows, and the range they take."""

    pivot: Pivot
    lines: list[Line]
    ref: str


def chosen(contents: Contents) -> str:
    """Return the attribute whose values have a pivot and formulas of their own; '' without any."""
    names = list(contents.attributes)
    return _PREFERRED if _PREFERRED in names else names[0] if names else ""


def draw(
    new: Callable[[str], Worksheet],
    painter: Painter,
    found: Fields,
    contents: Contents,
    settings: Settings,
    texts: Texts,
) -> list[Drawn]:
    """Write the sheets of both pivots, in order.

    The first one has the cohorts, the newest on top and the older ones folded; the second one the values of
    an attribute, set to the last cohorts, whose table the report shows.

    Args:
        new: makes a sheet of a name.
        painter: the look.
        found: the fields.
        contents: what the workbook shows.
        settings: from which age on a cohort is ripe.
        texts: the language.
    """
    attributes = {name: attribute_key(name) for name in contents.attributes}
    rows = found.named(COHORTS, QUARTER, WEEK)
    by_week = _pivot("Pivot1", found, rows, _pages(found, *attributes.values(), RIPE, TRUST), _older(found))
    wanted = [(by_week, texts.t("wb_sheet_pivot"), texts.t("wb_pivot_weeks"))]
    if attributes:
        (name,) = found.named(attributes.pop(chosen(contents)))
        pages = _pages(found, COHORTS, QUARTER, *attributes.values(), RIPE, TRUST)
        title = texts.t("wb_values_of", attribute=name)
        wanted.append((_pivot("Pivot2", found, (name,), pages, {}), title, title))
    drawn = []
    for pivot, name, title in wanted:
        sheet, lines = new(name), pivot.lines()
        drawn.append(
            Drawn(pivot, lines, sheets.pivot(sheet, painter, pivot, lines, texts, settings.young_weeks))
        )
        painter.title(sheet, title)
        width = sum(sheet.column_dimensions[letter].width for letter in "ABCDEFGH")
        said = " ".join(filter(None, [contents.gaps_of_pivots, texts.t("wb_pivot_note"), found.note]))
        painter.paragraph(sheet, 2, said, width, 8)
        painter.paragraph(sheet, 3, _covered(pivot, settings, texts), width, 8)
    return drawn


def put(
    package: Package, found: Fields, drawn: Mapping[int, Drawn], book: Workbook, day: dt.date, texts: Texts
) -> None:
    """Put the pivots (by number of the sheet), their cache and their slicers into the file."""
    formats = {form: _format_id(book, form) for form in found.formats.values()}
    around, records = parts.cache_records(found)
    package.add(_RECORDS, around, f"{SHEETS}pivotCacheRecords+xml")
    package.put_lines(_RECORDS, parts.RECORDS_END, records)
    relation = package.relate(_CACHE, f"{RELATIONS}/pivotCacheRecords", _RECORDS)
    definition = parts.cache_definition(found, sheets.TABLE, formats, day, relation)
    package.add(_CACHE, definition, f"{SHEETS}pivotCacheDefinition+xml")
    relation = package.relate("xl/workbook.xml", f"{RELATIONS}/pivotCacheDefinition", _CACHE)
    cache = f'<pivotCache xmlns:r="{RELATIONS}" cacheId="{CACHE_ID}" r:id="{relation}"/>'
    caches = f"<pivotCaches>{cache}</pivotCaches></workbook>"
    package.change("xl/workbook.xml", lambda text: text.replace("</workbook>", caches))
    for number, (sheet, one) in enumerate(drawn.items(), start=1):
        name = f"xl/pivotTables/pivotTable{number}.xml"
        table = parts.table_definition(one.pivot, one.lines, one.ref, CACHE_ID, formats, texts.t("wb_values"))
        package.add(name, table, f"{SHEETS}pivotTable+xml")
        package.relate(name, f"{RELATIONS}/pivotCacheDefinition", _CACHE)
        package.relate(sheet_part(sheet), f"{RELATIONS}/pivotTable", name)
    sliced = [item for item in found.columns if item.key.startswith(attribute_key("")) or item.key == RIPE]
    sliced = [item for item in sliced if len(item.items) > 1][: len(found.shown) // _ACROSS]
    if sliced:
        left = max(len(one.pivot.rows) for one in drawn.values())
        places = [
            slicers.Place(left + _ACROSS * at, _FIRST - 1, left + _ACROSS * (at + 1), _FIRST - 1 + _HIGH)
            for at in range(len(sliced))
        ]
        slicers.put(package, sliced, {sheet: one.pivot.name for sheet, one in drawn.items()}, places, texts)


def _pivot(
    name: str,
    found: Fields,
    rows: tuple[str, ...],
    pages: tuple[Page, ...],
    closed: Mapping[str, frozenset[int]],
) -> Pivot:
    """Return a pivot below its filters, of which the last stands two rows above the heads, as in Excel."""
    head = _FIRST + max(len(pages), _HIGH) + 1
    return Pivot(name, found, rows, pages, head - 1 - len(pages), head, closed)


def _pages(found: Fields, *keys: str) -> tuple[Page, ...]:
    """Return filters by columns; that by cohorts is set to the last ones."""
    last = found.named(COHORTS)
    return tuple(Page(name, 0 if name in last else None) for name in found.named(*keys))


def _older(found: Fields) -> dict[str, frozenset[int]]:
    """Return what a pivot of cohorts opens folded: the older ones, and every quarter of nothing but these."""
    keys = found.named(COHORTS, QUARTER)
    if len(keys) == 1:
        return {}
    cohorts, quarters = (found.column(name) for name in keys)
    recent = set(quarters.codes[cohorts.codes == 0].tolist())
    older = frozenset(at for at in range(len(quarters.items)) if at not in recent)
    return {keys[0]: frozenset([1]), keys[1]: older}


def _covered(pivot: Pivot, settings: Settings, texts: Texts) -> str:
    """Say what the total of a pivot covers as it opens."""
    (name,) = pivot.fields.named(WEEK)
    weeks = pivot.fields.column(name)
    days = [weeks.items[at] for at in sorted(set(weeks.codes[pivot.kept()].tolist()))]
    dates = [day for day in days if isinstance(day, dt.date)]
    (ripe,) = pivot.fields.named(RIPE)
    unripe = pivot.fields.column(ripe)
    no = [at for at, item in enumerate(unripe.items) if item == texts.t("wb_no")]
    young = len(set(weeks.codes[pivot.kept() & (unripe.codes == no[0])].tolist())) if no else 0
    said = texts.t(
        "wb_covers",
        n=len(dates),
        first=texts.date(min(dates)),
        last=texts.date(max(dates) + DAYS - dt.timedelta(days=1)),
    )
    if young:
        said = f"{said} {texts.t('wb_covers_unripe', n=young, weeks=settings.young_weeks)}"
    return said


def _format_id(book: Workbook, form: str) -> int:
    """Return the number of a format: a built-in one, or one of the workbook's own."""
    known = builtin_format_id(form)
    return known if known is not None else 164 + book._number_formats.add(form)  # type: ignore[attr-defined]
