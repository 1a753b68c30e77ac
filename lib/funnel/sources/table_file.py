"""A file as a table, told by its content: CSV, XLSX, Parquet, a page under the name .xls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from funnel.errors import InputError
from funnel.settings_files import Limits
from funnel.sources import bounds, csv_file, html_table, xlsx_columns
from funnel.sources.rows import Choose
from funnel.sources.tabular import Sheet, read_parquet, unreadable

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".htm", ".html", ".parquet")
HEAD = 30
"""Rows among which a header is looked for."""


def is_table(path: Path) -> bool:
    """Whether a file's name is that of a table."""
    return path.suffix.lower() in SUFFIXES


def kind_of(path: Path) -> str:
    """Return what a file is: csv, xlsx, html or parquet.

    Raises:
        InputError: it cannot be opened, is empty, or is an old or locked workbook.
    """
    try:
        if not path.stat().st_size:  # not even begun: the system says so of its own files without an end too
            raise unreadable(str(path), "it is empty", "export it again, with its header")
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise unreadable(str(path), f"it cannot be read ({error.strerror})", "check its rights") from error
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        what = "it is an old Excel workbook (.xls), or one with a password"
        raise unreadable(str(path), what, "open it in a spreadsheet and save it as .xlsx without a password")
    if html_table.is_html(path):
        return "html"
    return (
        "xlsx"
        if path.suffix.lower() == ".xlsx"
        else "parquet"
        if path.suffix.lower() == ".parquet"
        else "csv"
    )


def check(path: Path, limits: Limits) -> None:
    """Refuse a file that would take more than it may, before it takes any of it.

    Raises:
        InputError: it would; which limit says so.
    """
    kind = kind_of(path)
    if kind == "xlsx":
        bounds.check_workbook(path, limits)
    elif kind == "parquet":
        bounds.check_parquet(path, limits)
    else:
        bounds.check_text(path, limits)
        csv_file.limit_cells(limits.cell_characters)
        try:
            rows = head(path, "")
        except InputError:
            return  # what cannot be read is told where it is read
        bounds.check_columns(str(path), max(map(len, rows), default=0), limits)


def sheets(path: Path) -> tuple[str, ...]:
    """Return the names of a workbook's sheets; ('',) for a file that is one table.

    Raises:
        InputError: the file cannot be read.
    """
    return xlsx_columns.sheet_names(path) if kind_of(path) == "xlsx" else ("",)


def head(path: Path, sheet: str) -> list[Sequence[str]]:
    """Return the first rows that are not blank, as text.

    Raises:
        InputError: the file cannot be read.
    """
    kind = kind_of(path)
    if kind == "xlsx":
        return list(xlsx_columns.first_rows(path, sheet, HEAD))
    if kind == "html":
        return list(html_table.first_lines(path, HEAD))
    if kind == "parquet":
        whole = read_parquet(path)
        rows = [list(row.values()) for row in whole.texts(range(min(HEAD, len(whole.rows))))]
        return [whole.names, *rows]
    return [row for row in csv_file.read_lines(path, HEAD) if any(cell.strip() for cell in row)]


def read_table(path: Path, sheet: str, choose: Choose, skip: int = 0) -> Sheet:
    """Read some columns of a file.

    Args:
        path: the file.
        sheet: of a workbook, '' else.
        choose: is given the header and names the columns to keep, by position.
        skip: rows before the header that are not blank.

    Raises:
        InputError: the file cannot be read, or is empty.
    """
    kind = kind_of(path)
    if kind == "xlsx":
        return xlsx_columns.read_columns(path, sheet, choose, skip)
    if kind == "html":
        return html_table.read_html(path, choose, skip)
    if kind == "parquet":
        whole = read_parquet(path)
        chosen = list(choose(whole.names))
        names = tuple(whole.names[place] for place in chosen)
        return Sheet(whole.where, names, tuple(whole.columns[place] for place in chosen), whole.rows)
    return csv_file.read_csv(path, choose, skip)


def header_of(path: Path, sheet: str) -> Sequence[str]:
    """Return the first row that is not blank, () for an empty or unreadable file."""
    try:
        return next(iter(head(path, sheet)), ())
    except InputError:
        return ()
