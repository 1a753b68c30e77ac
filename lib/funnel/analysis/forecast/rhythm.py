"""How unevenly conversions come in a company, week by week, though nothing has changed.

Where contracts are signed at the end of the month or the quarter, or are written down on Fridays, a span of a
few weeks brings much more or much less than its share. Nobody's forecast of such a span can be better than
that, and a miss within it tells nothing about the method.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from funnel.analysis.cube.triangles import calendar_sum
from funnel.analysis.forecast.conversion import StageFit

Floats = npt.NDArray[np.float64]

FEWEST = 5
"""Spans side by side that the record must hold for their variance to be told."""


def uneven(fit: StageFit, weeks: int, leave: int = 0, ages: tuple[int, int] | None = None) -> float:
    """Return the relative variance of what comes in so many calendar weeks, beyond Poisson's.

    Args:
        fit: a fitted stage.
        weeks: length of the span. Of one too long to be seen often the variance is taken as that of shorter
            ones, falling as their number within it grows.
        leave: newest weeks that do not count: those that are being judged.
        ages: at the beginning of the span, of the cohorts it is asked of (from and to); None: all.

    Returns:
        The variance, less its standard error; never below 0.
    """
    lags = slice(None) if ages is None else slice(ages[0] + 1, ages[1] + 1 + weeks // 2)
    both = (fit.triangle.told(), fit.due)
    came, due = (calendar_sum(each, len(each), lags)[fit.model.begun :] for each in both)
    count = len(came) - leave
    span = min(weeks, count // FEWEST)
    if span < 1:
        return 0.0
    sums = [np.convolve(each[:count], np.ones(span), mode="valid") for each in (came, due)]
    enough = sums[1] >= 1.0
    if enough.sum() < FEWEST:
        return 0.0
    got, wanted = (each[enough] for each in sums)
    square = float((wanted**2).mean())
    excess = float(((got - wanted) ** 2 - wanted).mean()) / square
    error = np.sqrt(2 * square + float(wanted.mean())) / square / np.sqrt(count / span)
    return max(excess - float(error), 0.0) * span / weeks
