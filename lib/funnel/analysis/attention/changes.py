"""Since when: the week at which a conversion changed.

One change of level is looked for by the likelihood ratio of two rates against one, week by week, divided
by the over-dispersion (Hinkley and Hinkley 1970, Biometrika 57, 477-488; quasi-likelihood: McCullagh and
Nelder 1989, chapter 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

LEAST = 10.0
"""The scaled likelihood ratio from which a change counts."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of level.

    Attributes:
        at: position of the first week of the new level.
        before: share before it.
        after: share from it on.
    """

    at: int
    before: float
    after: float

    @property
    def relative(self) -> float:
        """The change relative to the level before."""
        return self.after / self.before - 1 if self.before > 0 else float("nan")


def change_point(reached: Floats, base: Floats, rho: float = 0.0, least: float = LEAST) -> Change | None:
    """Find the week from which on a conversion has another level.

    Args:
        reached: counts by week, all at one age.
        base: out of how many.
        rho: over-dispersion of the weeks (`dispersion.estimate`).
        least: a weaker change is none.

    Returns:
        The change, or None where there is none strong enough.

    >>> change = change_point(np.array([40.0] * 10 + [20.0] * 4), np.full(14, 100.0))
    >>> change.at, change.before, change.after
    (10, 0.4, 0.2)
    """
    if len(base) < 3:
        return None
    scale = 1 + np.maximum(base - 1, 0) * rho
    x, n = reached / scale, base / scale
    left_x, left_n = np.cumsum(x)[:-1], np.cumsum(n)[:-1]
    right_x, right_n = x.sum() - left_x, n.sum() - left_n
    gain = _likelihood(left_x, left_n) + _likelihood(right_x, right_n) - _likelihood(x.sum(), n.sum())
    gain = np.where((left_n > 0) & (right_n > 0), 2 * gain, 0.0)
    at = int(np.argmax(gain))
    if gain[at] < least:
        return None
    return Change(
        at + 1,
        float(reached[: at + 1].sum() / base[: at + 1].sum()),
        float(reached[at + 1 :].sum() / base[at + 1 :].sum()),
    )


def _likelihood(x: Floats, n: Floats) -> Floats:
    share = np.divide(x, n, out=np.zeros_like(n, dtype=float), where=n > 0)
    return np.asarray(special.xlogy(x, share) + special.xlog1py(n - x, -share))
