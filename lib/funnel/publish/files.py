"""Hashes, and files written beside and moved into place."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from funnel.errors import FunnelError, InputError
from funnel.settings import Settings
from funnel.warehouse.store import FULL

_SCRATCH = "funnel-"
_PART = re.compile(r"\.(\d+)\.part(?:\.wal)?$")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of(paths: Iterable[Path], *words: str) -> str:
    """Return one SHA-256 over words and the names and bytes of files, whatever folder they lie in."""
    digest = hashlib.sha256()
    for word in words:
        digest.update(word.encode() + b"\0")
    for path in sorted(paths, key=lambda item: (item.name, str(item))):
        digest.update(path.name.encode() + b"\0" + sha256(path).encode())
    return digest.hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a text file beside its place and move it there, so that a killed run leaves the old one."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that a killed run leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def folders(settings: Settings) -> list[Path]:
    """Return the folders in which files are written beside their place."""
    own = (
        settings.initiatives,
        settings.investigations,
        settings.meetings,
        settings.narrative,
        settings.archive,
        settings.run,
    )
    more = [settings.run / "rejected", Path()]
    if not settings.is_database:
        more.append(Path(settings.warehouse).parent)
    return list(dict.fromkeys(settings.root / path for path in (*own, *more)))


def scratch(folder: Path | None = None) -> tempfile.TemporaryDirectory[str]:
    """Make a folder for a while, by default among the machine's temporary ones; a kill leaves a part."""
    return tempfile.TemporaryDirectory(prefix=_SCRATCH, suffix=f".{os.getpid()}.part", dir=folder)


def left(among: Iterable[Path]) -> list[Path]:
    """Return what killed runs were writing in some folders, and what they used for a while.

    A part names the process it is written by.
    """
    paths = [path for folder in among for path in folder.glob("*.part*")]
    paths += [path for path in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*.part") if _is_own(path)]
    parts = [(path, _PART.search(path.name)) for path in paths]
    return [path for path, found in parts if found and not _lives(int(found[1]))]


def sweep(among: Iterable[Path]) -> list[Path]:
    """Remove what killed runs were writing in some folders; return it."""
    gone = left(among)
    for path in gone:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return gone


def _is_own(path: Path) -> bool:
    try:
        return not hasattr(os, "getuid") or path.lstat().st_uid == os.getuid()
    except OSError:  # another run has just removed it
        return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return pid != os.getpid()


@contextlib.contextmanager
def after(done: str) -> Iterator[None]:
    """Do what comes after something that is done for good; what fails then takes nothing of it back.

    Raises:
        FunnelError: what is done, and what is lacking.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, OSError | sqlite3.Error) and not FULL.search(str(error)):
            raise
        raise FunnelError(
            f"{done}, and stays so; only what is written after it could not be ({_wrong(error)}). "
            "To do: make room on the disk, or see to the rights, then run this again."
        ) from error


def _wrong(error: Exception) -> str:
    """Return what is wrong, without what to do, which is said once."""
    problems = error.problems if isinstance(error, InputError) else ()
    return "; ".join(problem.wrong for problem in problems) or str(error)
