"""The Makefile: a date is data, an environment belongs to its folder, a report brings what it needs alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.setup.scripts import REQUIREMENTS

ROOT = REQUIREMENTS.parent
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone whose set-up is done, as the Makefile sees it."""
    made = tmp_path / "a folder's name"
    shutil.copytree(REQUIREMENTS, made / "requirements", ignore=shutil.ignore_patterns("__*"))
    for name in ("Makefile", "pyproject.toml"):
        shutil.copyfile(ROOT / name, made / name)
    (made / ".venv" / "bin").mkdir(parents=True)
    (made / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (made / ".venv" / "ready").write_text(f"{made.resolve()}\n")
    return made


def make(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATE", "MAKEFLAGS", "MFLAGS")}
    command = ["make", "--no-print-directory", *words]
    return subprocess.run(
        command, cwd=folder, env={**kept, **variables}, capture_output=True, text=True, check=False
    )


HOSTILE = [
    "$(shell touch ran)",
    "$$(touch ran)",
    "`touch ran`",
    "x; touch ran; #",
    "2022-09-26; touch ran",
    "2022-09-26 && touch ran",
    "2022-09-26\ntouch ran",
    "$(eval $(shell touch ran))2022-09-26",
    "2022-09-26 2022-10-03",
    "2022-9-26",
    "monday",
]


@pytest.mark.parametrize("date", HOSTILE)
@pytest.mark.parametrize("given", ["argument", "variable"])
def test_what_is_no_date_is_an_error_and_never_run(folder: Path, date: str, given: str) -> None:
    before = sorted(folder.rglob("*"))
    if given == "argument":
        done = make(folder, "report", f"DATE={date}")
    else:
        done = make(folder, "report", DATE=date)
    assert done.returncode == 2
    assert "which is no date: give it as 2022-09-26" in done.stderr
    assert sorted(folder.rglob("*")) == before


def test_a_date_is_handed_on(folder: Path) -> None:
    for done in (
        make(folder, "-n", "report", "DATE=2024-02-29"),
        make(folder, "-n", "report", DATE="2024-02-29"),
    ):
        assert reported(done) == ["report --date 2024-02-29"]
    assert reported(make(folder, "-n", "report")) == ["report"]


def reported(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the report commands that `make -n` printed."""
    lines = [line for line in done.stdout.splitlines() if "/funnel report" in line]
    return [line.partition("/funnel ")[2].partition("||")[0].strip() for line in lines]


def test_what_is_set_up_is_not_set_up_again(folder: Path) -> None:
    told = make(folder, "-n", "report").stdout
    assert "install.py" not in told
    assert "venv" not in told.replace(".venv/bin/funnel", "")


def test_an_environment_that_was_copied_with_its_folder_is_made_anew(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    assert "-m venv --clear .venv" in make(copy, "-n", "report").stdout
    (folder / ".venv" / "bin" / "python").unlink()  # as when the Python of the machine is another one
    assert "-m venv --clear .venv" in make(folder, "-n", "report").stdout


def test_a_new_lock_is_installed_into_the_environment_there_is(folder: Path) -> None:
    later = (folder / ".venv" / "ready").stat().st_mtime + 10
    os.utime(folder / "requirements" / "report.lock", (later, later))
    told = make(folder, "-n", "report").stdout
    assert "install.py requirements/report.lock --editable ." in told
    assert "--clear" not in told


def test_a_report_brings_the_first_set_alone_and_the_tests_both(folder: Path) -> None:
    (folder / ".venv" / "ready").unlink()
    report, test = (make(folder, "-n", target).stdout for target in ("report", "test"))
    assert "report.lock" in report
    assert "dev.lock" not in report
    assert "quarto" not in report
    assert "requirements/report.lock requirements/dev.lock" in test
