"""The cubes of leads: `reached` and `moved`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.gate.stamps import with_untold
from funnel.schema import CONCLUDED, MOVED_COLUMNS, REACHED_COLUMNS, STAMPED
from funnel.settings import LOST, ReachRule, Settings
from funnel.warehouse.known import Tables, indicator, instant, monday
from funnel.warehouse.reach import any_concluded, cohort_leads, journeys, lag_of, not_before, reached_when
from funnel.warehouse.slices import By, Slices, Way, by_way, cube, named
from funnel.warehouse.stamped import is_imported, is_stamped

_COUNTS = {"leads": ibis._.count(), STAMPED: ibis._.stamped.sum()}
_REACHED = _COUNTS | {CONCLUDED: ibis._.concluded.sum()}


def reached(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    by: By = ((),),
    *,
    rule: ReachRule = "any-later",
    where: Mapping[str, str] | None = None,
    since: dt.date | None = None,
) -> pd.DataFrame:
    """Return how many leads reached which stage in which week; see `REACHED_COLUMNS`, `STAMPED`, `CONCLUDED`.

    With `since`, a Monday, only of the cohorts from then on.

    Raises:
        InputError: an attribute of `by` or `where` is not in the leads.
    """
    slices = Slices(by)
    leads = cohort_leads(tables, as_of, slices.attributes, where or {})
    if since is not None:
        leads = leads.filter(leads.created_at >= instant(dt.datetime.combine(since, dt.time())))
    entries = tables.at("stage_entries", as_of)
    concluded = any_concluded(entries)
    firsts = reached_when(tables, settings, as_of, rule, losses=["lost_first"], seen=concluded)
    stages = [f"t_{number}" for number in range(len(settings.stages))] + ["lost_first"]
    joined = leads.inner_join(firsts, "lead_id")
    week = monday(joined.created_at)
    lags = {f"lag_{number}": lag_of(joined[stage], joined.created_at) for number, stage in enumerate(stages)}
    times = {
        f"stamped_{number}": indicator(
            is_stamped(tables.stamps, not_before(joined[stage], joined.created_at), joined.created_at)
        )
        for number, stage in enumerate(stages if tables.stamps else ())
    }
    at_least = _concluded(joined, len(settings.stages)) if concluded else {}
    per_lead = joined.select(*slices.carried, week=week, **lags, **times, **at_least)
    # the leads' own rows do without the join: reading them again costs less than carrying them through it
    own = leads.select(
        *slices.carried,
        week=monday(leads.created_at),
        stage=_code(0),
        lag=ibis.literal(0, type="int32"),
        stamped=indicator(is_imported(tables.stamps, leads.created_at)),
        concluded=_code(0),
    )
    rows = [own]
    for number, name in enumerate(lags):
        some = per_lead.filter(per_lead[name].notnull())
        stamped = some[f"stamped_{number}"] if times else _code(0)
        known_least = some[f"concluded_{number}"] if concluded else _code(0)
        columns = {
            "stage": _code(number + 1),
            "lag": some[name],
            "stamped": stamped,
            "concluded": known_least,
        }
        rows.append(some.select(*slices.carried, "week", **columns))
    frame = cube(
        ibis.union(*rows, distinct=False),
        slices,
        ("week", "stage", "lag"),
        _REACHED,
    )
    frame["stage"] = named(frame["stage"], [*settings.steps, LOST])
    frame["lag"] //= 7
    return frame[[*REACHED_COLUMNS, STAMPED, CONCLUDED]]


def _concluded(leads: ir.Table, stages: int) -> dict[str, ir.IntegerValue]:
    """Return which moments of a lead are `schema.CONCLUDED`: of the stages in order, then of the loss.

    A sale is not that is dated to the second: it bears the time of its closing, whenever it is looked at.
    """
    late = leads.created_at + ibis.interval(days=7)
    told = [leads[f"told_{number}"] for number in range(stages - 1)] + [leads.dated]
    result = {
        f"concluded_{number}": (leads[f"t_{number}"] > late)
        & (moment.isnull() | (moment > leads[f"t_{number}"]))
        for number, moment in enumerate(told)
    }
    nothing = ibis.coalesce(*(leads[f"told_{number}"] for number in range(stages)), leads.told_first).isnull()
    result[f"concluded_{stages}"] = (leads.lost_first > late) & nothing
    return {name: indicator(ibis.coalesce(test, False)) for name, test in result.items()}


def moved(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    by: By = ((),),
    *,
    rule: ReachRule = "any-later",
    where: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return which leads left a stage for which other, and in which week: `MOVED_COLUMNS`, `STAMPED`.

    A lead's way leads through the stages it reached, forward only: going back does not undo what was reached.
    It is lost if its last entry is a loss and it did not reach the last stage.

    Raises:
        InputError: an attribute of `by` or `where` is not in the leads.
    """
    slices = Slices(by)
    last = len(settings.stages)
    per_lead = _forward(journeys(tables, settings, as_of, slices.attributes, rule, where or {}), last)
    ways: list[Way] = []
    for number in range(last):
        at = per_lead[f"at_{number}"]
        later = [per_lead[f"at_{other}"] for other in range(number + 1, last + 1)]
        reached_next = ibis.cases(
            *((moment.notnull(), _code(number + 1 + offset)) for offset, moment in enumerate(later)),
            (per_lead.lost_at.notnull(), _code(last + 1)),
            else_=_code(last + 2),
        )
        end = ibis.coalesce(*later, per_lead.lost_at)
        until = ibis.coalesce(end, instant(as_of.cutoff))
        created = per_lead.created_at
        begun = is_stamped(tables.stamps, at, created) if number else ibis.literal(False)
        own = {
            "next_stage": reached_next,
            "entered": (monday(at) - per_lead.week).cast("int32"),
            "left": (monday(until) - per_lead.week).cast("int32"),
            "stamped": indicator(begun | is_stamped(tables.stamps, end, created)),
        }
        ways.append(Way(at.notnull(), {"stage": _code(number)}, own))
    whole = by_way(tables, per_lead, [*slices.carried, "week"], ways)
    frame = cube(whole, slices, ("week", "stage", "next_stage", "entered", "left"), _COUNTS)
    if tables.stamps:
        totals = cube(whole, Slices([()]), ("week", "stage", "next_stage"), _COUNTS)
        totals = totals[totals["next_stage"] != last + 2]  # who is still there has not left
        frame = with_untold(frame, totals, ["cohort_week", "stage"])
    frame["stage"] = named(frame["stage"], settings.steps)
    frame["next_stage"] = named(frame["next_stage"], [*settings.steps, LOST, ""])
    frame[["entered", "left"]] //= 7
    return frame[[*MOVED_COLUMNS, STAMPED]]


def _forward(leads: ir.Table, last: int) -> ir.Table:
    """Leave out what a lead had passed before: `at_1`, ... are empty where a later stage came first."""
    kept = {}
    for number in range(1, last):
        moment, overtaken = leads[f"at_{number}"], ibis.literal(False)
        for later in range(number + 1, last + 1):
            overtaken = overtaken | ibis.coalesce(leads[f"at_{later}"] < moment, ibis.literal(False))
        kept[f"at_{number}"] = ibis.ifelse(overtaken, ibis.null("timestamp(6)"), moment)
    return leads.mutate(week=monday(leads.created_at), **kept)


def _code(number: int) -> ir.IntegerScalar:
    return ibis.literal(number, type="int8")
