"""Ad costs of an ad platform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from funnel.errors import InputError
from funnel.schema import Known
from funnel.settings import Settings
from funnel.settings_sources import AdFile
from funnel.sources import table_file as tables
from funnel.sources.adcost import read_ad_costs
from funnel.sources.adcost.ad_files import first_lines
from funnel.sources.adcost.platforms import PREAMBLE, find_header
from funnel.sources.findings import Finding
from funnel.sources.kinds import Item, Rows
from funnel.sources.proposal import Proposal
from funnel.sources.shares import Brought


class AdCosts:
    """The key `ad_costs`."""

    name = "ad_costs"
    help = "ad costs by day and campaign of Yandex.Direct, VK, Google or Meta, known by their header"
    rank = 40

    def claims(self, path: Path, settings: Settings) -> bool:
        """By the names under `ad_costs`."""
        return settings.ad_file(path.name) is not None

    def fits(self, path: Path, rows: Rows, settings: Settings) -> bool:
        """By a header with a campaign: a date and a cost alone are in many tables."""
        del path, settings
        header = find_header(list(rows))
        return header is not None and not {"campaign", "campaign_id", "platform"}.isdisjoint(header.places)

    def holds(self, path: Path, sheet: str) -> bool:
        """Whether a sheet of a workbook of several has a header of ad costs; others are summaries."""
        try:
            return find_header(tables.head(path, sheet)) is not None
        except InputError:
            return False

    def describe(self, item: Item, settings: Settings) -> list[Finding]:
        """By the first rows."""
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
            status = "recognised" if known else "not used"
            findings.append(Finding(item.where, name.strip(), status, known or "passed over"))  # type: ignore[arg-type]
        return findings

    def read(
        self, items: Sequence[Item], settings: Settings, known: Known | None, tell: Callable[[str], None]
    ) -> Brought:
        """See `read_ad_costs`."""
        del known
        return read_ad_costs([(item.path, item.sheet) for item in items], settings, tell)

    def propose(self, path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
        """Nothing: what is known by its header needs no settings."""
        del path, sheet, settings
        return None


SOURCE = AdCosts()
