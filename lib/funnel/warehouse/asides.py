"""The rows that imports set aside, as the warehouse keeps them: how many, why, of which day; no cell."""

from __future__ import annotations

import collections
import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from funnel.gate.gaps import ASIDE_COLUMNS
from funnel.gate.rules import NEWEST
from funnel.schema import SYNCED, TABLES, Rejected
from funnel.warehouse.known import EVENT

_DAY = re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})|(?P<d2>\d{2})\.(?P<m2>\d{2})\.(?P<y2>\d{4})")


def within(root: Path, name: str) -> str:
    """Name a file of the project by its path in it, so that a copied project is itself."""
    path = Path(name)
    inside = path.is_absolute() and path.is_relative_to(root)
    return path.relative_to(root).as_posix() if inside else name


def keep(
    connection: duckdb.DuckDBPyConnection, number: object, rejected: Sequence[Rejected], root: Path
) -> None:
    """Write down what an import set aside, so that it is known at any knowledge time from then on."""
    counts: collections.Counter[tuple[object, ...]] = collections.Counter(
        (one.table, within(root, one.file), one.column, kind(one), day_of(one), one.copy)
        for one in rejected
        if one.table in TABLES
    )
    if counts:
        connection.executemany(
            "INSERT INTO funnel_rejected VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [[number, *key, rows] for key, rows in counts.items()],
        )


def kind(one: Rejected) -> str:
    """Return the reason of a rejected row without the numbers it names."""
    return re.sub(r"\d+", "#", one.reason.split("; also ")[0])


def day_of(one: Rejected) -> dt.date | None:
    """Return the day a rejected row is of, where its own cell tells one."""
    wanted = next((name for table, name in EVENT.items() if table == one.table), "")
    text = next((cell for name, cell in one.cells.items() if name.strip().casefold() == wanted), "")
    found = _DAY.match(text.strip())
    if not found:
        return None
    year, month, day = (found[name] or found[f"{name}2"] for name in "ymd")
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


def read(connection: duckdb.DuckDBPyConnection, known_at: dt.datetime, newest: pd.DataFrame) -> pd.DataFrame:
    """Return what is missing at a knowledge time: of each file what its last import by then set aside.

    Args:
        connection: of the warehouse.
        known_at: the knowledge time; the first import counts as known from the beginning.
        newest: by `table` its last day (`end`), and the share of its rows in the newest weeks (`part`).

    Returns:
        `gate.gaps.ASIDE_COLUMNS`. A row whose day cannot be read counts to the newest weeks as the table's
        other rows do; of an import without one usable row it counts to them as a whole.
    """
    known = connection.execute(
        'SELECT number, table_name AS "table", files, read, read - rejected AS accepted FROM funnel_imports '
        "WHERE moment <= ? OR moment = (SELECT min(moment) FROM funnel_imports)",
        [known_at],
    ).df()
    every = connection.execute(
        'SELECT number, table_name AS "table", file, column_name AS "column", reason, day, rows '
        "FROM funnel_rejected WHERE NOT copy ORDER BY number, rowid"
    ).df()
    rows = every.merge(known[["number", "table", "read", "accepted"]], on=["number", "table"])
    again = [
        any(file.split(", sheet ")[0] in names.split("; ") for names in _later(known, table, number, "files"))
        for number, table, file in zip(rows["number"], rows["table"], rows["file"], strict=True)
    ]
    rows = rows[~np.array(again, bool)].reset_index(drop=True)
    rows["accepted"] += [
        int(sum(_others(known, table, number, file)))
        for number, table, file in zip(rows["number"], rows["table"], rows["file"], strict=True)
    ]
    if rows.empty:
        return pd.DataFrame(columns=list(ASIDE_COLUMNS))
    by = newest.set_index("table")
    end = pd.to_datetime(rows["table"].map(by["end"]))
    day = pd.to_datetime(rows["day"])
    part = rows["table"].map(by["part"]).fillna(1.0).where(rows["accepted"] > 0, 1.0)
    share = (day > end - NEWEST).astype(float).where(day.notna() & end.notna(), part)
    rows["newest"] = rows["rows"] * share
    keys = ["table", "file", "column", "reason"]
    return rows.groupby(keys, as_index=False, sort=False).agg(
        rows=("rows", "sum"), newest=("newest", "sum"), read=("read", "max"), accepted=("accepted", "min")
    )[list(ASIDE_COLUMNS)]


def _others(known: pd.DataFrame, table: str, number: int, file: str) -> list[Any]:
    """Return what was accepted besides: by later imports, and by all of a source that comes in parts."""
    if not file.startswith(SYNCED):
        return _later(known, table, number, "accepted")
    same = (known["files"] == file) & (known["number"] < number)
    return [
        *_later(known, table, number, "accepted"),
        *known.loc[same & (known["table"] == table), "accepted"],
    ]


def _later(known: pd.DataFrame, table: str, number: int, column: str) -> list[Any]:
    """Return a column of the imports of a table after one of them."""
    return known.loc[(known["table"] == table) & (known["number"] > number), column].tolist()
