"""What an older program stored is read on and a copy of it is kept; what a newer one stored is refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from funnel import settings, settings_form
from funnel.errors import FunnelError, InputError
from funnel.publish import archive, verify
from funnel.publish.methods import CHANGES, Change, since
from funnel.settings import Settings, Stage
from funnel.warehouse import Warehouse

OLD = "# ours\ntimezone: Europe/Moscow # by heart\nstages: [{key: target}, {key: sale}]"
CONFIG = Settings(stages=(Stage(key="target"), Stage(key="sale")), timezone="Europe/Moscow")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A warehouse file as version 1 made it: without a version and without the table of rejected rows."""
    path = tmp_path / "w.duckdb"
    with Warehouse.open(path, CONFIG, write=True):
        pass
    with duckdb.connect(str(path)) as file:
        file.execute("DELETE FROM funnel_meta WHERE key = 'schema'")
        file.execute("DROP TABLE funnel_rejected")
        file.execute(
            "INSERT INTO leads (lead_id, created_at, known_from) VALUES ('a', '2022-09-05', '0001-01-01')"
        )
        file.execute("INSERT INTO funnel_imports VALUES (1, '2022-10-01', 'f', 'leads', 1, 0, 1, 0, 0, 0)")
    return path


def test_an_older_settings_file_is_written_anew_with_its_comments_and_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(OLD, encoding="utf-8")
    before = settings.load(path)
    kept = settings_form.bring_up(path)
    assert kept is not None and kept.read_text(encoding="utf-8") == OLD
    first, rest = path.read_text(encoding="utf-8").split("\n", 1)
    assert first.startswith("schema: 2") and rest == OLD
    assert settings.load(path) == before
    assert settings_form.bring_up(path) is None


def test_reading_an_older_settings_file_does_not_touch_it(funnel: Any, tmp_path: Path) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(OLD, encoding="utf-8")
    funnel("--config", path, "check")
    assert path.read_text(encoding="utf-8") == OLD
    (tmp_path / "leads.csv").write_text("lead_id,created_at\n1,2022-09-05\n")
    said = funnel("--config", path, "import", tmp_path / "leads.csv")
    assert "funnel.yml is written in today's form; as it was:" in said.err
    assert "schema: 2" in path.read_text(encoding="utf-8")


def test_a_newer_settings_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(OLD + "\nschema: 9\nnew_key: 1\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"version 9 of its form; allowed: up to 2; to do: install the newer"
    ):
        settings.load(path)


def test_a_version_that_is_no_number_is_told_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(OLD + "\nschema: two\n", encoding="utf-8")
    with pytest.raises(InputError, match="key schema: 'two' is no whole number"):
        settings.load(path)


@pytest.mark.parametrize("write", [False, True])
def test_an_older_warehouse_is_brought_up_and_a_copy_of_it_is_kept(old: Path, write: bool) -> None:
    was = old.read_bytes()
    with Warehouse.open(old, CONFIG, write=write) as house:
        assert house.first_day() == dt.date(2022, 9, 5)
    assert old.with_name("w.duckdb.v1").read_bytes() == was
    with duckdb.connect(str(old), read_only=True) as file:
        assert file.execute("SELECT value FROM funnel_meta WHERE key = 'schema'").fetchall() == [("2",)]
        assert file.execute("SELECT count(*) FROM funnel_rejected").fetchall() == [(0,)]


