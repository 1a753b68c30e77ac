"""The explorer of an edition: asked of the warehouse while it is open, written once for all languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from funnel.analysis.cube.cross import Cross, cross, merged
from funnel.edition.model import Edition
from funnel.gate.gaps import with_gaps
from funnel.present.explorer import Contents, Marked, write_page
from funnel.present.parts.texts import Texts
from funnel.present.quality.gap_marks import LEADS, sentences
from funnel.publish.crossing import sliced, with_room
from funnel.publish.files import write_text
from funnel.publish.policy import policy
from funnel.settings import LANGUAGES, Language
from funnel.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Gathered:
    """The cross of attributes that the page holds, and the attributes that it has no room for."""

    cross: Cross
    left_out: tuple[str, ...]


def gather(warehouse: Warehouse, edition: Edition) -> Gathered:
    """Ask the warehouse for the cross of the configured attributes, small cells counted together."""
    settings = edition.settings
    attributes = with_room(warehouse, edition, settings.explorer.cells)
    counted = warehouse.crossed_lags(edition.as_of, attributes)
    table = cross(counted, attributes, settings.steps, edition.horizon_weeks)
    left_out = [name for name in sliced(warehouse, settings) if name not in attributes]
    return Gathered(merged(table, settings.explorer.min_cell), tuple(left_out))


def write(path: Path, gathered: Gathered, edition: Edition, languages: Sequence[Language]) -> None:
    """Write the page; the same edition gives the same bytes.

    Args:
        path: the file.
        gathered: from `gather`.
        edition: the edition.
        languages: of the report; the first is that of `report.html`.
    """
    reports = {
        language: "report.html" if language == languages[0] else f"report.{language}.html"
        for language in languages
    }
    contents = Contents(
        edition.report_date,
        gathered.cross,
        [edition.age(week) for week in gathered.cross.weeks],
        edition.imported,
        edition.results["expected"],
        [
            Marked({language: item.name(language) for language in LANGUAGES}, item.start, item.end)
            for item in edition.initiatives
        ],
        edition.calendar,
        edition.age(edition.read_week),
        {language: sentences(edition.findings, Texts(language), set(LEADS)) for language in LANGUAGES},
        [name for name in LEADS if name in set(with_gaps(edition.findings)["table"])],
        reports,
        gathered.left_out,
        edition.period,
    )
    write_text(path, write_page(contents, edition.settings, policy))
