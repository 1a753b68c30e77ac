"""A `Grid` as a Typst table: the same cells, for the PDF.

Typst would let a table run over the edge of the page without a word, so the size of its text is chosen
here from the widths of its cells; a table too wide for any size is written as several, one under the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from funnel.present.parts.escape import for_typst
from funnel.present.parts.grid import Grid, Head, Row

PAGE_WIDTH = 502.0
"""Points between the margins of the narrowest page: A4 upright with 1.6 cm on either side is 504.6."""
_CYRILLIC = re.compile("[\u0400-\u04ff]")
"""The font has no slanted Cyrillic; Typst would take another font for it."""
LARGEST, SMALLEST = 9.0, 5.0
READABLE = 6.5
"""Points of the text of a table that is split: it may as well be read with ease."""
_DIGIT, _BOLD = 0.5, 0.6
SHORT = 16
"""Rows of a table that stays on one page."""
_GAP = 0.9
"""Widths in units of the text size: a character of the font, plain and bold, and what a column adds."""
_APART, _MOST_APART, _SPARED = 0.5, 1.2, 0.7
"""How far groups beside each other stand apart at least and at most, in text sizes; how much of the room
that a table leaves goes there."""
_SPACE, _CAPITAL, _BOLDER = 0.22, 0.62, 1.06
"""The same of a space and of a capital, and how much wider bold ones are."""


def write(grid: Grid) -> str:
    """Return the table as Typst code; a long one breaks across pages and repeats its head."""
    theme = grid.theme
    notes = [
        f'#block(above: 5pt, below: 9pt, text(size: 7.5pt, fill: rgb("{theme.muted}"), {for_typst(note)}))'
        for note in grid.notes
    ]
    if not grid.rows:
        words = f'#text(fill: rgb("{theme.muted}"), {for_typst(grid.empty)})'
        return "\n".join([words, *notes])
    cut = parts(grid)
    size = max(min(map(text_size, cut)), SMALLEST)
    return "\n".join([*(_table(part, size) for part in cut), *notes])


def parts(grid: Grid) -> list[Grid]:
    """Return the table, split by groups of columns if it does not fit; each part begins like the whole."""
    if text_size(grid) >= SMALLEST:
        return [grid]
    kept = max(next((at for at, head in enumerate(grid.heads) if head.group), 1), 1)
    found, at = [list(range(kept))], kept
    for _, count in _cut(grid, range(kept, len(grid.heads))).groups():
        more = [*found[-1], *range(at, at + count)]
        if len(found[-1]) > kept and text_size(_cut(grid, more)) < READABLE:
            found.append(list(range(kept)))
            more = [*found[-1], *range(at, at + count)]
        found[-1], at = more, at + count
    return [_cut(grid, columns) for columns in found]


def _cut(grid: Grid, columns: Sequence[int]) -> Grid:
    """Return the table with some of its columns."""
    rows = (replace(row, cells=tuple(row.cells[at] for at in columns)) for row in grid.rows)
    return replace(grid, heads=tuple(grid.heads[at] for at in columns), rows=tuple(rows))


def _table(grid: Grid, size: float) -> str:
    theme = grid.theme
    aligns = ", ".join(head.align for head in grid.heads)
    tracks, apart = _tracks(grid, size)
    columns = ", ".join(tracks)
    insets = " ".join(f"(left: {0.4 + more:.2f}em, right: 0.4em, y: 0.42em)," for more in apart)
    lines = [
        f"#block(width: 100%, breakable: {str(len(grid.rows) > SHORT).lower()}, {{",
        f'  set text(size: {size:.2f}pt, hyphenate: true, number-width: "tabular")',
        "  set par(leading: 0.4em, justify: false)",
        f"  align(left, table(columns: ({columns},), align: ({aligns},), stroke: none,",
        f"    inset: ({insets}),",
        f'    table.hline(stroke: 1.2pt + rgb("{theme.ink}")),',
        "    table.header(repeat: true,",
        *_head(grid),
        f'      table.hline(stroke: 0.6pt + rgb("{theme.ink}")),',
        "    ),",
    ]
    for row in grid.rows:
        lines.append("    " + " ".join(_cells(grid, row)))
        lines.append(f'    table.hline(stroke: 0.4pt + rgb("{theme.line}")),')
    lines[-1] = f'    table.hline(stroke: 0.8pt + rgb("{theme.ink}")),'
    return "\n".join([*lines, "  ))", "})"])


def _tracks(grid: Grid, size: float) -> tuple[list[str], list[float]]:
    """Return how wide each column is, and how far it is set apart from the one before, in text sizes.

    Where heads do not fit in one line, those wider than their cells share what the cells leave: Typst would
    break the cells of other columns instead, within words. What is then left of the page goes between groups.
    """
    widths, page = _widths(grid), PAGE_WIDTH / size
    begins = grid.begins()
    cells = [_column(grid, at, _drawn) + _GAP + _APART * (at in begins) for at in range(len(grid.heads))]
    fixed = [natural + more if more else 0.0 for natural, more in widths]
    lines = [max(_drawn(head.title, True) + _GAP, own) for head, own in zip(grid.heads, cells, strict=True)]
    lack, free = sum(lines) - sum(cells), max(page - sum(cells), 0.0)
    if lack > free and not any(fixed):  # else a group's title is wider than its columns
        share = free / lack
        fixed = [
            own + (line - own) * share if line > own else 0.0 for line, own in zip(lines, cells, strict=True)
        ]
    spare = page - sum(width or line for width, line in zip(fixed, lines, strict=True))
    more = min(max(spare, 0.0) * _SPARED / max(len(begins), 1), _MOST_APART - _APART)
    tracks = [f"{width + more * (at in begins):.2f}em" if width else "auto" for at, width in enumerate(fixed)]
    return tracks, [(_APART + more) * (at in begins) for at in range(len(cells))]


def _counted(text: str, bold: bool) -> float:
    """Return how wide a text is at most, as the size of the whole table needs it."""
    return len(text) * (_BOLD if bold else _DIGIT)


def _drawn(text: str, bold: bool) -> float:
    """Return about how wide a text is drawn."""
    signs = sum(_SPACE if sign.isspace() else _CAPITAL if sign.isupper() else _DIGIT for sign in text)
    return signs * (_BOLDER if bold else 1.0)


def text_size(grid: Grid, width: float = PAGE_WIDTH) -> float:
    """Return the size in points at which the table fits a width in points."""
    return min(width / sum(natural + more for natural, more in _widths(grid)), LARGEST)


def _widths(grid: Grid) -> list[tuple[float, float]]:
    """For each column the width of its cells, and what a longer group title adds, in text sizes."""
    begins = grid.begins()
    natural = [_column(grid, at, _counted) + _GAP + _APART * (at in begins) for at in range(len(grid.heads))]
    more, start = [0.0] * len(natural), 0
    for group, count in grid.groups():
        wide = max((len(word) for word in group.split()), default=0) * _BOLD + _GAP
        lack = max(wide - sum(natural[start : start + count]), 0.0)
        more[start : start + count] = [lack / count] * count
        start += count
    return list(zip(natural, more, strict=True))


def _column(grid: Grid, at: int, wide: Callable[[str, bool], float]) -> float:
    """Return the widest of a column's cells and of the words of its head."""
    words = [wide(word, True) for word in grid.heads[at].title.split()]
    cells = [wide(row.cells[at].text, row.tone == "strong") for row in grid.rows]
    return max([*words, *cells])


