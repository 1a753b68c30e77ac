"""How long a deal takes: the time to each stage, with those still on the way and those lost accounted for.

The estimator is Aalen and Johansen's (Scand. J. Statist. 5, 1978, 141-150) for two competing ends, reaching
the stage and being lost: incidence(t) = sum over u <= t of S(u-) * reached(u) / at_risk(u), S being Kaplan
and Meier's share without either end. Leads still on the way leave the risk set at their age (censored). The
median is that of the leads that do reach the stage: where incidence is half of what it is at the horizon.

The cohorts of a month are followed as long as at least `FEW` of its leads are at risk, or none is too young.
Beyond that its incidence grows as that of the older months did: incidence(t) = incidence(end) * F(t) /
F(end), F being the chain ladder of all months' incidences, which does not mind that some convert better than
others. `borrowed` says which share of the incidence lies there. Leads of several months together have the
mean of their months' incidences, so that the old, who alone show the tail, do not stand for the young.

No duration is told of fewer than `FEW` arrivals. Where arrivals have not all but ceased by the end of the log
(`STILL`), the log is shorter than the way: what it tells is the least that the way takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.schema import require
from funnel.settings import LEAD

Floats = npt.NDArray[np.float64]

FEW = 20
"""Leads at risk, and arrivals, below which a month does not speak for itself."""
STILL = 0.05
"""Share of the arrivals that came in the last quarter of what could be followed, beyond which more follow."""
_NEEDED = (
    "attribute",
    "value",
    "attribute2",
    "value2",
    "cohort_month",
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
        (NaN of fewer than `FEW` arrivals); `borrowed` (share of the incidence at times its leads have not
        been followed for); `at_least` (the log is too short for the way: it takes longer than these days).
    """
    require(waits, _NEEDED, "waits")
    part = waits[(waits["attribute"] == attribute) & (waits["attribute2"] == "")]
    key = "value" if attribute else "cohort_quarter"
    months = pd.to_datetime(part["cohort_month"])
    part = part.assign(cohort_quarter=months.dt.to_period("Q").dt.start_time)
    rows = []
    for start, stage, way, days in _ways(part, horizon_weeks):
        pool = _pool(way, days)
        short = _too_short(way, days, pool, horizon_weeks)
        groups = [] if attribute else [(pd.NaT, way)]
        for group, frame in [*groups, *way.groupby(key)]:
            law = _law(frame, days, pool)
            ends = frame.groupby("outcome")["leads"].sum().reindex(["reached", "lost", "open"], fill_value=0)
            rows.append(
                {
                    key: group,
                    "start": start,
                    "stage": stage,
                    "leads": int(ends.sum()),
                    **{name: int(count) for name, count in ends.items()},
                    "share": float(law.reached[-1]) if len(law.reached) else float("nan"),
                    "median_days": law.quantile(0.5) if ends["reached"] >= FEW else float("nan"),
                    "p80_days": law.quantile(0.8) if ends["reached"] >= FEW else float("nan"),
                    "borrowed": law.borrowed,
                    "at_least": short,
                }
            )
    columns = [key, "start", "stage", "leads", "reached", "lost", "open", "share", "median_days", "p80_days"]
    return pd.DataFrame(rows, columns=[*columns, "borrowed", "at_least"])


