"""Keeping what an import brings, so that the warehouse can be made again from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from funnel.errors import FunnelError
from funnel.schema import TABLES, Batch, Loaded, Origin, Rejected
from funnel.stored import Stored
from funnel.warehouse import asides
from funnel.warehouse.kept import Entry, Kept
from funnel.warehouse.known import EVENT
from funnel.warehouse.store import quoted, scalar

LOGS = ("funnel_imports", "funnel_rejected")
_REJECTED = pa.schema(
    [
        *((name, pa.string()) for name in ("table", "file", "column", "reason", "lead_id")),
        ("day", pa.date32()),
        ("copy", pa.bool_()),
    ]
)


def staged(
    connection: duckdb.DuckDBPyConnection,
    kept: Kept,
    batch: Batch,
    number: int,
    moment: dt.datetime,
    *,
    root: Path,
    full: bool,
) -> Entry:
    """Store the rows of a batch before it is loaded; what they are is written down by `finish`.

    Where the imports before it are not all kept (of a warehouse older than they are), a base is made.

    Raises:
        FunnelError: there is no room for them.
    """
    try:
        if number == 1:
            kept.set_aside(moment)
        elif kept.last() != number - 1:
            kept.write(base(connection, kept))
        return Entry(
            number=number,
            moment=moment,
            timezone=_timezone(connection),
            full=full,
            files=tuple(asides.within(root, name) for name in batch.files),
            read=dict(batch.read),
            additions=tuple(batch.additions),
            origins={
                name: (tuple(asides.within(root, file) for file in origin.files), origin.starts)
                for name, origin in batch.origins.items()
            },
            tables={name: kept.store(table) for name, table in batch.tables.items()},
            replaces={name: kept.store(table) for name, table in batch.replaces.items()},
            rejected=_keep_rejected(connection, kept, batch.rejected, root),
        )
    except OSError as error:
        raise FunnelError(
            f"The rows could not be kept for a rebuild ({error}). Nothing was imported, and the warehouse is "
            "as it was before. To do: make room on the disk, then import again."
        ) from error


def finish(kept: Kept, entry: Entry, loaded: Sequence[Loaded]) -> None:
    """Write down an import that is in the warehouse.

    Raises:
        FunnelError: there is no room for it; the import is done all the same.
    """
    try:
        kept.write(entry.model_copy(update={"loaded": tuple(loaded)}))
    except OSError as error:
        raise FunnelError(
            f"The import is done; only its copy for a rebuild could not be written ({error}). "
            "To do: make room on the disk; the next import keeps everything anew."
        ) from error


def base(connection: duckdb.DuckDBPyConnection, kept: Kept) -> Entry:
    """Store the whole warehouse as it is; the entry stands for all its imports."""
    tables = {
        name: kept.store_by(
            lambda path, name=name: connection.execute(  # type: ignore[misc]
                f"COPY (SELECT * FROM {name} ORDER BY rowid) TO ? (FORMAT parquet, COMPRESSION zstd)",
                [str(path)],
            )
        )
        for name in (*TABLES, *LOGS)
    }
    number = int(str(scalar(connection, "SELECT coalesce(max(number), 0) FROM funnel_imports")))
    moment = scalar(connection, "SELECT max(moment) FROM funnel_imports")
    assert isinstance(moment, dt.datetime)
    return Entry(number=number, base=True, moment=moment, timezone=_timezone(connection), tables=tables)


def put_back(connection: duckdb.DuckDBPyConnection, kept: Kept, entry: Entry) -> None:
    """Fill an empty warehouse from a base."""
    for name, file in entry.tables.items():
        source = connection.read_parquet(str(kept.rows(file)))
        there = {row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()}
        for column in source.columns:
            if column not in there:
                connection.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column)} VARCHAR")
        source.create_view("funnel_base", replace=True)
        connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM funnel_base")
    connection.execute("DROP VIEW funnel_base")


def batch_of(kept: Kept, entry: Entry) -> Batch:
    """Return what a kept import brought, as far as it matters to the warehouse."""
    tables = {name: Stored.of(kept.rows(file)) for name, file in entry.tables.items()}
    return Batch(
        {name: tables[name] for name in TABLES if name in tables},
        tuple(_as_rejected(kept.table(entry.rejected))) if entry.rejected else (),
        entry.read,
        entry.files,
        {name: kept.table(file) for name, file in entry.replaces.items()},
        frozenset(entry.additions),
        {
            name: Origin(files, starts, np.broadcast_to(np.int64(0), tables[name].num_rows))
            for name, (files, starts) in entry.origins.items()
        },
    )


def _timezone(connection: duckdb.DuckDBPyConnection) -> str:
    return str(scalar(connection, "SELECT value FROM funnel_meta WHERE key = 'timezone'"))


def _keep_rejected(
    connection: duckdb.DuckDBPyConnection, kept: Kept, rejected: Sequence[Rejected], root: Path
) -> str:
    """Store of rows set aside what the warehouse keeps of them, and of which known lead they are."""
    if not rejected:
        return ""
    ids = sorted({one.cells.get("lead_id", "") for one in rejected} - {""})
    known = connection.execute("SELECT lead_id FROM leads WHERE list_contains(?, lead_id)", [ids]).fetchall()
    leads = {row[0] for row in known}
    rows = [
        {
            "table": one.table,
            "file": asides.within(root, one.file),
            "column": one.column,
            "reason": asides.kind(one),
            "lead_id": lead if (lead := one.cells.get("lead_id", "")) in leads else "",
            "day": asides.day_of(one),
            "copy": one.copy,
        }
        for one in rejected
    ]
    return kept.store(pa.Table.from_pylist(rows, _REJECTED))


def _as_rejected(rows: pa.Table) -> list[Rejected]:
    return [
        Rejected(
            row["table"],
            row["file"],
            0,
            row["column"],
            "",
            row["reason"],
            {
                "lead_id": row["lead_id"],
                EVENT.get(row["table"], "day"): row["day"].isoformat() if row["day"] else "",
            },
            row["copy"],
        )
        for row in rows.to_pylist()
    ]
