"""One row per lead: when it was created and when it reached what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from funnel.dates import AsOf
from funnel.settings import LOST, ReachRule, Settings
from funnel.warehouse.known import Tables, monday

CONCLUDED = "current"
"""The origin of an entry that was concluded from where a lead stands: dated by its last edit, not by its
entry."""


_AROUND = ("lost_first", "lost_last", "moved_last")


def filled(text: ir.StringValue) -> ir.StringValue:
    """Return a text column with '' for a missing value."""
    return ibis.coalesce(text, ibis.literal(""))


def cohort_leads(
    tables: Tables, as_of: AsOf, attributes: Sequence[str], where: Mapping[str, str]
) -> ir.Table:
    """Return the leads of an `AsOf` with the values asked for.

    One row per lead: `lead_id`, `created_at`, and `attr_0`, `attr_1`, ... for the attributes in order (names
    of attributes are free text and could be those of our own columns).

    Raises:
        InputError: an attribute is not in the leads.
    """
    tables.require_attributes([*attributes, *where], "attribute")
    leads = tables.at("leads", as_of)
    for name, value in where.items():
        leads = leads.filter(filled(leads[name]) == value)
    values = {f"attr_{number}": filled(leads[name]) for number, name in enumerate(attributes)}
    return leads.select("lead_id", "created_at", **values)


def first_entries(
    entries: ir.Table,
    settings: Settings,
    rule: ReachRule,
    *,
    losses: Sequence[str] = (),
    seen: bool = False,
) -> ir.Table:
    """Return when each lead reached each stage.

    One row per lead that has entries: `lead_id`, `t_0`, `t_1`, ... (the configured stages in order under the
    rule) and of `lost_first`, `lost_last`, `moved_last` (the last entry into any configured stage) those
    asked for in `losses`. With `seen` also, of the entries that are not `CONCLUDED`: `seen_0`, ... (the first
    into the stage itself), `told_0`, ... (the same as `t_0`, ...) and `told_first`, `told_last` (of losses);
    and `dated`, the first entry into the last stage that is told or known to the second, as a closing is.
    """
    keys = settings.stage_keys
    entered, stage = entries.entered_at, entries.stage
    reaching = [
        stage.isin(keys[number:]) if rule == "any-later" and number < len(keys) - 1 else stage == key
        for number, key in enumerate(keys)
    ]
    times = {f"t_{number}": entered.min(where=there) for number, there in enumerate(reaching)}
    around = {
        "lost_first": entered.min(where=stage == LOST),
        "lost_last": entered.max(where=stage == LOST),
        "moved_last": entered.max(where=stage != LOST),
    }
    told = (
        ibis.coalesce(entries.origin, "") != CONCLUDED if "origin" in entries.columns else ibis.literal(True)
    )
    own = {
        f"seen_{number}": entered.min(where=(stage == key) & told)
        for number, key in enumerate(keys if seen else ())
    }
    if seen:
        own |= {f"told_{number}": entered.min(where=there & told) for number, there in enumerate(reaching)}
        own |= {
            "told_first": entered.min(where=(stage == LOST) & told),
            "told_last": entered.max(where=(stage == LOST) & told),
            "dated": entered.min(where=(stage == keys[-1]) & (told | _exact(entries))),
        }
    counted = entries.filter(stage.isin([*keys, LOST] if losses else keys))
    return counted.group_by("lead_id").aggregate(**times, **{name: around[name] for name in losses}, **own)


def reached_when(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    rule: ReachRule,
    *,
    losses: Sequence[str] = (),
    seen: bool = False,
) -> ir.Table:
    """Return `first_entries` of an `AsOf`; with all columns where they are made once for many questions."""
    entries = tables.at("stage_entries", as_of)
    if tables.held is None:
        return first_entries(entries, settings, rule, losses=losses, seen=seen)
    whole = first_entries(entries, settings, rule, losses=_AROUND, seen=True)
    return tables.once(whole, keep=rule == settings.reach)


def _exact(entries: ir.Table) -> ir.BooleanValue:
    exact: ir.BooleanValue = ibis.literal(False)
    return ibis.coalesce(entries.precision == "second", exact) if "precision" in entries.columns else exact


def any_concluded(entries: ir.Table) -> bool:
    """Tell whether an entry is `CONCLUDED`."""
    if "origin" not in entries.columns:
        return False
    return bool(entries.filter(entries.origin == CONCLUDED).limit(1).count().to_pyarrow().as_py())


def with_entries(leads: ir.Table, firsts: ir.Table) -> ir.Table:
    """Return the leads with the columns of `first_entries`; empty where a lead reached nothing."""
    return leads.left_join(firsts, "lead_id").drop("lead_id_right")


def not_before(moment: ir.TimestampValue, created: ir.TimestampValue) -> ir.TimestampValue:
    """Return a moment, or the creation where it lies before that; empty stays empty."""
    return ibis.ifelse(moment < created, created, moment)


def lag_of(moment: ir.TimestampValue, created: ir.TimestampValue) -> ir.IntegerValue:
    """Return the days from the Monday of a lead's week to a moment's, never below 0; empty stays empty."""
    return (monday(not_before(moment, created)) - monday(created)).cast("int32")


def journeys(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    attributes: Sequence[str],
    rule: ReachRule,
    where: Mapping[str, str],
    *,
    seen: bool = False,
) -> ir.Table:
    """Return the way of each lead of an `AsOf`.

    One row per lead: `lead_id`, `created_at`, `attr_0`, ... (see `cohort_leads`), `at_0` (created), `at_1`,
    ... (when it reached the configured stages in order, never before it was created) and `lost_at` (empty
    unless its last entry of all is a loss). With `seen` also `seen_1`, ... (see `first_entries`) and, whether
    the moment was concluded, `concluded_1`, ... and `concluded_lost`.

    Raises:
        InputError: an attribute is not in the leads.
    """
    leads = cohort_leads(tables, as_of, attributes, where)
    joined = with_entries(leads, reached_when(tables, settings, as_of, rule, losses=_AROUND, seen=seen))
    lost_at = ibis.cases(
        (joined.moved_last.isnull() | (joined.lost_first >= joined.moved_last), joined.lost_first),
        (joined.lost_last >= joined.moved_last, joined.lost_last),
        else_=ibis.null("timestamp(6)"),
    )
    names = {"t": "at", "seen": "seen"} if seen else {"t": "at"}
    moments = {
        f"{to}_{number + 1}": not_before(joined[f"{from_}_{number}"], joined.created_at)
        for from_, to in names.items()
        for number in range(len(settings.stages))
    }
    concluded = {
        f"concluded_{number + 1}": ~_same(joined[f"told_{number}"], joined[f"t_{number}"])
        for number in range(len(settings.stages) if seen else 0)
    }
    if seen:
        concluded["concluded_lost"] = ~(_same(joined.told_first, lost_at) | _same(joined.told_last, lost_at))
    return joined.select(
        "lead_id",
        "created_at",
        *(f"attr_{number}" for number in range(len(attributes))),
        at_0=joined.created_at,
        lost_at=not_before(lost_at, joined.created_at),
        **moments,
        **concluded,
    )


def _same(one: ir.TimestampValue, other: ir.TimestampValue) -> ir.BooleanValue:
    """Tell whether two moments are there and the same."""
    return ibis.coalesce(one == other, ibis.literal(False))
