"""Where the files lie that `funnel init` writes.

The root of the product's repository is itself a report, of the demo. Its files are the source of what a
company gets: a wheel carries a copy of them beside this file, in `copied/`; an editable installation reads
them where they are. Which they are stands once, in `pyproject.toml` under `force-include`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from funnel.errors import MissingError

HERE = Path(__file__).parent
PACKED = HERE / "copied"
CHECKOUT = HERE.parents[2]
JOBS = HERE / "jobs"
PROJECT = HERE / "project"
_INSIDE = "funnel/template/copied/"
_DEMO = ("data/demo/", "data/initiatives/", "data/investigations/", "data/meetings/", "funnel.yml")


def root_files() -> Mapping[str, Path]:
    """Return the files of the demo's report: path in a repository -> where it is read from.

    Raises:
        MissingError: the installation is incomplete.
    """
    if PACKED.is_dir():
        return dict(_files(PACKED))
    settings = CHECKOUT / "pyproject.toml"
    if not settings.is_file():
        raise MissingError(f"The installation holds no {PACKED}. To do: install the wheel again.")
    build = tomllib.loads(settings.read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    found: dict[str, Path] = {}
    for source, target in build["targets"]["wheel"]["force-include"].items():
        name, path = target.removeprefix(_INSIDE), CHECKOUT / source
        found |= {f"{name}/{inner}": file for inner, file in _files(path)} if path.is_dir() else {name: path}
    return found


def shared_files() -> Mapping[str, Path]:
    """Return what every report repository gets: the root's files but the demo's, and those of `project/`."""
    own = {_dotted(name): path for name, path in _files(PROJECT) if name != "funnel.yml"}
    return {name: path for name, path in root_files().items() if not name.startswith(_DEMO)} | own


def demo_files() -> Mapping[str, Path]:
    """Return what is the demo's alone: its settings, data and logbook."""
    return {name: path for name, path in root_files().items() if name.startswith(_DEMO)}


def job_kinds() -> tuple[str, ...]:
    """Return for which hosts a weekly job can be written."""
    return tuple(sorted(path.name for path in JOBS.iterdir() if path.is_dir())) if JOBS.is_dir() else ()


def job_files(kinds: tuple[str, ...]) -> Mapping[str, Path]:
    """Return the files of the weekly jobs of some hosts."""
    return {name: path for kind in kinds for name, path in _files(JOBS / kind)}


def _dotted(name: str) -> str:
    """Return the name in a repository; here a `.gitignore` would be obeyed by git itself."""
    return f".{name}" if name == "gitignore" else name


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file of a folder with its path inside it; what editors and Python leave is passed over."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(inner.parts):
            yield inner.as_posix(), path
