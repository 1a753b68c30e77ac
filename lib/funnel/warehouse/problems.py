"""What is odd in the data, counted: nothing here is dropped, and rows count as METHODS.md says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.schema import PROBLEM_COLUMNS, TableName
from funnel.settings import LOST, Settings
from funnel.warehouse.known import Tables
from funnel.warehouse.reach import filled, first_entries
from funnel.warehouse.stamped import stamped_rows

PROBLEMS = (
    "dated_ahead",
    "entered_before_created",
    "paid_before_created",
    "deleted_lead",
    "unknown_stage",
    "out_of_sequence",
    "skipped_stage",
    "reached_at_least",
    "stamped_at_once",
    "negative_cost",
    "missing_value",
)
"""The kinds of problem; `missing_value` is followed by a colon and the attribute's name."""
WANTS_A_HAND = ("dated_ahead", "unknown_stage", "stamped_at_once")
"""The kinds that are a slip, or leave out what was meant to count; the others count as METHODS.md says."""


def problems(tables: Tables, settings: Settings, as_of: AsOf) -> pd.DataFrame:
    """Return the data problems of an `AsOf`; see `schema.PROBLEM_COLUMNS`. Kinds without rows are left out.

    - `dated_ahead`: dated more than a day after it became known; counts from its date on.
    - `entered_before_created`, `paid_before_created`: dated before the lead was created; counted as of then.
      A date without a time of day (midnight) on the day of creation is no problem.
    - `deleted_lead`: entries and payments of leads that were deleted; they count nowhere.
    - `unknown_stage`: entries into a stage that is not configured; they count nowhere.
    - `out_of_sequence`: a lead's first entry into a stage lies after its first entry into a later one.
    - `skipped_stage`: a lead entered a later stage but never this one.
    - `reached_at_least`: entries concluded from where a lead stood, not seen as they happened; dated as late
      as possible.
    - `stamped_at_once`: dated by a migration, or at the lead's creation with all else (`gate.stamps`);
      reached or paid by then, nobody knows when.
    - `negative_cost`: ad spend below 0, a credit or a correction; it counts. No leads; the example is a day.
    - `missing_value:NAME`: leads without a value for an attribute of the settings.
    """
    kinds = [
        rows.aggregate(
            rows=ibis._.count(),
            leads=ibis._.lead_id.nunique(),
            example=rows["example" if "example" in rows.columns else "lead_id"].min(),
        ).select(
            number=ibis.literal(number, type="int16"),
            table=ibis.literal(table),
            problem=ibis.literal(problem),
            rows=ibis._.rows,
            leads=ibis._.leads,
            example=ibis._.example,
        )
        for number, (table, problem, rows) in enumerate(_kinds(tables, settings, as_of))
    ]
    frame: pd.DataFrame = ibis.union(*kinds, distinct=False).to_pyarrow().to_pandas()
    frame = frame[frame["rows"] > 0].sort_values("number", ignore_index=True)
    return frame[list(PROBLEM_COLUMNS)]


def _kinds(tables: Tables, settings: Settings, as_of: AsOf) -> Iterator[tuple[str, str, ir.Table]]:
    entries, payments = tables.at("stage_entries", as_of), tables.at("payments", as_of)
    leads = tables.known("leads", as_of.known_at).select("lead_id", "created_at")
    keys = settings.stage_keys

    with_leads: tuple[TableName, ...] = ("leads", "stage_entries", "payments")
    for table in with_leads:
        yield table, "dated_ahead", tables.ahead(table, as_of.known_at)
    yield "stage_entries", "entered_before_created", _before_created(entries, "entered_at", leads)
    yield "payments", "paid_before_created", _before_created(payments, "paid_at", leads)
    yield "stage_entries", "deleted_lead", entries.anti_join(leads, "lead_id")
    yield "payments", "deleted_lead", payments.anti_join(leads, "lead_id")
    yield "stage_entries", "unknown_stage", entries.filter(entries.stage.notin([*keys, LOST]))

    firsts = first_entries(entries.semi_join(leads, "lead_id"), settings, "entered")
    pairs = []
    for number in range(len(keys) - 1):
        later = [firsts[f"t_{other}"] for other in range(number + 1, len(keys))]
        filled_up = [ibis.coalesce(moment, *later) for moment in later]
        earliest = ibis.least(*filled_up) if len(later) > 1 else later[0]
        pairs.append(firsts.select("lead_id", own=firsts[f"t_{number}"], later=earliest))
    if pairs:
        steps = ibis.union(*pairs, distinct=False) if len(pairs) > 1 else pairs[0]
        yield "stage_entries", "out_of_sequence", steps.filter(steps.own > steps.later)
        yield "stage_entries", "skipped_stage", steps.filter(steps.own.isnull() & steps.later.notnull())

    if "origin" in entries.columns:
        yield (
            "stage_entries",
            "reached_at_least",
            entries.filter(entries.origin.isin(["current", "snapshot"])),
        )
    dated = replace(tables.stamps, lead_days=())
    yield "stage_entries", "stamped_at_once", stamped_rows(tables, "stage_entries", as_of, dated)
    yield "payments", "stamped_at_once", stamped_rows(tables, "payments", as_of, dated)
    spend = tables.at("spend", as_of)
    credits = spend.filter(spend.cost < 0)
    yield (
        "spend",
        "negative_cost",
        credits.select(lead_id=ibis.null("string"), example=credits.date.cast("string")),
    )
    created = tables.at("leads", as_of)
    for name in settings.attributes:
        if name in tables.attributes:
            yield "leads", f"missing_value:{name}", created.filter(filled(created[name]) == "")


def _before_created(rows: ir.Table, moment: str, leads: ir.Table) -> ir.Table:
    dated = rows.inner_join(leads, "lead_id")
    only_day = dated[moment] == dated.created_at.truncate("D")
    return dated.filter((dated[moment] < dated.created_at) & ~only_day)
