"""How good forecasts were: WAPE, bias, CRPS and coverage.

Forecasts are counts, so two things need care. An interval of a count cannot cover exactly 90 %: where almost
nothing is left to come, any interval covers nearly always. `coverage` therefore spreads the chance of the
observed count evenly (the non-randomised PIT of Czado, Gneiting and Held 2009, Biometrics 65), so a right
forecast scores its nominal level at every age; `covered` is the plain share of counts that lie within printed
limits. The CRPS is that of Gneiting and Raftery 2007 (JASA 102), from draws or from quantiles.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""The quantiles of a forecast: the limits of the 90, 80 and 50 % intervals and the median."""


def wape(forecast: Floats, actual: Floats) -> float:
    """Return the sum of absolute errors over the sum of what came; NaN if nothing came.

    >>> wape(np.array([3.0, 5.0]), np.array([4.0, 4.0]))
    0.25
    """
    total = float(np.sum(actual))
    return float(np.abs(forecast - actual).sum()) / total if total else float("nan")


def bias(forecast: Floats, actual: Floats) -> float:
    """Return by how much the sum of the forecasts lies above what came, relative; NaN if nothing came.

    >>> bias(np.array([3.0, 6.0]), np.array([5.0, 5.0]))
    -0.1
    """
    total = float(np.sum(actual))
    return round(float(np.sum(forecast)) / total - 1, 12) if total else float("nan")


def crps(draws: Floats, actual: Floats) -> Floats:
    """Return the CRPS of every forecast, in the unit of the forecast; `draws` has a row for each.

    >>> crps(np.array([[1.0, 3.0]]), np.array([2.0])).tolist()
    [0.5]
    """
    ordered = np.sort(draws, axis=1)
    count = ordered.shape[1]
    rank = 2 * np.arange(1, count + 1) - count - 1
    result: Floats = np.abs(ordered - actual[:, None]).mean(axis=1) - (ordered @ rank) / count**2
    return result


def coverage(draws: Floats, actual: Floats, level: float) -> Floats:
    """Return for every forecast how much of what came lies in the central interval, 0..1.

    The mean over many right forecasts is `level`.
    """
    count = draws.shape[1]
    below = (draws < actual[:, None]).sum(axis=1) / count
    at = np.maximum((draws == actual[:, None]).sum(axis=1), 1) / count
    low, high = (1 - level) / 2, (1 + level) / 2
    inside = np.minimum(below + at, high) - np.maximum(below, low)
    result: Floats = np.clip(inside, 0, None) / at
    return result


def covered(low: Floats, high: Floats, actual: Floats) -> float:
    """Return the share of what came that lies within the limits; NaN without any."""
    return float(np.mean((actual >= low) & (actual <= high))) if len(actual) else float("nan")


def count_quantiles(draws: Floats, levels: Sequence[float] = LEVELS) -> Floats:
    """Return quantiles of counts, a row for every row of draws.

    They are read off the distribution in which every count is spread over the half units around it, and
    stay within the drawn counts; so an interval is not wider than its level only because counts are whole.
    """
    ordered = np.sort(draws, axis=1)
    result = np.empty((len(draws), len(levels)))
    for row, values in enumerate(ordered):
        kinds, counts = np.unique(values, return_counts=True)
        middle = (np.cumsum(counts) - counts / 2) / len(values)
        result[row] = np.interp(levels, middle, kinds)
    return result
