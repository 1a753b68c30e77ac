"""`funnel init --update`: untouched files follow the installed version, an edit is never lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from funnel.template import project
from funnel.template.update import behind

OLD = {
    "a.md": b"first\n",
    "b.md": b"one\ntwo\nthree\n",
    "c.md": b"kept\n",
    "old.md": b"1\n2\n3\n4\n",
    "gone.md": b"gone\n",
}
NEW = {"a.md": b"second\n", "b.md": b"one\ntwo\nfour\n", "c.md": b"kept\n", "new.md": b"1\n2\n3\n4\n5\n"}


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch) -> Any:
    def installed(files: dict[str, bytes]) -> None:
        monkeypatch.setattr(project, "managed", lambda jobs: dict(files))

    return installed


@pytest.fixture
def home(funnel: Any, version: Any, files: Path) -> Path:
    version(OLD)
    home = files.parent / "company"
    assert funnel("init", home, "--from", "files", "--data", files).code == 0
    version(NEW)
    return home


def everything(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_only_untouched_files_change_and_the_rest_is_shown(funnel: Any, home: Path) -> None:
    (home / "b.md").write_text("one\nmine\nthree\n")
    (home / "c.md").unlink()
    said = funnel("init", "--update", home)
    assert said.code == 0, said.err
    assert (home / "a.md").read_bytes() == NEW["a.md"]
    assert (home / "b.md").read_text() == "one\nmine\nthree\n"
    assert "-mine" in said.err and "+four" in said.err
    assert not (home / "c.md").exists()
    assert (home / "new.md").read_bytes() == NEW["new.md"]
    assert "old.md: is now new.md" in said.err and "gone.md: is no more" in said.err
    assert (home / "old.md").exists() and (home / "gone.md").exists()  # nobody could be asked
    again = funnel("init", "--update", home)
    assert "edited here, so it is kept" in again.err and "a.md" not in again.err


def test_line_ends_that_git_changed_are_no_edit(funnel: Any, home: Path) -> None:
    (home / "b.md").write_bytes(OLD["b.md"].replace(b"\n", b"\r\n"))
    assert funnel("init", "--update", home).code == 0
    assert (home / "b.md").read_bytes() == NEW["b.md"]


def test_a_dry_run_changes_nothing(funnel: Any, home: Path) -> None:
    before = everything(home)
    said = funnel("init", "--update", home, "--dry-run")
    assert "a.md: not edited here, so it is replaced" in said.err
    assert everything(home) == before


def test_removing_is_agreed_to_and_never_takes_an_edit(
    funnel: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "gone.md").write_text("gone, but mine\n")
    monkeypatch.setattr("funnel.cli.repository._agreed", lambda names: names == ["old.md"])
    said = funnel("init", "--update", home)
    assert not (home / "old.md").exists()
    assert (home / "gone.md").read_text() == "gone, but mine\n"
    assert "carry over what you need" in said.err


def test_the_settings_are_the_companys(funnel: Any, home: Path) -> None:
    (home / "funnel.yml").write_text("mine: 1\n")
    assert funnel("init", "--update", home).code == 0
    assert (home / "funnel.yml").read_text() == "mine: 1\n"


def test_the_pin_follows_the_wheel_unless_it_was_edited(
    funnel: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (tmp_path / f"funnel_cohort_report-{n}-py3-none-any.whl" for n in (1, 2))
    old.write_bytes(b"PK\0old")
    new.write_bytes(b"PK\0new")
    pin = home / "requirements.txt"
    assert funnel("init", "--update", home, "--wheel", old).code == 0
    assert old.name in pin.read_text() and (home / "wheels" / old.name).read_bytes() == b"PK\0old"
    before = pin.read_text()
    assert funnel("init", "--update", home).code == 0  # an editable installation has no wheel to name
    assert pin.read_text() == before and (home / "wheels" / old.name).exists()
    monkeypatch.setattr("funnel.cli.repository._agreed", lambda names: True)
    assert funnel("init", "--update", home, "--wheel", new).code == 0
    assert new.name in pin.read_text() and old.name not in pin.read_text()
    assert [path.name for path in (home / "wheels").iterdir()] == [new.name]
    pin.write_text(pin.read_text() + "our-own-package==1\n")
    said = funnel("init", "--update", home, "--wheel", old)
    assert "our-own-package==1" in pin.read_text() and "-our-own-package==1" in said.err


def test_a_folder_that_is_no_report_repository_is_told_so(funnel: Any, tmp_path: Path) -> None:
    (tmp_path / "report.qmd").write_text("mine")
    said = funnel("init", "--update", tmp_path)
    assert said.code == 2 and "is no report repository that `funnel init` wrote" in said.err
    assert (tmp_path / "report.qmd").read_text() == "mine"


def test_a_damaged_or_wicked_note_changes_nothing(funnel: Any, home: Path) -> None:
    note = home / ".funnel.json"
    good = json.loads(note.read_text())
    note.write_text("{")
    assert "it is damaged" in funnel("init", "--update", home).err
    note.write_text(json.dumps({**good, "files": {"../outside.md": "0" * 64}}))
    said = funnel("init", "--update", home)
    assert said.code == 2 and "outside of the repository" in said.err


def test_a_link_out_of_the_repository_is_not_written_through(funnel: Any, home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_bytes(OLD["a.md"])
    (home / "a.md").unlink()
    (home / "a.md").symlink_to(outside)
    assert funnel("init", "--update", home).code == 2
    assert outside.read_bytes() == OLD["a.md"]


def test_notebooks_and_pages_of_another_version_are_named_until_they_are_brought(
    funnel: Any, version: Any, files: Path
) -> None:
    version({"notebooks/a.ipynb": b"old", "report.qmd": b"same", "README.md": b"old"})
    home = files.parent / "company"
    assert funnel("init", home, "--from", "files", "--data", files).code == 0
    assert behind(home) == []
    version(
        {"notebooks/a.ipynb": b"new", "report.qmd": b"same", "README.md": b"new", "notebooks/b.ipynb": b""}
    )
    assert behind(home) == ["notebooks/a.ipynb", "notebooks/b.ipynb"]
    assert funnel("init", "--update", home).code == 0
    assert behind(home) == []
    (home / ".funnel.json").write_text("{")
    assert behind(home) == []
