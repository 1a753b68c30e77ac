"""A `Grid` as HTML: a Great Tables table that carries its own few style rules and loads nothing."""

from __future__ import annotations

import re

import pandas as pd
from great_tables import GT, html, loc, style

from funnel.present.escape import for_html
from funnel.present.grid import Grid
from funnel.present.theme import HTML_FONTS

MANY = 14
"""Columns from which on a table is set smaller, to be seen whole on a common screen."""


def write(grid: Grid) -> str:
    """Return the table as one HTML element; wide tables scroll inside it on a narrow screen."""
    notes = "".join(f'<p class="note">{for_html(note)}</p>' for note in grid.notes)
    if not grid.rows:
        return f'<div id="{grid.name}">{_css(grid)}<p class="empty">{for_html(grid.empty)}</p>{notes}</div>'
    markup = re.sub(r"<style>.*?</style>\n?", "", _table(grid).as_raw_html(), count=1, flags=re.DOTALL)
    markup = markup.replace(f'<div id="{grid.name}"', '<div class="scroll" tabindex="0"', 1)
    markup = re.sub(r"\n\s*\n", "\n", markup).strip()
    return f'<div id="{grid.name}">{_css(grid)}\n{markup}{notes}</div>'


def _table(grid: Grid) -> GT:
    columns = [f"c{at}" for at in range(len(grid.heads))]
    body = pd.DataFrame([[cell.text for cell in row.cells] for row in grid.rows], columns=columns, dtype=str)
    table = GT(body, id=grid.name, auto_align=False).tab_options(
        quarto_disable_processing=True, container_padding_y="0px", container_overflow_y="visible"
    )
    table = table.cols_label(
        {column: html(for_html(head.title)) for column, head in zip(columns, grid.heads, strict=True)}
    )
    for align in ("left", "right", "center"):
        chosen = [column for column, head in zip(columns, grid.heads, strict=True) if head.align == align]
        if chosen:
            table = table.cols_align(align, columns=chosen)
    start = 0
    for number, (group, width) in enumerate(grid.groups()):
        colour = grid.heads[start].colour or grid.theme.ink
        if group:
            table = table.tab_spanner(
                label=html(f'<span style="color:{colour}">{for_html(group)}</span>'),
                columns=columns[start : start + width],
                id=f"{grid.name}-g{number}",
            )
        start += width
    for at, row in enumerate(grid.rows):
        if row.tone == "muted":
            table = table.tab_style(style.text(color=grid.theme.muted, style="italic"), loc.body(rows=[at]))
        if row.tone == "strong":
            table = table.tab_style(style.text(weight="bold"), loc.body(rows=[at]))
        for column, cell in zip(columns, row.cells, strict=True):
            here = loc.body(columns=[column], rows=[at])
            if cell.shade is not None:
                table = table.tab_style(style.fill(color=grid.theme.heat(cell.shade)), here)
            if cell.colour:
                table = table.tab_style(style.text(color=cell.colour), here)
    return table


def _css(grid: Grid) -> str:
    at, theme = f"#{grid.name}", grid.theme
    size, gap = ("0.8rem", "0.3rem") if len(grid.heads) >= MANY else ("0.875rem", "0.5rem")
    rules = {
        "": f"font-family:{HTML_FONTS};color:{theme.ink};margin:0.5rem 0 1rem;max-width:100%",
        ".scroll": "overflow-x:auto;max-width:100%",
        "table": (
            f"border-collapse:collapse;width:auto;margin:0;font-size:{size};line-height:1.3;"
            f"border-top:2px solid {theme.ink};border-bottom:1px solid {theme.ink}"
        ),
        "tr": "background:none;border:none",
        "th": (
            f"font-weight:600;background:{theme.wash};color:{theme.ink};padding:0.25rem {gap};"
            "vertical-align:bottom;border:none"
        ),
        "th.gt_column_spanner_outer": "text-align:center",
        "thead": f"border-bottom:1px solid {theme.ink}",
        "td": f"padding:0.25rem {gap};border:none;border-bottom:1px solid {theme.line};white-space:nowrap",
        "td:first-child": f"position:sticky;left:0;background:{theme.paper}",
        ".gt_right": "text-align:right;font-variant-numeric:tabular-nums",
        ".gt_left": "text-align:left",
        ".gt_center": "text-align:center;font-variant-numeric:tabular-nums",
        ".note": f"margin:0.3rem 0 0;font-size:0.8rem;color:{theme.muted}",
        ".empty": f"margin:0.3rem 0;color:{theme.muted}",
    }
    return (
        "<style>"
        + "".join(f"{at} {part}".strip() + f"{{{body}}}" for part, body in rules.items())
        + "</style>"
    )
