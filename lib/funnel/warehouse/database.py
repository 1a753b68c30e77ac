"""A company's own database, read where it lies: its tables or views by the names that the settings give them.

Nothing is written there and nothing is copied: what leaves the engine are cubes, and the workbook's lists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import ibis
import ibis.expr.types as ir

from funnel.errors import InputError, Problem, nearest
from funnel.schema import TABLES, Column, Table
from funnel.settings import Settings
from funnel.settings_engine import EngineTable
from funnel.warehouse.functions import native
from funnel.warehouse.known import KNOWN, Tables

_NEEDS = {"postgres": "psycopg", "pyspark": "pyspark"}
"""The library of each engine, an extra of the product by the engine's name."""
_TYPES = {
    "text": "string",
    "choice": "string",
    "instant": "timestamp(6)",
    "day": "date",
    "money": "decimal(18, 2)",
    "count": "int64",
}
_HEADLINE = "The database cannot be read."
_SECRETS = ("PGPASSWORD", "SPARK_REMOTE")
"""Variables that hold a password; no message repeats what is in them."""


@dataclass(frozen=True, slots=True)
class Database:
    """A connection to a company's database, and its tables as the canonical ones."""

    tables: Tables
    close: Callable[[], None]


def attach(settings: Settings) -> Database:
    """Connect to the database that the settings name, for reading only.

    User and password come from where the engine's own programs take them (PGUSER, PGPASSWORD, ~/.pgpass;
    SPARK_REMOTE), never from the settings.

    Raises:
        InputError: its library is not installed, it cannot be reached, or tables or columns are missing.
    """
    library = _NEEDS[settings.engine]
    if not find_spec(library):
        todo = f"install the extra: pip install 'funnel-cohort-report[{settings.engine}]'"
        raise InputError(_HEADLINE, [Problem(settings.warehouse, f"{library} is not installed", todo=todo)])
    try:
        engine = _CONNECT[settings.engine](settings.warehouse)
    except Exception as error:
        raise refused(settings, error) from None
    try:
        tables = dict(zip(TABLES, _canonical(engine, settings), strict=True))
        return Database(Tables(**tables, engine=engine.name), engine.disconnect)
    except BaseException:
        engine.disconnect()
        raise


def refused(settings: Settings, error: Exception) -> InputError:
    """Return the error for a database that does not answer, in its own words but for any password."""
    found = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    for name in _SECRETS:
        if secret := os.environ.get(name):
            found = found.replace(secret, "...")
    found = re.sub(r"(?i)(password|token)=\S+", r"\1=...", found)
    todo = "see docs/sources/database.md: address, rights, and where user and password come from"
    return InputError(_HEADLINE, [Problem(settings.warehouse, found, todo=todo)])


def _postgres(address: str) -> ibis.BaseBackend:
    return ibis.postgres.connect(
        **_parts(address), options="-c default_transaction_read_only=on", application_name="funnel"
    )


def _parts(address: str) -> dict[str, object]:
    """Return the parts of a PostgreSQL address; what it leaves out libpq takes from its own variables."""
    user, host, port, database = re.fullmatch(
        r"\w+://(?:([^@]+)@)?(\[[^]]+\]|[^:/]+)(?::(\d+))?/(.+)", address
    ).groups()  # type: ignore[union-attr] # `settings_engine.checked` has seen it
    return {
        "user": user,
        "host": host.strip("[]"),
        "port": int(port or os.environ.get("PGPORT") or 5432),
        "database": database,
    }


def _spark(address: str) -> ibis.BaseBackend:
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE") or address).getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return ibis.pyspark.connect(session)


_CONNECT: Mapping[str, Callable[[str], ibis.BaseBackend]] = {"postgres": _postgres, "pyspark": _spark}


