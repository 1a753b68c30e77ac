"""The parts of a pivot in the package, as ECMA-376 part 1, 18.10 describes them and as Excel writes them.

openpyxl can carry pivots through but fills in dozens of defaults and makes an object of every cached value,
which takes a minute for the flat data of a large company; so these parts are written here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

import numpy as np
import pyarrow as pa

from funnel.present.workbook.bulk import Lines, number_texts, repeated
from funnel.present.workbook.cells import coded, safe
from funnel.present.workbook.field import Column, Fields, number
from funnel.present.workbook.package import DECLARATION, MAIN, RELATIONS
from funnel.present.workbook.pivot import GRAND, Line, Pivot

SLICED = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
CACHE_NUMBER = 1
"""What the slicers call the cache of the pivots."""
RECORDS_END = "</pivotCacheRecords>"
"""Before it the records stand."""
_NAMESPACES = f'xmlns="{MAIN}" xmlns:r="{RELATIONS}"'
_ALL = (
    'applyNumberFormats="0" applyBorderFormats="0" applyFontFormats="0" applyPatternFormats="0" '
    'applyAlignmentFormats="0" applyWidthHeightFormats="1"'
)
_CALCULATED = 'dragToRow="0" dragToCol="0" dragToPage="0"'
_EPOCH = dt.date(1899, 12, 30)


def attribute(text: str) -> str:
    """Return a text as a quoted attribute."""
    return quoteattr(safe(text, 255), {"\n": " "})


def cache_definition(
    fields: Fields, table: str, formats: Mapping[str, int], day: dt.date, records_id: str
) -> str:
    """Return the definition of the cache: the table with the data, each field with its items."""
    columns = "".join(_cache_field(column, formats[column.format]) for column in fields.columns)
    ratios = "".join(
        f'<cacheField name={attribute(ratio.name)} numFmtId="0" formula={quoteattr(ratio.formula)} '
        'databaseField="0"/>'
        for ratio in fields.ratios
    )
    return (
        f'{DECLARATION}<pivotCacheDefinition {_NAMESPACES} r:id="{records_id}" refreshOnLoad="1" '
        f'refreshedBy="funnel" refreshedDate="{(day - _EPOCH).days}" createdVersion="6" refreshedVersion="6" '
        f'minRefreshableVersion="3" recordCount="{fields.rows}">'
        f'<cacheSource type="worksheet"><worksheetSource name={attribute(table)}/></cacheSource>'
        f'<cacheFields count="{len(fields.names)}">{columns}{ratios}</cacheFields>'
        f'<extLst><ext uri="{{725AE2AE-9491-48be-B2B4-4EB974FC3084}}" xmlns:x14="{SLICED}">'
        f'<x14:pivotCacheDefinition pivotCacheId="{CACHE_NUMBER}"/></ext></extLst></pivotCacheDefinition>'
    )


def _cache_field(column: Column, form: int) -> str:
    head = f'<cacheField name={attribute(column.name)} numFmtId="{form if column.is_date else 0}">'
    if column.is_date:
        days = [item for item in column.items if isinstance(item, dt.date)]
        first, after = min(days), max(days) + dt.timedelta(days=1)
        items = "".join(f'<d v="{day.isoformat()}T00:00:00"/>' for day in days)
        about = (
            'containsSemiMixedTypes="0" containsNonDate="0" containsDate="1" containsString="0" '
            f'minDate="{first.isoformat()}T00:00:00" maxDate="{after.isoformat()}T00:00:00"'
        )
        shared = f'<sharedItems {about} count="{len(days)}">{items}</sharedItems>'
    elif column.is_number:
        items = "".join(f'<n v="{item}"/>' for item in column.items)
        shared = f'<sharedItems {_range(column)} count="{len(column.items)}">{items}</sharedItems>'
    elif column.items:
        items = "".join(f"<s v={attribute(str(item))}/>" for item in column.items)
        shared = f'<sharedItems count="{len(column.items)}">{items}</sharedItems>'
    else:
        shared = f"<sharedItems {_range(column)}/>"
    return f"{head}{shared}</cacheField>"


def _range(column: Column) -> str:
    """Say what numbers a column has."""
    low, high = float(np.nanmin(column.values)), float(np.nanmax(column.values))
    whole = 'containsInteger="1" ' if column.whole else ""
    blank = bool(np.isnan(column.values).any())
    kinds = (
        'containsString="0" containsBlank="1"' if blank else 'containsSemiMixedTypes="0" containsString="0"'
    )
    return f'{kinds} containsNumber="1" {whole}minValue="{number(low)}" maxValue="{number(high)}"'


def cache_records(fields: Fields) -> tuple[str, Lines]:
    """Return the part, and its records, one per row of the flat data: positions of items, and numbers."""
    written: list[str | pa.Array] = [
        repeated([f'<x v="{at}"/>' for at in range(len(column.items))], column.codes)
        if column.items
        else number_texts(column, '<n v="', '"/>', "<m/>")
        for column in fields.columns
    ]
    part = f'{DECLARATION}<pivotCacheRecords {_NAMESPACES} count="{fields.rows}">{RECORDS_END}'
    return part, Lines(("<r>", *written, "</r>"), fields.rows)


def table_definition(
    pivot: Pivot, lines: Sequence[Line], ref: str, cache_id: int, formats: Mapping[str, int], values: str
) -> str:
    """Return the definition of a pivot table.

    Args:
        pivot: which fields stand where.
        lines: its rows.
        ref: the range from the column heads to the grand total.
        cache_id: of the workbook's pivot cache.
        formats: number of every format.
        values: head of the values.
    """
    fields = pivot.fields
    names = fields.names
    pages = f' rowPageCount="{len(pivot.pages)}" colPageCount="1"' if pivot.pages else ""
    columns = [f'<i i="{at}"><x v="{at}"/></i>' if at else "<i><x/></i>" for at in range(len(fields.shown))]
    page_fields = [
        f'<pageField fld="{names.index(page.name)}"'
        + ("" if page.item is None else f' item="{page.item}"')
        + ' hier="-1"/>'
        for page in pivot.pages
    ]
    return (
        f'{DECLARATION}<pivotTableDefinition xmlns="{MAIN}" name={attribute(pivot.name)} '
        f'cacheId="{cache_id}" {_ALL} dataCaption={attribute(values)} errorCaption="–" showError="1" '
        'updatedVersion="6" minRefreshableVersion="3" useAutoFormatting="1" itemPrintTitles="1" '
        'createdVersion="6" indent="0" compact="0" outline="1" outlineData="1" compactData="0" '
        'multipleFieldFilters="0">'
        f'<location ref="{ref}" firstHeaderRow="0" firstDataRow="1" firstDataCol="{len(pivot.rows)}"{pages}/>'
        + _list("pivotFields", [_pivot_field(pivot, name, formats) for name in names])
        + _list("rowFields", [f'<field x="{names.index(name)}"/>' for name in pivot.rows])
        + _list("rowItems", [_row_item(line) for line in lines])
        + _list("colFields", ['<field x="-2"/>'])
        + _list("colItems", columns)
        + (_list("pageFields", page_fields) if page_fields else "")
        + _list("dataFields", [_data_field(fields, name, formats) for name in fields.shown])
        + '<pivotTableStyleInfo name="PivotStyleLight16" showRowHeaders="1" showColHeaders="1" '
        'showRowStripes="0" showColStripes="0" showLastColumn="1"/>'
        f'<extLst><ext uri="{{962EF5D1-5CA2-4c93-8EF4-DBF5C05439D2}}" xmlns:x14="{SLICED}">'
        '<x14:pivotTableDefinition hideValuesRow="1"/></ext></extLst></pivotTableDefinition>'
    )


def _list(name: str, items: Sequence[str]) -> str:
    return f'<{name} count="{len(items)}">{"".join(items)}</{name}>'


def _data_field(fields: Fields, name: str, formats: Mapping[str, int]) -> str:
    head, form = quoteattr(coded(fields.caption(name))), formats[fields.formats[name]]
    kind = ' subtotal="min"' if fields.ratio(name) is None and fields.column(name).least else ""
    return (
        f'<dataField name={head} fld="{fields.names.index(name)}"{kind} '
        f'baseField="0" baseItem="0" numFmtId="{form}"/>'
    )


def _pivot_field(pivot: Pivot, name: str, formats: Mapping[str, int]) -> str:
    if pivot.fields.ratio(name):
        return f'<pivotField dataField="1" compact="0" {_CALCULATED} showAll="0" defaultSubtotal="0"/>'
    column = pivot.fields.column(name)
    if not column.items:
        return '<pivotField dataField="1" compact="0" showAll="0"/>'
    axes = {
        **dict.fromkeys(pivot.rows, "axisRow"),
        **dict.fromkeys((page.name for page in pivot.pages), "axisPage"),
    }
    axis = f' axis="{axes[name]}"' if name in axes else ""
    data = ' dataField="1"' if name in pivot.fields.shown else ""
    form = f' numFmtId="{formats[column.format]}"' if column.is_date else ""
    order = f' sortType="{column.order}"' if column.order and axes.get(name) == "axisRow" else ""
    closed = pivot.closed.get(name, frozenset())
    items = "".join(
        f'<item sd="0" x="{at}"/>' if at in closed else f'<item x="{at}"/>' for at in range(len(column.items))
    )
    return (
        f'<pivotField{axis}{data} compact="0"{form} showAll="0"{order}>'
        f'<items count="{len(column.items) + 1}">'
        f'{items}<item t="default"/></items></pivotField>'
    )


def _row_item(line: Line) -> str:
    at = f'<x v="{line.item}"/>' if line.item else "<x/>"
    if line.depth == GRAND:
        return '<i t="grand"><x/></i>'
    return f'<i r="{line.depth}">{at}</i>' if line.depth else f"<i>{at}</i>"
