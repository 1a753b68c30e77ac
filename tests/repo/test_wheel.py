"""The wheel holds everything: a stranger's files become a report from it alone, without this repository."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from funnel.simulate import World, simulate, write

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built here and unpacked, to be found before the editable installation."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def funnel(installed: Path, folder: Path, *words: str) -> str:
    script = (
        "import sys, funnel, pathlib;"
        f"assert pathlib.Path(funnel.__file__).is_relative_to({str(installed)!r}), funnel.__file__;"
        "from funnel.cli import main; sys.argv[0] = 'funnel'; main()"
    )
    env = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def tracked(*paths: str) -> list[str]:
    listing = ["git", "-C", str(ROOT), "ls-files", "-z", *paths]
    return subprocess.run(listing, capture_output=True, check=True, text=True).stdout.split("\0")[:-1]


def test_the_demo_of_the_wheel_is_the_root_of_this_repository(installed: Path, tmp_path: Path) -> None:
    funnel(installed, tmp_path, "init", "demo", "--from", "demo")
    names = tracked(
        "funnel.yml", "report.qmd", "_quarto.yml", "_brand.yml", "notebooks", "narrative", "data",
        "requirements/report.lock", "archive/README.md",
    )  # fmt: skip
    assert len(names) > 20
    differing = [
        name
        for name in names
        if not (tmp_path / "demo" / name).is_file()
        or (tmp_path / "demo" / name).read_bytes() != (ROOT / name).read_bytes()
    ]
    assert differing == []
    jobs = (".github/workflows/weekly.yml", ".gitlab-ci.yml", "weekly.crontab")
    assert all((tmp_path / "demo" / name).is_file() for name in jobs)


@pytest.mark.slow
def test_canonical_files_become_a_pdf_without_an_edit(installed: Path, tmp_path: Path) -> None:
    write(simulate(World(weeks=30, leads_per_week=25), 7), tmp_path / "export")
    funnel(
        installed, tmp_path, "init", "company", "--from", "files", "--data", "export", "--company", "Ёж & Co"
    )
    said = funnel(installed, tmp_path / "company", "report", "--formats", "pdf", "--renderer", "builtin")
    (page,) = (tmp_path / "company" / "archive").glob("*/report.pdf")
    assert page.read_bytes().startswith(b"%PDF-") and page.stat().st_size > 50_000
    assert "rejected 0" in said
