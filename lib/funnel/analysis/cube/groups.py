"""Rows of small whole numbers that are alike, found by one number for each row."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Whole = npt.NDArray[np.int64]


def distinct(columns: Sequence[npt.NDArray[np.integer]]) -> tuple[Whole, Whole]:
    """Return the different rows of some columns in order, and the position of each row among them.

    The same as NumPy's `unique` along rows, which sorts them as bytes and takes ten times as long.

    Args:
        columns: whole numbers, all of one length; quick where none is below 0.

    >>> rows, at = distinct([np.array([1, 0, 1]), np.array([2, 5, 2])])
    >>> rows.tolist(), at.tolist()
    ([[0, 5], [1, 2]], [1, 0, 1])
    """
    widths = [int(column.max(initial=0)) + 1 for column in columns]
    if any(column.min(initial=0) < 0 for column in columns) or math.prod(widths) >= 2**63:
        rows, at = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
        return rows.astype(np.int64), at.reshape(-1).astype(np.int64)
    packed = np.zeros(len(columns[0]), dtype=np.int64)
    for column, width in zip(columns, widths, strict=True):
        packed = packed * width + column
    position, left = pd.factorize(packed, sort=True)
    parts = []
    for width in reversed(widths):
        parts.append(left % width)
        left = left // width
    return np.column_stack(parts[::-1]), position.astype(np.int64)
