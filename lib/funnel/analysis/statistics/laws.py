"""Tails and quantiles of the usual distributions, straight from `scipy.special`.

`scipy.stats` takes a second to load, and the report needs no more of it than this.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Values = Floats | float


def chi2_above(value: float, freedom: float) -> float:
    """Return the chance of more than a value by chi-square.

    >>> round(chi2_above(3.841459, 1), 6)
    0.05
    """
    return float(special.chdtrc(freedom, value))


def f_above(value: float, freedom: float, spare: float) -> float:
    """Return the chance of more than a value by the F distribution.

    >>> round(f_above(4.964603, 1, 10), 6)
    0.05
    """
    return float(special.fdtrc(freedom, spare, value))


def normal_above(value: Values) -> Floats:
    """Return the chance of more than a standard deviation so far out.

    >>> round(float(normal_above(1.644854)), 6)
    0.05
    """
    return np.asarray(special.ndtr(-np.asarray(value)), dtype=np.float64)


def normal_quantile(chance: Values) -> Floats:
    """Return the quantile of the standard normal distribution.

    >>> round(float(normal_quantile(0.95)), 6)
    1.644854
    """
    return np.asarray(special.ndtri(chance), dtype=np.float64)


def t_below(value: float, freedom: float) -> float:
    """Return the chance of less than a value by Student's t.

    >>> round(t_below(1.812461, 10), 6)
    0.95
    """
    return float(special.stdtr(freedom, value))


def t_quantile(chance: float, freedom: float) -> float:
    """Return the quantile of Student's t.

    >>> round(t_quantile(0.95, 10), 6)
    1.812461
    """
    return float(special.stdtrit(freedom, chance))


def binomial_below(count: int, number: int, share: float) -> float:
    """Return the chance of at most `count` of `number`.

    >>> round(binomial_below(5, 10, 0.5), 6)
    0.623047
    """
    return float(special.bdtr(count, number, share))


def binomial_quantile(chance: float, number: Values, share: Values) -> Floats:
    """Return the least count of which at most so much has a chance of `chance` or more.

    >>> binomial_quantile(0.95, np.array([10.0, 0.0]), 0.5).tolist()
    [8.0, 0.0]
    """
    number, share = np.broadcast_arrays(np.asarray(number, dtype=np.float64), np.asarray(share))
    low, high = np.full(number.shape, -1.0), number.astype(np.float64)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = special.bdtr(middle, number.astype(np.int64), share) >= chance
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    result: Floats = high
    return result


def negative_binomial_below(count: Values, mean: Values, size: Values) -> Floats:
    """Return the chance of at most `count` by a negative binomial: variance mean + mean^2 / size.

    >>> round(float(negative_binomial_below(3, 4.0, 2.0)), 6)
    0.539095
    """
    whole = np.floor(np.asarray(count, dtype=np.float64))
    share = np.asarray(size) / (np.asarray(size) + mean)
    below = special.betainc(size, np.maximum(whole, 0.0) + 1, share)
    return np.where(whole < 0, 0.0, below).astype(np.float64)


def negative_binomial_above(count: Values, mean: Values, size: Values) -> Floats:
    """Return the chance of more than `count`.

    >>> round(float(negative_binomial_above(3, 4.0, 2.0)), 6)
    0.460905
    """
    whole = np.floor(np.asarray(count, dtype=np.float64))
    share = np.asarray(mean) / (np.asarray(size) + mean)
    above = special.betainc(np.maximum(whole, 0.0) + 1, size, share)
    return np.where(whole < 0, 1.0, above).astype(np.float64)


def negative_binomial_quantile(chance: float, mean: Values, size: Values) -> Floats:
    """Return the least count of which at most so much has a chance of `chance` or more.

    >>> float(negative_binomial_quantile(0.95, 4.0, 2.0))
    11.0
    """
    mean, size = np.broadcast_arrays(np.asarray(mean, dtype=np.float64), np.asarray(size, dtype=np.float64))
    low: Floats = np.full(mean.shape, -1.0)
    high: Floats = np.ceil(mean + 10 * np.sqrt(mean + mean**2 / size) + 10)
    while (negative_binomial_below(high, mean, size) < chance).any():
        high = 2 * high
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = negative_binomial_below(middle, mean, size) >= chance
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high
