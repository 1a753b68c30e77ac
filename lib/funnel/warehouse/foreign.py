"""Canonical tables in Parquet files, read where they lie."""

from __future__ import annotations

from pathlib import Path

import duckdb

from funnel.errors import InputError, MissingError, Problem
from funnel.schema import TABLES, Table
from funnel.settings import Settings
from funnel.warehouse.known import KNOWN
from funnel.warehouse.store import quoted, sql_type


def attach(folder: Path, settings: Settings) -> duckdb.DuckDBPyConnection:
    """Return a connection with a view for every canonical table; optional columns and tables may be missing.

    Raises:
        MissingError: there is no `leads.parquet` or `stage_entries.parquet`.
        InputError: a required column is missing.
    """
    files = {table.name: folder / f"{table.name}.parquet" for table in TABLES.values()}
    for name in ("leads", "stage_entries"):
        if not files[name].is_file():
            raise MissingError(f"There is no {files[name]}.")
    connection = duckdb.connect(
        config={
            "temp_directory": str(settings.path("run") / "tmp"),
            "preserve_insertion_order": False,  # a quarter less memory; the cubes order their rows themselves
        }
    )
    problems = []
    for table in TABLES.values():
        file = files[table.name]
        there: list[str] = []
        if file.is_file():
            relation = connection.read_parquet(str(file))
            there = relation.columns
            relation.create_view(f"{table.name}_file")
            problems += [
                Problem(f"{file.name}, column {name}", "it is missing", ", ".join(table.required))
                for name in table.required
                if name not in there
            ]
        if not problems:
            connection.execute(_view(table, there))
    if problems:
        connection.close()
        raise InputError(f"The tables in {folder} cannot be used.", problems)
    return connection


def _view(table: Table, there: list[str]) -> str:
    """Say in SQL how a file, or nothing, becomes the canonical table."""
    columns = [
        f"CAST({quoted(column.name) if column.name in there else 'NULL'} AS {sql_type(column)})"
        f" AS {quoted(column.name)}"
        for column in table.columns
    ]
    canonical = {column.name for column in table.columns}
    for name in there:
        if name in KNOWN:
            columns.append(quoted(name))
        elif name not in canonical and table.open_ended:
            columns.append(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}")
    source = f"FROM {table.name}_file" if there else "WHERE false"
    return f"CREATE VIEW {table.name} AS SELECT {', '.join(columns)} {source}"
