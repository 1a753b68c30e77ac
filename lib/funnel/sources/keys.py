"""Which rows may have the same key: told by a number made of it, so that the keys themselves are not held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint64]
_ODD = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xFF51AFD7ED558CCD)
_SECOND = np.uint64(0xC4CEB9FE1A85EC53)
_HALF = np.uint64(33)
_WORD = 8


def hashes(rows: pa.Table) -> Hashes:
    """Return a number for each row that depends on its cells alone; other rows rarely have the same.

    >>> same = hashes(pa.table({"id": ["7", "08", "7", None, ""], "n": [1, 1, 1, 1, 1]}))
    >>> bool(same[0] == same[2]), len(set(same.tolist()))
    (True, 4)
    """
    found = np.zeros(rows.num_rows, np.uint64)
    for column in rows.columns:
        values = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        numbers = _of_texts(values) if pa.types.is_string(values.type) else _of_numbers(values)
        numbers[values.is_null().to_numpy(zero_copy_only=False)] = _ODD
        found = _mixed(found * _ODD + numbers)
    return found


def repeated(blocks: Sequence[Hashes]) -> npt.NDArray[np.bool_]:
    """Tell of each row, those of all blocks in order, whether another has its number."""
    whole = np.concatenate(blocks) if blocks else np.zeros(0, np.uint64)
    in_order = np.sort(whole)
    twice = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
    del in_order
    return np.isin(whole, twice) if len(twice) else np.zeros(len(whole), bool)


def _mixed(numbers: Hashes) -> Hashes:
    """Spread numbers so that each bit depends on all bits: the last step of a public hash (MurmurHash3)."""
    numbers = (numbers ^ (numbers >> _HALF)) * _FIRST
    numbers = (numbers ^ (numbers >> _HALF)) * _SECOND
    mixed: Hashes = numbers ^ (numbers >> _HALF)
    return mixed


def _of_numbers(values: pa.Array) -> Hashes:
    if pa.types.is_decimal(values.type):
        return _of_texts(values.cast(pa.string()))
    whole = values.cast(pa.int32()) if pa.types.is_date32(values.type) else values
    return _mixed(whole.cast(pa.int64()).fill_null(0).to_numpy().astype(np.uint64))


def _of_texts(values: pa.Array) -> Hashes:
    """Take the bytes of the texts eight at a time, which goes for all texts at once."""
    texts = pc.fill_null(values, "")
    _, offsets, data = texts.buffers()
    size = len(texts)
    if not size or data is None:
        return np.zeros(size, np.uint64)
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + size + 1].astype(np.int64)
    starts, lengths = ends[:-1], np.diff(ends)
    padded = np.concatenate([np.frombuffer(data, np.uint8)[: ends[-1]], np.zeros(_WORD, np.uint8)])
    words = np.ndarray((len(padded) - _WORD + 1,), "<u8", padded, strides=(1,))
    found = lengths.astype(np.uint64)
    for begin in range(0, int(lengths.max()), _WORD):
        left = lengths - begin
        there = np.flatnonzero(left > 0)
        bits = np.uint64(8) * (np.uint64(_WORD) - np.minimum(left[there], _WORD).astype(np.uint64))
        word = (words[starts[there] + begin] << bits) >> bits
        found[there] = _mixed(found[there] * _ODD + word)
    return found
