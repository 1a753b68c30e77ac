"""Sheets of one's own: a row a lead, a column of dates a stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from funnel.schema import Known
from funnel.settings import Settings
from funnel.settings_sources import named
from funnel.sources.exports import read_files
from funnel.sources.exports.wide_proposal import propose
from funnel.sources.findings import Finding
from funnel.sources.kinds import Item, Rows
from funnel.sources.kinds.exports import describe
from funnel.sources.proposal import Proposal
from funnel.sources.shares import Brought


class WideSheets:
    """The key `wide`."""

    name = "wide"
    help = "a sheet with a row a lead and a column of dates a stage: name its columns under wide"
    rank = 10

    def claims(self, path: Path, settings: Settings) -> bool:
        """By `wide.files`."""
        return named(path.name, settings.of_wide) is not None

    def fits(self, path: Path, rows: Rows, settings: Settings) -> bool:
        """Never: what a column of dates means, only the settings can say."""
        del path, rows, settings
        return False

    def describe(self, item: Item, settings: Settings) -> list[Finding]:
        """By the header alone."""
        rules = named(item.path.name, settings.of_wide)
        return describe(item, rules, settings) if rules else []

    def read(
        self, items: Sequence[Item], settings: Settings, known: Known | None, tell: Callable[[str], None]
    ) -> Brought:
        """See `read_files`."""
        blocks = [(item, named(item.path.name, settings.of_wide)) for item in items]
        files = [(item.path, item.sheet, rules) for item, rules in blocks if rules]
        return read_files(files, settings, known, tell) if files else Brought()

    def propose(self, path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
        """See `exports.wide_proposal`."""
        return propose(path, sheet, settings)


SOURCE = WideSheets()
