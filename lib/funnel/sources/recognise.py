"""What is a file? By the settings, its name, its header; and what would read one that nothing knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from funnel.errors import InputError, Problem, SettingsError, nearest
from funnel.schema import TABLES, TableName
from funnel.settings import Settings
from funnel.sources import table_file as tables
from funnel.sources.csv_file import read_csv
from funnel.sources.kinds import Item, sources
from funnel.sources.kinds.ad_costs import AdCosts
from funnel.sources.proposal import Proposal, as_item
from funnel.sources.tabular import Sheet, read_parquet
from funnel.sources.workbook import read_sheet, sheet_names
from funnel.validation import is_one_line

SUFFIXES = (".csv", ".parquet", ".xlsx")
_ALLOWED = "; ".join(
    [f"{', '.join(TABLES)} as {', '.join(SUFFIXES)}, or an .xlsx workbook with sheets of these names"]
    + [source.help for source in sources()]
)


@dataclass(frozen=True, slots=True)
class Found:
    """A file, or one sheet of a workbook, that gives one canonical table."""

    table: TableName
    path: Path
    read: Callable[[], Sheet]


def recognise(
    paths: Sequence[Path], settings: Settings
) -> tuple[list[Found | Item], list[str], list[Problem]]:
    """Say what the files are, folders opened (not their sub-folders), each file once.

    A file named by itself must be one we know; in a folder, others are passed over.

    Returns:
        the tables; the files passed over though they look like tables; what is wrong.
    """
    found: list[Found | Item] = []
    passed: list[str] = []
    problems: list[Problem] = []
    seen: set[Path] = set()
    if not paths:
        problems.append(Problem("input", "no file was named", _ALLOWED, "name a file or a folder"))
    for path in paths:
        inside: list[Found | Item] = []
        before = len(problems)
        for file in _files(path, problems):
            if file.resolve() in seen:
                continue
            seen.add(file.resolve())
            try:
                if (tables.is_table(file) or file == path) and not is_one_line(str(file)):
                    what = "its name, or that of a folder it lies in, is no line of text"
                    raise InputError("", [Problem(str(file), what, "UTF-8, one line", "rename it")])
                if tables.is_table(file):
                    tables.check(file, settings.limits)
                known = _known(file, settings, strict=file == path)
            except InputError as error:
                problems += error.problems
                continue
            inside += known
            if not known and tables.is_table(file):
                passed.append(str(file))
        if path.is_dir():
            problems += _twice(path, inside)
            if not inside and len(problems) == before:
                names = ", ".join(sorted(file.name for file in path.iterdir())[:10]) or "nothing"
                what = f"no file in it is one we know; found: {names}"
                todo = "import one of its files by name: that says what would read it"
                problems.append(Problem(str(path), what, _ALLOWED, todo))
        found += inside
    return found, passed, problems


def proposal(path: Path, settings: Settings | None) -> Proposal | None:
    """Propose lines of `funnel.yml` that would read a file; None where nothing would.

    Args:
        path: the file.
        settings: whose stages are to be used; None: stages are proposed too.

    Raises:
        InputError: the file cannot be read.
    """
    if not tables.is_table(path):
        return None
    for sheet in tables.sheets(path):
        for source in sorted(sources(), key=lambda one: (one.name != "exports", one.rank != 15)):
            if found := source.propose(path, sheet, settings):
                return found
    return None


def _files(path: Path, problems: list[Problem]) -> list[Path]:
    try:
        if path.is_dir():
            # ~$ and . begin the names of lock files and hidden files
            inside = sorted(f for f in path.iterdir() if not f.name.startswith((".", "~")))
            what, todo = "it is no file, or a link that leads to none", "put a file there, or rename it"
            problems += [
                Problem(str(f), what, todo=todo) for f in inside if tables.is_table(f) and not f.is_file()
            ]
            return [file for file in inside if file.is_file()]
        if path.is_file():
            return [path]
    except OSError as error:
        problems.append(
            Problem(str(path), f"it cannot be opened ({error.strerror})", todo="check its rights")
        )
        return []
    if path.exists():
        problems.append(Problem(str(path), "it is no file or folder, but a device or a pipe", todo="save it"))
        return []
    beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    problems.append(
        Problem(
            str(path), f"there is no such file or folder{nearest(path.name, beside)}", todo="check the path"
        )
    )
    return []


def _known(path: Path, settings: Settings, *, strict: bool) -> Sequence[Found | Item]:
    """Return what a file gives; one we do not know is an error if `strict`, else nothing."""
    if named := _named(path, settings):
        return named
    suffix = path.suffix.lower()
    name = next((table for table in TABLES if table == path.stem.lower()), None)
    if suffix == ".csv" and name:
        return [Found(name, path, partial(read_csv, path))]
    if suffix == ".parquet" and name:
        return [Found(name, path, partial(read_parquet, path))]
    known = [] if name else _by_header(path, settings, strict=strict)
    if known:
        return known
    if suffix == ".xlsx":
        sheets = _sheets(path, name, strict=bool(name))
        if sheets or not strict:
            return sheets
    elif not strict and not (name and suffix == ".xls"):
        return []
    raise InputError("", [_unknown(path, name, settings)])


def _unknown(path: Path, name: str | None, settings: Settings) -> Problem:
    """Say what would read a file that nothing knows, with the lines of settings to paste."""
    what = f"it is not a file we know{'' if name else nearest(path.stem.lower(), TABLES)}"
    found = None if name else proposal(path, settings)
    if found:
        what = f"it looks like {found.title}, and the settings do not name it"
        if getattr(settings, found.source):
            todo = (
                f"{found.source} takes a list too: put `- ` before the first line of each block, move the "
                f"others as far, and add this one; check each line:\n{as_item(found.lines)}"
            )
        else:
            todo = f"put this into the settings, and check each line:\n{found.lines}"
        return Problem(str(path), what, todo=todo)
    if path.suffix.lower() == ".xls":
        return Problem(str(path), what, _ALLOWED, "save it as .xlsx")
    header = tables.header_of(path, "") if path.suffix.lower() != ".xlsx" else ()
    there = f"; its columns: {', '.join(cell.strip() for cell in header[:20])}" if header else ""
    todo = (
        "rename it to the table it holds; or say which of its columns is what, under exports, wide or "
        "events in the "
        "settings (docs/sources/README.md has an example of each)"
    )
    return Problem(str(path), what + there, _ALLOWED, todo)


def _named(path: Path, settings: Settings) -> list[Item]:
    """Return what the settings say a file is, by its name."""
    if not tables.is_table(path):
        return []
    source = next((one for one in sources() if one.claims(path, settings)), None)
    if source is None:
        return []
    sheets = tables.sheets(path)
    if isinstance(source, AdCosts):
        return [Item(source.name, path, s) for s in sheets if len(sheets) == 1 or source.holds(path, s)]
    return [Item(source.name, path, sheets[0])]


def _by_header(path: Path, settings: Settings, *, strict: bool) -> list[Item]:
    """Return what a file not named as a table gives; one that cannot be read is passed over in a folder."""
    if not tables.is_table(path):
        return []
    found = []
    try:
        for sheet in tables.sheets(path):
            rows = tables.head(path, sheet)
            kind = next((one for one in sources() if one.fits(path, rows, settings)), None)
            found += [Item(kind.name, path, sheet)] if kind else []
    except SettingsError:
        raise
    except InputError:
        if strict:
            raise
        return []
    return found


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


def _twice(folder: Path, found: Sequence[Found | Item]) -> list[Problem]:
    problems = []
    for table in TABLES:
        files = [item.path.name for item in found if isinstance(item, Found) and item.table == table]
        if len(files) > 1:
            what = f"it holds {table} {len(files)} times: {', '.join(files)}"
            problems.append(Problem(str(folder), what, "each table once in a folder", "remove all but one"))
    return problems
