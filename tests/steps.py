"""The pandas steps of the notebooks, run by themselves: tests give a table what the report gives it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def step(notebook: str, *names: str, **known: Any) -> Any:
    """Run the one cell that makes a frame, and return what it made.

    Args:
        notebook: its name, without the suffix.
        names: what to return; the first one finds the cell.
        known: what the cells before it have made.
    """
    book = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", 4)
    made = re.compile(rf"^{names[0]} = ", re.MULTILINE)
    (cell,) = [cell for cell in book.cells if cell.cell_type == "code" and made.search(cell.source)]
    space = dict(known)
    exec(cell.source, space)
    return space[names[0]] if len(names) == 1 else tuple(space[name] for name in names)
