"""What tests of whole commands share: a project of their own, and the command line run in this process."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from funnel import cli, settings
from funnel.publish.order import Order
from funnel.publish.weekly import make_edition
from funnel.sources import read
from funnel.warehouse import Warehouse

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str


Funnel = Callable[..., Result]
NEEDED = {"poppler": ("pdftotext", "pdfinfo", "pdffonts")}
"""Programs that the tests of a marker look at pages with."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, with the reason, what cannot be looked at on this machine."""
    for marker, programs in NEEDED.items():
        missing = [name for name in programs if not shutil.which(name)]
        if missing and item.get_closest_marker(marker):
            pytest.skip(f"{', '.join(missing)} ({marker}) is not installed")


def new_project(folder: Path, text: str | None = None) -> Path:
    """Copy what the report is made of, with settings of its own, without any data."""
    for name in ("report.qmd", "_quarto.yml", "_brand.yml", "funnel.yml"):
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    for name in ("initiatives", "investigations"):
        shutil.copytree(ROOT / "data" / name, folder / "data" / name)
    if text is not None:
        (folder / "funnel.yml").write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True)
class Demo:
    """A project with the demo imported and its first edition archived, in both languages.

    Attributes:
        project: its folder; what tests do there changes it.
        edition: the archived edition.
        results: the frames that edition was made from, as they were then.
    """

    project: Path
    edition: Path
    results: Path


class Silent:
    def expect(self, steps: int) -> None: ...

    def done(self, what: str) -> None: ...


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Made once for all tests of the group `edition`, which pytest-xdist keeps together."""
    project = new_project(tmp_path_factory.mktemp("demo"))
    chosen = settings.load(project / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen, write=True) as warehouse:
        warehouse.load(read([ROOT / "data" / "demo"], chosen), dt.datetime(2022, 10, 24, 6))
    order = Order(dt.date(2022, 9, 26), ["en", "ru"], renderer="builtin")
    made = make_edition(chosen, "funnel.yml", order, dt.datetime(2022, 9, 26, 7), Silent())
    assert made.new
    results = project.parent / "results"
    shutil.copytree(project / "run" / "edition" / "results", results)
    return Demo(project, made.folder, results)


@pytest.fixture
def funnel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Funnel:
    """Run `funnel WORDS...` and return its exit code and what it printed."""

    def run(*words: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["funnel", *map(str, words)])
        monkeypatch.setattr(cli.common, "notes", cli.common.console())
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1 if stop.code else 0
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return run
