"""Write a company's own report repository: beside its place first, then moved there, all or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from funnel import settings
from funnel.errors import InputError, Problem
from funnel.template import files as parts
from funnel.template import product, written
from funnel.template.product import Product

KEPT = ("data/initiatives/.gitkeep", "data/investigations/.gitkeep", "data/meetings/.gitkeep")
BESIDE = ".funnel-init.part"
_HARMLESS = (".git", ".hg", ".svn", ".DS_Store", BESIDE)
Files = Mapping[str, bytes]


def managed(jobs: tuple[str, ...]) -> dict[str, bytes]:
    """Return the files that a later version may change: not the company's settings, data and words."""
    files = {**parts.shared_files(), **parts.job_files(jobs)}
    return {name: path.read_bytes() for name, path in sorted(files.items())}


def require_free(folder: Path, data: Path | None = None) -> None:
    """Refuse a folder that holds anything but a version control's own folder, or the data themselves.

    Raises:
        InputError: it does, or it is a file, or it cannot be looked into.
    """
    if folder.exists() and not folder.is_dir():
        wrong = "is a file"
    else:
        inside = data.resolve() if data else None
        own = None
        if inside and inside.is_relative_to(folder.resolve()) and inside != folder.resolve():
            own = inside.relative_to(folder.resolve()).parts[0]
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        there = [name for name in names if name not in (*_HARMLESS, own)]
        if not there:
            return
        wrong = f"is not empty; it holds {', '.join(there[:10])}{' and more' if len(there) > 10 else ''}"
        if written.FILE in there:
            todo = f"bring it to the installed version: funnel init --update {folder}"
            raise InputError("Nothing was written.", [Problem(str(folder), wrong, todo=todo)])
    raise InputError("Nothing was written.", [Problem(str(folder), wrong, todo="name a new folder")])


def write(
    folder: Path, kind: str, jobs: tuple[str, ...], own: Files, named: Product, data: Path | None = None
) -> list[str]:
    """Write a new repository.

    Args:
        folder: where; it must not be there yet, or be empty.
        kind: what it is made from.
        jobs: the hosts whose weekly job is written.
        own: the company's own files (`funnel.yml` and, for the demo, its data), by path.
        named: the product.
        data: the folder of the data, which may lie inside.

    Returns:
        the paths that were written.

    Raises:
        InputError: the folder is not empty or cannot be written, or the settings could not be read again.
    """
    require_free(folder, data)
    files = managed(jobs) | named.files
    note = written.Written(
        version=product.version(),
        kind=kind,
        jobs=jobs,
        files={name: written.digest(content) for name, content in files.items()},
    )
    files |= dict.fromkeys(KEPT, b"") | dict(own)
    made = not folder.exists()
    beside = folder / BESIDE
    try:
        shutil.rmtree(beside, ignore_errors=True)
        for name, content in files.items():
            target = beside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        note.save(beside)
        settings.load(beside / "funnel.yml")
        _move(beside, folder)
    except BaseException as error:
        shutil.rmtree(folder if made else beside, ignore_errors=True)
        if isinstance(error, OSError):
            wrong = f"it cannot be written ({error.strerror or error})"
            todo = "name another folder, or get the right to write and room on the disk"
            raise InputError("Nothing was written.", [Problem(str(folder), wrong, todo=todo)]) from None
        raise
    return sorted([*files, written.FILE])


def _move(beside: Path, folder: Path) -> None:
    """Move what was written into place; what has been moved goes back out if the rest cannot be."""
    targets = {
        path: folder / path.relative_to(beside) for path in sorted(beside.rglob("*")) if path.is_file()
    }
    problems = [
        Problem(str(target), "is there already", todo="move it away, or name a new folder")
        for target in targets.values()
        if target.exists()
    ]
    if problems:
        raise InputError("Nothing was written.", problems)
    moved: list[Path] = []
    try:
        for path, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
            moved.append(target)
    except OSError:
        for target in moved:
            target.unlink(missing_ok=True)
        raise
    shutil.rmtree(beside)
