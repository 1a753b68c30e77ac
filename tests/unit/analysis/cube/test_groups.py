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


def test_no_rows() -> None:
    rows, at = distinct([np.zeros(0, dtype=np.int64)] * 2)
    assert rows.shape == (0, 2)
    assert len(at) == 0
