"""Run an archived issue again with the knowledge of that day, and compare."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import zip_longest
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from funnel import validation
from funnel.dates import AsOf
from funnel.errors import CheckFailed, InputError
from funnel.issue.compute import compute
from funnel.issue.model import load_issue
from funnel.issue.registers import Registers, registers_from
from funnel.publish.archive import MANIFEST, Archived, hashes
from funnel.publish.earlier import forecasts, issues_named
from funnel.publish.methods import Change, since
from funnel.publish.tables import csv_text
from funnel.settings import Settings
from funnel.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it: how many tables are the same, and what of the others changes of method moved."""

    same: int
    moved: tuple[str, ...] = ()


def verify(issue: Archived, settings: Settings) -> Verified:
    """Compare an archived issue with the same issue made anew.

    The settings that decide numbers are those of the manifest; only where things lie comes from today's.
    Where the program has changed its methods since, each column that differs is told with the changes that
    may have moved it (`funnel.publish.methods`); that is no failure as long as the inputs are the same.

    Raises:
        InputError: today's program cannot read the settings of that day, or an earlier issue it scored.
        CheckFailed: a file of the issue was changed after it was archived, its inputs are not what they were,
            or a table differs for no such reason; all of it is listed, with the first line that differs.
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
            issue.manifest.calendar,
        )
    wrong = _changed_files(issue)
    wrong += [
        f"inputs: the {name} known then are not what they were, so no number of theirs can come out again"
        for name, digest in issue.manifest.inputs.items()
        if again.fingerprint.get(name) != digest
    ]
    with tempfile.TemporaryDirectory() as folder:  # the report's tables, too, are those of a saved issue
        again.save(Path(folder))
        tables = load_issue(Path(folder), then.root).tables()
    kept = {path.stem: path for path in sorted((issue.folder / "tables").glob("*.csv"))}
    moved: list[str] = []
    later, same = since(issue.manifest.methods), 0
    for name, path in kept.items():
        text = csv_text(tables[name]) if name in tables else ""
        if path.read_text(encoding="utf-8", errors="replace") == text:
            same += 1
            continue
        by, unexplained = why(path, text, later)
        moved += by
        if unexplained:
            gone = f"tables/{name}.csv: today's program makes no such table"
            wrong.extend(_difference(path, text) if name in tables else [gone])
    if wrong:
        lines = [f"The issue {issue.folder.name} does not come out again.", *(f"  - {w}" for w in wrong)]
        lines += (
            ["Moved by changes of method since it was made:", *(f"  - {m}" for m in moved)] if moved else []
        )
        raise CheckFailed("\n".join(lines))
    return Verified(same, tuple(moved))


def why(path: Path, text: str, later: Sequence[Change]) -> tuple[list[str], bool]:
    """Say of each column of a table that differs which changes may have moved it, and whether none did."""
    lines, unexplained = [], False
    for column, count in _moved(path, text).items():
        by = [change for change in later if change.explains(path.stem, column)]
        unexplained |= not by
        what = f"column {column}, {count} cells" if column else f"{count} rows"
        lines += [f"tables/{path.name}, {what}: {one.what} ({one.version})" for one in by]
    return lines, unexplained


def _moved(path: Path, text: str) -> dict[str, int]:
    """Return how many cells of which column differ; of '' how many rows came or went."""
    kept = pd.read_csv(path, dtype=str, keep_default_na=False)
    made = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False) if text else kept.head(0)
    if len(kept) != len(made):
        return {"": abs(len(kept) - len(made))}
    names = dict.fromkeys([*kept.columns, *made.columns])
    counts = {
        name: int((kept[name] != made[name]).sum()) if name in kept and name in made else len(made)
        for name in names
    }
    return {name: count for name, count in counts.items() if count}


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
