"""Every question to the engine can be put to the engines a company may have, tried or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from funnel.dates import AsOf
from funnel.gate.stamps import Stamps
from funnel.schema import TABLES
from funnel.settings import Settings, Stage
from funnel.warehouse import (
    crossed,
    cubes,
    customers,
    fingerprint,
    gated,
    journeys,
    lost,
    paid,
    problems,
    restated,
    stamped,
    values,
    waiting,
    written,
)
from funnel.warehouse.known import Tables

ENGINES = ("duckdb", "postgres", "pyspark", "clickhouse", "bigquery", "snowflake")
TYPES = {
    "text": "string", "choice": "string", "instant": "timestamp(6)", "day": "date", "money": "decimal(18, 2)",
    "count": "int64",
}  # fmt: skip
DAY = dt.date(2022, 9, 26)
AS_OF = AsOf(DAY, dt.datetime(2022, 9, 27))
STAMPS = Stamps((DAY,), (dt.datetime(2022, 9, 1, 1),), (DAY,), (DAY,), (DAY,))
BY = [(), ("channel",), ("channel", "manager")]
WHERE = {"channel": "web"}
LIMITS = {"lead": 10.0}
BEFORE = dt.datetime(2022, 9, 20)
QUESTIONS: dict[str, Callable[[Tables, Settings], object]] = {
    "reached": lambda t, s: cubes.reached(t, s, AS_OF, BY, where=WHERE),
    "moved": lambda t, s: cubes.moved(t, s, AS_OF, BY, where=WHERE),
    "paid": lambda t, s: paid.paid(t, s, AS_OF, BY, where=WHERE),
    "spend": lambda t, s: paid.spend(t, s, AS_OF),
    "spend_names": lambda t, _: paid.spend_names(t, AS_OF),
    "waits": lambda t, s: journeys.waits(t, s, AS_OF, BY, where=WHERE),
    "long_waiting": lambda t, s: waiting.long_waiting(t, s, AS_OF, LIMITS, ["channel"]),
    "lost": lambda t, s: lost.lost(t, s, AS_OF, [(), ("channel",)]),
    "waiting_counts": lambda t, s: waiting.waiting_counts(t, s, AS_OF, LIMITS, [(), ("channel",)]),
    "customers": lambda t, s: customers.customers(t, s, AS_OF, BY, where=WHERE),
    "crossed": lambda t, s: crossed.crossed(t, s, AS_OF, ["channel", "manager"]),
    "standing": lambda t, s: crossed.standing(t, s, AS_OF, ["channel", "manager"]),
    "problems": lambda t, s: problems.problems(t, s, AS_OF),
    "restated": lambda t, s: restated.restated(t, s, DAY, BEFORE, AS_OF.known_at, rule="any-later"),
    "fingerprint": lambda t, _: fingerprint.fingerprint(t, AS_OF),
    "stamps": lambda t, s: stamped.find(t, s, AS_OF),
    "stamped rows": lambda t, _: stamped.stamped_rows(t, "payments", AS_OF, STAMPS).to_pyarrow(),
    "writings": lambda t, s: written.find(t, s, AS_OF),
    "values": lambda t, _: values.values(t, AS_OF, "channel"),
    "days": lambda t, _: gated.daily(t, AS_OF.known_at),
    "attributes": lambda t, s: gated._attributes(t, s, AS_OF),
    "won": lambda t, s: gated._won(t, s, AS_OF),
    "amounts": lambda t, _: gated._paid(t, AS_OF),
}


class Spark(ibis.config.Config):
    """What Ibis sets when it connects to Spark."""

    treat_nan_as_null: bool = False


@pytest.fixture
def tables() -> Tables:
    return Tables(*(unbound(name) for name in TABLES), first_import=BEFORE, stamps=STAMPS)


def unbound(name: str) -> ir.Table:
    columns = {column.name: TYPES[column.kind] for column in TABLES[name].columns}
    columns |= dict.fromkeys(("channel", "manager"), "string") if name == "leads" else {}
    return ibis.table({**columns, "known_from": "timestamp(6)", "known_to": "timestamp(6)"}, name=name)


@pytest.mark.parametrize("concluded", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("stages", [1, 4])
def test_every_question_compiles(
    engine: str, stages: int, concluded: bool, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(expression: ir.Expr, **_: object) -> object:
        asked.append(ibis.to_sql(expression, dialect=engine))
        if isinstance(expression, ir.Table):
            return expression.schema().to_pyarrow().empty_table()
        return pa.scalar(int(concluded))

    for kind in (ir.Table, ir.Column, ir.Scalar):
        monkeypatch.setattr(kind, "to_pyarrow", answer)
    monkeypatch.setattr(fingerprint, "_batches", lambda hashes, _: hashes.to_pyarrow().to_batches())
    monkeypatch.setattr(ibis.options, "pyspark", Spark())
    settings = Settings(
        stages=tuple(Stage(key=f"stage_{number}") for number in range(stages)),
        attributes={"channel": {}, "manager": {}},
    )
    shown = {"channel": {"WEB ": "web"}}
    there = "duckdb" if engine == "duckdb" else engine
    named = written.in_one_writing(tables.leads, shown, there)
    tables = replace(tables, leads=named, engine=engine)
    for name, question in QUESTIONS.items():
        before = len(asked)
        question(tables, settings)
        assert len(asked) > before, name
