"""A `Grid` as HTML: one table that carries its own few style rules and loads nothing."""

from __future__ import annotations

from funnel.present.parts.escape import for_html
from funnel.present.parts.grid import Cell, Grid, Head, Row
from funnel.present.parts.theme import HTML_FONTS

MANY = 14
"""Columns from which on a table is set smaller, to be seen whole on a common screen."""


def write(grid: Grid) -> str:
    """Return the table as one HTML element; wide tables scroll inside it on a narrow screen."""
    notes = "".join(f'<p class="note">{for_html(note)}</p>' for note in grid.notes)
    if not grid.rows:
        return f'<div id="{grid.name}">{_css(grid)}<p class="empty">{for_html(grid.empty)}</p>{notes}</div>'
    begins = grid.begins()
    lines = [
        f'<div id="{grid.name}">{_css(grid)}',
        '<div class="scroll" tabindex="0">',
        '<table data-quarto-disable-processing="true" data-quarto-bootstrap="false">',
        "<thead>",
        *_heads(grid, begins),
        "</thead>",
        "<tbody>",
        *(_row(grid, row, begins) for row in grid.rows),
        "</tbody>",
        "</table>",
        f"</div>{notes}</div>",
    ]
    return "\n".join(lines)


def _heads(grid: Grid, begins: set[int]) -> list[str]:
    """Return the line of the column titles, under that of their groups where there are groups."""
    if not any(head.group for head in grid.heads):
        return [f"<tr>{''.join(_title(head) for head in grid.heads)}</tr>"]
    upper, lower, start = "", "", 0
    for group, count in grid.groups():
        below = grid.heads[start : start + count]
        if not group:
            upper += _title(below[0], ' rowspan="2"')
        else:
            colour, apart = below[0].colour or grid.theme.ink, " apart" if start in begins else ""
            upper += f'<th class="group{apart}" colspan="{count}" scope="colgroup" style="color:{colour}">'
            upper += f"{for_html(group)}</th>"
            lower += "".join(_title(head, apart=at + start in begins) for at, head in enumerate(below))
        start += count
    return [f"<tr>{upper}</tr>", f"<tr>{lower}</tr>"]


def _title(head: Head, span: str = "", *, apart: bool = False) -> str:
    return f'<th class="{head.align}{" apart" * apart}"{span} scope="col">{for_html(head.title)}</th>'


def _row(grid: Grid, row: Row, begins: set[int]) -> str:
    pairs = zip(grid.heads, row.cells, strict=True)
    cells = "".join(_cell(grid, row, head, cell, apart=at in begins) for at, (head, cell) in enumerate(pairs))
    return f"<tr>{cells}</tr>"


def _cell(grid: Grid, row: Row, head: Head, cell: Cell, *, apart: bool) -> str:
    muted = row.tone == "muted"
    ground, colour = cell.fill(grid.theme), cell.colour or (grid.theme.muted if muted else "")
    rules = {
        "color": colour,
        "font-style": "italic" if muted else "",
        "font-weight": "bold" if row.tone == "strong" or cell.strong else "",
        "background-color": ground,
    }
    if cell.shade is not None and not cell.ground:
        rules["--shade"] = f"{cell.shade:.0%}"  # for the dark look, which mixes other colours
    style = ";".join(f"{name}:{value}" for name, value in rules.items() if value)
    dressed = f' style="{style}"' if style else ""
    return f'<td class="{head.align}{" apart" * apart}"{dressed}>{linked(cell.text, cell.link)}</td>'


def linked(text: str, link: str) -> str:
    """Return a text as HTML, leading somewhere unless the address is empty."""
    safe = for_html(text)
    return f'<a href="{for_html(link)}" style="color:inherit">{safe}</a>' if link else safe


def _css(grid: Grid) -> str:
    at, theme = f"#{grid.name}", grid.theme
    size, gap = ("0.8rem", "0.3rem") if len(grid.heads) >= MANY else ("0.875rem", "0.5rem")
    rules = {
        "": (
            f"font-family:{HTML_FONTS};color:{theme.ink};background:{theme.paper};"
            "margin:0.5rem 0 1rem;max-width:100%"
        ),
        ".scroll": "overflow:auto;max-width:100%;max-height:85vh",
        "table": (
            f"border-collapse:collapse;width:auto;margin:0;font-size:{size};line-height:1.3;"
            f"border-top:2px solid {theme.ink};border-bottom:1px solid {theme.ink}"
        ),
        "tr": "background:none;border:none",
        "th": (
            f"font-weight:600;background:{theme.wash};color:{theme.ink};padding:0.25rem {gap};"
            "vertical-align:bottom;border:none"
        ),
        "thead": f"position:sticky;top:0;z-index:2;box-shadow:inset 0 -1px {theme.ink}",
        "thead tr:first-child th:first-child": "position:sticky;left:0;z-index:3",
        "td": f"padding:0.25rem {gap};border:none;border-bottom:1px solid {theme.line};white-space:nowrap",
        "td:first-child": f"position:sticky;left:0;z-index:1;background:{theme.paper}",
        ".right": "text-align:right;font-variant-numeric:tabular-nums",
        ".apart": "padding-left:1rem",
        ".left": "text-align:left",
        ".center": "text-align:center;font-variant-numeric:tabular-nums",
        "th.group": "text-align:center",
        ".note": f"margin:0.3rem 0 0;font-size:0.8rem;color:{theme.muted}",
        ".empty": f"margin:0.3rem 0;color:{theme.muted}",
    }
    return (
        "<style>"
        + "".join(f"{at} {part}".strip() + f"{{{body}}}" for part, body in rules.items())
        + "</style>"
    )