def test_without_room_for_the_copy_the_older_warehouse_stays_as_it_is(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    was = old.read_bytes()
    monkeypatch.setattr("funnel.versions.shutil.copy2", full)
    with pytest.raises(FunnelError, match=r"It is as it was\. To do: make room"):
        Warehouse.open(old, CONFIG)
    assert old.read_bytes() == was
    monkeypatch.undo()
    with Warehouse.open(old, CONFIG) as house:  # nothing is left in the way
        assert house.first_day() == dt.date(2022, 9, 5)


def test_a_newer_warehouse_is_refused_with_what_to_do(old: Path) -> None:
    with duckdb.connect(str(old)) as file:
        file.execute("INSERT INTO funnel_meta VALUES ('schema', '9')")
    for write in (False, True):
        with pytest.raises(InputError, match=r"version 9 of its form.*install the newer funnel"):
            Warehouse.open(old, CONFIG, write=write)


def test_an_import_that_failed_binds_nobody_to_its_time_zone(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse.open(path, CONFIG.model_copy(update={"timezone": "Asia/Tokyo"}), write=True):
        pass  # nothing got in
    with Warehouse.open(path, CONFIG, write=True):
        pass
    with duckdb.connect(str(path), read_only=True) as file:
        zone = file.execute("SELECT value FROM funnel_meta WHERE key = 'timezone'").fetchall()
    assert zone == [("Europe/Moscow",)]


def manifest(folder: Path, **more: object) -> Path:
    edition = folder / "2022-09-26"
    edition.mkdir()
    content = {"as_of": ["2022-09-26", "2022-09-26T08:00:00"], **more}
    (edition / "manifest.json").write_text(json.dumps(content))
    return edition / "manifest.json"


def test_a_manifest_without_a_version_is_read_and_stays_as_it_is(tmp_path: Path) -> None:
    path = manifest(tmp_path)
    was = path.read_bytes()
    (found,) = archive.archived(tmp_path)
    assert (found.manifest.version, found.manifest.methods) == (1, ())
    assert path.read_bytes() == was


def test_a_manifest_of_a_newer_program_is_refused_with_what_to_do(tmp_path: Path) -> None:
    manifest(tmp_path, schema=9, settings=["another form"])
    with pytest.raises(InputError, match=r"A newer program made this.\n.*install the newer funnel") as caught:
        archive.archived(tmp_path)
    assert "damaged" not in str(caught.value)


CHANGED = (
    Change("first", "0.2.0", ("forecast.final_*",), "delays know the calendar"),
    Change("second", "0.3.0", ("ltv",), "payments follow their level"),
)


def test_what_moved_is_told_by_column_with_the_changes_that_came_later(tmp_path: Path) -> None:
    path = tmp_path / "forecast.csv"
    path.write_text("week,reached,final_mean\na,1,2.0\nb,1,3.0\n")
    text = "week,reached,final_mean\na,1,2.5\nb,1,3.5\n"
    told, unexplained = verify.why(path, text, since([], CHANGED))
    assert told == ["tables/forecast.csv, column final_mean, 2 cells: delays know the calendar (0.2.0)"]
    assert not unexplained
    assert verify.why(path, text, since(["first"], CHANGED)) == ([], True)
    also = text.replace("b,1", "b,2")  # what no change of method moves
    assert verify.why(path, also, CHANGED)[1]


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        ("a,1,-0.006504888055\n", False),
        ("a,1,-0.006504888054\n", True),
        ("a,1,0.006504888056\n", True),
        ("a,2,-0.006504888056\n", True),
        ("b,1,-0.006504888056\n", True),
    ],
)
def test_the_last_digit_of_a_broken_number_is_no_move(tmp_path: Path, now: str, moved: bool) -> None:
    path = tmp_path / "change.csv"
    path.write_text("week,leads,share\na,1,-0.006504888056\n")
    assert verify.why(path, "week,leads,share\n" + now, ())[1] is moved
    path.write_text("week,leads,share\na,1234567890123,0.5\n")
    assert verify.why(path, "week,leads,share\na,1234567890124,0.5\n", ())[1], "a count is exact"


def test_a_change_of_method_has_a_key_of_its_own_and_says_what_it_moves() -> None:
    keys = [change.key for change in CHANGES]
    assert len(set(keys)) == len(keys)
    assert all(change.what and change.moves and change.version for change in CHANGES)
