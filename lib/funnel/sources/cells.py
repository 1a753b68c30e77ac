"""The cells of an export, made clean: guards, duplicates, personal data, the order of day and month."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import Problem
from funnel.settings_sources import DateOrder
from funnel.sources.personal import blot
from funnel.sources.tabular import Cells, Sheet

OPEN_WORDS = ("не закрыта", "не закрыт", "no cerrado", "não fechado", "not closed")
_GUARD = r"^'([=+\-@\t\r])"
_PARTS = r"^\s*(\d{1,2})([./])(\d{1,2})([./]\d{4})"
_BIG = r"(?:1[3-9]|2\d|3[01])"


def coalesced(sheet: Sheet, names: Sequence[int], positions: Sequence[int]) -> Cells:
    """Return a column: of several of one name, the first filled cell of each row.

    Args:
        sheet: the columns that were read.
        names: their positions in the file.
        positions: the wanted ones.
    """
    chosen = [sheet.columns[names.index(place)] for place in positions]
    if not chosen:
        return Cells(pa.nulls(len(sheet.rows), pa.string()))
    texts = [pc.replace_substring_regex(cells.text(), _GUARD, r"\1") for cells in chosen]
    return Cells(pc.coalesce(*texts), chosen[0].kinds if len(chosen) == 1 else None)


def mapped(values: pa.Array, change: Callable[[str], str | None]) -> pa.Array:
    """Return a text column with each distinct value changed once."""
    encoded = values.dictionary_encode()
    return pa.array([change(word) for word in encoded.dictionary.to_pylist()], pa.string()).take(
        encoded.indices
    )


def blotted(values: pa.Array) -> pa.Array:
    """Blot telephone numbers and e-mail addresses out of a text column."""
    return mapped(values, blot)


def dated(cells: Cells, order: DateOrder | None) -> Cells:
    """Bring dates with points or slashes into the order day, month, year; None leaves them to the reader."""
    if order is None:
        return cells
    text = cells.text()
    if order == "month-first":
        text = pc.replace_substring_regex(text, _PARTS, r"\3.\1\4")
    return Cells(
        pc.replace_substring_regex(text, r"^(\d{1,2})[./](\d{1,2})[./](\d{4})", r"\1.\2.\3"), cells.kinds
    )


def order_problem(cells: Cells, order: DateOrder, where: str, key: str) -> list[Problem]:
    """Look for dates that can only be written the other way round: then the others are misread silently."""
    small, big = r"\d{1,2}", _BIG
    pattern = rf"^{small}[./]{big}[./]\d{{4}}" if order == "day-first" else rf"^{big}[./]{small}[./]\d{{4}}"
    wrong = pc.sum(pc.match_substring_regex(cells.text(), pattern)).as_py() or 0
    if not wrong:
        return []
    other = "month-first" if order == "day-first" else "day-first"
    what = f"{wrong} dates do not fit {order}, so that the others may be misread"
    return [Problem(where, what, todo=f"set {key}: {other} if that is how they are written")]


def without_words(cells: Cells, words: Sequence[str]) -> Cells:
    """Empty the cells that hold one of some words, such as `не закрыта`."""
    text = cells.text()
    low = pc.utf8_lower(text)
    none = pc.is_in(low, pa.array([word.strip().lower() for word in words], pa.string()))
    return Cells(pc.if_else(none, pa.scalar(None, pa.string()), text), cells.kinds)


def tags(values: pa.Array, wanted: Sequence[str]) -> pa.Array:
    """Return the first of some tags that each row bears, or all of them in order; a cell is `опт, сайт`."""

    def chosen(cell: str) -> str | None:
        names = {name.strip().casefold(): name.strip() for name in cell.split(",") if name.strip()}
        if wanted:
            return next((names[name.casefold()] for name in wanted if name.casefold() in names), None)
        return ", ".join(sorted(names.values()))

    return mapped(values, chosen)
