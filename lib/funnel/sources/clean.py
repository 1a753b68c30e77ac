"""The cells of an export, made clean: guards, duplicates, personal data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from funnel.gate.contacts import SUSPECT
from funnel.gate.personal import blot
from funnel.sources.tabular import Cells, Sheet

_GUARD = r"^'([=+\-@\t\r])"


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


def blotted(values: pa.Array, one: Callable[[str], str] = blot) -> pa.Array:
    """Blot telephone numbers and e-mail addresses out of a text column, of ids by `personal.blot_id`."""
    suspect = pc.match_substring_regex(values, SUSPECT)
    if not pc.any(suspect).as_py():
        return values
    return pc.replace_with_mask(values, suspect.fill_null(False), mapped(values.filter(suspect), one))


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
