"""The DuckDB file: opening it, one writer at a time, and what it says about itself."""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from funnel import versions
from funnel.errors import BusyError, DamagedError, InputError, MissingError, Problem, SettingsError
from funnel.private import private
from funnel.schema import TABLES, Column, Table
from funnel.settings import Settings

_PAUSE = 0.05
_DAMAGE = re.compile(
    r"enough bytes|not a valid DuckDB|corrupt|checksum|deserializ|INTERNAL Error", re.IGNORECASE
)
"""What DuckDB says of a file that is cut off or overwritten."""
FULL = re.compile(r"No space left|File too large|offload|Out of Memory|could not allocate", re.IGNORECASE)
"""What it says where the disk, or the memory, is full."""
Config = dict[str, str | bool | int | float | list[str]]
WRITER_MEMORY = "2GB"
"""What the engine holds at most while it takes rows in; the rest of a large import it keeps on the disk."""
READER_MEMORY = "1.5GB"
"""The same of a command that only reads."""
_EXTENSIONS = ("autoinstall_known_extensions", "autoload_known_extensions")
"""Programs that the engine fetches and runs by itself."""
_MAGIC = b"DUCK"
_PUT = "INSERT OR REPLACE INTO funnel_meta VALUES"
_TYPES = {
    "text": "VARCHAR",
    "choice": "VARCHAR",
    "instant": "TIMESTAMP",
    "day": "DATE",
    "money": "DECIMAL(18, 2)",
    "count": "BIGINT",
}


def quoted(name: str) -> str:
    """Return a name as an SQL identifier; names of attributes are anyone's text.

    >>> quoted('my "best" channel')
    '"my ""best"" channel"'
    """
    return '"' + name.replace('"', '""') + '"'


def scalar(connection: duckdb.DuckDBPyConnection, statement: str) -> object:
    """Return the one value of a statement, all of its result taken: an open one blocks the connection."""
    rows = connection.execute(statement).fetchall()
    return rows[0][0] if rows else None


def sql_type(column: Column) -> str:
    """Return the DuckDB type of a canonical column."""
    return _TYPES[column.kind]


@dataclass(slots=True)
class WriterLock:
    """The file beside the warehouse that a writer holds; it names who holds it.

    What a writer makes meanwhile, the engine's log and spilled rows too, is not open to all on the machine.
    """

    path: Path
    undo: ExitStack

    @classmethod
    def acquire(cls, warehouse: Path, wait_seconds: float) -> WriterLock:
        """Wait for the lock.

        Raises:
            BusyError: another run holds it; which and since when.
        """
        from filelock import FileLock, Timeout  # a reader takes no lock

        lock = FileLock(warehouse.with_name(warehouse.name + ".lock"))
        holder = warehouse.with_name(warehouse.name + ".writer.lock")
        with ExitStack() as undo:
            undo.enter_context(private())
            try:
                lock.acquire(timeout=wait_seconds, poll_interval=_PAUSE)
            except Timeout:
                raise BusyError(_busy(warehouse, _holder(holder))) from None
            undo.callback(lock.release)
            holder.write_text(json.dumps({"pid": os.getpid()}), encoding="utf-8")
            return cls(holder, undo.pop_all())

    def release(self) -> None:
        """Let the next writer in."""
        self.path.unlink(missing_ok=True)
        self.undo.close()


