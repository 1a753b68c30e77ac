"""What the tests sync with: a store, and a warehouse of plain dictionaries beside the stand-in."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa

from funnel.settings import Settings
from funnel.sources.amocrm import AmoSettings, Credentials, Pace, Pulled, Source, pull
from standin import truth
from standin.server import TOKEN, Api


def lifted() -> Pace:
    """A pace without limit and without pauses."""
    return Pace(0, sleep=lambda seconds: None)


class Account:
    """The stand-in served, a store, and a warehouse of plain dictionaries beside it."""

    def __init__(self, api: Api, host: str, store: Path) -> None:
        self.api, self.host, self.store = api, host, store
        self.funnel = Settings.model_validate(
            {"timezone": "Europe/Moscow", "currency": "RUB", "stages": [{"key": key} for key in truth.STAGES]}
        )
        self.warehouse = Warehouse()

    def amo(self, **changes: object) -> AmoSettings:
        return AmoSettings.model_validate({"host": self.host, **truth.SETTINGS, **changes})

    def pull(
        self, now: int, amo=None, credentials=None, pace=None, server: int | None = -1, **options
    ) -> Pulled:
        """Pull; the server's clock says `server`, or the same as ours."""
        self.api.now = now if server == -1 else server
        return pull(
            self.funnel,
            Source(amo or self.amo(), credentials or Credentials(token=TOKEN)),
            self.store,
            dt.datetime.fromtimestamp(now, dt.UTC),
            pace=pace or lifted(),
            **options,
        )

    def sync(self, now: int, **options) -> Pulled:
        """Pull, load, commit."""
        pulled = self.pull(now, **options)
        self.warehouse.load(pulled)
        pulled.commit()
        return pulled


class Warehouse:
    """Does with a batch what is asked of the real one, on lists of rows."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, list[tuple]]] = {"leads": {}, "stage_entries": {}, "payments": {}}

    def load(self, pulled: Pulled) -> None:
        for name, held in self.rows.items():
            replaced = set(pulled.batch.replaces[name]["lead_id"].to_pylist())
            for lead in replaced:
                held.pop(lead, None)
            for row in _rows(pulled.batch.tables[name]):
                assert row[0] in replaced
                held.setdefault(row[0], []).append(row)

    def tables(self) -> dict[str, list[tuple]]:
        return {
            name: sorted(
                (row for rows in held.values() for row in rows), key=str if name == "stage_entries" else None
            )
            for name, held in self.rows.items()
        }


def _rows(table: pa.Table) -> list[tuple]:
    return [tuple(row.values()) for row in table.to_pylist()]
