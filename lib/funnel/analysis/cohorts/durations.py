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
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.schema import require
from funnel.settings import LEAD

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

FEW = 20
"""Leads at risk, and arrivals, below which a month does not speak for itself."""
STILL = 0.05
"""Share of the arrivals that came in the last quarter of what could be followed, beyond which more follow."""
_OF_WAY = ("value", "cohort_month", "start", "stage", "outcome", "days", "leads")
_NEEDED = ("attribute", "attribute2", "value2", *_OF_WAY)
_OUTCOMES = ("reached", "lost", "open")
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
    key = "value" if attribute else "cohort_quarter"
    rows = []
    for start, stage, way in _ways(waits, horizon_weeks, attribute):
        pool = _pool(way)
        short = _too_short(way, pool, horizon_weeks)
        groups = way.by_value() if attribute else [(pd.NaT, way), *way.by_quarter()]
        for group, some in groups:
            law = _law(some, pool)
            ends = dict(zip(_OUTCOMES, some.ends().tolist(), strict=True))
            rows.append(
                {
                    key: group,
                    "start": start,
                    "stage": stage,
                    "leads": sum(ends.values()),
                    **ends,
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
    parts = []
    for start, stage, way in _ways(waits, horizon_weeks):
        if not len(way.days):
            continue
        law = _law(way, _pool(way))
        shown = np.geomspace(1 / 24, horizon_weeks * 7, points)
        at = np.searchsorted(way.days, shown, side="right")
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
    ways = list(_ways(waits, horizon_weeks))
    if _from_lead_alone([(start, stage) for start, stage, _ in ways]):
        return {}
    limits: dict[str, float] = {}
    seen: set[str] = set()
    for start, _, way in ways:
        if start in seen:
            continue
        seen.add(start)
        pool = _pool(way)
        if way.ends()[0] < FEW or _too_short(way, pool, horizon_weeks):
            continue
        limit = _law(way, pool).quantile(share)
        if np.isfinite(limit):
            limits[start] = limit
    return limits


def unseen(found: pd.DataFrame) -> bool:
    """Whether no lead was seen entering a stage that it could leave: at most where leads stand is known.

    Args:
        found: what `durations` returns.
    """
    return _from_lead_alone(list(zip(found["start"], found["stage"], strict=True))) or not bool(
        found["reached"].any()
    )


def _from_lead_alone(ways: Sequence[tuple[str, str]]) -> bool:
    return len({stage for _, stage in ways}) > 1 and {start for start, _ in ways} == {LEAD}


def _too_short(way: _Way, pool: Floats, horizon_weeks: int) -> bool:
    """Whether arrivals have not all but ceased by the end of what the log could follow."""
    days = way.days
    months = way.months[way.month]
    log = max(way.longest, float((months.max() - months.min()).astype("timedelta64[D]").astype(np.int64)))
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


@dataclass(frozen=True, slots=True)
class _Way:
    """The rows of a way, or of some of its leads, as numbers.

    Attributes:
        days: the way's times within the horizon, ascending.
        longest: of all times of the way, those beyond the horizon too.
        months: first days of the cohorts' months, ascending.
        values: of the attribute, in order.
        month: position in `months`, by row.
        value: position in `values`, by row.
        outcome: position in `_OUTCOMES`, by row.
        time: position in `days`, by row; their number for all later times.
        leads: by row.
    """

    days: Floats
    longest: float
    months: npt.NDArray[np.datetime64]
    values: pd.Index
    month: Codes
    value: Codes
    outcome: Codes
    time: Codes
    leads: Codes

    def ends(self) -> Codes:
        """Return the leads by outcome."""
        return np.array([self.leads[self.outcome == end].sum() for end in range(len(_OUTCOMES))])

    def by_value(self) -> Iterator[tuple[object, _Way]]:
        """Return the leads of each value."""
        return ((self.values[at], some) for at, some in self._split(self.value))

    def by_quarter(self) -> Iterator[tuple[object, _Way]]:
        """Return the leads of the cohorts of each quarter."""
        quarters = pd.DatetimeIndex(self.months).to_period("Q").start_time
        codes, found = pd.factorize(quarters, sort=True)
        return ((found[at], some) for at, some in self._split(codes[self.month]))

    def _split(self, codes: Codes) -> Iterator[tuple[int, _Way]]:
        order = np.argsort(codes, kind="stable")
        found, first = np.unique(codes[order], return_index=True)
        for at, rows in zip(found.tolist(), np.split(order, first[1:]), strict=True):
            columns = {
                name: getattr(self, name)[rows] for name in ("month", "value", "outcome", "time", "leads")
            }
            yield at, replace(self, **columns)


def _ways(waits: pd.DataFrame, horizon_weeks: int, attribute: str = "") -> Iterator[tuple[str, str, _Way]]:
    """Return start and stage of each way, and its rows of the slices by an attribute ('' for the total)."""
    part = waits.loc[(waits["attribute"] == attribute) & (waits["attribute2"] == ""), list(_OF_WAY)]
    start, starts = pd.factorize(part["start"])
    stage, stages = pd.factorize(part["stage"])
    way, ways = pd.factorize(start * len(stages) + stage)
    value, values = pd.factorize(part["value"], sort=True)
    month, months = pd.factorize(part["cohort_month"].to_numpy(dtype="datetime64[ns]"), sort=True)
    number, every = pd.factorize(part["days"].to_numpy(dtype=np.float64), sort=True)
    outcome = pd.Index(_OUTCOMES).get_indexer(pd.Index(part["outcome"]))
    leads = part["leads"].to_numpy(dtype=np.int64)
    for at, name in enumerate(ways.tolist()):
        rows = np.flatnonzero(way == at)
        own = every[np.unique(number[rows])]
        days = own[own <= horizon_weeks * 7]
        time = np.searchsorted(days, every)[number[rows]]
        yield (
            str(starts[name // len(stages)]),
            str(stages[name % len(stages)]),
            _Way(
                days,
                float(own[-1]),
                months,
                values,
                month[rows],
                value[rows],
                outcome[rows],
                time,
                leads[rows],
            ),
        )


def _followed(way: _Way, month: Codes, count: int) -> list[_Followed]:
    """Return Aalen and Johansen's incidences of the leads of each of some months that have any."""
    times = len(way.days)
    places = (month * len(_OUTCOMES) + way.outcome) * (times + 1) + way.time
    counts = np.bincount(places, way.leads, minlength=count * len(_OUTCOMES) * (times + 1))
    counts = counts.reshape(count, len(_OUTCOMES), times + 1)  # the last column is all later times
    counts = counts[counts.any(axis=(1, 2))]
    risk = np.cumsum(counts.sum(axis=1)[:, ::-1], axis=1)[:, ::-1]
    hazards = counts[:, :2, :-1] / np.maximum(risk[:, None, :-1], 1)
    staying = np.cumprod(1 - np.minimum(hazards.sum(axis=1), 1), axis=1)
    before = np.concatenate([np.ones((len(counts), 1)), staying[:, :-1]], axis=1)[:, :times]
    incidence = np.cumsum(before[:, None, :] * hazards, axis=2)
    thin = (np.cumsum(counts[:, 2], axis=1)[:, :-1] > 0) & (risk[:, :-1] < FEW)
    until = np.where(thin.any(axis=1), np.argmax(thin, axis=1) if times else 0, times)
    return [
        _Followed(float(own.sum()), found, int(end), float(own[0, :end].sum()))
        for own, found, end in zip(counts, incidence, until, strict=True)
    ]


def _follow(way: _Way) -> _Followed:
    """Return the incidences of all leads together."""
    return _followed(way, np.zeros_like(way.month), 1)[0]


def _months(way: _Way) -> list[_Followed]:
    return _followed(way, way.month, len(way.months))


def _pool(way: _Way) -> Floats:
    """Return how all the leads of a way develop."""
    return _development(_months(way), _follow(way).incidence)


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


def _law(way: _Way, pool: Floats) -> _Law:
    """Return the law of some leads; a month that is too young to speak takes that of all of them."""
    days, months = way.days, _months(way)
    share = _development(months, pool)
    together = _extended(_follow(way), share)
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
