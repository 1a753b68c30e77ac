"""Columns of dates, one for each stage, to entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.settings import LOST
from funnel.settings_exports import Wide
from funnel.sources.convert import Fault
from funnel.sources.exports.opened import Opened
from funnel.sources.exports.outcome import LOST_STATE, WON
from funnel.sources.instants import READABLE, Instants
from funnel.sources.tabular import Mask

Column = tuple[str, tuple[Instants, ...], Mask]
"""Stage, its columns, and which rows they are about."""


def columns(opened: Opened, stage_keys: Sequence[str]) -> list[Column]:
    """Return the columns of dates in the order of the funnel; of a wide sheet also those of the ends."""
    everyone = np.ones(len(opened), bool)
    found: list[Column] = [(key, opened.stages[key], everyone) for key in stage_keys if key in opened.stages]
    if not isinstance(opened.rules, Wide):
        return found
    last, known = stage_keys[-1], opened.outcome.null_count < len(opened)
    won, lost = (_are(opened, state) if known else everyone for state in (WON, LOST_STATE))
    for name, stage, about in (("won", last, won), ("lost", LOST, lost)):
        if name in opened.times:
            found.append((stage, (opened.times[name],), about))
    if "closed" in opened.times:
        if last not in opened.stages:
            found.append((last, (opened.times["closed"],), won))
        found.append((LOST, (opened.times["closed"],), lost))
    return found


def _are(opened: Opened, state: str) -> Mask:
    mask: Mask = pc.equal(opened.outcome, state).fill_null(False).to_numpy(zero_copy_only=False)
    return mask


def faults(found: Sequence[Column]) -> list[Fault]:
    """Return the rows whose dates cannot be read."""
    result = []
    for stage, several, about in found:
        for times in several:
            for mask, why in (
                (times.unreadable, f"not a date; readable: {READABLE}"),
                (times.implausible, "a date before 1970 or after 2199 stands for something else"),
            ):
                if (mask & about).any():
                    says = f"the date of {stage} cannot be read: {why}"
                    result.append(Fault("created_at", mask & about, lambda _, says=says: says))  # type: ignore[misc]
    return result


def entries(
    opened: Opened, found: Sequence[Column], ids: pa.Array, created: pd.Series, tell: Callable[[str], None]
) -> pd.DataFrame:
    """Unpivot the columns, in the funnel's order; of several of one stage the earliest date counts.

    A date without a time of day says nothing about the order within its day, so that it is moved behind the
    creation and the earlier stages of that day; dates of other days stay as they are, also where they are
    out of order.

    Returns:
        columns of `schema.STAGE_ENTRIES`, and `place`, the row.
    """
    latest = created.copy()
    frames = []
    reasons = opened.reason.to_pandas()
    for stage, several, about in found:
        times, day_only = _earliest(several)
        times = times.where(about)
        same_day = day_only & (latest.dt.normalize() == times.dt.normalize()).to_numpy()
        times = times.mask(same_day & (latest > times).to_numpy(), latest)
        latest = latest.where(times.isna() | (latest > times), times)
        there = np.flatnonzero(times.notna().to_numpy())
        frames.append(
            pd.DataFrame(
                {
                    "place": there,
                    "lead_id": ids.take(pa.array(there)).to_pandas(),
                    "stage": stage,
                    "entered_at": times.iloc[there].to_numpy(),
                    "reason": reasons.iloc[there].to_numpy() if stage == LOST else None,
                    "precision": np.where(day_only[there], "day", "second"),
                    "origin": "wide",
                }
            )
        )
    if not frames:
        return pd.DataFrame(
            columns=["place", "lead_id", "stage", "entered_at", "reason", "precision", "origin"]
        ).astype({"place": np.int64, "entered_at": "datetime64[us]"})
    made = pd.concat(frames, ignore_index=True).sort_values("place", kind="stable", ignore_index=True)
    early = int((made["entered_at"] < created.iloc[made["place"]].to_numpy()).sum())
    if early:
        tell(
            f"{opened.sheet.where}: {early} stage dates lie before the lead was created; "
            "they count as of its creation"
        )
    return made.drop_duplicates(["lead_id", "stage", "entered_at"], ignore_index=True)


def _earliest(several: Sequence[Instants]) -> tuple[pd.Series, Mask]:
    """Return the earliest of several dates, and whether it is of a day only."""
    first, *others = (pd.Series(as_times(times.values)) for times in several)
    day_only = several[0].day_only.copy()
    for times, found in zip(others, several[1:], strict=True):
        earlier = (times.notna() & (first.isna() | (times < first))).to_numpy()
        first = first.mask(earlier, times)
        day_only = np.where(earlier, found.day_only, day_only)
    return first, day_only


def as_times(values: pa.Array) -> pd.Series:
    """Return times as a pandas series."""
    return pd.Series(values.to_numpy(zero_copy_only=False).astype("datetime64[us]"))