def _canonical(engine: ibis.BaseBackend, settings: Settings) -> list[ir.Table]:
    """Return the canonical tables; optional ones that are not there are empty.

    Raises:
        InputError: all that is missing or cannot be.
    """
    problems: list[Problem] = []
    tables: list[ir.Table] = []
    for table in TABLES.values():
        mapped = settings.tables.get(table.name) or EngineTable(table=table.name)
        try:
            raw = _table(engine, mapped.table)
        except Exception as error:
            if table.name in ("leads", "stage_entries") or table.name in settings.tables:
                found = refused(settings, error).problems[0].wrong
                todo = f"say tables.{table.name}.table in funnel.yml; the user must be allowed to read it"
                problems.append(Problem(f"table {mapped.table}", found, todo=todo))
            elif tables:
                tables.append(_empty(tables[0], table))
            continue
        problems += _missing(raw, table, mapped, settings)
        if not problems:
            tables.append(_as_canonical(raw, table, mapped, settings))
    if problems:
        raise InputError(_HEADLINE, problems)
    return tables


def _table(engine: ibis.BaseBackend, name: str) -> ir.Table:
    """Return a table by its name, with its schema before it if it has one."""
    *places, own = name.split(".")
    found: ir.Table = engine.table(
        own, database=tuple(places) if len(places) > 1 else "".join(places) or None
    )
    return found


def _missing(raw: ir.Table, table: Table, mapped: EngineTable, settings: Settings) -> Iterator[Problem]:
    """Name the columns that are needed or named, and are not there."""
    there = raw.columns
    known = [*(column.name for column in table.columns), *KNOWN]
    known += _attributes(table, settings)
    for name, own in mapped.columns.items():
        where = f"tables.{table.name}.columns, {name}"
        if name not in known:
            yield Problem(where, f"is no column of {table.name}{nearest(name, known)}", ", ".join(known))
        elif own not in there:
            found = f"{mapped.table} has no column {own!r}{nearest(own, there)}"
            yield Problem(where, found, ", ".join(there))
    for name in table.required:
        if name not in mapped.columns and name not in there:
            todo = f"say what it is called: tables.{table.name}.columns.{name} in funnel.yml"
            yield Problem(f"table {mapped.table}", f"there is no column {name!r}", ", ".join(there), todo)


def _attributes(table: Table, settings: Settings) -> tuple[str, ...]:
    """Return the attributes that are read: those of the settings, and what spend is matched by."""
    return tuple(dict.fromkeys([*settings.attributes, "channel", "campaign"])) if table.open_ended else ()


def _as_canonical(raw: ir.Table, table: Table, mapped: EngineTable, settings: Settings) -> ir.Table:
    """Return a table with the canonical columns alone: what nobody named is never read."""

    def own(name: str) -> str:
        return mapped.columns.get(name, name)

    columns = {column.name: _value(raw, own(column.name), column, settings) for column in table.columns}
    for name in _attributes(table, settings):
        if own(name) in raw.columns:
            columns[name] = _value(raw, own(name), Column(name), settings)
    for name in KNOWN:
        if own(name) in raw.columns:
            columns[name] = raw[own(name)].cast("timestamp(6)")
    return raw.select(**columns)


def _value(raw: ir.Table, name: str, column: Column, settings: Settings) -> ir.Value:
    kind = _TYPES[column.kind]
    if name not in raw.columns:
        return ibis.null(kind)
    found = raw[name]
    if column.kind in ("instant", "day") and found.type().is_timestamp() and found.type().timezone:
        found = _LOCAL[settings.engine](found, settings.timezone)
    return found.cast(kind)


def _empty(some: ir.Table, table: Table) -> ir.Table:
    """Return a canonical table without rows, made of another one: a reader may make none in the database."""
    columns = {column.name: ibis.null(_TYPES[column.kind]) for column in table.columns}
    found: ir.Table = some.filter(ibis.literal(False)).select(**columns)
    return found


_timezone = native("timezone", "string", "timestamp('UTC')", gives="timestamp")
_from_utc = native("from_utc_timestamp", "timestamp('UTC')", "string", gives="timestamp")
_LOCAL: Mapping[str, Callable[[ir.TimestampValue, str], ir.TimestampValue]] = {
    "postgres": lambda moment, zone: _timezone(zone, moment),
    "pyspark": lambda moment, zone: _from_utc(moment, zone),
}
"""How an engine turns a moment with an offset into the wall clock of a time zone."""
