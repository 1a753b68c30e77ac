"""Is a file that is not named as a canonical table an export, a wide sheet or an ad-cost file?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from funnel.errors import InputError
from funnel.settings import Settings
from funnel.settings_sources import fits
from funnel.sources.adcost.platforms import find_header
from funnel.sources.csv_file import read_lines
from funnel.sources.exports.aliases import Aliases, aliases
from funnel.sources.exports.layout import is_export
from funnel.sources.xlsx_columns import first_rows, sheet_names

Kind = Literal["export", "wide", "ad_cost"]
SUFFIXES = (".csv", ".tsv", ".xlsx")
_EXPORT_NAME = re.compile(r"^(amocrm|kommo)_export_leads", re.IGNORECASE)
_LINES = 30


@dataclass(frozen=True, slots=True)
class Foreign:
    """A file, or one sheet of a workbook ('' for CSV), of a foreign kind."""

    kind: Kind
    path: Path
    sheet: str

    @property
    def where(self) -> str:
        """The file, and the sheet of a workbook."""
        return f"{self.path}, sheet {self.sheet}" if self.sheet else str(self.path)


def foreign(path: Path, settings: Settings) -> list[Foreign]:
    """Say what a file is, by the settings' patterns, by the name amoCRM gives, or by its header; [] if none.

    Raises:
        InputError: the file cannot be opened, or the user's file of aliases is wrong.
    """
    if path.suffix.lower() not in SUFFIXES:
        return []
    sheets = sheet_names(path) if path.suffix.lower() == ".xlsx" else ("",)
    if settings.wide and fits(path.name, settings.wide.files):
        return [Foreign("wide", path, sheets[0])]
    if settings.ad_file(path.name):
        return [
            Foreign("ad_cost", path, sheet) for sheet in sheets if len(sheets) == 1 or _filled(path, sheet)
        ]
    if _EXPORT_NAME.match(path.name):
        return [Foreign("export", path, sheets[0])]
    names = aliases(settings)
    found = [Foreign(kind, path, sheet) for sheet in sheets if (kind := _by_header(path, sheet, names))]
    return found


def head(path: Path, sheet: str) -> Sequence[Sequence[str]]:
    """Return the first rows of a file.

    Raises:
        InputError: the file cannot be opened.
    """
    return first_rows(path, sheet, _LINES) if sheet else read_lines(path, _LINES)


def _by_header(path: Path, sheet: str, names: Aliases) -> Kind | None:
    rows = [row for row in head(path, sheet) if any(cell.strip() for cell in row)]
    if rows and is_export(rows[0], names):
        return "export"
    header = find_header(rows)
    # a date and a cost alone are in many tables
    sure = header is not None and not {"campaign", "campaign_id", "platform"}.isdisjoint(header.places)
    return "ad_cost" if sure else None


def _filled(path: Path, sheet: str) -> bool:
    """Whether a sheet of a workbook of several has a header of ad costs; others are summaries."""
    try:
        return find_header(head(path, sheet)) is not None
    except InputError:
        return False
