"""Run an archived issue again with the knowledge of that day, and compare."""

from __future__ import annotations

import tempfile
from itertools import zip_longest
from pathlib import Path

from pydantic import ValidationError

from funnel import validation
from funnel.dates import AsOf
from funnel.errors import CheckFailed, InputError
from funnel.issue.compute import compute
from funnel.issue.model import load_issue
from funnel.issue.registers import Registers, registers_from
from funnel.publish.archive import MANIFEST, Archived, hashes
from funnel.publish.earlier import forecasts, issues_named
from funnel.publish.tables import csv_text
from funnel.settings import Settings
from funnel.warehouse import Warehouse


def verify(issue: Archived, settings: Settings) -> int:
    """Compare an archived issue with the same issue made anew.

    The settings that decide numbers are those of the manifest; only where things lie comes from today's.

    Returns:
        How many tables were found the same.

    Raises:
        InputError: today's program cannot read the settings of that day, or an earlier issue it scored.
        CheckFailed: a file of the issue was changed after it was archived, or a table differs; all of it
            is listed, with the first line that differs.
    """
    then, previous = _settings(issue, settings), issue.manifest.previous
    with Warehouse.open(settings.path("warehouse"), then) as warehouse:
        again = compute(
            warehouse,
            then,
            issue.report_date,
            issue.as_of.known_at,
            AsOf(*previous) if previous else None,
            forecasts(issues_named(settings.path("archive"), issue.manifest.earlier)),
            _registers(issue),
        )
    wrong = _changed_files(issue)
    with tempfile.TemporaryDirectory() as folder:  # the report's tables, too, are those of a saved issue
        again.save(Path(folder))
        tables = load_issue(Path(folder)).tables()
    kept = {path.stem: path for path in sorted((issue.folder / "tables").glob("*.csv"))}
    for name, path in kept.items():
        if name not in tables:
            wrong.append(f"tables/{name}.csv: today's program makes no such table")
        else:
            wrong.extend(_difference(path, csv_text(tables[name])))
    if wrong:
        raise CheckFailed(
            "\n".join(
                [f"The issue {issue.folder.name} does not come out again.", *(f"  - {w}" for w in wrong)]
            )
        )
    return len(kept)


def _settings(issue: Archived, settings: Settings) -> Settings:
    """Return the settings the issue was made with, in today's places."""
    places = {"root": settings.root, "warehouse": settings.warehouse}
    try:
        return Settings.model_validate({**issue.manifest.settings, **places})
    except ValidationError as error:
        path = issue.folder / MANIFEST
        problems = validation.problems(error, Settings, lambda key: f"{path}, settings, key {key}")
        raise InputError(
            f"The issue {issue.folder.name} cannot be run again: today's program cannot read its settings. "
            f"To do: verify it with the program of commit {issue.manifest.commit or 'that day'}.",
            problems,
        ) from None


def _registers(issue: Archived) -> Registers | None:
    """Return the initiatives and investigations the issue was made with, where its manifest keeps them."""
    kept = issue.manifest.registers
    return registers_from(kept) if kept is not None else None


def _changed_files(issue: Archived) -> list[str]:
    """Name the files that are not as they were archived."""
    was, now = issue.manifest.outputs, hashes(issue.folder)
    lines = []
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            what = "missing" if name not in now else "added" if name not in was else "changed"
            lines.append(f"{name}: {what} since it was archived")
    return lines


def _difference(path: Path, text: str) -> list[str]:
    """Describe the first line in which a kept table and the same table made anew differ."""
    kept = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, (before, after) in enumerate(zip_longest(kept, text.splitlines(), fillvalue=""), start=1):
        if before != after:
            return [f"tables/{path.name}, line {number}: archived {before!r}, now {after!r}"]
    return []
