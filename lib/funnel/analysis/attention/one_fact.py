"""One fact is one flag: of the flags that say the same, the one is kept that says it most surely.

A change of one manager is also one of the total, and of each channel he has leads of; a drop of one step is
also one of the whole. What is left of a deviation when another one is taken out of it is compared with what
chance allows: within that, the other one says it all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from funnel.columns import OVERALL

Floats = npt.NDArray[np.float64]
LEFT = 0.005
"""One-sided chance from which what is left of a deviation is no fact of its own; many are looked at."""


def explained(frame: pd.DataFrame, spread: Floats) -> pd.Series:
    """Return for each flagged row the position of the flag that says the same, and for the others -1.

    Args:
        frame: rows of `deviations.COLUMNS`, with an index of positions; `flag` as by its own chance.
        spread: standard deviation of each row's number reached, relative to the number expected.
    """
    said: dict[int, int] = {}
    mine = frame[frame["flag"] & (frame["kind"] == "history")].sort_values("p_value", kind="stable")
    totals = frame[(frame["attribute"] == "") & (frame["kind"] == "history")].set_index("stage")["base"]
    kept: list[int] = []
    rows = dict(zip(mine.index.tolist(), (row for _, row in mine.iterrows()), strict=True))
    limit = -float(special.ndtri(LEFT))
    for position, row in rows.items():
        for other in kept:
            told = rows[other]
            if np.sign(told["change"]) != np.sign(row["change"]):
                continue
            left = float(row["change"]) - _carried(told, row, totals)
            if abs(left) <= limit * spread[position] or np.sign(left) != np.sign(row["change"]):
                said[position] = other
                break
        else:
            kept.append(position)
    return pd.Series([said.get(position, -1) for position in frame.index], index=frame.index)


def _carried(told: pd.Series, row: pd.Series, totals: pd.Series) -> float:
    """Return the relative change of one row that another one makes."""
    change, same = (
        float(told["change"]),
        (told["attribute"], told["value"]) == (row["attribute"], row["value"]),
    )
    if told["stage"] != row["stage"]:
        return change if same and OVERALL in (told["stage"], row["stage"]) else 0.0
    base, of = float(told["base"]), float(row["base"])
    if told["attribute"] == "":
        return change
    if row["attribute"] == "":
        return change * base / max(of, 1.0) * float(told["expected"]) / max(float(row["expected"]), 1e-9)
    if told["attribute"] == row["attribute"]:
        return 0.0
    if abs(base - of) <= 0.02 * max(base, of) and abs(told["observed"] - row["observed"]) <= 0.02:
        return float(row["change"])  # two names of the same leads
    return change * base / max(float(totals.get(row["stage"], of)), 1.0)