def connect(path: Path, settings: Settings, *, write: bool, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    """Open the file, waiting while another process writes (or, for a writer, reads).

    A file of an older form is brought up to date, also for a reader; a copy of it is kept beside it.

    Raises:
        MissingError: there is no warehouse yet.
        BusyError: it stayed in use.
        DamagedError: the file cannot be read any more.
        InputError: it cannot be opened for another reason, such as a full disk.
        SettingsError: it was made in another time zone.
    """
    if not write and not path.is_file():
        raise MissingError(f"There is no warehouse {path}. To do: run `funnel import` first.")
    connection = _patiently(path, write=write, wait_seconds=wait_seconds)
    try:
        found = _version(connection, path)
        versions.refuse_newer(str(path), found or 0, versions.WAREHOUSE)
        _require_tables(connection, path, found or 0)
        if found and found < versions.WAREHOUSE:
            connection.close()
            _bring_up(path, settings, found, locked=write, wait_seconds=wait_seconds)
            connection = _patiently(path, write=write, wait_seconds=wait_seconds)
        elif write:
            _create(connection, settings)
        _check(connection, path, settings)
    except duckdb.Error as error:
        connection.close()
        if _DAMAGE.search(str(error)):
            raise refused(path, str(error)) from None
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: duckdb.DuckDBPyConnection, path: Path) -> int | None:
    """Return the version of the file's form; None where it holds no warehouse yet."""
    try:
        found = scalar(connection, "SELECT value FROM funnel_meta WHERE key = 'schema'")
    except duckdb.CatalogException:
        return None
    if found is not None and not str(found).isdecimal():
        raise refused(path, f"corrupt: the version of its form is {str(found)[:20]!r}")
    return int(str(found)) if found is not None else 1


def _require_tables(connection: duckdb.DuckDBPyConnection, path: Path, found: int) -> None:
    """Refuse a warehouse of some version that lost a table, or holds something else in its place.

    A view would read what it pleases, and a table made anew would hide the loss.
    """
    wanted = [*TABLES, "funnel_imports", *(["funnel_rejected"] if found > 1 else [])] if found else []
    there = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if lost := [name for name in wanted if name not in there]:
        raise refused(path, f"corrupt: it holds no table {', '.join(lost)}")


def _bring_up(path: Path, settings: Settings, found: int, *, locked: bool, wait_seconds: float) -> None:
    """Keep a copy of a file of an older form and add what it lacks; nothing that stood is changed.

    From version 1 to 2 comes the table of rejected rows; `_create` makes what is missing.
    """
    lock = None if locked else WriterLock.acquire(path, wait_seconds)
    try:
        _patiently(path, write=True, wait_seconds=wait_seconds).close()  # writes in what a killed run left
        versions.keep_copy(path, found)
        connection = _patiently(path, write=True, wait_seconds=wait_seconds)
        try:
            _create(connection, settings)
        finally:
            connection.close()
    finally:
        if lock:
            lock.release()


def _patiently(path: Path, *, write: bool, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    _require_files(path)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            config: Config = (
                {"memory_limit": WRITER_MEMORY, **dict.fromkeys(_EXTENSIONS, False)} if write else {}
            )
            connection = duckdb.connect(str(path), read_only=not write, config=config)
            if not write:  # set afterwards, so that an analyst's own connection is of the same configuration
                connection.execute(f"SET memory_limit = '{READER_MEMORY}'")
                for name in _EXTENSIONS:
                    connection.execute(f"SET {name} = false")
            return connection
        except duckdb.Error as error:
            text = str(error)
            in_use = "lock on file" in text or "different configuration" in text
            if not in_use:
                raise refused(path, text) from None
            if time.monotonic() >= deadline:
                found = re.search(r"PID (\d+)", text)
                raise BusyError(_busy(path, f"process {found[1]}" if found else "this process")) from None
        time.sleep(_PAUSE)


def _require_files(path: Path) -> None:
    """Refuse a folder, a pipe or a device in the place of the warehouse or of the log beside it."""
    problems = [
        Problem(
            str(file), "it is no file", todo="move it away, or name another file as warehouse: in funnel.yml"
        )
        for file in (path, path.with_name(f"{path.name}.wal"))
        if file.exists() and not file.is_file()
    ]
    if problems:
        raise InputError("The warehouse cannot be opened.", problems)
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as stream:
            head = stream.read(12)
        if head[8:] != _MAGIC:  # the engine would fetch from the network what reads a file of another kind
            raise refused(path, "it is not a valid DuckDB database file")


def refused(path: Path, text: str) -> InputError:
    """Return the error for a warehouse file that the engine does not read, by the engine's own words."""
    first = text.splitlines()[0]
    if _DAMAGE.search(text):
        todo = "run `funnel rebuild`: it keeps this file aside and makes it again from the kept imports"
        problem = Problem(str(path), f"it is damaged ({first})", todo=todo)
        return DamagedError("The warehouse cannot be opened.", [problem])
    todo = "see that its folder can be read and written and that the disk has room, then run this again"
    if "version number" in text:
        todo = "install the version of funnel that wrote it, or a newer one"
    elif "Permission denied" in text:
        todo = (
            "run this as the user who made it; or let its group in: chmod g+rw, for the .lock beside it too"
        )
    headline = "The warehouse cannot be opened; the file is as it was."
    return InputError(headline, [Problem(str(path), first, todo=todo)])


def _busy(path: Path, holder: str) -> str:
    return f"The warehouse {path} is in use by {holder}. To do: wait until it has ended, then run again."


def _holder(path: Path) -> str:
    """Say who holds the writer's lock, and since when, as far as the file beside it tells."""
    try:
        pid = json.loads(path.read_text(encoding="utf-8"))["pid"]
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(path.stat().st_mtime))
    except (OSError, ValueError, KeyError):
        return "another run"
    return f"process {pid} since {since}"


