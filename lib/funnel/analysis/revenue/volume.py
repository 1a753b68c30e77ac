"""How many leads will come: the recent level with the season of last year, or a plan."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

RECENT = 8
"""Weeks whose mean is the recent level."""
YEAR = 52
_SMOOTH = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9


def usual_volume(leads: Floats, imported: npt.NDArray[np.bool_] | None) -> Floats:
    """Return leads by week, those of imported weeks as the mean of the `RECENT` other weeks nearest to them.

    >>> usual_volume(np.array([90.0, 110.0, 5000.0, 100.0]), np.array([False, False, True, False])).tolist()
    [90.0, 110.0, 100.0, 100.0]
    """
    if imported is None or imported.all():
        return leads
    result = leads.copy()
    known = np.flatnonzero(~imported)
    for week in np.flatnonzero(imported):
        near = known[np.argsort(np.abs(known - week), kind="stable")[:RECENT]]
        result[week] = leads[near].mean()
    return result


def expected_volume(leads: Floats, weeks: int) -> Floats:
    """Return leads expected in each of the next `weeks` weeks.

    The mean of the last 8 weeks; with 62 weeks of history or more, times what the same weeks one year
    before were against the 8 weeks before them (its root: one year is one witness).

    >>> expected_volume(np.array([100.0] * 20), 2).tolist()
    [100.0, 100.0]
    """
    if not len(leads):
        return np.zeros(weeks)
    level = float(leads[-RECENT:].mean())
    count = len(leads)
    if count < YEAR + RECENT + 2:
        return np.full(weeks, level)
    smooth = np.convolve(np.pad(leads, 2, mode="edge"), _SMOOTH, mode="valid")
    base = max(float(leads[count - YEAR - RECENT : count - YEAR].mean()), 1.0)
    ahead = np.arange(weeks) % YEAR
    season = (np.maximum(smooth[count - YEAR + ahead], 0) + 1) / (base + 1)
    result: Floats = level * np.clip(season, 0.2, 5.0) ** 0.5
    return result


def draw_volume(
    leads: Floats,
    weeks: int,
    count: int,
    seed: int,
    plan: Mapping[pd.Timestamp, float] | None,
    first: pd.Timestamp,
) -> Floats:
    """Draw leads of each of the next `weeks` weeks, week by draw.

    The spread is that of the method's own past errors: whole paths of what came against what would have been
    expected, from the dates of the history. Planned weeks follow the plan, with Poisson noise alone.
    """
    rng = np.random.default_rng(seed)
    paths = []
    for end in range(RECENT, len(leads) - 3):
        ahead = min(weeks, len(leads) - end)
        expected = expected_volume(leads[:end], ahead)
        ratio = (leads[end : end + ahead] + 0.5) / (expected + 0.5)
        paths.append(np.concatenate([ratio, np.full(weeks - ahead, ratio[-4:].mean())]))
    if len(paths) >= RECENT:
        table = np.array(paths)
        factor = table[rng.integers(len(table), size=count)].T / table.mean(axis=0)[:, None]
    else:
        level = rng.normal(0, 0.2, count)
        factor = np.exp(level + np.cumsum(rng.normal(0, 0.08, (weeks, count)), axis=0))
        factor /= factor.mean(axis=1, keepdims=True)
    drawn = expected_volume(leads, weeks)[:, None] * factor
    for week in range(weeks):
        planned = (plan or {}).get(first + pd.Timedelta(weeks=week))
        if planned is not None:
            drawn[week] = rng.poisson(planned, count)
    result: Floats = drawn
    return result
