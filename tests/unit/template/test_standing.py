"""`funnel` alone, and `funnel report` bringing what is new."""

from pathlib import Path
from typing import Any

import pytest

from funnel import settings
from funnel.cli import data
from tests.unit.template.conftest import LEADS


@pytest.fixture
def home(funnel: Any, files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (files / "payments.csv").unlink()
    home = files.parent / "company"
    made = funnel("init", home, "--from", "files", "--data", files, "--company", "Acme")
    assert made.code == 0, made.err
    monkeypatch.chdir(home)
    return home


def test_a_folder_without_settings_is_told_how_to_begin(
    funnel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = funnel()
    assert said.code == 0
    assert "There is no report here" in said.err and "funnel init FOLDER --from files" in said.err


def test_it_says_what_comes_next(funnel: Any, home: Path, files: Path) -> None:
    first = funnel().err
    assert "The report of Acme." in first and "No data have been imported yet." in first
    assert first.split("Next:")[1].split()[:2] == ["funnel", "report"]
    data.bring_new(settings.load(home / "funnel.yml"))
    then = funnel().err
    assert "The data end on 2026-01-30" in then and "No edition yet." in then
    files.rename(files.parent / "elsewhere")
    assert "as a source, but nothing is there" in funnel().err


def test_another_version_is_noticed(funnel: Any, home: Path) -> None:
    note = home / ".funnel.json"
    note.write_text(note.read_text().replace('"version": "', '"version": "0.0.'))
    assert "funnel init --update ." in funnel().err


def test_the_source_is_read_when_it_has_changed_and_only_then(
    home: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings.load(home / "funnel.yml")
    data.bring_new(chosen)
    count: list[int] = []
    real = data._import
    monkeypatch.setattr(data, "_import", lambda *given: (count.append(1), real(*given)))
    data.bring_new(chosen)
    assert count == []
    (files / "leads.csv").write_text(LEADS + "7,2026-01-30 10:00:00,ads,Anna,,\n")
    data.bring_new(chosen)
    data.bring_new(chosen)
    assert count == [1]
    chosen.path("warehouse").unlink()
    data.bring_new(chosen)
    assert count == [1, 1]


def test_a_source_that_is_gone_is_told_and_the_report_goes_on(funnel: Any, home: Path, files: Path) -> None:
    chosen = settings.load(home / "funnel.yml")
    data.bring_new(chosen)
    files.rename(files.parent / "elsewhere")
    said = funnel("report", "--formats", "docx")  # the wrong format stops it before anything is made
    assert said.code == 2
    data.bring_new(chosen)
