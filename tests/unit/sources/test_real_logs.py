"""Real logs, kept outside the repository: read whole, and counted as somebody else counted them."""

import csv
import datetime as dt
import os
from collections import Counter
from pathlib import Path

import pytest

from funnel.settings import Settings
from funnel.sources import read

SHARED = Path(os.environ.get("FUNNEL_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
SETTINGS = Settings.model_validate({"stages": [{"key": "won"}]})

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the real logs are not here; name their folder in FUNNEL_SHARED_DATA"
)


def test_maven_crm_sets_aside_the_leads_without_a_creation_date() -> None:
    batch = read([SHARED / "maven_crm"], SETTINGS)
    assert batch.read == {"leads": 8800, "stage_entries": 6711, "payments": 4238}
    assert {name: table.num_rows for name, table in batch.tables.items()} == {
        "leads": 8300,
        "stage_entries": 6711,
        "payments": 4238,
    }
    assert {(row.table, row.column, row.reason) for row in batch.rejected} == {
        ("leads", "created_at", "it is empty, and every row needs it")
    }
    assert len(batch.rejected) == 500


def test_olist_reads_whole() -> None:
    batch = read([SHARED / "olist"], SETTINGS)
    assert batch.read == {"leads": 8000, "stage_entries": 842}
    assert batch.rejected == ()


@pytest.mark.parametrize(("log", "day"), [("maven_crm", "2017-12-13"), ("olist", "2018-06-06")])
def test_weekly_leads_are_as_counted_independently(log: str, day: str) -> None:
    with (SHARED / log / f"expected_{day}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected = {dt.date.fromisoformat(row["week_start"]): int(row["leads"]) for row in rows}
    created = read([SHARED / log], SETTINGS).tables["leads"]["created_at"].to_pylist()
    days = [moment.date() for moment in created if moment.date() < dt.date.fromisoformat(day)]
    assert Counter(d - dt.timedelta(days=d.weekday()) for d in days) == {
        w: n for w, n in expected.items() if n
    }
