"""Rows that are alike: as NumPy finds them, however wide the columns are."""

from __future__ import annotations

import numpy as np
import pytest

from funnel.analysis.cube.groups import distinct


@pytest.mark.parametrize("widths", [(1,), (7, 3, 40), (3, 2**40, 2**40), (2**62, 2)])
def test_rows_are_those_of_numpy(widths: tuple[int, ...]) -> None:
    dice = np.random.default_rng(5)
    columns = [dice.choice(dice.integers(0, width, 6), 500) for width in widths]
    rows, at = distinct(columns)
    wanted, where = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    assert rows.tolist() == wanted.tolist()
    assert at.tolist() == where.reshape(-1).tolist()


def test_numbers_below_0_are_told_apart_too() -> None:
    """A missing category has the code -1."""
    rows, at = distinct([np.array([0, 1, 0]), np.array([2, -1, -1])])
    assert rows.tolist() == [[0, -1], [0, 2], [1, -1]]
    assert at.tolist() == [1, 2, 0]


def test_no_rows() -> None:
    rows, at = distinct([np.zeros(0, dtype=np.int64)] * 2)
    assert rows.shape == (0, 2)
    assert len(at) == 0