def _create(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Make what is not there yet, in one transaction."""
    connection.begin()
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS funnel_meta (key VARCHAR PRIMARY KEY, value VARCHAR)")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS funnel_imports (number BIGINT, moment TIMESTAMP, files VARCHAR,"
            " table_name VARCHAR, read BIGINT, rejected BIGINT, inserted BIGINT, changed BIGINT,"
            " unchanged BIGINT, closed BIGINT)"
        )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS funnel_rejected (number BIGINT, table_name VARCHAR, file VARCHAR,"
            " column_name VARCHAR, reason VARCHAR, day DATE, copy BOOLEAN, rows BIGINT)"
        )
        if not _filled(connection):  # an import that failed binds nobody
            connection.execute(f"{_PUT} ('timezone', ?)", [settings.timezone])
        connection.execute(f"{_PUT} ('schema', ?)", [str(versions.WAREHOUSE)])
        for table in TABLES.values():
            connection.execute(_definition(table))
            for column in table.columns:  # a file made before the column existed
                definition = f"{quoted(column.name)} {sql_type(column)}"
                connection.execute(f"ALTER TABLE {table.name} ADD COLUMN IF NOT EXISTS {definition}")
        connection.commit()
    except BaseException:
        undo(connection)
        raise


def undo(connection: duckdb.DuckDBPyConnection) -> None:
    """Roll back; after a fatal error the engine has undone everything itself and refuses."""
    with suppress(duckdb.Error):
        connection.rollback()


def _filled(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether any row was ever taken in."""
    return bool(scalar(connection, "SELECT count(*) FROM funnel_imports WHERE inserted > 0"))


def _definition(table: Table) -> str:
    columns = [f"{quoted(column.name)} {sql_type(column)}" for column in table.columns]
    columns += ["known_from TIMESTAMP NOT NULL", "known_to TIMESTAMP"]
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({', '.join(columns)})"


def _check(connection: duckdb.DuckDBPyConnection, path: Path, settings: Settings) -> None:
    try:
        timezone = scalar(connection, "SELECT value FROM funnel_meta WHERE key = 'timezone'")
    except duckdb.CatalogException:
        timezone = None
    if timezone is None:
        raise MissingError(f"{path} holds no warehouse yet. To do: run `funnel import` first.")
    if timezone != settings.timezone and _filled(connection):
        problem = Problem(
            "key timezone",
            f"{settings.timezone}, but the warehouse {path} was made in {timezone}",
            str(timezone),
            "set it back, or import everything anew into another warehouse file",
        )
        raise SettingsError("The time zone does not fit the warehouse.", [problem])
