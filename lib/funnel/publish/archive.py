"""The archive: one folder an edition, append-only, moved into place in one step."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from funnel import validation, versions
from funnel.calendar import Calendar
from funnel.dates import AsOf
from funnel.errors import InputError, MissingError, Problem
from funnel.publish.files import sha256

NAME = re.compile(r"^(\d{4}-\d{2}-\d{2})(?:-r(\d+))?$")
MANIFEST = "manifest.json"
RESTORE = "restore it with `git checkout`, or move the edition's folder out of the archive"
MOST = 26
"""How many earlier editions are scored."""


STEPS: Sequence[Callable[[dict[str, object]], dict[str, object]]] = (lambda content: content,)
"""What leads a manifest from each version to the next. Version 1 names neither itself nor its methods."""


def _inside(name: str) -> str:
    """Return a path that stays in its folder and can be written on a line."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not validation.is_one_line(name) or len(name) > _LONGEST:
        raise ValueError("it is no path inside the folder")
    return name


_LONGEST = 500  # characters
Inside = Annotated[str, AfterValidator(_inside)]
"""A path inside a folder of the archive."""


class Manifest(BaseModel):
    """What of a manifest is read again; `funnel.publish.manifest.describe` writes it.

    One of an older form is read as what it means today; its file stays as it is.

    Attributes:
        version: of the manifest's form (`schema` in the file).
        methods: the changes of method the program had (`funnel.publish.methods`).
        as_of: the two clocks the edition was made with.
        previous: those of the edition before it, if there was one.
        earlier: folder names of the editions whose forecasts it scored.
        settings: as they were.
        registers: initiatives and investigations as they were; None in a manifest that does not keep them.
        calendar: the working days it was made with; None in a manifest that does not keep them.
        renderer: its name and the versions of its programs.
        commit: of the program.
        inputs: content hash of every input table as of both clocks.
        outputs: SHA-256 of every file of the edition, by its path inside the folder.
    """

    version: int = Field(default=1, alias="schema")
    methods: tuple[str, ...] = ()
    as_of: tuple[dt.date, dt.datetime]
    previous: tuple[dt.date, dt.datetime] | None = None
    earlier: tuple[Inside, ...] = ()
    settings: dict[str, object] = {}
    registers: dict[str, list[dict[str, object]]] | None = None
    calendar: Calendar | None = None
    renderer: dict[str, str] = {}
    commit: str = ""
    inputs: dict[str, str] = {}
    outputs: dict[Inside, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _today(cls, content: object) -> object:
        if isinstance(content, dict):
            return versions.brought_up(content, _version(content), STEPS)
        return content


@dataclass(frozen=True, slots=True)
class Archived:
    """One archived edition: its folder, its report date, its revision (1 is the first), its manifest."""

    folder: Path
    report_date: dt.date
    revision: int
    manifest: Manifest

    @property
    def as_of(self) -> AsOf:
        """The two clocks it was made with."""
        return AsOf(*self.manifest.as_of)


def archived(archive: Path) -> list[Archived]:
    """Return every edition of an archive, by date and revision; unfinished folders are not editions.

    Raises:
        InputError: manifests that cannot be read, or that a newer program wrote; all of them.
    """
    found, problems, ahead = [], [], []
    for folder in archive.iterdir() if archive.is_dir() else ():
        match = NAME.match(folder.name)
        if match and (folder / MANIFEST).is_file():
            path, date = folder / MANIFEST, dt.date.fromisoformat(match[1])
            if problem := _newer(path):
                ahead.append(problem)
                continue
            try:
                manifest = Manifest.model_validate_json(path.read_bytes())
            except ValidationError as error:
                problems += validation.problems(error, Manifest, partial(_place, path))
                continue
            found.append(Archived(folder, date, int(match[2] or 1), manifest))
    if problems:
        raise InputError(f"The archive is damaged. To do: {RESTORE}.", [*problems, *ahead])
    if ahead:
        raise InputError("A newer program made this.", ahead)
    return sorted(found, key=lambda item: (item.report_date, item.revision))


def _version(content: object) -> int:
    version = content.get("schema", 1) if isinstance(content, dict) else 1
    return version if isinstance(version, int) else 1


def _newer(path: Path) -> Problem | None:
    """Say so where a newer program wrote a manifest."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):  # told by whoever reads the rest of it
        return None
    return versions.newer(str(path), _version(content), versions.MANIFEST)


def _place(path: Path, key: str) -> str:
    return f"{path}, key {key}" if key else str(path)


def editions_before(archive: Path, report_date: dt.date) -> list[Archived]:
    """Return the last revision of each of the last editions before a date, oldest first."""
    last = {item.report_date: item for item in archived(archive) if item.report_date < report_date}
    return list(last.values())[-MOST:]


def find(archive: Path, name: str) -> Archived:
    """Return a date's last revision, or the one named: `2022-09-26-r1` is the first of its date.

    Raises:
        MissingError: there is none; the message lists those there are.
    """
    editions = archived(archive)
    found = [
        item for item in editions if name in (f"{item.report_date}", f"{item.report_date}-r{item.revision}")
    ]
    if not found:
        there = ", ".join(item.folder.name for item in editions) or "none"
        raise MissingError(f"No edition {name!r} is archived in {archive}; there are: {there}.")
    return found[-1]


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of an edition but the manifest, by its path inside the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


def changed(edition: Archived, names: Iterable[str]) -> list[Path]:
    """Return which of these files of an edition are not as they were archived."""
    was = edition.manifest.outputs
    paths = {name: edition.folder / name for name in names if name in was}
    return [path for name, path in paths.items() if not path.is_file() or sha256(path) != was[name]]


def put(
    staged: Path, archive: Path, report_date: dt.date, manifest: Mapping[str, object]
) -> tuple[Path, bool]:
    """Move a finished edition into the archive.

    Args:
        staged: folder with all files of the edition but the manifest; it is left as it is.
        archive: the archive.
        report_date: its date.
        manifest: what it was made of; the hashes of the files are added here.

    Returns:
        The folder in the archive, and whether it is new: an edition whose files all stand in the last
        revision of its date is not archived twice. A different one becomes `-r2`, `-r3`, ...
    """
    outputs = hashes(staged)
    same_date = [item for item in archived(archive) if item.report_date == report_date]
    if same_date and outputs.items() <= same_date[-1].manifest.outputs.items():
        return same_date[-1].folder, False
    archive.mkdir(parents=True, exist_ok=True)
    revision = same_date[-1].revision + 1 if same_date else 1
    name = report_date.isoformat() + (f"-r{revision}" if revision > 1 else "")
    for left in archive.glob(".*.part"):  # one report at a time is made in a folder
        shutil.rmtree(left, ignore_errors=True)
    part = f".{name}.{os.getpid()}.part"
    one_disk = staged.parent.stat().st_dev == archive.stat().st_dev
    beside = (
        staged.parent if one_disk else archive
    ) / part  # never in what is committed, if it can be helped
    try:
        shutil.copytree(staged, beside)
        # Sorted on the outside alone: inside the settings the order of attributes and slices has a meaning.
        facts = dict(sorted({**manifest, "outputs": outputs}.items()))
        text = json.dumps(facts, indent=1, ensure_ascii=False)
        (beside / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")
        beside.rename(archive / name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return archive / name, True
