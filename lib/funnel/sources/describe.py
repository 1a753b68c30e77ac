"""What files hold, column by column, before anything is imported (`funnel import --dry-run`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from funnel.errors import InputError
from funnel.gate.personal import blot
from funnel.schema import TABLES
from funnel.settings import Settings
from funnel.sources import headers
from funnel.sources.findings import Finding
from funnel.sources.kinds import source
from funnel.sources.recognise import Found, proposal, recognise


def describe(paths: Sequence[Path], settings: Settings) -> list[Finding]:
    """Say of every file and column what it is taken for, from names and headers only; no value is ever told.

    Args:
        paths: files or folders, as for `read`.
        settings: what the columns mean.

    Returns:
        one finding for each file, then one for each of its columns. Trouble with a file is a finding too.
    """
    found, passed, problems = recognise(paths, settings)
    findings = [Finding(file, "", "not recognised", _passed(Path(file), settings)) for file in passed]
    findings += [Finding(item.where, "", "problem", f"{item.wrong}; {item.todo}") for item in problems]
    for item in found:
        try:
            if isinstance(item, Found):
                findings += _canonical(item)
            else:
                findings += source(item.kind).describe(item, settings)
        except InputError as error:
            findings += [Finding(p.where, "", "problem", f"{p.wrong}; {p.todo}") for p in error.problems]
    return [Finding(f.file, blot(f.column), f.status, blot(f.text)) for f in findings]


def _passed(file: Path, settings: Settings) -> str:
    """Say of a file in a folder that nothing knows what would read it."""
    try:
        found = proposal(file, settings)
    except InputError:
        found = None
    if found is None:
        return "passed over: no file of a known kind"
    what = f"it looks like {found.title}, which these lines of the settings would read"
    return f"passed over; {what}:\n{found.lines}"


def _canonical(item: Found) -> list[Finding]:
    sheet = item.read()
    columns, passed, problems = headers.match(sheet, TABLES[item.table])
    known = {column.name for column in TABLES[item.table].columns}
    return [
        Finding(sheet.where, "", "recognised", f"the table {item.table}"),
        *(
            Finding(sheet.where, name, "recognised", name if name in known else "an attribute")
            for name in columns
        ),
        *(Finding(sheet.where, name, "not used", "no column of this table") for name in passed),
        *(Finding(problem.where, "", "problem", f"{problem.wrong}; {problem.todo}") for problem in problems),
    ]
