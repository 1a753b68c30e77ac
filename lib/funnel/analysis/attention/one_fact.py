"""One fact is one flag: of the flags that say the same, the one is kept that says it most surely.

A change of one manager is also one of the total, and of each channel he has leads of; a drop of one step is
also one of the whole. What is left of a deviation when another one is taken out of it is compared with what
chance allows: within that, the other one says it all. A change that all leads share is told of them, though
one segment may show it most surely by luck. Where each value of an attribute converts as ever, and only the
leads are of other values, no conversion has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from funnel.analysis.statistics.dispersion import false_discovery
from funnel.columns import OVERALL

Floats = npt.NDArray[np.float64]
LEFT = 0.005
"""One-sided chance from which what is left of a deviation is no fact of its own; many are looked at."""
COVERED, MOST = 0.95, 0.5
"""Share of the leads that an attribute's values must have, and of a change that their mix must make."""
ALL_MOVED = 0.05
"""One-sided chance of what the other leads did, below which a segment's change is told of all leads."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of flagged rows.

    Attributes:
        by: by position the row that says the same; its own if it is told, -1 if nothing is.
        q_value: of rows that are no discovery beside the facts told as it is beside those.
        mixes: rows of all leads that differ since the leads are of other values of this attribute; what says
            the same is no more told than they.
    """

    by: pd.Series
    q_value: pd.Series
    mixes: Mapping[int, str]


def told_by(frame: pd.DataFrame, spread: Floats, weight: Floats, level: float) -> Told:
    """Tell each fact once.

    A row that no other one says is told if it is a discovery beside the facts told so far: rows that only say
    these again count for none.

    Args:
        frame: rows of `deviations.COLUMNS`, with an index of positions; `flag` as by its own chance.
        spread: standard deviation of each row's number reached, relative to the number expected.
        weight: each row's weight in `false_discovery`.
        level: the false discovery rate of a flag.
    """
    history = frame["kind"] == "history"
    mine = frame[frame["flag"] & history].sort_values("p_value", kind="stable")
    rows = {position: row for position, (_, row) in zip(mine.index.tolist(), mine.iterrows(), strict=True)}
    totals = frame[(frame["attribute"] == "") & history].set_index("stage")["base"]
    result = pd.Series(frame.index, index=frame.index).where(frame["flag"], -1)
    result[mine.index] = -1
    q_value = frame["q_value"].copy()
    open_ = history.to_numpy(bool).copy()
    kept: list[int] = []

    def take(position: int) -> None:
        """Tell a flag, and so what it says of others, itself or by other steps of its segment."""
        kept.append(position)
        result[position], open_[position] = position, False
        by = [position]
        for other, row in sorted(rows.items(), key=lambda one: not _same_segment(rows[position], one[1])):
            if open_[other] and any(_says(rows[one], row, spread[other], totals) for one in by):
                result[other], open_[other] = position, False
                if _same_segment(rows[position], row):
                    by.append(other)

    mixes = {}
    for position, row in rows.items():
        mixed = _mixed(frame[history], row, spread[position]) if not row["attribute"] else ""
        if mixed and open_[position]:
            mixes[position] = mixed
            take(position)
    kept.clear()
    for position in rows:
        if not open_[position]:
            continue
        rest = np.flatnonzero(open_)
        q = false_discovery(frame["p_value"].to_numpy(float)[rest], weight[rest], len(kept))
        own = float(q[np.searchsorted(rest, position)])
        if kept and not own <= level:
            q_value[position] = own
            continue
        whole = _whole(rows, position, spread)
        take(position if whole is None or not open_[whole] else whole)
        if open_[position]:
            take(position)
    return Told(result, q_value, mixes)


def _mixed(history: pd.DataFrame, row: pd.Series, spread: float) -> str:
    """Return the attribute whose mix makes a change of all leads, no value another rate; '' for none."""
    of_stage = history[(history["stage"] == row["stage"]) & (history["attribute"] != "")]
    for attribute, values in of_stage.groupby("attribute", sort=True):
        base = float(values["base"].sum())
        if base < COVERED * row["base"]:
            continue
        due = float((values["base"] * values["expected"].fillna(0.0)).sum()) / base
        carried = due / float(row["expected"]) - 1
        left = float(row["observed"]) / max(due, 1e-9) - 1
        if carried * np.sign(row["change"]) >= MOST * abs(row["change"]) and _within(left, row, spread):
            return str(attribute)
    return ""


def _within(left: float, row: pd.Series, spread: float, carried: float = 0.0) -> bool:
    """Tell whether chance makes what is left of a change, or nothing is left of it in its direction."""
    chance = spread * np.sqrt(max(1.0, 1.0 + carried))  # of more leads than were due
    return bool(abs(left) <= -special.ndtri(LEFT) * chance or np.sign(left) != np.sign(row["change"]))


def _says(told: pd.Series, row: pd.Series, spread: float, totals: pd.Series) -> bool:
    """Tell whether a row's change is, but for chance, what another one makes of it."""
    if np.sign(told["change"]) != np.sign(row["change"]):
        return False
    carried = _carried(told, row, totals)
    return _within(float(row["change"]) - carried, row, spread, carried)


def _same_segment(one: pd.Series, other: pd.Series) -> bool:
    return bool(one["attribute"] == other["attribute"] and one["value"] == other["value"])


def _whole(rows: Mapping[int, pd.Series], position: int, spread: Floats) -> int | None:
    """Return the flag of all leads that says a segment's fact better, as the others moved too; or None."""
    row = rows[position]
    for other, whole in rows.items():
        if whole["attribute"] or whole["stage"] != row["stage"] or other == position:
            continue
        due = np.array([one["base"] * one["expected"] for one in (whole, row)], dtype=float)
        rest = due[0] - due[1]
        if rest <= 0:
            return None
        moved = (whole["change"] * due[0] - row["change"] * due[1]) / rest
        chance = -float(special.ndtri(ALL_MOVED)) * spread[other] * np.sqrt(due[0] / rest)
        return other if np.sign(row["change"]) * moved > chance else None
    return None


def _carried(told: pd.Series, row: pd.Series, totals: pd.Series) -> float:
    """Return the relative change of one row that another one makes."""
    change = float(told["change"])
    if told["stage"] != row["stage"]:
        whole = OVERALL in (told["stage"], row["stage"])
        return change if whole and _same_segment(told, row) else 0.0
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
