"""Exports of a CRM's deals, as they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from funnel.schema import Known
from funnel.settings import Settings
from funnel.settings_exports import Export
from funnel.settings_sources import fits, named
from funnel.sources import table_file as tables
from funnel.sources.exports import read_files
from funnel.sources.exports.layout import lay_out
from funnel.sources.exports.look import propose
from funnel.sources.exports.matching import alias_names, block_of, matched
from funnel.sources.findings import Finding
from funnel.sources.kinds import Item, Rows
from funnel.sources.profiles import profiles
from funnel.sources.proposal import Proposal
from funnel.sources.shares import Brought


class Exports:
    """The key `exports`."""

    name = "exports"
    help = "an export of deals of amoCRM, Bitrix24, HubSpot, Pipedrive, Salesforce or Zoho"
    rank = 20

    def claims(self, path: Path, settings: Settings) -> bool:
        """By `exports.files`, or by the name amoCRM gives its files."""
        return bool(named(path.name, settings.of_exports)) or fits(path.name, profiles()["amocrm"].file_names)

    def fits(self, path: Path, rows: Rows, settings: Settings) -> bool:
        """By a header that a profile knows."""
        return block_of(path, rows, settings) is not None

    def describe(self, item: Item, settings: Settings) -> list[Finding]:
        """By the header alone."""
        return describe(item, _block(item, settings), settings)

    def read(
        self, items: Sequence[Item], settings: Settings, known: Known | None, tell: Callable[[str], None]
    ) -> Brought:
        """See `read_files`."""
        files = [(item.path, item.sheet, _block(item, settings)) for item in items]
        return read_files(files, settings, known, tell)

    def propose(self, path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
        """See `exports.proposal`."""
        return propose(path, sheet, settings)


def _block(item: Item, settings: Settings) -> Export:
    """Return the block that reads a file; one that only its name tells is of the amoCRM's, or of any."""
    found = block_of(item.path, tables.head(item.path, item.sheet), settings)
    others = [block for block in settings.of_exports if block.profile in ("amocrm", None)]
    return found or next(iter([*others, *settings.of_exports]), Export())


def describe(item: Item, rules: Export, settings: Settings) -> list[Finding]:
    """Say what the columns of a file of deals are taken for."""
    match = matched(item.path, item.sheet, rules, settings)
    rows = tables.head(item.path, item.sheet)
    header = rows[match.row] if rows else ()
    layout = lay_out(header, rules, match.profile, item.where, alias_names(rules, settings))
    row = f"; its header is row {match.row + 1}" if match.row else ""
    by = (
        f"a wide sheet, by wide.files{row}"
        if rules.key == "wide"
        else f"an export of {match.profile.title}{row}"
    )
    return [Finding(item.where, "", "recognised", by), *layout.findings]


SOURCE = Exports()
