"""Making a damaged or lost warehouse again from its kept imports, with the same knowledge times."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from funnel import versions
from funnel.errors import InputError, MissingError
from funnel.settings import Settings
from funnel.warehouse import keeping
from funnel.warehouse.kept import Entry, Kept
from funnel.warehouse.load import load
from funnel.warehouse.store import WriterLock, connect, refused


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was made again.

    Attributes:
        imports: number of the last import that is in it.
        known_at: its knowledge time.
        aside: where the file that stood is kept; None where there was none.
        other: imports that did something else than at their time.
    """

    imports: int
    known_at: dt.datetime
    aside: Path | None
    other: tuple[int, ...]


def look(path: Path, settings: Settings, wait_seconds: float = 30.0) -> None:
    """Read all of a warehouse file.

    Raises:
        DamagedError: it is cut off or overwritten.
        MissingError: there is none.
    """
    connection = connect(path, settings, write=False, wait_seconds=wait_seconds)
    try:
        for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            connection.execute(f'SELECT sum(hash(t)) FROM "{name}" t').fetchall()
    except duckdb.Error as error:
        raise refused(path, str(error)) from None
    finally:
        connection.close()


def rebuild(path: Path, settings: Settings, now: dt.datetime, wait_seconds: float = 30.0) -> Rebuilt:
    """Make the warehouse again beside its place and move it there; the file that stood is kept aside.

    Args:
        path: the warehouse file, damaged, lost or whole.
        settings: of the project.
        now: names the file kept aside.
        wait_seconds: how long to wait for another run.

    Raises:
        MissingError: no imports are kept.
        InputError: some are missing or changed; what. Nothing was touched.
        BusyError: another run writes.
    """
    kept = Kept.of(path)
    if not kept.any:
        raise MissingError(
            f"The warehouse {path} cannot be made again: no imports are kept in {kept.folder}. To do: put a "
            "copy of it back; or move it away and import everything anew (what was known when is then lost)."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = WriterLock.acquire(path, wait_seconds)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        entries, problems = kept.entries()
        if problems:
            raise InputError("The warehouse cannot be made again; nothing was touched.", problems)
        _remove(part)
        other = _replay(part, settings, kept, entries)
        aside = _keep_aside(path, now)
        if aside:
            shutil.copymode(aside, part)  # who might read the old file may read the new one
        part.replace(path)
    finally:
        _remove(part)
        lock.release()
    return Rebuilt(entries[-1].number, entries[-1].moment, aside, other)


def _replay(part: Path, settings: Settings, kept: Kept, entries: list[Entry]) -> tuple[int, ...]:
    """Take in the kept imports in their order; return the numbers of those that did something else."""
    own = settings.model_copy(update={"timezone": entries[0].timezone})
    connection = connect(part, own, write=True, wait_seconds=0)
    other = []
    try:
        for entry in entries:
            if entry.base:
                keeping.put_back(connection, kept, entry)
                continue
            batch = keeping.batch_of(kept, entry)
            loaded, _ = load(connection, batch, entry.moment, root=settings.root, full=entry.full)
            if loaded != entry.loaded:
                other.append(entry.number)
    finally:
        connection.close()
    return tuple(other)


def _keep_aside(path: Path, now: dt.datetime) -> Path | None:
    """Move the file that stood away, with what a killed run left beside it."""
    if not path.exists():
        return None
    aside = versions.free(path.with_name(f"{path.stem}.damaged-{now:%Y%m%dT%H%M%S}{path.suffix}"))
    path.replace(aside)
    log = path.with_name(f"{path.name}.wal")
    if log.exists():
        log.replace(aside.with_name(f"{aside.name}.wal"))
    return aside


def _remove(part: Path) -> None:
    for path in (part, part.with_name(f"{part.name}.wal")):
        path.unlink(missing_ok=True)
