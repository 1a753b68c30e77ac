"""What changed between two knowledge times for one report date, and which kind of edit did it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.schema import RESTATED_COLUMNS
from funnel.settings import ReachRule, Settings
from funnel.warehouse.known import Tables, indicator, instant, monday
from funnel.warehouse.reach import filled, first_entries
from funnel.warehouse.slices import Slices, cube, named

KINDS = (
    "deleted",
    "added late",
    "creation moved",
    "entry added",
    "entry removed",
    "entry redated",
    "reassigned",
)


def restated(
    tables: Tables,
    settings: Settings,
    report_date: dt.date,
    before: dt.datetime,
    after: dt.datetime,
    *,
    rule: ReachRule,
) -> pd.DataFrame:
    """Return the restatement table; see `schema.RESTATED_COLUMNS`.

    For each cohort week and stage the differences `after - before` of all kinds add up to the difference of
    the `reached` totals. A lead has one kind per cell: `deleted`, `added late` and `creation moved` (to
    another week, or across the report date) concern the whole lead; otherwise what happened to the earliest
    entry that makes the stage reached; otherwise `reassigned`, when an attribute of the settings changed.
    """
    if before == after:  # then nothing changed, which takes no look at the rows
        nothing = ibis.literal(False)
        tables = replace(
            tables,
            leads=tables.leads.filter(nothing),
            stage_entries=tables.stage_entries.filter(nothing),
        )
    cutoff = instant(AsOf(report_date, after).cutoff)
    names = [name for name in settings.attributes if name in tables.attributes]
    old = _side(tables, settings, before, rule, names, "b")
    new = _side(tables, settings, after, rule, names, "a")
    both = old.outer_join(new, old.b_lead == new.a_lead)
    was, now = _counts(both.b_created < cutoff), _counts(both.a_created < cutoff)
    week_was, week_now = monday(both.b_created), monday(both.a_created)
    whole = [
        (both.a_lead.isnull(), _kind("deleted")),
        (both.b_lead.isnull(), _kind("added late")),
        ((was != now) | (was & now & (week_was != week_now)), _kind("creation moved")),
    ]
    differs = ibis.literal(False)
    for number in range(len(names)):
        differs = differs | (both[f"b_attr_{number}"] != both[f"a_attr_{number}"])
    reassigned = (differs, _kind("reassigned"))
    none = ibis.null("int8")
    lead = ibis.coalesce(both.b_lead, both.a_lead)
    rows, wholes = [], []
    for stage in range(len(settings.steps)):
        if stage == 0:
            kind, in_old, in_new = ibis.cases(*whole, reassigned, else_=none), was, now
        else:
            first, then = both[f"b_t_{stage - 1}"], both[f"a_t_{stage - 1}"]
            entry = [
                (first.isnull() & then.notnull(), _kind("entry added")),
                (first.notnull() & then.isnull(), _kind("entry removed")),
                (_counts(first != then), _kind("entry redated")),
            ]
            kind = ibis.cases(*whole, *entry, reassigned, else_=none)
            in_old, in_new = was & _counts(first < cutoff), now & _counts(then < cutoff)
        stays = in_old & in_new & (week_was == week_now)
        code = ibis.literal(stage, type="int8")
        touched = {"stage": code, "kind": kind, "lead": lead}
        for counted, week, side in ((in_old, week_was, (1, 0)), (in_new, week_now, (0, 1))):
            each = {name: ibis.literal(n, type="int8") for name, n in zip(("then", "now"), side, strict=True)}
            wholes.append(both.filter(counted).select(week=week, stage=code, **each))
        count = {"before": indicator(in_old), "after": indicator(stays)}
        rows.append(both.filter(in_old & kind.notnull()).select(week=week_was, **touched, **count))
        count = {"before": ibis.literal(0, type="int8"), "after": ibis.literal(1, type="int8")}
        rows.append(
            both.filter(in_new & ~_counts(stays) & kind.notnull()).select(week=week_now, **touched, **count)
        )
    frame = _summed(ibis.union(*rows, distinct=False), ibis.union(*wholes, distinct=False))
    frame["stage"] = named(frame["stage"], settings.steps)
    frame["kind"] = named(frame["kind"], KINDS)
    return frame[list(RESTATED_COLUMNS)]


def _summed(edits: ir.Table, wholes: ir.Table) -> pd.DataFrame:
    """Return the edits by week, stage and kind (as numbers), beside what the whole cohort has."""
    order = ibis.window(group_by="lead", order_by=["week", "stage", "kind", "before"])
    edits = edits.mutate(once=indicator(ibis.row_number().over(order) == 0))
    frame = cube(
        edits,
        Slices([()]),
        ("week", "stage", "kind"),
        {
            "before": ibis._.before.sum(),
            "after": ibis._.after.sum(),
            "leads": ibis._.count(),
            "leads_once": ibis._.once.sum(),
        },
    )
    counts = {"cohort_before": ibis._.then.sum(), "cohort_after": ibis._.now.sum()}
    cohort = cube(wholes, Slices([()]), ("week", "stage"), counts)
    keys = [name for name in cohort.columns if name not in counts]
    return frame.merge(cohort, on=keys, how="left")


def _side(
    tables: Tables, settings: Settings, known_at: dt.datetime, rule: ReachRule, names: list[str], prefix: str
) -> ir.Table:
    """Return all leads known at a time, with their first entries whenever those lie; columns prefixed."""
    leads = tables.known("leads", known_at)
    values = {f"attr_{number}": filled(leads[name]) for number, name in enumerate(names)}
    leads = leads.select(lead=leads.lead_id, created=leads.created_at, **values)
    firsts = first_entries(tables.known("stage_entries", known_at), settings, rule)
    joined = leads.left_join(firsts, leads.lead == firsts.lead_id).drop("lead_id")
    return joined.rename({f"{prefix}_{name}": name for name in joined.columns})


def _counts(test: ir.BooleanValue) -> ir.BooleanValue:
    """Return a test with no for unknown."""
    return ibis.coalesce(test, ibis.literal(False))


def _kind(name: str) -> ir.IntegerScalar:
    return ibis.literal(KINDS.index(name), type="int8")
