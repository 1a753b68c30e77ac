"""The order of stages, found from when leads entered them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

DEAD_END = 0.01
ENOUGH = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """A stage and what was seen of it."""

    key: str
    note: str


def in_order(firsts: pd.DataFrame) -> list[Seen]:
    """Order stages by how often leads enter one before another.

    A stage's position is the sum, over the other stages, of the share of leads that entered both and entered
    this one first. Where no lead entered both at different times, the stage of more leads comes first.

    Args:
        firsts: a row for each lead, a column for each stage, the first entry, or NaT.

    >>> days = pd.to_datetime(["2022-01-01", "2022-01-05", None])
    >>> frame = pd.DataFrame({"sale": days[[1, 2]], "call": days[[0, 0]]})
    >>> [seen.key for seen in in_order(frame)]
    ['call', 'sale']
    """
    names = list(firsts.columns)
    times = firsts.to_numpy(dtype="datetime64[us]")
    there = ~np.isnat(times)
    counts = there.sum(axis=0)
    positions = np.zeros(len(names))
    for one in range(len(names)):
        for other in range(len(names)):
            if one != other:
                both = there[:, one] & there[:, other]
                before = int((times[both, one] < times[both, other]).sum())
                after = int((times[both, one] > times[both, other]).sum())
                usual = (counts[one] > counts[other]) + 0.5 * (counts[one] == counts[other])
                positions[one] += (before + usual) / (before + after + 1)
    order = sorted(range(len(names)), key=lambda place: (-positions[place], -counts[place], names[place]))
    return [
        Seen(str(names[place]), _note(there, place, order[number + 1 :]))
        for number, place in enumerate(order)
    ]


def _note(there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], place: int, later: list[int]) -> str:
    leads = int(there[:, place].sum())
    on = int((there[:, place] & there[:, later].any(axis=1)).sum())
    note = f"{leads:,} leads"
    if later:
        note += f"; {on / leads:.0%} of them went on"
    if later and leads >= ENOUGH and on < DEAD_END * leads:
        note += ": is it a loss? Then call it lost in the files, and take it out here"
    return note
