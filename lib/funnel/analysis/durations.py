"""How long a deal takes: the time to each stage, with those still on the way and those lost accounted for.

The estimator is Aalen and Johansen's (Scand. J. Statist. 5, 1978, 141-150) for two competing ends, reaching
the stage and being lost: incidence(t) = sum over u <= t of S(u-) * reached(u) / at_risk(u), S being Kaplan
and Meier's share without either end. Leads still on the way leave the risk set at their age (censored). The
median is that of the leads that do reach the stage: where incidence is half of what it is at the horizon.

Where fewer than `FEW` leads of a slice have been followed so long because they are too young, the hazards of
all leads together are used instead; `borrowed` says which share of the incidence came so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.schema import require

Floats = npt.NDArray[np.float64]

FEW = 20
_NEEDED = (
    "attribute",
    "value",
    "attribute2",
    "value2",
    "cohort_quarter",
    "start",
    "stage",
    "outcome",
    "days",
    "leads",
)
_HALF_STEP = 1.005


@dataclass(frozen=True, slots=True)
class _Law:
    """Incidence of reaching and of being lost at each of `days` (ascending), and the share borrowed."""

    days: Floats
    reached: Floats
    lost: Floats
    borrowed: float

    def quantile(self, share: float) -> float:
        """Return the days by which a share of those who reach it have done so; NaN if nobody does."""
        if not len(self.reached) or self.reached[-1] <= 0:
            return float("nan")
        wanted = share * self.reached[-1]
        ends = np.log(self.days * _HALF_STEP)
        at = int(np.searchsorted(self.reached, wanted))
        before = self.reached[at - 1] if at else 0.0
        inside = (wanted - before) / (self.reached[at] - before)
        return float(np.exp(ends[at] - (1 - inside) * 2 * np.log(_HALF_STEP)))


def durations(waits: pd.DataFrame, horizon_weeks: int, attribute: str = "") -> pd.DataFrame:
    """Return median and 80th percentile of the time to each stage.

    Args:
        waits: the cube `waits`.
        horizon_weeks: what takes longer is not counted as reached.
        attribute: one row per value of it; '' for one row per quarter of the cohorts, and one for all of
            them.

    Returns:
        One row per group, way and stage: `cohort_quarter` (first day; NaT for all together) or `value`;
        `start` ('lead' or the stage before), `stage`, `leads` that started, of these `reached`, `lost`,
        `open`; `share` that reaches it within the horizon (0..1); `median_days`, `p80_days` of those who do
        (NaN if nobody); `borrowed` (share of the incidence taken from all leads together because the group is
        young).
    """
    require(waits, _NEEDED, "waits")
    part = waits[(waits["attribute"] == attribute) & (waits["attribute2"] == "")]
    key = "value" if attribute else "cohort_quarter"
    rows = []
    for (start, stage), way in part.groupby(["start", "stage"], sort=False):
        whole = _whole(way)
        days = _grid(whole, horizon_weeks)
        pool = _hazards(_counts(whole, days))
        groups = [] if attribute else [(pd.NaT, whole)]
        for group, frame in [*groups, *way.groupby(key)]:
            law = _law(days, _counts(frame, days), pool)
            ends = frame.groupby("outcome")["leads"].sum().reindex(["reached", "lost", "open"], fill_value=0)
            rows.append(
                {
                    key: group,
                    "start": start,
                    "stage": stage,
                    "leads": int(ends.sum()),
                    **{name: int(count) for name, count in ends.items()},
                    "share": float(law.reached[-1]) if len(law.reached) else float("nan"),
                    "median_days": law.quantile(0.5),
                    "p80_days": law.quantile(0.8),
                    "borrowed": law.borrowed,
                }
            )
    columns = [key, "start", "stage", "leads", "reached", "lost", "open", "share", "median_days", "p80_days"]
    return pd.DataFrame(rows, columns=[*columns, "borrowed"])


def curves(waits: pd.DataFrame, horizon_weeks: int, points: int = 200) -> pd.DataFrame:
    """Return how the shares of all leads that have reached each stage, or are lost, grow with time.

    Returns:
        One row per way, stage and time: `start`, `stage`, `days` (spaced evenly on a logarithmic scale),
        `reached`, `lost` (shares of the leads that started, 0..1; the rest is on the way).
    """
    require(waits, _NEEDED, "waits")
    part = waits[(waits["attribute"] == "") & (waits["attribute2"] == "")]
    parts = []
    for (start, stage), way in part.groupby(["start", "stage"], sort=False):
        whole = _whole(way)
        days = _grid(whole, horizon_weeks)
        if not len(days):
            continue
        counts = _counts(whole, days)
        law = _law(days, counts, _hazards(counts))
        shown = np.geomspace(1 / 24, horizon_weeks * 7, points)
        at = np.searchsorted(days, shown, side="right")
        columns = {name: np.append(0.0, getattr(law, name))[at] for name in ("reached", "lost")}
        parts.append(pd.DataFrame({"start": start, "stage": stage, "days": shown, **columns}))
    empty = pd.DataFrame(columns=["start", "stage", "days", "reached", "lost"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def waiting_limits(waits: pd.DataFrame, horizon_weeks: int, share: float = 0.9) -> Mapping[str, float]:
    """Return by stage the days within which `share` of those who ever moved on had moved to the next one.

    A lead that has waited longer is unusual. A stage nobody has left has no limit.
    """
    require(waits, _NEEDED, "waits")
    part = waits[(waits["attribute"] == "") & (waits["attribute2"] == "")]
    limits: dict[str, float] = {}
    for (start, _), way in part.groupby(["start", "stage"], sort=False):
        if start in limits:
            continue
        whole = _whole(way)
        days = _grid(whole, horizon_weeks)
        counts = _counts(whole, days)
        limit = _law(days, counts, _hazards(counts)).quantile(share)
        if np.isfinite(limit):
            limits[str(start)] = limit
    return limits


def _whole(way: pd.DataFrame) -> pd.DataFrame:
    return way.groupby(["outcome", "days"], as_index=False)[["leads"]].sum()


def _grid(whole: pd.DataFrame, horizon_weeks: int) -> Floats:
    days = np.unique(whole["days"].to_numpy(dtype=np.float64))
    return days[days <= horizon_weeks * 7]


def _counts(frame: pd.DataFrame, days: Floats) -> Floats:
    """Return rows reached, lost, open by time, and a last column for everything after the last time."""
    counts = np.zeros((3, len(days) + 1))
    at = np.searchsorted(days, frame["days"].to_numpy(dtype=np.float64))
    row = frame["outcome"].map({"reached": 0, "lost": 1, "open": 2}).to_numpy()
    np.add.at(counts, (row, at), frame["leads"].to_numpy(dtype=np.float64))
    return counts


def _at_risk(counts: Floats) -> Floats:
    all_ends = counts.sum(axis=0)
    left: Floats = np.cumsum(all_ends[::-1])[::-1][:-1]
    return left


def _hazards(counts: Floats) -> Floats:
    """Return the hazards of reaching and of being lost at each time."""
    risk = _at_risk(counts)
    hazards: Floats = counts[:2, :-1] / np.maximum(risk, 1)
    return hazards


def _law(days: Floats, counts: Floats, pool: Floats) -> _Law:
    own = _hazards(counts)
    censored = np.cumsum(counts[2])[:-1] > 0
    thin = censored & (_at_risk(counts) < FEW)
    hazards = np.where(thin, pool, own)
    staying = np.cumprod(1 - np.minimum(hazards.sum(axis=0), 1))
    before = np.append(1.0, staying[:-1]) if len(days) else staying
    steps = before * hazards
    reached = steps[0]
    total = reached.sum()
    borrowed = float(reached[thin].sum() / total) if total > 0 else 0.0
    return _Law(days, np.cumsum(reached), np.cumsum(steps[1]), borrowed)
