"""The parts of a pivot in the package, as ECMA-376 part 1, 18.10 describes them and as Excel writes them.

openpyxl can carry pivots through but fills in dozens of defaults and makes an object of every cached value,
which takes a minute for the flat data of a large company; so these parts are written here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

import numpy as np

from funnel.present.workbook.cells import coded, safe
from funnel.present.workbook.fields import Column, Fields
from funnel.present.workbook.pivot import GRAND, Line, Pivot

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NAMESPACES = f'xmlns="{MAIN}" xmlns:r="{RELATIONS}"'
_ALL = (
    'applyNumberFormats="0" applyBorderFormats="0" applyFontFormats="0" applyPatternFormats="0" '
    'applyAlignmentFormats="0" applyWidthHeightFormats="1"'
)
_CALCULATED = 'dragToRow="0" dragToCol="0" dragToPage="0" showAll="0" defaultSubtotal="0"'
_EPOCH = dt.date(1899, 12, 30)


def attribute(text: str) -> str:
    """Return a text as a quoted attribute."""
    return quoteattr(safe(text, 255), {"\n": " "})


def cache_definition(fields: Fields, sheet: str, ref: str, day: dt.date, records_id: str) -> str:
    """Return the definition of the cache: where the data lie, each field with its items."""
    columns = "".join(_cache_field(column) for column in fields.columns)
    ratios = "".join(
        f'<cacheField name={attribute(ratio.name)} numFmtId="0" formula={quoteattr(ratio.formula)} '
        'databaseField="0"/>'
        for ratio in fields.ratios
    )
    return (
        f'{DECLARATION}<pivotCacheDefinition {_NAMESPACES} r:id="{records_id}" refreshOnLoad="1" '
        f'refreshedBy="funnel" refreshedDate="{(day - _EPOCH).days}" createdVersion="6" refreshedVersion="6" '
        f'minRefreshableVersion="3" recordCount="{fields.rows}">'
        f'<cacheSource type="worksheet"><worksheetSource ref="{ref}" sheet={attribute(sheet)}/></cacheSource>'
        f'<cacheFields count="{len(fields.names)}">{columns}{ratios}</cacheFields></pivotCacheDefinition>'
    )


def _cache_field(column: Column) -> str:
    head = f'<cacheField name={attribute(column.name)} numFmtId="{column.format if column.is_date else 0}">'
    if column.is_date:
        days = [item for item in column.items if isinstance(item, dt.date)]
        first, after = min(days), max(days) + dt.timedelta(days=1)
        items = "".join(f'<d v="{day.isoformat()}T00:00:00"/>' for day in days)
        about = (
            'containsSemiMixedTypes="0" containsNonDate="0" containsDate="1" containsString="0" '
            f'minDate="{first.isoformat()}T00:00:00" maxDate="{after.isoformat()}T00:00:00"'
        )
        shared = f'<sharedItems {about} count="{len(days)}">{items}</sharedItems>'
    elif column.items:
        items = "".join(f"<s v={attribute(str(item))}/>" for item in column.items)
        shared = f'<sharedItems count="{len(column.items)}">{items}</sharedItems>'
    else:
        low, high = float(np.nanmin(column.values)), float(np.nanmax(column.values))
        whole = 'containsInteger="1" ' if column.whole else ""
        blank = bool(np.isnan(column.values).any())
        kinds = (
            'containsString="0" containsBlank="1"'
            if blank
            else 'containsSemiMixedTypes="0" containsString="0"'
        )
        shared = (
            f'<sharedItems {kinds} containsNumber="1" {whole}'
            f'minValue="{number(low)}" maxValue="{number(high)}"/>'
        )
    return f"{head}{shared}</cacheField>"


def cache_records(fields: Fields) -> str:
    """Return one record per row of the flat data: positions of items, and numbers."""
    written = []
    for column in fields.columns:
        if column.items:
            items = [f'<x v="{at}"/>' for at in range(len(column.items))]
            written.append([items[code] for code in column.codes.tolist()])
        else:
            written.append([f'<n v="{text}"/>' if text else "<m/>" for text in numbers(column)])
    rows = "".join(f"<r>{''.join(row)}</r>" for row in zip(*written, strict=True))
    return f'{DECLARATION}<pivotCacheRecords {_NAMESPACES} count="{fields.rows}">{rows}</pivotCacheRecords>'


def numbers(column: Column) -> list[str]:
    """Return the numbers of a column as they stand in the file; '' where nothing is known."""
    written = [
        number(value) if column.whole else repr(value) for value in np.nan_to_num(column.values).tolist()
    ]
    return [text if known else "" for text, known in zip(written, np.isfinite(column.values), strict=True)]


def number(value: float) -> str:
    """Return one number as it stands in the file.

    >>> number(3.0), number(0.5)
    ('3', '0.5')
    """
    return str(int(value)) if value == int(value) else repr(value)


def table_definition(
    pivot: Pivot, lines: Sequence[Line], ref: str, cache_id: int, labels: tuple[str, str]
) -> str:
    """Return the definition of a pivot table.

    Args:
        pivot: which fields stand where.
        lines: its rows.
        ref: the range from the column heads to the grand total.
        cache_id: of the workbook's pivot cache.
        labels: head of the row labels, and of the values.
    """
    fields = pivot.fields
    names = fields.names
    pages = f' rowPageCount="{len(pivot.pages)}" colPageCount="1"' if pivot.pages else ""
    columns = [f'<i i="{at}"><x v="{at}"/></i>' if at else "<i><x/></i>" for at in range(len(fields.shown))]
    page_fields = [f'<pageField fld="{names.index(name)}" hier="-1"/>' for name in pivot.pages]
    return (
        f'{DECLARATION}<pivotTableDefinition xmlns="{MAIN}" name={attribute(pivot.name)} '
        f'cacheId="{cache_id}" {_ALL} dataCaption={attribute(labels[1])} errorCaption="–" showError="1" '
        'updatedVersion="6" minRefreshableVersion="3" useAutoFormatting="1" itemPrintTitles="1" '
        'createdVersion="6" indent="0" outline="1" outlineData="1" multipleFieldFilters="0" '
        f"rowHeaderCaption={attribute(labels[0])}>"
        f'<location ref="{ref}" firstHeaderRow="0" firstDataRow="1" firstDataCol="1"{pages}/>'
        + _list("pivotFields", [_pivot_field(pivot, name) for name in names])
        + _list("rowFields", [f'<field x="{names.index(name)}"/>' for name in pivot.rows])
        + _list("rowItems", [_row_item(line) for line in lines])
        + _list("colFields", ['<field x="-2"/>'])
        + _list("colItems", columns)
        + (_list("pageFields", page_fields) if page_fields else "")
        + _list("dataFields", [_data_field(fields, name, names.index(name)) for name in fields.shown])
        + '<pivotTableStyleInfo name="PivotStyleLight16" showRowHeaders="1" showColHeaders="1" '
        'showRowStripes="0" showColStripes="0" showLastColumn="1"/></pivotTableDefinition>'
    )


def _list(name: str, items: Sequence[str]) -> str:
    return f'<{name} count="{len(items)}">{"".join(items)}</{name}>'


def _data_field(fields: Fields, name: str, at: int) -> str:
    head = quoteattr(coded(fields.caption(name)))
    return f'<dataField name={head} fld="{at}" baseField="0" baseItem="0" numFmtId="{fields.formats[name]}"/>'


def _pivot_field(pivot: Pivot, name: str) -> str:
    if any(ratio.name == name for ratio in pivot.fields.ratios):
        return f'<pivotField dataField="1" {_CALCULATED}/>'
    column = pivot.fields.column(name)
    if not column.items:
        return '<pivotField dataField="1" showAll="0"/>'
    axis = {**dict.fromkeys(pivot.rows, "axisRow"), **dict.fromkeys(pivot.pages, "axisPage")}[name]
    form = f' numFmtId="{column.format}"' if column.is_date else ""
    order = ' sortType="ascending"' if axis == "axisRow" else ""
    items = "".join(f'<item x="{at}"/>' for at in range(len(column.items)))
    return (
        f'<pivotField axis="{axis}"{form} showAll="0"{order}><items count="{len(column.items) + 1}">'
        f'{items}<item t="default"/></items></pivotField>'
    )


def _row_item(line: Line) -> str:
    at = f'<x v="{line.item}"/>' if line.item else "<x/>"
    if line.depth == GRAND:
        return '<i t="grand"><x/></i>'
    return f'<i r="{line.depth}">{at}</i>' if line.depth else f"<i>{at}</i>"
