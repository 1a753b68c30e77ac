"""Counts of two public logs against counts made independently (see the README beside the data)."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from funnel.dates import AsOf
from funnel.schema import INSTANT, MONEY, Batch
from funnel.settings import Settings, Stage
from funnel.warehouse import Warehouse

SHARED = Path(os.environ.get("FUNNEL_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
LOGS = ("maven_crm", "olist")
CONFIG = Settings(stages=(Stage(key="won"),), reach="entered")
EXPECTED = [
    (log, path.name.removeprefix("expected_").removesuffix(".csv"))
    for log in LOGS
    for path in sorted((SHARED / log).glob("expected_????-??-??.csv"))
]
needs_data = pytest.mark.skipif(not EXPECTED, reason=f"no reference logs in {SHARED} (FUNNEL_SHARED_DATA)")
pytestmark = needs_data


def read(log: str, name: str) -> pd.DataFrame:
    return pd.read_csv(SHARED / log / f"{name}.csv", dtype=str, keep_default_na=False)


def instants(texts: pd.Series) -> pa.Array:
    return pa.array([dt.datetime.fromisoformat(text) for text in texts], INSTANT)


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    opened = {}
    for log in LOGS:
        leads = read(log, "leads")
        leads = leads[leads["created_at"] != ""]
        entries = read(log, "stage_entries")
        entries = entries[entries["lead_id"].isin(leads["lead_id"])]
        tables = {
            "leads": pa.table(
                {
                    "lead_id": pa.array(leads["lead_id"]),
                    "created_at": instants(leads["created_at"]),
                    "channel": pa.array([text or None for text in leads["channel"]], pa.string()),
                }
            ),
            "stage_entries": pa.table(
                {
                    "lead_id": pa.array(entries["lead_id"]),
                    "stage": pa.array(entries["stage"]),
                    "entered_at": instants(entries["entered_at"]),
                }
            ),
        }
        if (SHARED / log / "payments.csv").is_file():
            payments = read(log, "payments")
            payments = payments[payments["lead_id"].isin(leads["lead_id"])]
            tables["payments"] = pa.table(
                {
                    "lead_id": pa.array(payments["lead_id"]),
                    "paid_at": instants(payments["paid_at"]),
                    "amount": pa.array([Decimal(text) for text in payments["amount"]], MONEY),
                }
            )
        house = Warehouse.open(tmp_path_factory.mktemp(log) / "w.duckdb", CONFIG, write=True)
        house.load(Batch(tables), dt.datetime(2020, 1, 1))
        opened[log] = house
    yield opened
    for house in opened.values():
        house.close()


@pytest.mark.parametrize(("log", "date"), EXPECTED)
@pytest.mark.parametrize("channel", [False, True], ids=["total", "by-channel"])
def test_counts_equal_the_published_ones(houses, log: str, date: str, channel: bool) -> None:
    expected = read(log, f"expected_{date}_by_channel" if channel else f"expected_{date}")
    stages = [name for name in ("leads", "won", "lost") if name in expected]
    keys = ["week_start", "channel"] if channel else ["week_start"]
    expected = expected.set_index(keys)[stages].astype(int).sort_index()

    as_of = AsOf(dt.date.fromisoformat(date), houses[log].known_at())
    cube = houses[log].reached(as_of, [("channel",) if channel else ()], "entered")
    cube = cube.assign(
        week_start=cube["cohort_week"].dt.strftime("%Y-%m-%d"),
        channel=cube["value"],
        stage=cube["stage"].replace("lead", "leads"),
    )
    found = cube.pivot_table(index=keys, columns="stage", values="leads", aggfunc="sum", fill_value=0)
    found = found.reindex(columns=stages, fill_value=0).astype(int)
    assert found.to_dict("index") == expected.to_dict("index")


@pytest.mark.parametrize("date", [date for log, date in EXPECTED if log == "maven_crm"])
def test_payments_equal_the_published_revenue(houses, date: str) -> None:
    expected = read("maven_crm", f"expected_{date}").set_index("week_start")["revenue"].map(Decimal)
    as_of = AsOf(dt.date.fromisoformat(date), houses["maven_crm"].known_at())
    paid = houses["maven_crm"].paid(as_of)
    found = paid.groupby(paid["cohort_week"].dt.strftime("%Y-%m-%d"))["amount"].sum()
    assert found.to_dict() == expected[expected != 0].to_dict()


def test_the_win_dated_before_its_lead_is_listed(houses) -> None:
    house = houses["olist"]
    problems = house.problems(AsOf(dt.date(2018, 12, 31), house.known_at())).set_index("problem")
    assert problems.loc["entered_before_created", ["rows", "leads"]].tolist() == [1, 1]
