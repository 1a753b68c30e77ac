"""Run an archived edition again with the knowledge of that day, and compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from funnel import validation
from funnel.dates import AsOf
from funnel.edition.compute import compute
from funnel.edition.logbook import Logbook, registers_from
from funnel.edition.model import load_edition
from funnel.errors import CheckFailed, InputError
from funnel.publish.archive import MANIFEST, Archived, hashes
from funnel.publish.earlier import editions_named, forecasts
from funnel.publish.files import scratch
from funnel.publish.methods import Change, since
from funnel.publish.tables import csv_text
from funnel.settings import Settings
from funnel.warehouse import Warehouse

_BROKEN = r"\.\d|\de-"
_DIGITS = 10
"""Of a number in a table (`funnel.publish.tables`)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it: how many tables are the same, and what of the others changes of method moved."""

    same: int
    moved: tuple[str, ...] = ()


def verify(edition: Archived, settings: Settings) -> Verified:
    """Compare an archived edition with the same edition made anew.

    The settings that decide numbers are those of the manifest; only where things lie comes from today's.
    Where the program has changed its methods since, each column that differs is told with the changes that
    may have moved it (`funnel.publish.methods`); that is no failure as long as the inputs are the same.

    Raises:
        InputError: today's program cannot read the settings of that day, or an earlier edition it scored.
        CheckFailed: a file of the edition was changed after it was archived, its inputs are not what they
            were, or a table differs for no such reason; all of it is listed, with the first line that
            differs.
    """
    then, previous = _settings(edition, settings), edition.manifest.previous
    with Warehouse.of(then) as warehouse:
        again = compute(
            warehouse,
            then,
            edition.report_date,
            edition.as_of.known_at,
            AsOf(*previous) if previous else None,
            forecasts(editions_named(settings.path("archive"), edition.manifest.earlier)),
            _registers(edition),
            edition.manifest.calendar,
        )
    wrong = _changed_files(edition)
    wrong += [
        f"inputs: the {name} known then are not what they were, so no number of theirs can come out again"
        for name, digest in edition.manifest.inputs.items()
        if again.fingerprint.get(name) != digest
    ]
    with scratch() as folder:  # the report's tables, too, are those of a saved edition
        again.save(Path(folder))
        tables = load_edition(Path(folder), then.root).tables()
    kept = {path.stem: path for path in sorted((edition.folder / "tables").glob("*.csv"))}
    moved: list[str] = []
    later, same = since(edition.manifest.methods), 0
    for name, path in kept.items():
        text = csv_text(tables[name]) if name in tables else ""
        if path.read_text(encoding="utf-8", errors="replace") == text or (text and not _moved(path, text)):
            same += 1
            continue
        by, unexplained = why(path, text, later)
        moved += by
        if unexplained:
            gone = f"tables/{name}.csv: today's program makes no such table"
            wrong.extend(_difference(path, text) if name in tables else [gone])
    if wrong:
        lines = [f"The edition {edition.folder.name} does not come out again.", *(f"  - {w}" for w in wrong)]
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
        name: int(_differ(kept[name], made[name]).sum()) if name in kept and name in made else len(made)
        for name in names
    }
    return {name: count for name, count in counts.items() if count}


def _differ(kept: pd.Series, made: pd.Series) -> pd.Series:
    """Tell which cells differ; of a broken number, one unit of its tenth and last digit is none.

    A number that lies between two writings is written as one or the other, by the order in which a processor
    adds.
    """
    other = kept != made
    if other.any():
        broken = kept.str.contains(_BROKEN) & made.str.contains(_BROKEN)
        was, now = (pd.to_numeric(cells.where(broken), errors="coerce") for cells in (kept, made))
        with np.errstate(divide="ignore"):
            unit = 10 ** (np.floor(np.log10(np.maximum(was.abs(), now.abs()))) - _DIGITS + 1)
        other &= ~((was - now).abs() < 1.5 * unit)
    return other


def _settings(edition: Archived, settings: Settings) -> Settings:
    """Return the settings the edition was made with, in today's places."""
    places = {"root": settings.root, "warehouse": settings.warehouse, "tables": settings.tables}
    try:
        return Settings.model_validate({**edition.manifest.settings, **places})
    except ValidationError as error:
        path = edition.folder / MANIFEST
        problems = validation.problems(error, Settings, lambda key: f"{path}, settings, key {key}")
        raise InputError(
            f"The edition {edition.folder.name} cannot be run again: today's program cannot read its "
            f"settings. To do: verify it with the program of commit {edition.manifest.commit or 'that day'}.",
            problems,
        ) from None


def _registers(edition: Archived) -> Logbook | None:
    """Return the initiatives and investigations the edition was made with, where its manifest keeps them."""
    kept = edition.manifest.registers
    return registers_from(kept) if kept is not None else None


def _changed_files(edition: Archived) -> list[str]:
    """Name the files that are not as they were archived."""
    was, now = edition.manifest.outputs, hashes(edition.folder)
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