def curves(waits: pd.DataFrame, horizon_weeks: int, points: int = 200) -> pd.DataFrame:
    """Return how the shares of all leads that have reached each stage, or are lost, grow with time.

    Returns:
        One row per way, stage and time: `start`, `stage`, `days` (spaced evenly on a logarithmic scale),
        `reached`, `lost` (shares of the leads that started, 0..1; the rest is on the way).
    """
    require(waits, _NEEDED, "waits")
    part = waits[(waits["attribute"] == "") & (waits["attribute2"] == "")]
    parts = []
    for start, stage, way, days in _ways(part, horizon_weeks):
        if not len(days):
            continue
        law = _law(way, days, _pool(way, days))
        shown = np.geomspace(1 / 24, horizon_weeks * 7, points)
        at = np.searchsorted(days, shown, side="right")
        columns = {name: np.append(0.0, getattr(law, name))[at] for name in ("reached", "lost")}
        parts.append(pd.DataFrame({"start": start, "stage": stage, "days": shown, **columns}))
    empty = pd.DataFrame(columns=["start", "stage", "days", "reached", "lost"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def waiting_limits(waits: pd.DataFrame, horizon_weeks: int, share: float = 0.9) -> Mapping[str, float]:
    """Return by stage the days within which `share` of those who ever moved on had moved to the next one.

    A lead that has waited longer is unusual. A stage that fewer than `FEW` have left has no limit, nor one
    whose way the log is too short for; none has where no lead was seen entering a stage (`unseen`), since
    then the data do not tell when leads moved.
    """
    require(waits, _NEEDED, "waits")
    part = waits[(waits["attribute"] == "") & (waits["attribute2"] == "")]
    if _from_lead_alone(part):
        return {}
    limits: dict[str, float] = {}
    seen: set[str] = set()
    for start, _, way, days in _ways(part, horizon_weeks):
        if start in seen:
            continue
        seen.add(start)
        pool = _pool(way, days)
        left = float(way.loc[way["outcome"] == "reached", "leads"].sum())
        if left < FEW or _too_short(way, days, pool, horizon_weeks):
            continue
        limit = _law(way, days, pool).quantile(share)
        if np.isfinite(limit):
            limits[start] = limit
    return limits


def unseen(found: pd.DataFrame) -> bool:
    """Whether no lead was seen entering a stage that it could leave: at most where leads stand is known.

    Args:
        found: what `durations` returns.
    """
    return _from_lead_alone(found) or not bool(found["reached"].any())


def _from_lead_alone(ways: pd.DataFrame) -> bool:
    return ways["stage"].nunique() > 1 and set(ways["start"]) == {LEAD}


def _too_short(way: pd.DataFrame, days: Floats, pool: Floats, horizon_weeks: int) -> bool:
    """Whether arrivals have not all but ceased by the end of what the log could follow."""
    months = pd.to_datetime(way["cohort_month"])
    log = max(float(way["days"].max()), float((months.max() - months.min()).days))
    left = min((horizon_weeks * 7 - log) / (log / 4), 1.0)
    if not len(days) or left <= 0:
        return False
    by_then = _at(pool[0], int(np.searchsorted(days, 0.75 * log, side="right")))
    return (1 - by_then) * left > STILL


@dataclass(frozen=True, slots=True)
class _Followed:
    """What some leads show of themselves.

    Attributes:
        leads: how many they are.
        incidence: of reaching (row 0) and of being lost (row 1) at each time.
        until: how many times they have been followed for.
        arrived: how many have reached the stage by then.
    """

    leads: float
    incidence: Floats
    until: int
    arrived: float

    @property
    def speaks(self) -> bool:
        """Whether it can do without its neighbours' level."""
        return self.until == self.incidence.shape[1] or self.arrived >= FEW


def _ways(waits: pd.DataFrame, horizon_weeks: int) -> Iterator[tuple[str, str, pd.DataFrame, Floats]]:
    """Return each way's start and stage, its rows with the numbers of outcome and time, and its times."""
    for (start, stage), way in waits.groupby(["start", "stage"], sort=False):
        every = way["days"].to_numpy(dtype=np.float64)
        days = np.unique(every[every <= horizon_weeks * 7])
        outcome = way["outcome"].map({"reached": 0, "lost": 1, "open": 2})
        yield str(start), str(stage), way.assign(_outcome=outcome, _time=np.searchsorted(days, every)), days


def _follow(frame: pd.DataFrame, days: Floats) -> _Followed:
    """Return Aalen and Johansen's incidences of some leads."""
    counts = np.zeros((3, len(days) + 1))  # reached, lost, open by time; the last column is all later times
    places = frame["_outcome"].to_numpy(), frame["_time"].to_numpy()
    np.add.at(counts, places, frame["leads"].to_numpy(dtype=np.float64))
    risk = np.cumsum(counts.sum(axis=0)[::-1])[::-1]
    hazards = counts[:2, :-1] / np.maximum(risk[:-1], 1)
    staying = np.cumprod(1 - np.minimum(hazards.sum(axis=0), 1))
    incidence = np.cumsum(np.append(1.0, staying[:-1])[: len(days)] * hazards, axis=1)
    thin = (np.cumsum(counts[2])[:-1] > 0) & (risk[:-1] < FEW)
    until = int(np.argmax(thin)) if thin.any() else len(days)
    return _Followed(float(counts.sum()), incidence, until, float(counts[0, :until].sum()))


def _months(frame: pd.DataFrame, days: Floats) -> list[_Followed]:
    return [_follow(part, days) for _, part in frame.groupby("cohort_month")]


def _pool(way: pd.DataFrame, days: Floats) -> Floats:
    """Return how all the leads of a way develop."""
    return _development(_months(way, days), _follow(way, days).incidence)


def _development(months: Sequence[_Followed], together: Floats) -> Floats:
    """Return the share of the final incidence at each time: the chain ladder of the months' incidences.

    At times for which no month has been followed it grows as the incidences given do.
    """
    new, all_ = np.zeros_like(together), np.zeros_like(together)
    for one in months:
        new[:, : one.until] += one.leads * np.diff(one.incidence, axis=1, prepend=0)[:, : one.until]
        all_[:, : one.until] += one.leads * one.incidence[:, : one.until]
    step = np.divide(
        np.diff(together, axis=1, prepend=0), together, out=np.zeros_like(new), where=together > 0
    )
    step = np.divide(new, all_, out=step, where=all_ > 0)
    share = np.cumprod((1 - step)[:, ::-1], axis=1)[:, ::-1]
    developed: Floats = np.append(share[:, 1:], np.ones((2, 1)), axis=1)[:, : share.shape[1]]
    return developed


def _law(frame: pd.DataFrame, days: Floats, pool: Floats) -> _Law:
    """Return the law of some leads; a month that is too young to speak takes that of all of them."""
    months = _months(frame, days)
    share = _development(months, pool)
    together = _extended(_follow(frame, days), share)
    incidence, borrowed, number = np.zeros((2, len(days))), 0.0, 0.0
    for own in months:
        found = _extended(own, share) if own.speaks else together
        incidence += own.leads * found
        borrowed += own.leads * (_at(found[0], len(days)) - _at(found[0], own.until))
        number += own.leads
    total = _at(incidence[0], len(days))
    incidence /= max(number, 1)
    return _Law(days, incidence[0], incidence[1], float(borrowed / total) if total > 0 else 0.0)


def _at(incidence: Floats, times: int) -> float:
    """Return the incidence after so many times."""
    return float(incidence[times - 1]) if times else 0.0


def _extended(own: _Followed, share: Floats) -> Floats:
    """Return the incidences, beyond what has been followed as the shares develop; together at most 1."""
    end = own.until - 1
    if end < 0 or own.incidence[0, end] <= 0:
        return own.incidence
    grown, base = own.incidence.copy(), share[:, [end]]
    growth = np.divide(share[:, own.until :], base, out=np.ones_like(share[:, own.until :]), where=base > 0)
    grown[:, own.until :] = own.incidence[:, [end]] * growth
    grown[1] = np.minimum(grown[1], 1 - grown[0])
    return grown
