"""Taking in a batch: nothing is overwritten, and it is there as a whole or not at all."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pyarrow as pa

from funnel.errors import FunnelError, InputError, Problem
from funnel.schema import TABLES, Batch, Loaded, Rejected, Table
from funnel.stored import Rows, Stored
from funnel.warehouse import asides
from funnel.warehouse.asides import within
from funnel.warehouse.keeping import finish, staged
from funnel.warehouse.kept import Kept
from funnel.warehouse.known import BEGINNING, KNOWN
from funnel.warehouse.store import FULL, quoted, scalar, sql_type, undo

_RESERVED = (*KNOWN, "rowid")
_UNKNOWN_LEAD = "no lead with this lead_id is known; import the leads first, then this file again"
_TWICE = "the key occurs more than once with different content"


def load(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    known_at: dt.datetime,
    *,
    root: Path,
    full: bool,
    kept: Kept | None = None,
) -> tuple[tuple[Loaded, ...], tuple[Rejected, ...]]:
    """Load a batch in one transaction, its rows kept for a rebuild before; see `Warehouse.load`."""
    moment = _moment(connection, known_at)
    number = int(str(scalar(connection, "SELECT coalesce(max(number), 0) + 1 FROM funnel_imports")))
    entry = staged(connection, kept, batch, number, moment, root=root, full=full) if kept else None
    connection.begin()
    try:
        outcome = _load(connection, batch, moment, number, root=root, full=full)
        connection.commit()
    except BaseException as error:
        undo(connection)
        if isinstance(error, duckdb.Error) and FULL.search(str(error)):
            raise FunnelError(
                f"The import could not be written ({str(error).splitlines()[0]}). The warehouse is as it was "
                "before. To do: make room on the disk or in the memory, then import again."
            ) from error
        raise
    if kept and entry and outcome[0]:
        finish(kept, entry, outcome[0])
    return outcome


def last_change(connection: duckdb.DuckDBPyConnection) -> dt.datetime | None:
    """Return the time of the last import that changed something."""
    found = scalar(connection, "SELECT max(moment) FROM funnel_imports WHERE inserted + changed + closed > 0")
    return found if isinstance(found, dt.datetime) else None


def last_known(connection: duckdb.DuckDBPyConnection) -> dt.datetime | None:
    """Return the time of the last import that changed something, if only what is known to be missing."""
    found = scalar(
        connection,
        "SELECT max(moment) FROM funnel_imports i WHERE inserted + changed + closed > 0 OR EXISTS "
        "(SELECT 1 FROM funnel_rejected r WHERE r.number = i.number AND NOT r.copy)",
    )
    return found if isinstance(found, dt.datetime) else None


def first_import(connection: duckdb.DuckDBPyConnection) -> dt.datetime | None:
    """Return the time of the first import, whose rows count as known from the beginning."""
    found = scalar(connection, "SELECT min(moment) FROM funnel_imports WHERE inserted > 0")
    return found if isinstance(found, dt.datetime) else None


def _moment(connection: duckdb.DuckDBPyConnection, known_at: dt.datetime) -> dt.datetime:
    """Return the knowledge time: a clock that went back must not mix up two states of knowledge."""
    moment = known_at.astimezone(dt.UTC).replace(tzinfo=None) if known_at.tzinfo else known_at
    latest = last_known(connection)
    return moment if latest is None else max(moment, latest + dt.timedelta(microseconds=1))


def _load(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    moment: dt.datetime,
    number: int,
    *,
    root: Path,
    full: bool,
) -> tuple[tuple[Loaded, ...], tuple[Rejected, ...]]:
    before = last_change(connection)
    loaded, rejected = [], []
    for name, table in TABLES.items():
        if name not in batch.tables and name not in batch.replaces:
            continue
        incoming = _Incoming(connection, table, batch)
        aside = incoming.set_aside()
        known_from = BEGINNING if before is None else moment
        whole = full and name not in batch.additions
        loaded.append(incoming.merge(known_from, moment, full=whole, aside=len(aside)))
        rejected += aside
        incoming.drop()
    files = "; ".join(within(root, name) for name in batch.files)
    for one in loaded:
        counts = (one.read, one.rejected, one.inserted, one.changed, one.unchanged, one.closed)
        connection.execute(
            "INSERT INTO funnel_imports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [number, moment, files, one.table, *counts],
        )
    asides.keep(connection, number, [*batch.rejected, *rejected], root)
    return tuple(loaded), tuple(rejected)


class _Incoming:
    """The rows of one table of a batch, staged inside the transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table, batch: Batch) -> None:
        self.connection = connection
        self.table = table
        self.file = "; ".join(batch.files)
        self.origin = batch.origins.get(table.name)
        rows = batch.tables.get(table.name, _no_rows(table))
        self.covered = batch.replaces.get(table.name)
        self.earlier = [one for one in batch.rejected if one.table == table.name]
        self.read = batch.read.get(table.name, rows.num_rows + len(self.earlier))
        self.names: list[str] = rows.column_names
        self._add_columns()
        self._stage(rows)

    def _add_columns(self) -> None:
        """Add columns for attributes not seen before.

        Raises:
            InputError: a name cannot be a column of the warehouse.
        """
        there = [row[0] for row in self.connection.execute(f"DESCRIBE {self.table.name}").fetchall()]
        folded = {name.casefold(): name for name in reversed(there)}
        problems = []
        for name in self.names:
            twin = folded.get(name.casefold())
            where = f"{self.table.name}, column {name!r}"
            if name.casefold() in _RESERVED:
                problems.append(Problem(where, "the name is reserved", todo="rename the column"))
            elif twin is not None and twin != name:
                problems.append(
                    Problem(
                        where,
                        f"differs from the known column {twin!r} only in upper and lower case",
                        todo="use one spelling",
                    )
                )
            folded.setdefault(name.casefold(), name)
        if problems:
            raise InputError("The import cannot be taken in.", problems)
        for name in self.names:
            if name not in there:
                self._run(f"ALTER TABLE {self.table.name} ADD COLUMN {quoted(name)} {self._type(name)}")
                there.append(name)
        self.there = there

    def _type(self, name: str) -> str:
        return sql_type(self.table.column(name))

    def _run(self, statement: str) -> int:
        """Run a statement; return its number, or how many rows it touched."""
        found = scalar(self.connection, statement)
        return found if isinstance(found, int) else 0

    def _stage(self, rows: Rows) -> None:
        """Copy the rows; optional parts of the key that the batch does not have are empty."""
        keys = [name for name in self.table.key if name not in self.names]
        values = [quoted(name) for name in self.names] + ["NULL"] * len(keys)
        self.names = [*self.names, *keys]
        self.absent = [name for name in self.there if name not in self.names and name not in KNOWN]
        columns = ", ".join(
            f"CAST({value} AS {self._type(name)}) AS {quoted(name)}"
            for value, name in zip(values, self.names, strict=True)
        )
        if isinstance(rows, Stored):
            self.connection.read_parquet(str(rows.path)).create_view("funnel_incoming", replace=True)
        else:
            self.connection.register("funnel_incoming", rows)
        self._run(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {columns} FROM funnel_incoming")
        self.first = self._run(
            "SELECT coalesce(min(rowid), 0) FROM staged"
        )  # inside a transaction it is not 0
        if isinstance(rows, Stored):
            self._run("DROP VIEW funnel_incoming")
        else:
            self.connection.unregister("funnel_incoming")

    def drop(self) -> None:
        """Forget the staged rows."""
        self._run("DROP TABLE staged")
        self._run("DROP TABLE merged")

    def set_aside(self) -> list[Rejected]:
        """Take out rows that cannot be used: of unknown leads, and keys with several contents."""
        key = ", ".join(quoted(name) for name in self.table.key)
        several = f"SELECT {key} FROM staged GROUP BY {key} HAVING count(*) > 1"
        aside: list[Rejected] = []
        if self._run(f"SELECT count(*) FROM ({several})"):
            self._run(
                "DELETE FROM staged WHERE rowid NOT IN "
                f"(SELECT min(rowid) FROM staged GROUP BY {', '.join(map(quoted, self.names))})"
            )
            same = self._same_key("staged", "several")
            aside += self._reject(f"EXISTS (SELECT 1 FROM ({several}) several WHERE {same})", _TWICE)
        if self.table.name in ("stage_entries", "payments"):
            aside += self._reject("lead_id NOT IN (SELECT lead_id FROM leads)", _UNKNOWN_LEAD)
        return aside

    def _reject(self, condition: str, reason: str) -> list[Rejected]:
        rows = self.connection.execute(
            f"SELECT rowid, * FROM staged WHERE {condition} ORDER BY rowid"
        ).fetchall()
        if not rows:
            return []
        self._run(f"DELETE FROM staged WHERE {condition}")
        column = self.table.key[0]
        aside = []
        for place, *row in rows:
            cells = {
                name: "" if value is None else str(value) for name, value in zip(self.names, row, strict=True)
            }
            file, number = self.origin.at(place - self.first) if self.origin else (self.file, 0)
            aside.append(Rejected(self.table.name, file, number, column, cells[column], reason, cells))
        return aside

    def _same_key(self, left: str, right: str) -> str:
        """Say in SQL that two rows have the same key; only optional parts of a key can be empty."""
        tests = []
        for name in self.table.key:
            equal = "=" if self.table.column(name).required else "IS NOT DISTINCT FROM"
            tests.append(f"{left}.{quoted(name)} {equal} {right}.{quoted(name)}")
        return " AND ".join(tests)

    def merge(self, known_from: dt.datetime, moment: dt.datetime, *, full: bool, aside: int) -> Loaded:
        """Open new versions, close old ones; columns absent from the batch keep their values."""
        name = self.table.name
        content = [column for column in self.names if column not in self.table.key]
        differs = " OR ".join(f"s.{quoted(c)} IS DISTINCT FROM t.{quoted(c)}" for c in content) or "false"
        self._run(
            "CREATE OR REPLACE TEMP TABLE merged AS "
            f"SELECT s.rowid AS new, t.rowid AS old, {differs} AS differs FROM staged s "
            f"LEFT JOIN (SELECT *, rowid FROM {name} WHERE known_to IS NULL) t ON {self._same_key('s', 't')}"
        )
        inserted = self._run("SELECT count(*) FROM merged WHERE old IS NULL")
        changed = self._run("SELECT count(*) FROM merged WHERE old IS NOT NULL AND differs")
        if inserted or changed:
            columns = [*self.names, *self.absent]
            values = [f"s.{quoted(c)}" for c in self.names] + [f"t.{quoted(c)}" for c in self.absent]
            self.connection.execute(
                f"INSERT INTO {name} ({', '.join(map(quoted, columns))}, known_from) "
                f"SELECT {', '.join(values)}, ? FROM merged m JOIN staged s ON s.rowid = m.new "
                f"LEFT JOIN {name} t ON t.rowid = m.old WHERE m.old IS NULL OR m.differs",
                [known_from],
            )
        if changed:
            self.connection.execute(
                f"UPDATE {name} SET known_to = ? "
                "WHERE rowid IN (SELECT old FROM merged WHERE old IS NOT NULL AND differs)",
                [moment],
            )
        closed = 0
        if full:
            closed = self._close(moment, "true")
        elif self.covered is not None:
            self.connection.register("funnel_covered", self.covered)
            closed = self._close(moment, f"EXISTS (SELECT 1 FROM funnel_covered c WHERE {self._covers()})")
            self.connection.unregister("funnel_covered")
        rejected = len(self.earlier) + aside
        return Loaded(
            name, self.read, rejected, inserted, changed, self.read - rejected - inserted - changed, closed
        )

    def _covers(self) -> str:
        """Say in SQL that a row is among those the batch holds wholly; see `Batch.replaces`."""
        if self.table.name != "spend":
            return "c.lead_id = t.lead_id"
        same = "t.platform IS NOT DISTINCT FROM c.platform AND t.account IS NOT DISTINCT FROM c.account"
        return f'{same} AND t."date" BETWEEN c.first AND c.last'

    def _close(self, moment: dt.datetime, covered: str) -> int:
        """Close covered rows that the batch no longer holds, but not those it holds in an unusable form."""
        kept = sorted({one.cells.get("lead_id", "") for one in self.earlier} - {""})
        rows = self.connection.execute(
            f"UPDATE {self.table.name} t SET known_to = ? WHERE known_to IS NULL AND {covered} "
            f"AND NOT EXISTS (SELECT 1 FROM staged s WHERE {self._same_key('s', 't')})"
            + (" AND NOT list_contains(?, lead_id)" if kept else ""),
            [moment, *([kept] if kept else [])],
        ).fetchall()
        return int(rows[0][0])


def _no_rows(table: Table) -> pa.Table:
    return pa.schema([(column.name, column.arrow) for column in table.columns]).empty_table()
