"""The archive: one folder an issue, append-only, moved into place in one step."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from funnel.dates import AsOf
from funnel.errors import MissingError
from funnel.issue.model import clocks
from funnel.publish.files import sha256

NAME = re.compile(r"^(\d{4}-\d{2}-\d{2})(?:-r(\d+))?$")
MANIFEST = "manifest.json"
MOST = 26
"""How many earlier issues are scored."""


@dataclass(frozen=True, slots=True)
class Archived:
    """One archived issue: its folder, its report date, its revision (1 is the first), its manifest."""

    folder: Path
    report_date: dt.date
    revision: int
    manifest: Mapping[str, object]

    @property
    def as_of(self) -> AsOf:
        """The two clocks it was made with."""
        pair = self.manifest["as_of"]
        assert isinstance(pair, list)
        return clocks(pair)


def archived(archive: Path) -> list[Archived]:
    """Return every issue of an archive, by date and revision; unfinished folders are not issues."""
    found = []
    for folder in archive.iterdir() if archive.is_dir() else ():
        match = NAME.match(folder.name)
        if match and (folder / MANIFEST).is_file():
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            date = dt.date.fromisoformat(match[1])
            found.append(Archived(folder, date, int(match[2] or 1), manifest))
    return sorted(found, key=lambda item: (item.report_date, item.revision))


def issues_before(archive: Path, report_date: dt.date) -> list[Archived]:
    """Return the last revision of each of the last issues before a date, oldest first."""
    last = {item.report_date: item for item in archived(archive) if item.report_date < report_date}
    return list(last.values())[-MOST:]


def find(archive: Path, name: str) -> Archived:
    """Return an issue by its folder's name, or a date's last revision.

    Raises:
        MissingError: there is none; the message lists those there are.
    """
    issues = archived(archive)
    exact = [item for item in issues if item.folder.name == name]
    dated = [item for item in issues if item.report_date.isoformat() == name]
    if not (dated or exact):
        there = ", ".join(item.folder.name for item in issues) or "none"
        raise MissingError(f"No issue {name!r} is archived in {archive}; there are: {there}.")
    return (dated or exact)[-1]


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of an issue but the manifest, by its path inside the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


def put(
    staged: Path, archive: Path, report_date: dt.date, manifest: Mapping[str, object]
) -> tuple[Path, bool]:
    """Move a finished issue into the archive.

    Args:
        staged: folder with all files of the issue but the manifest; it is left as it is.
        archive: the archive.
        report_date: its date.
        manifest: what it was made of; the hashes of the files are added here.

    Returns:
        The folder in the archive, and whether it is new: an issue with exactly the same files as the last
        revision of its date is not archived twice. A different one becomes `-r2`, `-r3`, ...
    """
    outputs = hashes(staged)
    same_date = [item for item in archived(archive) if item.report_date == report_date]
    if same_date and same_date[-1].manifest.get("outputs") == outputs:
        return same_date[-1].folder, False
    archive.mkdir(parents=True, exist_ok=True)
    revision = same_date[-1].revision + 1 if same_date else 1
    name = report_date.isoformat() + (f"-r{revision}" if revision > 1 else "")
    beside = archive / f".{name}.part"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        shutil.copytree(staged, beside)
        text = json.dumps({**manifest, "outputs": outputs}, indent=1, ensure_ascii=False, sort_keys=True)
        (beside / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")
        beside.rename(archive / name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return archive / name, True
