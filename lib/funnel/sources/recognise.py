"""What is a file? From its name, and for workbooks from the names of their sheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from funnel.errors import InputError, Problem, SettingsError, nearest
from funnel.schema import TABLES, TableName
from funnel.settings import Settings
from funnel.sources.csv_file import read_csv
from funnel.sources.foreign import Foreign, foreign
from funnel.sources.tabular import Sheet, read_parquet
from funnel.sources.workbook import read_sheet, sheet_names

SUFFIXES = (".csv", ".parquet", ".xlsx")
_ALLOWED = f"{', '.join(TABLES)} as {', '.join(SUFFIXES)}, or an .xlsx workbook with sheets of these names"


@dataclass(frozen=True, slots=True)
class Found:
    """A file, or one sheet of a workbook, that gives one canonical table."""

    table: TableName
    path: Path
    read: Callable[[], Sheet]


def recognise(
    paths: Sequence[Path], settings: Settings
) -> tuple[list[Found | Foreign], list[str], list[Problem]]:
    """Say what the files are, folders opened (not their sub-folders), each file once.

    A file named by itself must be one we know; in a folder, others are passed over.

    Returns:
        the tables; the files passed over though they look like tables; what is wrong.
    """
    found: list[Found | Foreign] = []
    passed: list[str] = []
    problems: list[Problem] = []
    seen: set[Path] = set()
    if not paths:
        problems.append(Problem("input", "no file was named", _ALLOWED, "name a file or a folder"))
    for path in paths:
        inside: list[Found | Foreign] = []
        before = len(problems)
        for file in _files(path, problems):
            if file.resolve() in seen:
                continue
            seen.add(file.resolve())
            try:
                tables = _tables(file, settings, strict=file == path)
            except InputError as error:
                problems += error.problems
                continue
            inside += tables
            if not tables and file.suffix.lower() in (*SUFFIXES, ".xls", ".tsv"):
                passed.append(str(file))
        if path.is_dir():
            problems += _twice(path, inside)
            if not inside and len(problems) == before:
                names = ", ".join(sorted(file.name for file in path.iterdir())[:10]) or "nothing"
                what = f"no file in it is one we know; found: {names}"
                todo = "rename the files, or name another folder"
                problems.append(Problem(str(path), what, _ALLOWED, todo))
        found += inside
    return found, passed, problems


def _files(path: Path, problems: list[Problem]) -> list[Path]:
    try:
        if path.is_dir():
            # ~$ and . begin the names of lock files and hidden files
            return sorted(f for f in path.iterdir() if f.is_file() and not f.name.startswith((".", "~")))
        if path.is_file():
            return [path]
    except OSError as error:
        problems.append(
            Problem(str(path), f"it cannot be opened ({error.strerror})", todo="check its rights")
        )
        return []
    beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    problems.append(
        Problem(
            str(path), f"there is no such file or folder{nearest(path.name, beside)}", todo="check the path"
        )
    )
    return []


def _tables(path: Path, settings: Settings, *, strict: bool) -> Sequence[Found | Foreign]:
    """Return what a file gives; one we do not know is an error if `strict`, else nothing."""
    suffix = path.suffix.lower()
    name = next((table for table in TABLES if table == path.stem.lower()), None)
    if suffix == ".csv" and name:
        return [Found(name, path, partial(read_csv, path))]
    if suffix == ".parquet" and name:
        return [Found(name, path, partial(read_parquet, path))]
    known = [] if name else _foreign(path, settings, strict=strict)
    if known:
        return known
    if suffix == ".xlsx":
        return _sheets(path, name, strict=strict)
    if not strict and not (name and suffix == ".xls"):
        return []
    todo = "save it as .xlsx" if suffix == ".xls" else "rename it to what it holds"
    guess = nearest(path.stem.lower(), TABLES) if not name else ""
    raise InputError("", [Problem(str(path), f"it is not a file we know{guess}", _ALLOWED, todo)])


def _foreign(path: Path, settings: Settings, *, strict: bool) -> list[Foreign]:
    """Return what a file not named as a table gives; one that cannot be read is passed over in a folder."""
    try:
        return foreign(path, settings)
    except SettingsError:
        raise
    except InputError:
        if strict and path.suffix.lower() != ".xlsx":
            raise
        return []


def _sheets(path: Path, name: TableName | None, *, strict: bool) -> list[Found]:
    try:
        sheets = sheet_names(path)
    except InputError:
        if name or strict:
            raise
        return []
    known = [
        Found(table, path, partial(read_sheet, path, sheet))
        for sheet in sheets
        for table in TABLES
        if sheet.strip().lower() == table
    ]
    if known or not (name or strict):
        return known
    if name and len(sheets) == 1:
        return [Found(name, path, partial(read_sheet, path, sheets[0]))]
    what = f"none of its sheets is named as a table; found: {', '.join(sheets)}"
    raise InputError(
        "", [Problem(str(path), what, ", ".join(TABLES), "name the sheets after what they hold")]
    )


def _twice(folder: Path, found: Sequence[Found | Foreign]) -> list[Problem]:
    problems = []
    for table in TABLES:
        files = [item.path.name for item in found if isinstance(item, Found) and item.table == table]
        if len(files) > 1:
            what = f"it holds {table} {len(files)} times: {', '.join(files)}"
            problems.append(Problem(str(folder), what, "each table once in a folder", "remove all but one"))
    return problems
