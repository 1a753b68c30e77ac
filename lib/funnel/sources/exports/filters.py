"""Rows that are no leads of the funnel: `where` and `drop` of the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.sources.exports.outcome import folded
from funnel.sources.tabular import Mask


def left_out(
    columns: Mapping[str, pa.Array], where: Mapping[str, Sequence[str]], drop: Mapping[str, Sequence[str]]
) -> tuple[Mask, list[str]]:
    """Say which rows are left out, and how many by which rule.

    Args:
        columns: header -> cells, for the headers of the rules.
        where: header -> the values of which a row must have one.
        drop: header -> the values of which it must have none. Capitals and blanks make no difference; ''
            is empty.
    """
    size = len(next(iter(columns.values()))) if columns else 0
    out = np.zeros(size, bool)
    told = []
    for rules, wanted, name in ((where, True, "where"), (drop, False, "drop")):
        for header, values in rules.items():
            if header not in columns:
                continue
            named = {folded(value) for value in values}
            encoded = columns[header].fill_null("").dictionary_encode()
            hits = pa.array([folded(text) in named for text in encoded.dictionary.to_pylist()], pa.bool_())
            mask = hits.take(encoded.indices).to_numpy(zero_copy_only=False)
            more = (~mask if wanted else mask) & ~out
            out |= more
            told.append(f"{int(more.sum()):,} rows left out by {name}.{header}")
    return out, told


def joined(values: pa.Array, writings: Mapping[str, Sequence[str]]) -> pa.Array:
    """Write values that are written in several ways in one way; the others stay.

    Args:
        values: text.
        writings: the value to write -> the writings that mean it, capitals and blanks aside.
    """
    one = {folded(text): value for value, several in writings.items() for text in (value, *several)}
    encoded = values.dictionary_encode()
    words = [one.get(folded(text), text) for text in encoded.dictionary.to_pylist()]
    return pc.if_else(values.is_valid(), pa.array(words, pa.string()).take(encoded.indices), values)
