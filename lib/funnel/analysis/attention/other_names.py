"""Values that came up as another one fell: perhaps the same leads under another name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NEW, BEFORE = 4, 13
"""Weeks in which a value is new, and the weeks before them in which it had hardly any leads."""
HARDLY = 0.1
"""Of its newest week's leads: what a new value had in a week before, at most."""
MADE_UP = 0.5
"""Of the leads that another one lacks: what it brings in the newest week, at least."""


def instead_of(
    cell: int, keys: Sequence[tuple[str, str, str, str]], leads: Floats, lacking: float
) -> tuple[str, int]:
    """Return the new value of the same attribute that may stand for a fallen one, and its leads.

    Args:
        cell: position of the one that fell.
        keys: of the slices.
        leads: by slice and week, (slices, weeks).
        lacking: leads due that did not come.

    Returns:
        The one that brought most in the newest week; '' and 0 for none.

    >>> keys = [("channel", name, "", "") for name in ("vk", "VK Ads")]
    >>> instead_of(0, keys, np.array([[30.0] * 17, [0.0] * 16 + [28.0]]), 29.0)
    ('VK Ads', 28)
    """
    best = ("", 0)
    for other, key in enumerate(keys):
        if other == cell or key[0] != keys[cell][0] or not key[1] or key[2]:
            continue
        came = float(leads[other, -1])
        known = leads[other, -BEFORE - NEW : -NEW]
        if came >= max(MADE_UP * lacking, best[1] + 1) and known.mean() <= HARDLY * came:
            best = (key[1], int(came))
    return best