def _head(grid: Grid) -> list[str]:
    fill = f'fill: rgb("{grid.theme.wash}")'
    if not any(head.group for head in grid.heads):
        return [f"      table.cell({fill}, {_bold(head.title, '')})," for head in grid.heads]
    upper, lower, start = [], [], 0
    for group, count in grid.groups():
        below = grid.heads[start : start + count]
        start += count
        if group:
            words = _bold(group, below[0].colour)
            upper.append(f"      table.cell(colspan: {count}, align: center + bottom, {fill}, {words}),")
            lower += [f"      table.cell({fill}, {_bold(head.title, '')})," for head in below]
        else:
            upper.append(_tall(below[0], fill))
    return upper + lower


def _tall(head: Head, fill: str) -> str:
    return f"      table.cell(rowspan: 2, align: {head.align} + bottom, {fill}, {_bold(head.title, '')}),"


def _bold(words: str, colour: str) -> str:
    paint = f'fill: rgb("{colour}"), ' if colour else ""
    return f"text({paint}weight: 600, {for_typst(words)})"


def _cells(grid: Grid, row: Row) -> list[str]:
    out = []
    for cell in row.cells:
        paint = (
            [f'fill: rgb("{cell.colour or grid.theme.muted}")'] if cell.colour or row.tone == "muted" else []
        )
        slanted = row.tone == "muted" and not _CYRILLIC.search(cell.text)
        paint += ['style: "italic"'] if slanted else []
        paint += ["weight: 700"] if row.tone == "strong" or cell.strong else []
        words = f"text({', '.join([*paint, for_typst(cell.text)])})" if paint else for_typst(cell.text)
        ground = cell.fill(grid.theme)
        shade = f'fill: rgb("{ground}"), ' if ground else ""
        out.append(f"table.cell({shade}{words}),")
    return out
