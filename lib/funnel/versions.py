"""The version of the form in which settings, manifests, the warehouse and its kept imports are stored.

A file without a version is of version 1. An older one is brought up to date step by step, and a copy of it is
kept where it is written over; a newer one is refused. What moves numbers without changing a form is told in
`funnel.publish.methods`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from funnel.errors import FunnelError, InputError, Problem

SETTINGS = 2
MANIFEST = 2
WAREHOUSE = 2
KEPT = 1

Content = TypeVar("Content")


def brought_up(content: Content, found: int, steps: Sequence[Callable[[Content], Content]]) -> Content:
    """Return what a stored thing is in today's form; the first step leads from version 1 to 2.

    >>> brought_up("a", 1, [str.upper, lambda text: text + "!"])
    'A!'
    >>> brought_up("A", 2, [str.upper, lambda text: text + "!"])
    'A!'
    """
    for step in steps[max(found, 1) - 1 :]:
        content = step(content)
    return content


def newer(where: str, found: int, known: int) -> Problem | None:
    """Say so where something is stored in a form that this program does not know yet."""
    if found <= known:
        return None
    return Problem(
        where,
        f"it is of version {found} of its form",
        f"up to {known}",
        "install the newer funnel that wrote it, or put back the copy that was kept of the older file",
    )


def refuse_newer(where: str, found: int, known: int) -> None:
    """Refuse what is stored in a newer form.

    Raises:
        InputError: what to do.
    """
    problem = newer(where, found, known)
    if problem:
        raise InputError("A newer program made this.", [problem])


def copy_of(path: Path, version: int) -> Path:
    """Return where the copy of an older file is kept: beside it.

    >>> copy_of(Path("data/warehouse.duckdb"), 1).as_posix()
    'data/warehouse.duckdb.v1'
    """
    return path.with_name(f"{path.name}.v{version}")


def free(path: Path) -> Path:
    """Return a path at which nothing is yet: this one, or one with a number; a clock may say a time twice."""
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found


def keep_copy(path: Path, version: int) -> Path:
    """Copy an older file beside itself before it is written over; a copy kept before stays.

    Raises:
        FunnelError: it cannot be written; the file is as it was.
    """
    kept = copy_of(path, version)
    if kept.exists():
        return kept
    beside = kept.with_name(f".{kept.name}.{os.getpid()}.part")
    try:
        shutil.copy2(path, beside)
        beside.replace(kept)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise FunnelError(
            f"{path} is of an older form, and no copy of it can be kept ({error}). It is as it was. "
            "To do: make room, or make its folder writable, then run this again."
        ) from error
    return kept
