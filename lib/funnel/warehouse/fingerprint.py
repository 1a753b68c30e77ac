"""A hash of what was known and had happened, to tell whether two runs saw the same data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from funnel.dates import AsOf
from funnel.schema import TABLES
from funnel.warehouse.functions import native
from funnel.warehouse.known import Tables

_ROWS = 100_000
"""Hashes that are taken out of the engine at once."""


def fingerprint(tables: Tables, as_of: AsOf) -> dict[str, str]:
    """Return one SHA-256 per table.

    Each row becomes a text of its filled cells in the order of the column names, so that a column added
    later does not change what stood before; the hashes of the rows are sorted, so that their order is free.
    They are made and sorted in the engine.
    """
    return {name: _digest(tables.at(name, as_of), tables.engine) for name in TABLES}


def _digest(table: ir.Table, engine: str) -> str:
    row: ir.StringValue = ibis.literal("")
    for name in sorted(table.columns):
        text = _text(table[name])
        cell = ibis.literal(f"{len(name)}:{name}=") + text.length().cast("string") + ":" + text + ";"
        row = row + ibis.coalesce(cell, ibis.literal(""))
    hashes = table.select(digest=_sha256(row, engine)).order_by("digest")
    whole = hashlib.sha256()
    for batch in _batches(hashes, engine):
        whole.update(_joined(batch.column("digest").cast(pa.string())))
    return whole.hexdigest()


def _batches(hashes: ir.Table, engine: str) -> Iterator[pa.RecordBatch]:
    """Hand out rows some at a time where the engine does; Ibis's own way does not fit the newest DuckDB."""
    if engine == "duckdb":
        yield from hashes.get_backend().con.sql(ibis.to_sql(hashes)).to_arrow_reader(_ROWS)
    else:
        yield from hashes.to_pyarrow().to_batches()


def _joined(texts: pa.Array) -> memoryview:
    """Return the bytes of texts one after the other, which is how they lie in memory."""
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, np.int32)
    return memoryview(data)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def _text(column: ir.Value) -> ir.StringValue:
    """Return a cell as text, a moment with all six digits of its second, as 2022-09-26T08:30:00.000000."""
    text: ir.StringValue = column.cast("string")
    if column.type().is_timestamp():
        fraction = text.substr(20, 6) + ibis.literal("000000")
        return text.substr(0, 10) + "T" + text.substr(11, 8) + "." + fraction.substr(0, 6)
    return text


_convert_to = native("convert_to", "string", "string", gives="binary")
_sha256_of_bytes = native("sha256", "binary", gives="binary")
_encode = native("encode", "binary", "string", gives="string")
_sha256_of_text = native("SHA256", "string", gives="binary")
_hex = native("hex", "binary", gives="string")
_to_hex = native("to_hex", "binary", gives="string")
_sha2 = native("sha2", "string", "int32", gives="string")
_OWN: Mapping[str, Callable[[ir.StringValue], ir.StringValue]] = {
    "postgres": lambda text: _encode(_sha256_of_bytes(_convert_to(text, "UTF8")), "hex"),
    "clickhouse": lambda text: _hex(_sha256_of_text(text)).lower(),
    "bigquery": lambda text: _to_hex(_sha256_of_text(text)),
    "snowflake": lambda text: _sha2(text, 256),
}
"""How an engine makes the hexadecimal SHA-256 of a text where Ibis does not know it."""


def _sha256(text: ir.StringValue, engine: str) -> ir.StringValue:
    return _OWN[engine](text) if engine in _OWN else text.hexdigest("sha256")
