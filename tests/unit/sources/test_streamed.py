"""A table that is not held gives what reading it as a whole gives: rows, rejects, places, what is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from funnel import stored
from funnel.errors import InputError
from funnel.settings import Settings, Stage
from funnel.simulate import World, simulate, write
from funnel.sources import read, rows, streamed, tabular
from funnel.sources.keys import hashes, repeated
from funnel.stored import Runs, Stored
from funnel.warehouse import Warehouse

CONFIG = Settings(
    stages=(Stage(key="target"), Stage(key="sale")),
    files={"stage_entries.csv": {"stages": {"Won": "sale", "New": "lead"}}},
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block is of three rows, and anything is too large to be held."""
    monkeypatch.setattr(streamed, "MANY", -1)
    monkeypatch.setattr(tabular, "BLOCK", 3)
    monkeypatch.setattr(stored, "BLOCK", 3)
    monkeypatch.setattr(rows, "_CHUNK", 2)
    monkeypatch.setattr(rows.blocks, "__defaults__", ("", 2))


def both(paths: list[Path], scratch: Path) -> list[tuple[object, ...]]:
    """Return what reading gives, held and not: rows, rejects, counts, places, words."""
    found = []
    for folder in (None, scratch):
        told: list[str] = []
        try:
            batch = read(paths, CONFIG, told.append, scratch=folder)
        except InputError as error:
            found.append((sorted(map(str, error.problems)),))
            continue
        tables = {name: held(table) for name, table in batch.tables.items()}
        at = {
            name: [batch.origins[name].at(place) for place in range(table.num_rows)]
            for name, table in tables.items()
        }
        plain = {name: (table.to_pylist(), sorted(table.column_names)) for name, table in tables.items()}
        rejected = sorted(map(repr, batch.rejected))
        found.append((plain, rejected, dict(batch.read), at, sorted(set(told)), batch.files))
    return found


def held(table: pa.Table | Stored) -> pa.Table:
    return pa.concat_tables(table.blocks()) if isinstance(table, Stored) else table


IDS = st.sampled_from(["1", "2", "3", "0004", "long-identifier-5", "", " 6 ", "7e+18"])
DAYS = st.sampled_from(
    ["2022-09-12", "2022-09-12 10:00", "20220913", "2022-02-30", "never", "", "2022-09-14T10:00:00+03:00"]
)
LEADS = st.lists(st.tuples(IDS, DAYS, st.sampled_from(["web", "tv", "", "+7 916 123-45-67", "a\x01b"])))
STAGES = st.sampled_from(["target", "sale", "lost", "Won", "New", "odd", ""])
ENTRIES = st.lists(st.tuples(IDS, STAGES, DAYS, st.sampled_from(["", "price"])))


def csv_text(names: str, table: list[tuple[str, ...]]) -> str:
    return "\n".join([names, *(",".join(row) for row in table)]) + "\n"


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(leads=LEADS, more=LEADS, entries=ENTRIES, tail=st.sampled_from(["", "\n", "1\n", "Total: 3\n"]))
def test_any_files_give_the_same(leads: list, more: list, entries: list, tail: str) -> None:
    with TemporaryDirectory() as name:
        one, other, scratch = (Path(name) / part for part in ("one", "other", "scratch"))
        for folder in (one, other, scratch):
            folder.mkdir()
        (one / "leads.csv").write_text(csv_text("lead_id,created_at,channel", leads) + tail)
        (one / "stage_entries.csv").write_text(csv_text("lead_id,stage,entered_at,reason", entries))
        ids, days, regions = (list(column) for column in zip(*more, strict=True)) if more else ([], [], [])
        text = pa.schema([(column, pa.string()) for column in ("lead_id", "created_at", "region")])
        pq.write_table(
            pa.table([pa.array(c, pa.string()) for c in (ids, days, regions)], text), other / "leads.parquet"
        )
        whole, by_blocks = both([one, other], scratch)
        assert by_blocks == whole
        assert list(scratch.iterdir()) or len(whole) == 1, "nothing was streamed"


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("leads.csv", "lead_id,when\n1,2022-09-12\n", "the column created_at is missing"),
        ("leads.csv", 'lead_id,created_at\n1,2022-09-12\n2,2022-09-12\n3,"2022\n', "broken quoting"),
        ("leads.csv", "", "it is empty"),
        ("leads.parquet", "PAR1 and no more", "cannot be read as Parquet"),
    ],
)
def test_what_is_wrong_is_said_as_before(tmp_path: Path, name: str, body: str, said: str) -> None:
    (tmp_path / name).write_text(body)
    (tmp_path / "payments.csv").write_text("lead_id,paid_at\n")
    (tmp_path / "scratch").mkdir()
    with pytest.raises(InputError, match=said) as caught:
        read([tmp_path / name, tmp_path / "payments.csv"], CONFIG, scratch=tmp_path / "scratch")
    assert "the column amount is missing" in str(caught.value)


def test_what_only_a_whole_column_tells_is_read_as_a_whole(tmp_path: Path) -> None:
    days = ["03/04/2022", "04/05/2022", "05/06/2022", "06/07/2022", "25/08/2022"]
    text = csv_text("lead_id,created_at", [(str(n), day) for n, day in enumerate(days)])
    (tmp_path / "leads.csv").write_text(text)
    (tmp_path / "scratch").mkdir()
    whole, by_blocks = both([tmp_path / "leads.csv"], tmp_path / "scratch")
    assert by_blocks == whole
    first = read([tmp_path / "leads.csv"], CONFIG, scratch=tmp_path / "scratch").tables["leads"]
    assert first["created_at"][0].as_py() == dt.datetime(2022, 4, 3)


def test_the_warehouse_takes_in_what_is_not_held(tmp_path: Path) -> None:
    write(simulate(World(weeks=6, leads_per_week=20.0), 5), tmp_path)
    keys = ("target", "qualified", "proposal", "sale")
    config = Settings(stages=tuple(Stage(key=key) for key in keys), currency="RUB")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    loaded, prints = [], []
    for number, folder in enumerate((None, scratch)):
        with Warehouse.open(tmp_path / str(number) / "w.duckdb", config, write=True) as house:
            batch = read([tmp_path], config, scratch=folder)
            loaded.append(house.load(batch, dt.datetime(2022, 12, 1)))
            prints.append(house._connection.sql("SELECT * FROM stage_entries ORDER BY ALL").fetchall())
            again = read([tmp_path], config, scratch=folder)
            loaded.append(house.load(again, dt.datetime(2022, 12, 2)))
    assert (loaded[0], loaded[1], prints[0]) == (loaded[2], loaded[3], prints[1])


def test_numbers_that_follow_one_another() -> None:
    blocks = [np.array(block, np.int64) for block in ([5], [], [6, 7, 9], [10, 1], [1])]
    runs = Runs.of(blocks)
    assert list(runs) == np.concatenate(blocks).tolist() and len(runs.places) == 4
    with pytest.raises(IndexError):
        runs[7]


@examples(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=20) | st.none(), st.integers(-5, 5)), max_size=60))
def test_rows_that_are_equal_have_one_number(rows: list) -> None:
    table = pa.table({"a": pa.array([a for a, _ in rows], pa.string()), "b": [b for _, b in rows]})
    found = hashes(table)
    assert (hashes(table.slice(1)) == found[1:]).all()
    twice = [rows.count(row) > 1 for row in rows]
    assert repeated([found]).tolist() == twice
