"""A later stage keeps within the one before it: who reaches a later one counts in the earlier ones too.

Each stage is forecast by itself, so where hardly a lead is lost on a step it could pass the one before. What
is expected is held back week by week. Of both the draws of a cohort are put in order of size, and each of the
later stage's is held to that of its rank: then means and quantiles keep the order, and stages that run alike
are not drawn apart by the chance of their draws.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from funnel.analysis.forecast.conversion import StageFit
from funnel.analysis.forecast.draws import capped

Floats = npt.NDArray[np.float64]


class Arriving(Protocol):
    """What is to come of one stage; see `told.Told`."""

    @property
    def fit(self) -> StageFit:
        """The model of the stage, and its triangle."""

    @property
    def coming(self) -> Floats:
        """Expected arrivals by cohort and calendar week ahead."""

    @property
    def factor(self) -> Floats:
        """Draws of the factor on all that is to come, cohort by draw; its mean is 1."""


def ordered(one: Arriving, before: Arriving) -> bool:
    """Tell whether every lead that reached a stage counts in the one before: not by the rule `entered`."""
    return bool((one.fit.triangle.reached <= before.fit.triangle.reached).all())


def within(one: Arriving, before: Arriving) -> tuple[Floats, Floats]:
    """Keep what is to come of a stage within the stage before it.

    Args:
        one: the stage.
        before: the stage before it, already in order.

    Returns:
        What is expected by cohort and week, and the factor on it: as they were, where nothing is held back.
    """
    if not ordered(one, before):
        return one.coming, one.factor
    spare = (before.fit.triangle.reached - one.fit.triangle.reached)[:, None]
    so_far, most = np.cumsum(one.coming, axis=1), spare + np.cumsum(before.coming, axis=1)
    by_week = np.minimum(so_far, most)
    drawn = by_week[:, -1:] * one.factor
    held = below(drawn, spare + before.coming.sum(axis=1)[:, None] * before.factor)
    if held is drawn and (by_week == so_far).all():
        return one.coming, one.factor
    return capped(np.diff(by_week, axis=1, prepend=0.0), held, one.fit.left)


def below(draws: Floats, most: Floats) -> Floats:
    """Hold each draw of a row to the draw of the same rank of another row; the same object if none is held.

    >>> below(np.array([[5.0, 1.0, 4.0]]), np.array([[2.0, 3.0, 9.0]])).tolist()
    [[5.0, 1.0, 3.0]]
    """
    near = np.flatnonzero(draws.max(axis=1) > most.min(axis=1))
    if not len(near):
        return draws
    mine = draws[near]
    order = np.argsort(mine, axis=1, kind="stable")
    ranked = np.take_along_axis(mine, order, axis=1)
    held = np.minimum(ranked, np.sort(most[near], axis=1))
    if (held == ranked).all():
        return draws
    np.put_along_axis(mine, order, held, axis=1)
    result: Floats = draws.copy()
    result[near] = mine
    return result
