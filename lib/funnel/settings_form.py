"""The form of a settings file: which version it is of, and what leads it to today's."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from funnel import versions

_VERSION = re.compile(r"^schema:[ \t]*(\d+)[ \t]*(?:#.*)?$", re.MULTILINE)


def _named(text: str) -> str:
    """Version 1 to 2: the file names its version; in its first line, since people paste blocks at its end."""
    if not re.search(r"^stages:", text, re.MULTILINE) or re.search(r"^schema:", text, re.MULTILINE):
        return text  # in braces no line can precede; what cannot be read is told where it stands
    return f"schema: 2 # the form of this file; funnel writes it\n{text}"


STEPS: Sequence[Callable[[str], str]] = (_named,)
"""What leads the text of a settings file from each version to the next."""


def _version(text: str) -> int:
    found = _VERSION.search(text)
    return int(found[1]) if found else 1


def meant(path: Path, text: str) -> str:
    """Return the text of a settings file as today's form of it.

    Raises:
        InputError: it is of a newer form than this program knows.
    """
    found = _version(text)
    versions.refuse_newer(str(path), found, versions.SETTINGS)
    # version 2 only names itself, so that an older text is read as it is and its lines keep their numbers
    return versions.brought_up(text, max(found, 2), STEPS)


def bring_up(path: Path) -> Path | None:
    """Write a settings file of an older form anew, its comments kept; return where the copy of it is kept.

    None where it is of today's form. Call it after `settings.load`, which refuses what cannot be used.

    Raises:
        FunnelError: it cannot be written; it is as it was.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        text = stream.read()
    found = _version(text)
    now = versions.brought_up(text, found, STEPS)
    if now == text:
        return None
    kept = versions.keep_copy(path, found)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(now, encoding="utf-8", newline="")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return kept
