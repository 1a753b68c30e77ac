"""What files hold, column by column, before anything is imported (`funnel import --dry-run`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from funnel.errors import InputError
from funnel.schema import TABLES
from funnel.settings import Settings
from funnel.settings_sources import AdFile
from funnel.sources import headers
from funnel.sources.adcost.platforms import PREAMBLE, find_header
from funnel.sources.adcost.reading import first_lines
from funnel.sources.exports.aliases import aliases
from funnel.sources.exports.layout import lay_out
from funnel.sources.findings import Finding
from funnel.sources.foreign import Foreign, head
from funnel.sources.personal import blot
from funnel.sources.recognise import Found, recognise
from funnel.sources.wide import lay_out as lay_out_wide


def describe(paths: Sequence[Path], settings: Settings) -> list[Finding]:
    """Say of every file and column what it is taken for, from names and headers only; no value is ever told.

    Args:
        paths: files or folders, as for `read`.
        settings: what the columns mean.

    Returns:
        one finding for each file, then one for each of its columns. Trouble with a file is a finding too.
    """
    found, passed, problems = recognise(paths, settings)
    findings = [
        Finding(file, "", "not recognised", "passed over: no file of a known kind") for file in passed
    ]
    findings += [Finding(item.where, "", "problem", f"{item.wrong}; {item.todo}") for item in problems]
    for item in found:
        try:
            findings += _canonical(item) if isinstance(item, Found) else _foreign(item, settings)
        except InputError as error:
            findings += [Finding(p.where, "", "problem", f"{p.wrong}; {p.todo}") for p in error.problems]
    return [Finding(f.file, blot(f.column), f.status, blot(f.text)) for f in findings]


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


def _foreign(item: Foreign, settings: Settings) -> list[Finding]:
    if item.kind == "ad_cost":
        return _ad_cost(item, settings)
    header = next((row for row in head(item.path, item.sheet) if any(cell.strip() for cell in row)), ())
    if item.kind == "wide" and settings.wide:
        _, findings, _ = lay_out_wide(header, settings.wide, item.where)
        return [Finding(item.where, "", "recognised", "a wide sheet, by wide.files"), *findings]
    layout = lay_out(header, aliases(settings), settings, item.where)
    return [Finding(item.where, "", "recognised", "an export of amoCRM"), *layout.findings]


def _ad_cost(item: Foreign, settings: Settings) -> list[Finding]:
    rules = settings.ad_file(item.path.name)
    lines = first_lines(item.path, item.sheet)
    header = find_header(lines, (rules or AdFile()).platform)
    if header is None:
        text = f"no header of ad costs in its first {PREAMBLE} rows: a date and a cost are needed"
        return [Finding(item.where, "", "not recognised", text)]
    vat = rules.vat if rules and rules.vat != "unknown" else header.vat or "unknown"
    text = f"ad costs of {header.platform}; header in row {header.row + 1}; VAT included: {vat}"
    findings = [Finding(item.where, "", "ambiguous" if vat == "unknown" else "recognised", text)]
    names = {place: name for name, place in header.places.items()}
    for place, name in enumerate(lines[header.row]):
        known = names.get(place)
        findings.append(
            Finding(item.where, name.strip(), "recognised" if known else "not used", known or "passed over")
        )
    return findings
