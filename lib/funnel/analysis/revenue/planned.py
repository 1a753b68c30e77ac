"""The plan against fact and expectation: leads, sales and revenue of periods that run or have just ended."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.revenue.weeks import Revenue
from funnel.dates import WEEK
from funnel.settings_plan import Goal, Planned, days

Floats = npt.NDArray[np.float64]

PLAN_COLUMNS = (
    "period", "first", "last", "attribute", "value", "measure", "plan", "fact", "gone", "expected", "low",
    "high", "chance",
)  # fmt: skip
"""One row: what is planned of a measure (leads, sales, revenue) in a period, of all (`attribute` '') or of a
segment. `fact`: what came before the report date; `gone`: the share of the period's days before it;
`expected`: the fact and what is forecast for the rest, with an 80 % interval from `low` to `high` and the
`chance` that the plan is reached. Of a segment and of what is not known `expected` and what follows are NaN;
so is the fact where the log has no time for it, and everything of revenue without payments."""
SHOWN = 5 * WEEK
"""A period that ended longer ago is no longer shown."""
_TAIL = 0.1


def shown_periods(plan: Mapping[str, Planned], report_date: dt.date) -> tuple[str, ...]:
    """Return the periods that are shown: those that run or begin within a week, and those just ended."""
    found = {period: days(period) for period in plan}
    chosen = [
        period
        for period, (first, last) in found.items()
        if last >= report_date - SHOWN and first < report_date + WEEK
    ]
    return tuple(sorted(chosen, key=lambda period: (found[period][0], -found[period][1].toordinal())))


def plan_and_fact(
    plan: Mapping[str, Planned],
    came: pd.DataFrame,
    revenue: Revenue,
    report_date: dt.date,
    unknown: frozenset[str] = frozenset(),
    seed: int = 0,
) -> pd.DataFrame:
    """Return the plan beside fact and expectation (`PLAN_COLUMNS`).

    Args:
        plan: of the settings.
        came: the cube `came` from the first shown day on, of the total and of the attributes planned by.
        revenue: the forecast of the total.
        report_date: everything strictly before it is fact.
        unknown: measures of which the log does not know when they happened.
        seed: of the luck in counts.
    """
    rows = []
    for period in shown_periods(plan, report_date):
        first, last = days(period)
        ahead = _ahead(revenue, first, last, report_date, seed)
        inside = came[(came["day"] >= pd.Timestamp(first)) & (came["day"] <= pd.Timestamp(last))]
        gone = min(max((report_date - first).days / ((last - first).days + 1), 0.0), 1.0)
        for attribute, value, goal in _segments(plan[period]):
            mine = inside[(inside["attribute"] == attribute) & (inside["value"] == value)]
            counts = mine.groupby("measure")["count"].sum()
            for measure, planned in goal.goals().items():
                known = measure not in unknown
                fact = float(counts.get(measure, 0.0)) if known else math.nan
                draws = ahead.get(measure) if known and not attribute else None
                told = _told(fact, draws, planned)
                rows.append((period, first, last, attribute, value, measure, planned, fact, gone, *told))
    frame = pd.DataFrame(rows, columns=list(PLAN_COLUMNS))
    for name in ("first", "last"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return frame


def _segments(planned: Planned) -> Iterator[tuple[str, str, Goal]]:
    yield "", "", planned
    for attribute, values in planned.by.items():
        for value, goal in values.items():
            yield attribute, value, goal


def _told(fact: float, ahead: Floats | None, planned: float) -> tuple[float, float, float, float]:
    """Return expectation, interval and chance of reaching the plan."""
    if ahead is None:
        return (math.nan,) * 4
    whole = fact + ahead
    low, high = np.quantile(whole, [_TAIL, 1 - _TAIL])
    return float(whole.mean()), float(low), float(high), float((whole >= planned).mean())


def _ahead(
    revenue: Revenue, first: dt.date, last: dt.date, report_date: dt.date, seed: int
) -> dict[str, Floats]:
    """Return draws of what is to come from the report date to the end of a period, by measure."""
    share = _shares(revenue, first, last, report_date)
    luck = np.random.default_rng([seed, 11])
    found = {"leads": share @ revenue.leads, "sales": luck.poisson(share @ revenue.sales).astype(float)}
    if revenue.known:
        found["revenue"] = share @ (revenue.existing + revenue.future)
    return found


def _shares(revenue: Revenue, first: dt.date, last: dt.date, report_date: dt.date) -> Floats:
    """Return which share of each forecast week's days to come lies in a period."""
    shares = []
    for monday in revenue.weeks.date:
        week = [monday + dt.timedelta(days=number) for number in range(7)]
        coming = [day for day in week if day >= report_date]
        shares.append(sum(first <= day <= last for day in coming) / len(coming))
    return np.array(shares)
