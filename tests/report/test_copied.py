"""A project that is copied or moved is itself: nothing it keeps names the folder it was made in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from funnel.publish.files import sha256
from tests.conftest import Demo

pytestmark = pytest.mark.xdist_group("edition")
D = "2022-09-26"
OURS = "Only the copy says this."


def contents(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a project by its path in it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "lib" not in path.relative_to(folder).parts:
            found[path.relative_to(folder).as_posix()] = sha256(path)
    return found


@pytest.fixture
def copy(demo: Demo, tmp_path: Path) -> Path:
    made = tmp_path / "copy"
    shutil.copytree(demo.project, made, symlinks=True)
    return made


def test_a_copy_reads_its_own_narrative_and_leaves_the_first_project_alone(
    demo: Demo, copy: Path, funnel: Any
) -> None:
    before = contents(demo.project)
    narrative = copy / "narrative" / f"{D}.md"
    narrative.write_text(f"{narrative.read_text(encoding='utf-8')}\n{OURS}\n", encoding="utf-8")
    words = ("report", "--date", D, "--formats", "html", "--renderer", "builtin")
    done = funnel("--config", copy / "funnel.yml", *words)
    assert done.code == 0, done.err
    assert contents(demo.project) == before
    assert OURS in (copy / "archive" / f"{D}-r2" / "report.html").read_text(encoding="utf-8")
    assert str(demo.project) not in done.err


def test_what_a_project_keeps_names_no_folder_of_this_machine(demo: Demo, copy: Path, funnel: Any) -> None:
    shutil.copytree(Path(__file__).parents[2] / "data" / "demo", copy / "data" / "demo")
    assert funnel("--config", copy / "funnel.yml", "import", copy / "data" / "demo").code == 0
    kept = [
        path
        for project in (demo.project, copy)
        for name in ("run", "archive", "narrative", "data", "_variables.yml")
        for path in ([project / name] if (project / name).is_file() else (project / name).rglob("*"))
        if path.is_file()
    ]
    assert any(path.name == "edition.json" for path in kept)
    assert any(path.suffix == ".duckdb" for path in kept)
    folders = [str(project).encode() for project in (demo.project, copy)]
    assert [path for path in kept if any(folder in path.read_bytes() for folder in folders)] == []
