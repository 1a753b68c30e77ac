"""A small warehouse and the words to fill it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from funnel.schema import INSTANT, MONEY, Batch
from funnel.settings import Settings, Stage
from funnel.warehouse import Warehouse

TYPES = {
    "created_at": INSTANT,
    "entered_at": INSTANT,
    "paid_at": INSTANT,
    "amount": MONEY,
    "cost": MONEY,
    "date": pa.date32(),
    "impressions": pa.int64(),
    "clicks": pa.int64(),
}
DATES = {"created_at", "entered_at", "paid_at"}


def value(name: str, text: object) -> object:
    if text is None:
        return None
    if name in DATES:
        return dt.datetime.fromisoformat(str(text))
    if name == "date":
        return dt.date.fromisoformat(str(text))
    return Decimal(str(text)) if name in ("amount", "cost") else text


def table(header: str, *rows: tuple) -> pa.Table:
    names = header.split()
    columns = [[value(name, row[place]) for row in rows] for place, name in enumerate(names)]
    return pa.table(
        {name: pa.array(c, TYPES.get(name, pa.string())) for name, c in zip(names, columns, strict=True)}
    )


@pytest.fixture
def make() -> Callable[..., Batch]:
    """Make a batch: `make(leads=[header, row, ...], ...)`."""

    def made(**tables: list) -> Batch:
        return Batch({name: table(*rows) for name, rows in tables.items()}, files=("test.csv",))

    return made


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    stages = tuple(Stage(key=key) for key in ("target", "qualified", "sale"))
    return Settings(
        stages=stages,
        timezone="Europe/Moscow",
        currency="RUB",
        rates={"USD": Decimal("61.0742")},
        attributes={"channel": {}, "manager": {}},
        run=tmp_path / "run",
    )


@pytest.fixture
def house(tmp_path: Path, config: Settings):
    with Warehouse.open(tmp_path / "w.duckdb", config, write=True) as opened:
        yield opened


def day(number: int) -> dt.datetime:
    """Return a knowledge time; the tests count imports in days."""
    return dt.datetime(2022, 10, number)


@pytest.fixture
def four_ways(house, make):
    """Four leads: sold, lost, just come, and lost and begun again; as known on 1 October 2022."""
    batch = make(
        leads=[
            "lead_id created_at manager",
            ("1", "2022-01-03 10:00", "Anna"),
            ("2", "2022-01-03 10:00", "Boris"),
            ("3", "2022-01-04 00:00", None),
            ("4", "2022-01-03 10:00", "Anna"),
        ],
        stage_entries=[
            "lead_id stage entered_at",
            ("1", "target", "2022-01-04 10:00"),
            ("1", "sale", "2022-01-07 10:00"),
            ("2", "target", "2022-01-03 22:00"),
            ("2", "lost", "2022-01-05 10:00"),
            ("4", "lost", "2022-01-04 10:00"),
            ("4", "target", "2022-01-13 10:00"),
        ],
    )
    house.load(batch, dt.datetime(2022, 10, 1))
    return house._tables
