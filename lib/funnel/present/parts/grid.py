"""A table of finished texts that HTML and PDF show alike.

A `Grid` holds strings only; how a number is written was decided by `funnel.present.parts.texts`. Shown in a
notebook it emits the table for JupyterLab, and for the report one Markdown output with two raw blocks, one
for HTML and one for Typst, of the same cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from funnel.present.parts.theme import Theme

Align = Literal["left", "right", "center"]
Tone = Literal["plain", "muted", "strong"]


@dataclass(frozen=True, slots=True)
class Head:
    """A column: title, the group it stands under ('' for none), alignment, the group's colour, key."""

    title: str
    group: str = ""
    align: Align = "right"
    colour: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A finished text, not yet escaped.

    Attributes:
        text: what stands in the cell.
        shade: place of its ground on the heat scale, 0 to 1; None for none.
        colour: of its text; '' for the row's own.
        ground: colour of its ground, '' for what the shade says.
        strong: bold, whatever the row is.
        link: where it leads on a screen; '' for nowhere.
    """

    text: str
    shade: float | None = None
    colour: str = ""
    ground: str = ""
    strong: bool = False
    link: str = ""

    def fill(self, theme: Theme) -> str:
        """Return the colour of its ground; '' for none."""
        return self.ground or (theme.heat(self.shade) if self.shade is not None else "")


@dataclass(frozen=True, slots=True)
class Row:
    """Cells in the order of the columns; `muted` rows are grey and italic, `strong` ones bold."""

    cells: tuple[Cell, ...]
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table for a reader.

    Attributes:
        name: letters, digits and hyphens; the HTML id, so it must differ between tables of one report.
        heads: the columns.
        rows: what stands under them.
        theme: the colours.
        notes: lines under the table.
        empty: what is said instead of a table without rows.
    """

    name: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    theme: Theme
    notes: tuple[str, ...] = ()
    empty: str = field(default="")

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.heads):
                raise ValueError(f"{self.name}: {len(row.cells)} cells under {len(self.heads)} columns")

    def groups(self) -> list[tuple[str, int]]:
        """Return neighbouring columns of the same group as (title, number of columns)."""
        runs: list[tuple[str, int]] = []
        for head in self.heads:
            if runs and head.group and runs[-1][0] == head.group:
                runs[-1] = (head.group, runs[-1][1] + 1)
            else:
                runs.append((head.group, 1))
        return runs

    def begins(self) -> set[int]:
        """Return the columns with which a group begins right beside another one: they are set apart."""
        at, found, beside = 0, set(), False
        for group, count in self.groups():
            if group and beside:
                found.add(at)
            at, beside = at + count, bool(group)
        return found

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from funnel.present.parts import grid_html, grid_typst

        return raw_blocks(grid_html.write(self), grid_typst.write(self))


def raw_blocks(html: str, typst: str) -> dict[str, str]:
    """Return HTML for JupyterLab, and for the report Markdown of two raw blocks: HTML and Typst."""
    plain = "<!--| quarto-html-table-processing: none -->"  # or Quarto spends a second on each table
    blocks = f"```{{=html}}\n{plain}\n{html}\n```\n\n```{{=typst}}\n{typst}\n```\n"
    return {"text/html": html, "text/markdown": blocks}
