"""A damaged warehouse is made again from the kept imports: the same at every knowledge time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from funnel.dates import AsOf
from funnel.errors import DamagedError, InputError, MissingError
from funnel.schema import TABLES, Batch, Origin, Rejected
from funnel.warehouse import Warehouse
from funnel.warehouse.kept import Kept
from funnel.warehouse.rebuild import look, rebuild

LATER = dt.datetime(2031, 1, 1)
REPORT = dt.date(2022, 10, 24)


def day(number: int) -> dt.datetime:
    return dt.datetime(2022, 10, number)


def batches(make: Any) -> list[tuple[Batch, dt.datetime, bool]]:
    """Return imports of every kind: the first, the same again, changed, with gaps, full, replaced spend."""
    leads = [
        "lead_id created_at channel",
        *((str(n), f"2022-09-{n % 28 + 1:02} 10:00", "web") for n in range(60)),
    ]
    entries = ["lead_id stage entered_at", *((str(n), "target", "2022-09-29 10:00") for n in range(0, 60, 2))]
    spend = [
        "date channel cost platform account",
        *((f"2022-09-{n:02}", "web", "10.00", "vk", "a") for n in range(1, 10)),
    ]
    first = make(leads=leads, stage_entries=entries, spend=spend)
    moved = make(
        leads=[leads[0], *((str(n), f"2022-09-{n % 28 + 1:02} 11:00", "shop") for n in range(5, 15))]
    )
    wider = make(leads=["lead_id created_at region", ("61", "2022-09-30 10:00", "north")])
    unknown = make(
        stage_entries=[
            entries[0],
            ("nobody", "target", "2022-09-30 10:00"),
            ("61", "sale", "2022-10-02 10:00"),
        ]
    )
    unknown = dataclasses.replace(
        unknown,
        origins={"stage_entries": Origin(("entries.csv",), (0,), np.array([1, 2]))},
        read={"stage_entries": 3},
        rejected=(
            Rejected(
                "stage_entries",
                "entries.csv",
                3,
                "entered_at",
                "32.10.2022",
                "not a date: 32",
                {"lead_id": "7", "entered_at": "32.10.2022"},
            ),
            Rejected(
                "stage_entries",
                "entries.csv",
                3,
                "stage",
                "x",
                "no stage",
                {"lead_id": "+7 916 123-45-67", "entered_at": "2022-10-01"},
            ),
        ),
    )
    full = make(leads=[leads[0], *leads[8:40]])
    covered = dataclasses.replace(
        make(spend=[spend[0], ("2022-09-03", "web", "7.00", "vk", "a")]),
        replaces={
            "spend": pa.table(
                {
                    "platform": ["vk"],
                    "account": ["a"],
                    "first": pa.array([dt.date(2022, 9, 2)], pa.date32()),
                    "last": pa.array([dt.date(2022, 9, 6)], pa.date32()),
                }
            )
        },
    )
    return [
        (first, day(1), False),
        (first, day(2), False),
        (moved, day(3), False),
        (wider, day(3), False),  # a clock that stood still
        (unknown, day(5), False),
        (full, day(6), True),
        (covered, day(8), False),
    ]


@pytest.fixture
def filled(tmp_path: Path, config: Any, make: Any) -> Path:
    path = tmp_path / "data" / "warehouse.duckdb"
    for batch, moment, full in batches(make):
        with Warehouse.open(path, config, write=True) as house:
            house.load(batch, moment, full=full)
    return path


def everything(path: Path, config: Any) -> dict[str, list[tuple]]:
    """Return every version of every row with its known times, and what the warehouse says of its imports."""
    with duckdb.connect(str(path), read_only=True) as file:
        return {
            name: sorted(file.execute(f"SELECT COLUMNS(*)::VARCHAR FROM {name}").fetchall(), key=str)
            for name in (*TABLES, "funnel_imports", "funnel_rejected", "funnel_meta")
        }


def cubes(path: Path, config: Any) -> dict[object, str]:
    told: dict[object, str] = {}
    with Warehouse.open(path, config) as house:
        for moment in (day(1), day(4), LATER):
            as_of = AsOf(REPORT, moment)
            told[moment, "reached"] = house.reached(as_of, ((), ("channel",), ("region",))).to_csv()
            told[moment, "spend"] = house.spend(as_of).to_csv()
            told[moment, "print"] = str(house.fingerprint(as_of))
        told["restated"] = house.restated(REPORT, day(1), LATER).to_csv()
        told["findings"] = house.findings(AsOf(REPORT, LATER)).to_csv()
    return told


def damaged(path: Path, how: str) -> None:
    size = path.stat().st_size
    if how == "cut":
        os.truncate(path, size // 2)
    elif how == "empty":
        os.truncate(path, 0)
    else:
        with path.open("r+b") as file:
            for place in range(12288, size - 4096, 4096):
                file.seek(place)
                file.write(b"\xff" * 64)


@pytest.mark.parametrize("how", ["cut", "empty", "overwritten"])
def test_it_is_the_same_at_every_knowledge_time(filled: Path, config: Any, how: str) -> None:
    before = everything(filled, config)
    counted = cubes(filled, config) if how == "cut" else {}
    damaged(filled, how)
    with pytest.raises(DamagedError, match="funnel rebuild"):
        look(filled, config)
    made = rebuild(filled, config, LATER)
    assert everything(filled, config) == before
    assert (cubes(filled, config) if how == "cut" else {}) == counted
    assert made.imports == 7
    assert made.other == ()
    assert made.aside is not None
    assert made.aside.is_file()
    assert not list(filled.parent.glob("*.part"))


def test_a_lost_one_too_and_it_goes_on_from_there(filled: Path, config: Any, make: Any) -> None:
    before = everything(filled, config)
    filled.unlink()
    assert rebuild(filled, config, LATER).aside is None
    assert everything(filled, config) == before
    with Warehouse.open(filled, config, write=True) as house:
        house.load(make(leads=["lead_id created_at", ("99", "2022-10-01 10:00")]), day(20))
    assert Kept.of(filled).last() == 8


def test_pruned_imports_give_the_same_and_take_less_room(filled: Path, config: Any, make: Any) -> None:
    before = everything(filled, config)
    with Warehouse.open(filled, config, write=True) as house:
        assert house.prune() == 7
    assert [path.name for path in sorted(Kept.of(filled).folder.glob("*.json"))] == ["000007.json"]
    with Warehouse.open(filled, config, write=True) as house:
        house.load(make(leads=["lead_id created_at", ("99", "2022-10-01 10:00")]), day(20))
    after = everything(filled, config)
    damaged(filled, "cut")
    rebuild(filled, config, LATER)
    again = everything(filled, config)
    assert again == after
    assert set(before["leads"]) < set(again["leads"])


def test_of_a_warehouse_older_than_the_kept_imports_a_base_is_made(
    filled: Path, config: Any, make: Any
) -> None:
    shutil.rmtree(Kept.of(filled).folder)
    with Warehouse.open(filled, config, write=True) as house:
        house.load(make(leads=["lead_id created_at", ("99", "2022-10-01 10:00")]), day(20))
    before = everything(filled, config)
    filled.unlink()
    rebuild(filled, config, LATER)
    assert everything(filled, config) == before


def test_what_comes_again_is_stored_once_and_for_its_owner_alone(
    filled: Path, config: Any, make: Any
) -> None:
    kept = Kept.of(filled)
    rows = len(list(kept.folder.glob("rows/*")))
    with Warehouse.open(filled, config, write=True) as house:
        house.load(batches(make)[6][0], day(21))
    assert len(list(kept.folder.glob("rows/*"))) == rows
    for path in [kept.folder.parent, *kept.folder.parent.rglob("*")]:
        if path.name != ".gitignore":
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert (kept.folder.parent / ".gitignore").read_text() == "*\n"
    everything_kept = b"".join(path.read_bytes() for path in kept.folder.rglob("*.json"))
    rejected = pa.concat_tables(
        [kept.table(entry.rejected) for entry in kept.entries()[0] if entry.rejected]
    ).to_pylist()
    assert b"123-45-67" not in everything_kept
    assert [row["lead_id"] for row in rejected] == ["7", ""], "of rows set aside only ids that are known"


def test_a_missing_or_changed_file_is_named_and_nothing_is_touched(filled: Path, config: Any) -> None:
    kept = Kept.of(filled)
    first, second, *_ = sorted(kept.folder.glob("rows/*"))
    first.unlink()
    second.write_bytes(second.read_bytes() + b"x")
    (kept.folder / "000003.json").write_text("{")
    damaged(filled, "cut")
    before = filled.read_bytes()
    with pytest.raises(InputError) as told:
        rebuild(filled, config, LATER)
    for word in (first.name, second.name, "000003.json", "import 3 is not among", "nothing was touched"):
        assert word in str(told.value)
    assert filled.read_bytes() == before
    shutil.rmtree(kept.folder)
    with pytest.raises(MissingError, match="no imports are kept"):
        rebuild(filled, config, LATER)


def test_a_new_warehouse_begins_beside_the_kept_imports_of_the_one_before(
    filled: Path, config: Any, make: Any
) -> None:
    filled.rename(filled.with_name("old.duckdb"))
    with Warehouse.open(filled, config, write=True) as house:
        house.load(make(leads=["lead_id created_at", ("1", "2022-10-01 10:00")]), day(20))
    folder = Kept.of(filled).folder
    assert Kept.of(filled).last() == 1
    assert len(list(folder.with_name("warehouse-until-20221020T000000").glob("*.json"))) == 7


def test_rows_that_a_killed_run_left_are_removed_by_the_next(filled: Path, config: Any, make: Any) -> None:
    kept = Kept.of(filled)
    left = [kept.rows("1234.part"), kept.rows("0" * 32 + ".parquet")]
    for path in left:
        path.write_bytes(b"half")
    with Warehouse.open(filled, config, write=True) as house:
        house.load(make(leads=["lead_id created_at", ("1", "2022-10-01 10:00")]), day(20))
    assert not any(path.exists() for path in left)
