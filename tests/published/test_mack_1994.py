"""Mack 1994, the RAA triangle: the printed reserves and standard errors, within 1."""

import numpy as np
import pytest

from funnel.analysis.forecast.chainladder import mack

RAA = [
    [5012, 8269, 10907, 11805, 13539, 16181, 18009, 18608, 18662, 18834],
    [106, 4285, 5396, 10666, 13782, 15599, 15496, 16169, 16704],
    [3410, 8992, 13873, 16141, 18735, 22214, 22863, 23466],
    [5655, 11555, 15766, 21266, 23425, 26083, 27067],
    [1092, 9565, 15836, 22169, 25955, 26180],
    [1513, 6445, 11702, 12935, 15852],
    [557, 4020, 10946, 12314],
    [1351, 6947, 13112],
    [3133, 5395],
    [2063],
]
RESERVES = [0, 154, 617, 1636, 2747, 3649, 5435, 10907, 10650, 16339]
ERRORS = [0, 206, 623, 747, 1469, 2002, 2209, 5358, 6333, 24566]
TOTAL_RESERVE, TOTAL_ERROR = 52135, 26909


def raa() -> np.ndarray:
    triangle = np.full((10, 10), np.nan)
    for row, values in enumerate(RAA):
        triangle[row, : len(values)] = values
    return triangle


def test_reserves_and_standard_errors_are_the_printed_ones() -> None:
    result = mack(raa())
    assert result["reserve"].to_numpy() == pytest.approx(RESERVES, abs=1)
    assert result["standard_error"].to_numpy() == pytest.approx(ERRORS, abs=1)


def test_total_is_the_printed_one() -> None:
    result = mack(raa())
    assert result["reserve"].sum() == pytest.approx(TOTAL_RESERVE, abs=1)
    assert result.attrs["total_error"] == pytest.approx(TOTAL_ERROR, abs=1)
