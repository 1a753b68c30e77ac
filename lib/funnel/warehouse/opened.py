"""Opening a warehouse, ours or a company's database, and the tables that questions are put to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import ibis
import pandas as pd

from funnel.dates import AsOf
from funnel.gate.stamps import Stamps
from funnel.schema import TABLES
from funnel.settings import Settings
from funnel.warehouse import load, stamped, written
from funnel.warehouse.foreign import attach
from funnel.warehouse.held import Held
from funnel.warehouse.kept import Kept
from funnel.warehouse.known import Tables
from funnel.warehouse.slices import By
from funnel.warehouse.store import WriterLock, connect

Where = Mapping[str, str] | None


class Opened:
    """An open warehouse; a context manager. `Warehouse` has the questions."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection | None,
        settings: Settings,
        tables: Tables | None = None,
        lock: WriterLock | None = None,
        kept: Kept | None = None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self._file = connection
        self._close = close
        self._settings = settings
        self._foreign = tables
        self._lock = lock
        self._kept = kept
        self._ibis = None if tables else ibis.duckdb.from_connection(connection)
        self._own: Tables | None = None
        self._stamps: dict[AsOf, Stamps] = {}
        self._shown: dict[AsOf, Mapping[str, Mapping[str, str]]] = {}
        self._totals: dict[tuple[object, ...], pd.DataFrame] = {}
        self._held: Held | None = None

    def hold(self) -> None:
        """Expect many questions: what each of them needs of every lead is made once, in our own engine."""
        if not self._foreign and self._held is None:
            self._held = Held()

    @classmethod
    def of(cls, settings: Settings, *, write: bool = False) -> Self:
        """Open the warehouse that the settings name: its file, or a database of the company to read.

        Raises:
            InputError: the database cannot be read, or is to be written; for a file see `open`.
        """
        if write or not settings.is_database:
            return cls.open(settings.path("warehouse"), settings, write=write)
        from funnel.warehouse.database import attach as connect_to

        found = connect_to(settings)
        return cls(None, settings, found.tables, close=found.close)

    @classmethod
    def open(cls, path: Path, settings: Settings, *, write: bool = False, wait_seconds: float = 30.0) -> Self:
        """Open the warehouse file; only a writer makes it, and there is one writer at a time.

        Args:
            path: the DuckDB file.
            settings: its time zone must be the one the file was made in.
            write: open for `load`.
            wait_seconds: how long to wait for another run that has it open.

        Raises:
            MissingError: there is no warehouse yet.
            BusyError: another run had it open all the time; which one.
            SettingsError: the time zone differs.
            DamagedError: the file cannot be read any more; `rebuild` makes it again.
            InputError: it cannot be opened for another reason.
        """
        lock = None
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = WriterLock.acquire(path, wait_seconds)
        try:
            connection = connect(path, settings, write=write, wait_seconds=wait_seconds)
            return cls(connection, settings, lock=lock, kept=Kept.of(path))
        except BaseException:
            if lock:
                lock.release()
            raise

    @classmethod
    def attach_parquet(cls, folder: Path, settings: Settings) -> Self:
        """Read canonical tables straight from `leads.parquet`, `stage_entries.parquet`, ... in a folder.

        Without `known_from` and `known_to` their rows count as always known. `payments` and `spend` may be
        missing.

        Raises:
            MissingError: there is no `leads.parquet` or `stage_entries.parquet`.
            InputError: a required column is missing.
        """
        connection = attach(folder, settings)
        engine = ibis.duckdb.from_connection(connection)
        return cls(connection, settings, Tables(*(engine.table(name) for name in TABLES)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let the next writer in."""
        if self._file is not None:
            self._file.close()
        if self._close:
            self._close()
        if self._lock:
            self._lock.release()

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """The connection of a file; only what writes or reads the log of imports needs it.

        Raises:
            InputError: the warehouse is a database of the company.
        """
        if self._file is None:
            self._settings.path("warehouse")
        assert self._file is not None
        return self._file

    @property
    def _whole(self) -> Tables:
        """The tables with all their columns, for hashes alone."""
        if self._foreign:
            return self._foreign
        if self._own is None:
            assert self._ibis is not None
            tables = Tables(*(self._ibis.table(name) for name in TABLES))
            self._own = replace(tables, first_import=load.first_import(self._connection))
        return self._own

    @property
    def _tables(self) -> Tables:
        """The tables without the columns that never leave the warehouse."""
        whole = replace(self._whole, held=self._held)
        hidden = [name for name in whole.attributes if written.is_hidden(name, self._settings)]
        return replace(whole, leads=whole.leads.drop(*hidden)) if hidden else whole

    def stamps(self, as_of: AsOf) -> Stamps:
        """Return what of the history was stamped at once and tells no time; see `funnel.gate.stamps`."""
        if as_of not in self._stamps:
            self._stamps[as_of] = stamped.find(self._tables, self._settings, as_of)
        return self._stamps[as_of]

    def _read(self, as_of: AsOf, names: Collection[str] | None = None) -> Tables:
        """Return the tables with each value of an attribute in one writing; see `written`.

        Args:
            as_of: the two clocks.
            names: the attributes that are asked for, where not all are.
        """
        tables = self._tables
        if names is not None and not names:
            return tables
        if as_of not in self._shown:
            self._shown[as_of] = written.find(tables, self._settings, as_of)
        shown = {n: others for n, others in self._shown[as_of].items() if names is None or n in names}
        return replace(tables, leads=written.in_one_writing(tables.leads, shown, tables.engine))

    def _timed(self, as_of: AsOf, by: By | None = None, where: Where = None) -> Tables:
        """Return the same, with what is no time in them; `by` and `where` say which attributes count."""
        names = None if by is None else {*(where or {}), *(name for slice_ in by for name in slice_)}
        return replace(self._read(as_of, names), stamps=self.stamps(as_of))
