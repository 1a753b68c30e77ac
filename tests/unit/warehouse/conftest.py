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
