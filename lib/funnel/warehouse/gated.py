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
from funnel.warehouse.reach import filled, reached_when, with_entries
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
    values = _values(tables, names, as_of)
    without = set(values.loc[values["value"] == "", "attribute"])  # all leads have the others
    asked = [name for name in names if name in without]
    return [
        attributes.writings(values, settings.values),
        attributes.filled(_filled(tables, settings, asked, as_of), settings.steps),
    ]


def _values(tables: Tables, names: list[str], as_of: AsOf) -> pd.DataFrame:
    """Return `gate.attributes.VALUE_COLUMNS`."""
    leads = tables.at("leads", as_of)
    parts = [
        leads.group_by(value=filled(leads[name]))
        .aggregate(leads=ibis._.count())
        .mutate(attribute=ibis.literal(number, type="int16"))
        for number, name in enumerate(names)
    ]
    frame = _frame(ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0])
    frame = frame.sort_values(["attribute", "value"], ignore_index=True)
    frame["attribute"] = [names[number] for number in frame["attribute"]]
    return frame


def _filled(tables: Tables, settings: Settings, names: list[str], as_of: AsOf) -> pd.DataFrame:
    """Return `gate.attributes.FILLED_COLUMNS` of some attributes, of none without a question.

    The engine counts once, by which steps a lead reached: few ways there are, however many leads and steps.
    """
    if not names:
        return pd.DataFrame(columns=list(attributes.FILLED_COLUMNS))
    leads = tables.at("leads", as_of)
    firsts = reached_when(tables, settings, as_of, settings.reach)
    year = with_entries(leads.filter(leads.created_at >= instant(as_of.cutoff - YEAR)), firsts)
    came = {f"came_{step}": year[f"t_{step - 1}"].notnull() for step in range(1, len(settings.stages) + 1)}
    without = {f"empty_{number}": filled(year[name]) == "" for number, name in enumerate(names)}
    ways = _frame(
        year.group_by(new=year.created_at >= instant(as_of.cutoff - NEWEST), **came).aggregate(
            leads=ibis._.count(), **{name: indicator(test).sum() for name, test in without.items()}
        )
    )
    rows = []
    for number, name in enumerate(names):
        for step in range(len(settings.steps)):
            some = ways[ways[f"came_{step}"]] if step else ways
            new = some[some["new"]]
            counts = [int(part[key].sum()) for part in (some, new) for key in ("leads", f"empty_{number}")]
            rows.append((name, *counts))
    return pd.DataFrame(rows, columns=list(attributes.FILLED_COLUMNS))


def _frame(table: ir.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pyarrow().to_pandas()
    return frame
