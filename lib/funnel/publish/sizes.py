"""How large the explorer of an edition is; light, since it is asked in each run."""

from __future__ import annotations

from pathlib import Path

EXPLORER = "explorer.html"
LARGE = 2_400_000
"""Bytes of packed cells from which it is told."""
_PROGRAM = Path(__file__).parents[1] / "present" / "explorer" / "built"


def too_large(folder: Path) -> str:
    """Say so where an edition's explorer is slow to send and to open, and what makes it smaller; else ''."""
    path = folder / EXPLORER
    program = sum(part.stat().st_size for part in _PROGRAM.iterdir())
    size = path.stat().st_size - program if path.is_file() else 0
    if size <= LARGE:
        return ""
    return (
        f"{EXPLORER} has {size / 1e6:.1f} MB of cells, since the attributes have many values. "
        "What makes it smaller: explorer: {min_cell: 5, cells: 500000} in funnel.yml, or fewer attributes."
    )
