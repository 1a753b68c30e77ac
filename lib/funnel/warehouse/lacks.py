"""What a company's database lacks of what a warehouse of our own has: usable rows, columns, clocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import ibis
import ibis.expr.types as ir

from funnel.errors import Problem
from funnel.schema import TABLES, Table
from funnel.settings import Settings
from funnel.warehouse.known import KNOWN, Tables

Weight = Literal["problem", "remark"]
Lack = tuple[Weight, Problem]
_WITHOUT = {
    "leads": {"customer_id": "every lead is a customer of its own"},
    "stage_entries": {
        "reason": "no reasons of losses are told",
        "precision": "a sale concluded from where a lead stands is never taken as dated to the second",
        "origin": "every entry counts as seen when it happened",
    },
    "payments": {"currency": "every amount is in the settings' currency"},
    "spend": {"currency": "every cost is in the settings' currency", "vat_included": "VAT is unknown"},
}
"""What follows where an optional column is nowhere filled."""


def lacks(tables: Tables, settings: Settings) -> Iterator[Lack]:
    """Yield what is lacking; a problem is a row that counts wrongly or not at all, anything else a remark."""
    for table in TABLES.values():
        name = table.name
        rows = tables.now(name)
        count = _number(rows.count())
        if not count:
            yield _remark(name, "it is not there, or empty")
            continue
        yield from _unusable(rows, table)
        for column, follows in _WITHOUT[name].items():
            if not _number(rows[column].count()):
                yield _remark(f"{name}, column {column}", f"it is not there, or empty: {follows}")
        if not set(KNOWN) <= set(rows.columns):
            yield _remark(
                f"{name}, columns {' and '.join(KNOWN)}",
                "they are not there, so its rows count as always known: no restatements are told, and an "
                "edition made again shows what stands there then",
            )
    for attribute in settings.attributes:
        if attribute not in tables.attributes:
            todo = f"say tables.leads.columns.{attribute}, or take it out of attributes"
            yield "problem", Problem(f"leads, column {attribute}", "no lead has this attribute", todo=todo)
    yield _remark(
        "the log of imports", "there is none: the gate does not see what never got into the database"
    )


def _unusable(rows: ir.Table, table: Table) -> Iterator[Lack]:
    for name in table.required:
        if empty := _number(rows.filter(rows[name].isnull()).count()):
            found = f"{empty:,} rows have none, and are left out"
            yield "problem", Problem(f"{table.name}, column {name}", found, todo="leave them out in a view")
    keys = rows.group_by([rows[name] for name in table.key]).aggregate(times=ibis._.count())
    if several := _number(keys.filter(keys.times > 1).count()):
        found = f"{several:,} keys ({', '.join(table.key)}) stand more than once, and count so often"
        yield "problem", Problem(table.name, found, todo="make the rows one in a view")


def _remark(where: str, wrong: str) -> Lack:
    return "remark", Problem(where, wrong)


def _number(count: ir.IntegerScalar) -> int:
    return int(count.to_pyarrow().as_py() or 0)
