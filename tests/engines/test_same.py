"""A company's PostgreSQL or Spark gives the cubes that our own file gives, to the last count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples

from funnel.dates import AsOf
from funnel.schema import Batch
from funnel.settings import Settings, Stage
from funnel.simulate import World, simulate
from funnel.warehouse import Warehouse
from tests.engines.conftest import Beside
from tests.properties import test_warehouse_oracle as oracle
from tests.published.test_reference_logs import houses, needs_data

__all__ = ["houses"]
pytestmark = pytest.mark.engines
Question = Callable[[Warehouse, AsOf], object]


def asked(settings: Settings) -> dict[str, Question]:
    """Everything that leaves a warehouse, by name."""
    names = tuple(settings.attributes)
    by = [(), *((name,) for name in names), *([names[:2]] if len(names) > 1 else [])]
    long_ago = dt.datetime(2022, 5, 1)
    limits = dict.fromkeys(settings.steps[:-1], 5.0)
    questions: dict[str, Question] = {
        "stamps": lambda house, as_of: house.stamps(as_of),
        "stages": lambda house, as_of: house.stages(as_of),
        "last_day": lambda house, as_of: house.last_day(as_of),
        "fingerprint": lambda house, as_of: house.fingerprint(as_of),
        "spend": lambda house, as_of: house.spend(as_of),
        "spend_names": lambda house, as_of: house.spend_names(as_of),
        "problems": lambda house, as_of: house.problems(as_of),
        "restated": lambda house, as_of: house.restated(as_of.report_date, long_ago, as_of.known_at),
        "long_waiting": lambda house, as_of: house.long_waiting(as_of, limits, names),
        "lost": lambda house, as_of: house.lost(as_of, by[: 1 + len(names)]),
        "waiting_counts": lambda house, as_of: house.waiting_counts(as_of, limits, by[: 1 + len(names)]),
        "crossed": lambda house, as_of: house.crossed(as_of, names),
        "standing": lambda house, as_of: house.standing(as_of, names),
        "paid": lambda house, as_of: house.paid(as_of, by),
        "customers": lambda house, as_of: house.customers(as_of, by),
    }
    for rule in ("any-later", "entered"):
        for cube in ("reached", "moved", "waits"):
            questions[f"{cube}, {rule}"] = lambda house, as_of, cube=cube, rule=rule: getattr(house, cube)(
                as_of, by, rule
            )
    for name in names:
        questions[f"values of {name}"] = lambda house, as_of, name=name: house.values(as_of, name)
    return questions


def require_same(own: Warehouse, there: Warehouse, as_of: AsOf, settings: Settings) -> None:
    for name, question in asked(settings).items():
        expected, found = question(own, as_of), question(there, as_of)
        if isinstance(expected, pd.DataFrame):
            assert len(expected) == len(found), name
            pd.testing.assert_frame_equal(expected, found, check_exact=True, obj=name)
        else:
            assert expected == found, name


@pytest.fixture
def config() -> Settings:
    return Settings(
        stages=tuple(Stage(key=key) for key in ("target", "qualified", "proposal", "sale")),
        timezone="Europe/Moscow",
        currency="RUB",
        attributes={"channel": {}, "manager": {}},
        rates={"USD": Decimal("61.0742")},
    )


def without_first_import(house: Warehouse) -> Warehouse:
    """When the first rows were really read stands in the log of imports, which a database has not."""
    house._own = replace(house._whole, first_import=None)
    return house


def test_an_invented_company(config: Settings, tmp_path: Path, beside: Beside) -> None:
    history = simulate(World(weeks=40, leads_per_week=60.0), 18)
    leads = history.tables["leads"].select(
        ["lead_id", "created_at", *config.attributes]
    )  # only these are read
    tables = {**history.tables, "leads": leads}
    with Warehouse.open(tmp_path / "w.duckdb", config, write=True) as house:
        house.load(Batch(tables), dt.datetime(2022, 12, 1))
        end = house.last_day()
        there = beside(without_first_import(house), config)
        own = house.known_at()
        for day in (end, end - dt.timedelta(days=45)):
            require_same(house, there, AsOf(day, own), config)


@needs_data
@pytest.mark.parametrize("log", ["maven_crm", "olist"])
def test_a_reference_log(log: str, houses, beside: Beside) -> None:
    settings = Settings(stages=(Stage(key="won"),), reach="entered", attributes={"channel": {}})
    house = houses[log]
    house._settings = settings
    there = beside(without_first_import(house), settings)
    require_same(house, there, AsOf(house.last_day(), dt.datetime(2030, 1, 1)), settings)


OF_ENGINES = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}
HISTORY = {"state": oracle.STATE, "edit": oracle.EDIT, "report_date": oracle.REPORT_DATES}


@pytest.mark.parametrize("beside", ["postgres"], indirect=True)
@examples(max_examples=8, **OF_ENGINES)
@given(**HISTORY)
def test_any_history_at_both_times_of_knowledge(
    beside: Beside, state: dict, edit: dict, report_date: dt.date
) -> None:
    require_same_history(beside, state, edit, report_date)


@pytest.mark.parametrize("beside", ["spark"], indirect=True)
@examples(max_examples=2, **OF_ENGINES)  # a question takes it a second, whatever it is about
@given(**HISTORY)
def test_some_histories_at_both_times_of_knowledge(
    beside: Beside, state: dict, edit: dict, report_date: dt.date
) -> None:
    require_same_history(beside, state, edit, report_date)


def require_same_history(beside: Beside, state: dict, edit: dict, report_date: dt.date) -> None:
    with (
        TemporaryDirectory() as folder,
        Warehouse.open(Path(folder) / "w.duckdb", oracle.CONFIG, write=True) as house,
    ):
        for one, moment in zip([state, oracle.edited(state, edit)], oracle.KNOWN, strict=True):
            house.load(oracle.batch(one), moment, full=True)
        there = beside(without_first_import(house), oracle.CONFIG)
        for moment in oracle.KNOWN:
            require_same(house, there, AsOf(report_date, moment), oracle.CONFIG)
