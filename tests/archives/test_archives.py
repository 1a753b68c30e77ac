"""Editions that earlier versions archived: verified today, or the change of method named that moved a number.

Each archive here was made by the commit it is named after, from the same invented company: its settings, its
warehouse file and one edition's manifest and tables.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import duckdb
import pytest

from funnel import settings, versions
from funnel.publish import archive
from funnel.publish.methods import CHANGES
from funnel.publish.verify import verify

HERE = Path(__file__).parent
MADE = sorted(path.stem for path in HERE.glob("*.zip"))


@pytest.fixture(params=MADE)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with zipfile.ZipFile(HERE / f"{request.param}.zip") as packed:
        packed.extractall(tmp_path)
    return tmp_path


def test_there_is_one_of_every_form_that_was_landed(tmp_path: Path) -> None:
    found = set()
    for name in MADE:
        with zipfile.ZipFile(HERE / f"{name}.zip") as packed:
            packed.extractall(tmp_path / name)
        (edition,) = archive.archived(tmp_path / name / "archive")
        found.add(edition.manifest.version)
    assert found == set(range(1, versions.MANIFEST + 1))


@pytest.mark.slow
def test_an_edition_of_an_earlier_version_verifies_or_the_change_that_moved_it_is_named(
    project: Path,
) -> None:
    config = project / "funnel.yml"
    was = config.read_text(encoding="utf-8")
    kept = (project / "data" / "warehouse.duckdb").read_bytes()
    with duckdb.connect(str(project / "data" / "warehouse.duckdb"), read_only=True) as file:
        stored = file.execute("SELECT value FROM funnel_meta WHERE key = 'schema'").fetchall()
    chosen = settings.load(config)
    (edition,) = archive.archived(chosen.path("archive"))
    done = verify(edition, chosen)  # raises where a number moved for no change that is told
    tables = {Path(name).name for name in edition.manifest.outputs if name.endswith(".csv")}
    assert done.same > 0
    later = {change.what for change in CHANGES if change.key not in edition.manifest.methods}
    assert all(any(what in line for what in later) for line in done.moved)
    assert {line.split(",")[0].removeprefix("tables/") for line in done.moved} <= tables
    assert config.read_text(encoding="utf-8") == was
    copy = versions.copy_of(project / "data" / "warehouse.duckdb", 1)
    if stored == [(str(versions.WAREHOUSE),)]:
        assert not copy.exists()
    else:
        assert copy.read_bytes() == kept
