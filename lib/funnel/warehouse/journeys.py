"""How long leads take to each stage, from the lead and from the stage before."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pandas as pd

from funnel.dates import AsOf
from funnel.gate.stamps import with_untold
from funnel.settings import ReachRule, Settings
from funnel.warehouse.known import FIRST_MONDAY, Tables, day, indicator, instant
from funnel.warehouse.reach import journeys
from funnel.warehouse.slices import By, Slices, Way, by_way, cube, named
from funnel.warehouse.stamped import is_stamped

WAITS_COLUMNS = (
    "attribute", "value", "attribute2", "value2", "cohort_month",
    "start", "stage", "outcome", "days", "leads",
)  # fmt: skip
"""The cube `waits`. One row: leads of the cohorts of one month (by their Monday; its first day) and one
slice that went from `start` ('lead', or the stage before) to `stage` ('reached'), or to their loss ('lost'),
or are still on the way ('open'), after `days`: a time rounded to steps of 1 %, half a per cent off at
most."""

_GRID = 1.01
_OUTCOMES = ("reached", "lost", "open")
_COUNTS = {"leads": ibis._.count(), "stamped": ibis._.stamped.sum()}


def waits(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    by: By = ((),),
    *,
    rule: ReachRule = "any-later",
    where: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return how long leads took to each stage; see `WAITS_COLUMNS`.

    A lead on the way to a stage is lost when its last entry of all is a loss, at the time of that loss. From
    a stage to the next one counts a lead that was seen entering the first: a stage that is taken as reached
    because the lead stands there, or in a later one, has no time from which its wait could be told. Nor has
    a way whose end came before its beginning. A moment that was stamped at once tells no time: see
    `gate.stamps.with_untold`. Nor does one that was concluded from where a lead stood (`reach.CONCLUDED`).

    Raises:
        InputError: an attribute of `by` or `where` is not in the leads.
    """
    slices = Slices(by)
    leads = journeys(tables, settings, as_of, slices.attributes, rule, where or {}, seen=True)
    month = leads.created_at.date().truncate("W").truncate("M").delta(day(FIRST_MONDAY), unit="day")
    leads = leads.mutate(week=month.cast("int32"))
    last = len(settings.stages)
    ways = [(0, to) for to in range(1, last + 1)] + [(to - 1, to) for to in range(2, last + 1)]
    taken: list[Way] = []
    for start, to in ways:
        begin, end = leads[f"at_{start}"], leads[f"at_{to}"]
        forward = end.isnull() | (end >= begin)
        seen = (leads[f"seen_{start}"] == begin) & forward if start else begin.notnull()
        if start:
            seen = seen & ~is_stamped(tables.stamps, begin, leads.created_at)
        gone = ibis.coalesce(end, leads.lost_at)
        outcome = ibis.cases((end.notnull(), 0), (leads.lost_at.notnull(), 1), else_=2).cast("int8")
        concluded = ibis.ifelse(
            end.notnull(), leads[f"concluded_{to}"], leads.lost_at.notnull() & leads.concluded_lost
        )
        until = ibis.coalesce(gone, instant(as_of.cutoff))
        minutes = ibis.greatest(until.delta(begin, unit="microsecond") / 60_000_000, 1.0)
        own = {
            "outcome": outcome,
            "step": (minutes.ln() / ibis.literal(_GRID).ln()).floor().cast("int32"),
            "stamped": indicator(is_stamped(tables.stamps, gone, leads.created_at) | concluded),
        }
        names = {"start": ibis.literal(start, type="int8"), "stage": ibis.literal(to, type="int8")}
        taken.append(Way(seen, names, own))
    keys = ("week", "start", "stage", "outcome", "step")
    whole = by_way(tables, leads, [*slices.carried, "week"], taken)
    frame = cube(whole, slices, keys, _COUNTS)
    if frame["stamped"].any():
        totals = cube(whole, Slices([()]), keys[:-1], _COUNTS)
        totals = totals[totals["outcome"] != _OUTCOMES.index("open")]
        frame = with_untold(frame, totals, ["cohort_week", "start", "stage"])
        frame["leads"] -= frame["stamped"]
        frame = frame[frame["leads"] > 0].reset_index(drop=True)
    frame = frame.rename(columns={"cohort_week": "cohort_month"})
    for name in ("start", "stage"):
        frame[name] = named(frame[name], settings.steps)
    frame["outcome"] = named(frame["outcome"], _OUTCOMES)
    frame["days"] = _GRID ** (frame["step"] + 0.5) / (24 * 60)
    return frame[list(WAITS_COLUMNS)]
