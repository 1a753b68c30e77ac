"""Event logs: a row for each lead that came to a stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from funnel.schema import Known
from funnel.settings import Settings
from funnel.settings_sources import named
from funnel.sources import table_file as tables
from funnel.sources.events import read_events
from funnel.sources.events.log import find, header_row
from funnel.sources.events.look import propose
from funnel.sources.events.spread import pairs
from funnel.sources.findings import Finding
from funnel.sources.kinds import Item, Rows
from funnel.sources.proposal import Proposal
from funnel.sources.shares import Brought


class EventLogs:
    """The key `events`."""

    name = "events"
    help = "a log of id, stage and time (CSV, XLSX or Parquet): name its columns and stages under events"
    rank = 15

    def claims(self, path: Path, settings: Settings) -> bool:
        """By `events.files`."""
        return named(path.name, settings.of_events) is not None

    def fits(self, path: Path, rows: Rows, settings: Settings) -> bool:
        """Never: what its stages mean, only the settings can say."""
        del path, rows, settings
        return False

    def describe(self, item: Item, settings: Settings) -> list[Finding]:
        """By the header alone."""
        rules = named(item.path.name, settings.of_events)
        if rules is None:
            return []
        rows = tables.head(item.path, item.sheet)
        header = rows[header_row(rows, rules)] if rows else ()
        found, problems = find(header, rules, item.where)
        if rules.spread:
            problems += pairs(header, len(header), rules, item.where)[1]
        names = {place: name for name, places in found.items() for place in places}
        return [
            Finding(item.where, "", "recognised", "an event log, by events.files"),
            *(
                Finding(
                    item.where, name.strip(), "recognised" if n in names else "not used", names.get(n, "")
                )
                for n, name in enumerate(header)
            ),
            *(Finding(problem.where, "", "not recognised", problem.wrong) for problem in problems),
        ]

    def read(
        self, items: Sequence[Item], settings: Settings, known: Known | None, tell: Callable[[str], None]
    ) -> Brought:
        """See `read_events`."""
        del known
        blocks = [(item, named(item.path.name, settings.of_events)) for item in items]
        return read_events(
            [(item.path, item.sheet, rules) for item, rules in blocks if rules], settings, tell
        )

    def propose(self, path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
        """See `events.proposal`."""
        return propose(path, sheet, settings)


SOURCE = EventLogs()
