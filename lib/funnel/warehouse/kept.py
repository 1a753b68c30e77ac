"""The imports kept beside the warehouse, so that it can be made again: accepted rows, nothing personal.

A folder `imports/<name of the warehouse>/`, for its owner alone, holds a small file for each import (its
number, its time, what it covered) and, under `rows/`, the rows as Parquet, named by their content: what comes
again is stored once. A *base* stands for all imports up to its own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from funnel import versions
from funnel.errors import Problem
from funnel.schema import Loaded, TableName
from funnel.stored import Rows, Stored

_ENTRIES = "[0-9]*.json"


class Entry(BaseModel):
    """One kept import, or a base.

    Attributes:
        form: version of this form.
        number: of the import in the warehouse; of a base, of the last import it stands for.
        base: it stands for everything so far; `tables` are then those of the warehouse itself.
        moment: its knowledge time.
        timezone: of the warehouse.
        full: what it does not hold was closed.
        files, read, additions: see `schema.Batch`.
        origins: by table the files its rows stood in, and where the rows of each begin.
        tables, replaces: the files of rows, by table.
        rejected: the file of what was set aside before; '' for none.
        loaded: what it did to each table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: int = versions.KEPT
    number: int
    base: bool = False
    moment: dt.datetime
    timezone: str
    full: bool = False
    files: tuple[str, ...] = ()
    read: dict[TableName, int] = {}
    additions: tuple[TableName, ...] = ()
    origins: dict[TableName, tuple[tuple[str, ...], tuple[int, ...]]] = {}
    tables: dict[str, str]
    replaces: dict[TableName, str] = {}
    rejected: str = ""
    loaded: tuple[Loaded, ...] = ()

    @property
    def rows(self) -> tuple[str, ...]:
        """The files of rows it needs."""
        return tuple(filter(None, (*self.tables.values(), *self.replaces.values(), self.rejected)))


@dataclass(frozen=True, slots=True)
class Kept:
    """The folder of one warehouse."""

    folder: Path

    @classmethod
    def of(cls, warehouse: Path) -> Kept:
        """Return the kept imports of a warehouse file."""
        return cls(warehouse.parent / "imports" / warehouse.stem)

    @property
    def any(self) -> bool:
        """Whether there are kept imports."""
        return any(self.folder.glob(_ENTRIES))

    def entries(self) -> tuple[list[Entry], list[Problem]]:
        """Return what makes the warehouse again, in order from the newest base, and what is wrong with it.

        Rows are looked at byte by byte.
        """
        found, problems = self._listed()
        for name in dict.fromkeys(name for entry in found for name in entry.rows):
            path = self.rows(name)
            if not path.is_file():
                problems.append(Problem(str(path), "it is missing"))
            elif _named(path) != name:
                problems.append(Problem(str(path), "its content has changed"))
        return found, problems

    def last(self) -> int:
        """Return the number of the last import that is kept with all before it; 0 for none."""
        found, problems = self._listed()
        return found[-1].number if found and not problems else 0

    def _listed(self) -> tuple[list[Entry], list[Problem]]:
        found: list[Entry] = []
        problems: list[Problem] = []
        for path in sorted(self.folder.glob(_ENTRIES)):
            try:
                entry = Entry.model_validate_json(path.read_bytes())
            except (ValidationError, OSError) as error:
                problems.append(Problem(str(path), f"it cannot be read ({type(error).__name__})"))
                continue
            wanted = found[-1].number + 1 if found else 1
            if entry.base:
                found, problems = [entry], []
                continue
            if entry.number != wanted:
                problems.append(Problem(str(self.folder), f"import {wanted} is not among the kept ones"))
            found.append(entry)
        return found, problems

    def rows(self, name: str) -> Path:
        """Return the path of a file of rows."""
        return self.folder / "rows" / name

    def table(self, name: str) -> pa.Table:
        """Read rows."""
        from pyarrow import parquet  # here and below: a report reads no kept rows

        return parquet.read_table(self.rows(name))

    def store(self, table: Rows) -> str:
        """Store rows; return the name of their file."""
        from pyarrow import parquet

        if isinstance(table, Stored):
            return self.store_by(lambda path: _same_file(table.path, path))
        return self.store_by(lambda path: parquet.write_table(table, path, compression="zstd"))

    def store_by(self, write: Callable[[Path], object]) -> str:
        """Store rows that a function writes; return the name of their file."""
        with self._beside() as part:
            write(part)
            name = _named(part)
            part.chmod(0o600)
            part.replace(self.rows(name))
        return name

    def write(self, entry: Entry) -> None:
        """Write down an import whose rows are stored, then remove what none needs any more."""
        with self._beside() as part:
            part.write_text(entry.model_dump_json(indent=1) + "\n", encoding="utf-8")
            part.chmod(0o600)
            part.replace(self.folder / f"{entry.number:06}.json")
        if entry.base:
            for path in self.folder.glob(_ENTRIES):
                if int(path.stem) < entry.number:
                    path.unlink()
        self.sweep()

    def set_aside(self, moment: dt.datetime) -> Path | None:
        """Move the kept imports away, where another warehouse begins under this name; return where to."""
        if not self.any:
            return None
        aside = versions.free(self.folder.with_name(f"{self.folder.name}-until-{moment:%Y%m%dT%H%M%S}"))
        self.folder.rename(aside)
        return aside

    def sweep(self) -> None:
        """Remove rows that no import needs: a killed or failed run left them."""
        found, problems = self._listed()
        if problems:
            return
        needed = {name for entry in found for name in entry.rows}
        for path in self.folder.glob("rows/*"):
            if path.name not in needed:
                path.unlink(missing_ok=True)

    @contextmanager
    def _beside(self) -> Iterator[Path]:
        """Give a path to write at; the folder is made, for its owner alone and passed over by git."""
        rows = self.rows("")
        for folder in (self.folder.parent, self.folder, rows):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=True)
        ignored = self.folder.parent / ".gitignore"
        if not ignored.is_file():
            ignored.write_text("*\n", encoding="utf-8")
        part = rows / f"{os.getpid()}.part"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)


def _same_file(path: Path, there: Path) -> None:
    """Let a file be under another name too; where that cannot be, it is there twice."""
    try:
        os.link(path, there)
    except OSError:
        shutil.copyfile(path, there)


def _named(path: Path) -> str:
    with path.open("rb") as stream:
        return f"{hashlib.file_digest(stream, 'sha256').hexdigest()[:32]}.parquet"
