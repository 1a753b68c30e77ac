"""The small frames the gate looks at, and what it finds in them."""

from __future__ import annotations

import datetime as dt

import duckdb
import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.gate import attributes, feeds, gaps, one_sided
from funnel.gate.rules import NEWEST, finding, findings
from funnel.schema import TableName
from funnel.settings import Settings
from funnel.warehouse import asides
from funnel.warehouse.known import EVENT, Tables, indicator, instant
from funnel.warehouse.reach import filled, first_entries, with_entries
from funnel.warehouse.stamped import imported_leads, stamped_rows

YEAR = dt.timedelta(weeks=52)
"""Of the leads created in it it is asked whether an attribute tells the outcome."""


def find(
    tables: Tables, settings: Settings, as_of: AsOf, connection: duckdb.DuckDBPyConnection | None
) -> pd.DataFrame:
    """Return `schema.FINDING_COLUMNS`: all that the gate finds at an `AsOf`.

    Args:
        tables: with their stamps, and the values as they are shown.
        settings: the gate, the attributes.
        as_of: the two clocks.
        connection: of a warehouse that imports were made into; None for foreign tables.
    """
    known = daily(tables, as_of.known_at, future=True)
    past = known[known["day"] < pd.Timestamp(as_of.report_date)]
    end = feeds.usual_end(daily(tables, as_of.known_at))
    newest = _newest(past)
    parts = [feeds.stopped(past, as_of.report_date)]
    if connection is not None:
        aside = asides.read(connection, as_of.known_at, newest)
        parts.append(gaps.gaps(aside, newest[["table", "rows", "newest"]], settings.gate))
    parts += [
        feeds.ahead(known, end) if end else pd.DataFrame(),
        _stamped(tables, as_of),
        _won(tables, settings, as_of),
        one_sided.amounts(_paid(tables, as_of), as_of.report_date),
        *_attributes(tables, settings, as_of),
    ]
    return findings(parts, settings.gate, as_of.report_date)


def daily(tables: Tables, known_at: dt.datetime | None = None, *, future: bool = False) -> pd.DataFrame:
    """Return `gate.feeds.DAILY_COLUMNS`.

    Args:
        tables: the canonical tables.
        known_at: what was known then; by default now.
        future: also what was dated ahead of the day it was read.
    """
    parts = []
    for name, event in EVENT.items():
        rows = tables.versions(name, known_at) if known_at else tables.now(name)
        rows = rows if future else rows.filter(~tables.is_ahead(rows, name))
        counted = rows.group_by(day=rows[event].cast("date")).aggregate(rows=ibis._.count())
        parts.append(counted.mutate(table=ibis.literal(name)))
    frame = _frame(ibis.union(*parts, distinct=False))
    frame["day"] = pd.to_datetime(frame["day"])
    return frame.sort_values(["table", "day"], ignore_index=True)


def _newest(past: pd.DataFrame) -> pd.DataFrame:
    """Return of each table its `rows`, its last day (`end`), its rows of the `newest` weeks, their `part`."""
    rows = []
    for table, days in past.groupby("table", sort=False):
        end = days["day"].max()
        newest = int(days.loc[days["day"] > end - NEWEST, "rows"].sum())
        total = int(days["rows"].sum())
        rows.append({"table": table, "rows": total, "newest": newest, "end": end, "part": newest / total})
    return pd.DataFrame(rows, columns=["table", "rows", "newest", "end", "part"])


def _stamped(tables: Tables, as_of: AsOf) -> pd.DataFrame:
    """Name the tables with rows that were stamped: at once, at the creation of their lead, at an import."""
    stamps = tables.stamps
    names: tuple[TableName, ...] = ("stage_entries", "payments")
    looked = [
        (kind, name, stamped_rows(tables, name, as_of, part))
        for name in names
        for kind, part in (("stamped", stamps.at_once()), ("created", stamps.at_creation()))
        if part
    ]
    if stamps.lead_days:
        looked.append(("imported", "leads", imported_leads(tables, as_of)))
    found = []
    for kind, name, rows in looked:
        first, last, count = (
            rows.aggregate(first=rows.moment.min(), last=rows.moment.max(), count=rows.count())
            .to_pyarrow()
            .to_pylist()[0]
            .values()
        )
        if count:
            total = tables.at(name, as_of).count().to_pyarrow().as_py()
            found.append(finding(kind, name, rows=count, of=total, first=first, last=last))
    return pd.DataFrame(found)


def _won(tables: Tables, settings: Settings, as_of: AsOf) -> pd.DataFrame:
    last = settings.stage_keys[-1]
    entries = tables.at("stage_entries", as_of)
    won = entries.filter(entries.stage == last).lead_id.nunique().to_pyarrow().as_py()
    return one_sided.only_won(tables.at("leads", as_of).count().to_pyarrow().as_py(), won, last)


def _paid(tables: Tables, as_of: AsOf) -> pd.DataFrame:
    """Return `gate.one_sided.PAID_COLUMNS`."""
    paid = tables.at("payments", as_of)
    paid = paid.filter(paid.amount > 0)
    currency = filled(paid.currency) if "currency" in paid.columns else ibis.literal("")
    by = paid.group_by(currency=currency, month=paid.paid_at.truncate("M").cast("date"))
    amount = paid.amount.cast("float64")
    frame = _frame(by.aggregate(payments=ibis._.count(), log_amount=amount.ln().mean()))
    return frame.sort_values(["currency", "month"], ignore_index=True)


def _attributes(tables: Tables, settings: Settings, as_of: AsOf) -> list[pd.DataFrame]:
    names = [name for name in settings.attributes if name in tables.attributes]
    if not names:
        return []
    leads = tables.at("leads", as_of)
    firsts = first_entries(tables.at("stage_entries", as_of), settings, settings.reach)
    year = with_entries(leads.filter(leads.created_at >= instant(as_of.cutoff - YEAR)), firsts)
    new = year.created_at >= instant(as_of.cutoff - NEWEST)
    steps = [
        year.created_at.notnull(),
        *(year[f"t_{number}"].notnull() for number in range(len(settings.stages))),
    ]
    values, there = [], []
    for number, name in enumerate(names):
        word = ibis.literal(number, type="int16")
        values.append(
            leads.group_by(value=filled(leads[name])).aggregate(leads=ibis._.count()).mutate(attribute=word)
        )
        without = filled(year[name]) == ""
        for step, came in enumerate(steps):
            sums = (came, came & without, came & new, came & without & new)
            counted = dict(zip(attributes.FILLED_COLUMNS[1:], sums, strict=True))
            there.append(
                year.aggregate(
                    **{key: ibis.coalesce(indicator(test).sum(), 0) for key, test in counted.items()}
                ).mutate(attribute=word, step=ibis.literal(step, type="int16"))
            )
    frames = [
        _frame(ibis.union(*some, distinct=False) if len(some) > 1 else some[0]) for some in (values, there)
    ]
    for frame, order in zip(frames, ("value", "step"), strict=True):
        frame.sort_values(["attribute", order], ignore_index=True, inplace=True)
        frame["attribute"] = [names[number] for number in frame["attribute"]]
    return [
        attributes.writings(frames[0], settings.values),
        attributes.filled(frames[1], settings.steps),
    ]


def _frame(table: ir.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pyarrow().to_pandas()
    return frame
