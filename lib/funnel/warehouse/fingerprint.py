"""A hash of what was known and had happened, to tell whether two runs saw the same data."""

from __future__ import annotations

import hashlib

import ibis
import ibis.expr.types as ir

from funnel.dates import AsOf
from funnel.schema import TABLES
from funnel.warehouse.known import Tables


def fingerprint(tables: Tables, as_of: AsOf) -> dict[str, str]:
    """Return one SHA-256 per table.

    Each row becomes a text of its filled cells in the order of the column names, so that a column added
    later does not change what stood before; the hashes of the rows are sorted, so that their order is free.
    """
    return {name: _digest(tables.at(name, as_of)) for name in TABLES}


def _digest(table: ir.Table) -> str:
    row: ir.StringValue = ibis.literal("")
    for name in sorted(table.columns):
        text = _text(table[name])
        cell = ibis.literal(f"{len(name)}:{name}=") + text.length().cast("string") + ":" + text + ";"
        row = row + ibis.coalesce(cell, ibis.literal(""))
    hashes = table.select(digest=row.hexdigest("sha256")).to_pyarrow()["digest"].to_pylist()
    whole = hashlib.sha256()
    for digest in sorted(hashes):
        whole.update(digest.encode("ascii"))
    return whole.hexdigest()


def _text(column: ir.Value) -> ir.StringValue:
    if column.type().is_timestamp():
        return column.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return column.cast("string")
