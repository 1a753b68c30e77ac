"""Which column of a sheet is which column of its table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import Problem, nearest
from funnel.schema import Table
from funnel.settings_files import Limits
from funnel.sources.tabular import Cells, Sheet

RESERVED = ("known_from", "known_to")
_INDEX = re.compile(r"^(__index_level_\d+__|unnamed: \d+)?$")


def match(sheet: Sheet, table: Table) -> tuple[Mapping[str, Cells], tuple[str, ...], list[Problem]]:
    """Match a sheet's header to a table.

    Names are stripped; canonical ones are found in any case; other names of `leads` are attributes and
    stay as they are. Other names of the other tables are passed over.

    Returns:
        the cells by column name, canonical columns first; the names passed over; what is wrong.
    """
    canonical = {column.name: column.name for column in table.columns}
    found: dict[str, Cells] = {}
    passed: list[str] = []
    problems: list[Problem] = []
    listed = ", ".join(name.strip() or "(no name)" for name in sheet.names)
    for place, (given, cells) in enumerate(zip(sheet.names, sheet.columns, strict=True), start=1):
        stripped = given.strip()
        name = canonical.get(stripped.casefold(), stripped)
        where = f"{sheet.where}, column {name or place}"
        if _INDEX.match(name.casefold()) and is_index(name, cells):
            passed.append(name or "(the row numbers that pandas wrote, without a name)")
        elif not name:
            if cells.text().null_count < len(sheet.rows):
                problems.append(Problem(where, "its cells are filled, but it has no name", todo="name it"))
        elif not name.isprintable():
            problems.append(Problem(where, "its name holds a control character", todo="rename it"))
        elif name.casefold() in {other.casefold() for other in found}:
            what = "it stands twice in the header (capitals make no difference)"
            problems.append(Problem(where, what, todo="keep one"))
        elif name.casefold() in RESERVED and table.open_ended:
            problems.append(Problem(where, "this name is reserved for the warehouse", todo="rename it"))
        elif name not in canonical and not table.open_ended:
            passed.append(name)
        else:
            found[name] = cells
    missing = [name for name in canonical if name not in found]
    for name in missing:
        others = passed if not table.open_ended else [other for other in found if other not in canonical]
        guess = nearest(name, others)
        if name in table.required:
            wrong = f"the column {name} is missing; found: {listed}{guess}"
            problems.append(
                Problem(sheet.where, wrong, f"required: {', '.join(table.required)}", "rename or add it")
            )
        elif guess and not table.open_ended:
            wrong = f"an unknown column looks like the optional column {name}; found: {listed}{guess}"
            problems.append(Problem(sheet.where, wrong, todo=f"rename it to {name}, or to something else"))
    ordered = {name: found[name] for name in (*canonical, *found) if name in found}
    return ordered, tuple(passed), problems


def too_many(where: str, columns: Collection[str], table: Table, limits: Limits) -> list[Problem]:
    """Refuse a table of leads with more attributes than anybody slices by."""
    attributes = len(columns) - sum(column.name in columns for column in table.columns)
    if not table.open_ended or attributes <= limits.attributes:
        return []
    wrong = f"each of its {attributes:,} other columns would be an attribute; limits.attributes allows "
    todo = "leave out what nobody slices by, or raise limits.attributes in funnel.yml"
    return [Problem(where, f"{wrong}{limits.attributes:,}", todo=todo)]


def is_index(name: str, cells: Cells) -> bool:
    """Whether a column is the index of a pandas frame: by its name, or numbers of the rows from 0."""
    if name.startswith("__index_level_"):
        return True
    text = cells.text()
    size = len(text)
    return size > 0 and bool(pc.all(pc.equal(text, pa.array([str(n) for n in range(size)]))).as_py())


def same_but_for_case(headers: Mapping[str, Collection[str]]) -> list[Problem]:
    """Find attributes that two files of one table write in different case; one table cannot hold both."""
    first: dict[str, tuple[str, str]] = {}
    problems = []
    for where, columns in headers.items():
        for name in columns:
            known, place = first.setdefault(name.casefold(), (name, where))
            if known != name:
                problems.append(
                    Problem(f"{where}, column {name}", f"it is {known} in {place}", todo="write it one way")
                )
    return problems
