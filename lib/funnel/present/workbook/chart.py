"""The chart on the cohort sheet: the conversion of each cohort so far, and what it will be in the end."""

from __future__ import annotations

from collections.abc import Mapping

from openpyxl.chart import LineChart, Reference
from openpyxl.chart.legend import Legend
from openpyxl.worksheet.worksheet import Worksheet

from funnel.present.parts.texts import Texts
from funnel.present.workbook.sheets import HEAD

_WIDTH, _HEIGHT = 26.0, 8.0
"""In centimetres."""
_ROWS = 17
"""Rows of a sheet that the chart covers."""


def conversions(
    sheet: Worksheet,
    rows: tuple[int, int],
    lines: Mapping[int, str],
    top: int,
    texts: Texts,
) -> int:
    """Draw columns of shares as lines over the cohorts; return the last row the chart covers.

    Args:
        sheet: with the table; its first column holds the cohorts' first days.
        rows: the first and the last one of the cohorts.
        lines: by number of the column, the colour of its line.
        top: the row in which the chart begins.
        texts: the language.
    """
    drawn = LineChart()
    drawn.title, drawn.legend = (
        texts.t("wb_chart" if len(lines) > 1 else "wb_chart_now"),
        Legend(legendPos="b"),
    )
    drawn.width, drawn.height = _WIDTH, _HEIGHT  # type: ignore[assignment]
    for number in lines:
        drawn.add_data(Reference(sheet, number, HEAD, number, rows[1]), titles_from_data=True)
    drawn.set_categories(Reference(sheet, 1, rows[0], 1, rows[1]))
    for series, colour in zip(drawn.series, lines.values(), strict=True):
        series.graphicalProperties.line.solidFill = colour.lstrip("#")
        series.graphicalProperties.line.width = 28_000
        series.smooth = False
    drawn.x_axis.number_format, drawn.y_axis.number_format = "d mmm", "0.0%"
    drawn.x_axis.delete = drawn.y_axis.delete = False
    drawn.y_axis.scaling.min = 0
    sheet.add_chart(drawn, f"A{top}")
    return top + _ROWS
