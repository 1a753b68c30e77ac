"""The explorer of an edition: asked of the warehouse while it is open, written once for all languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from funnel.analysis.cube.cross import Cross, cross, merged
from funnel.dates import complete_weeks
from funnel.edition.model import Edition
from funnel.gate.gaps import with_gaps
from funnel.present.explorer import Contents, Marked, write_page
from funnel.present.parts.texts import Texts
from funnel.present.quality.gap_marks import LEADS, sentences
from funnel.publish.files import write_text
from funnel.publish.policy import policy
from funnel.settings import LANGUAGES, Language
from funnel.warehouse import Warehouse


def gather(warehouse: Warehouse, edition: Edition) -> Cross:
    """Ask the warehouse for the cross of the configured attributes, small cells counted together."""
    settings, as_of = edition.settings, edition.as_of
    known = warehouse.attributes()
    attributes = tuple(name for name in settings.attributes if name in known)
    first = edition.reached["cohort_week"].min().date()
    weeks = [week for week in complete_weeks(as_of.report_date, settings.horizon_weeks) if week >= first]
    counted = warehouse.crossed_lags(as_of, attributes)
    return merged(cross(counted, attributes, settings.steps, weeks), settings.explorer.min_cell)


def write(path: Path, table: Cross, edition: Edition, languages: Sequence[Language]) -> None:
    """Write the page; the same edition gives the same bytes.

    Args:
        path: the file.
        table: from `gather`.
        edition: the edition.
        languages: of the report; the first is that of `report.html`.
    """
    reports = {
        language: "report.html" if language == languages[0] else f"report.{language}.html"
        for language in languages
    }
    contents = Contents(
        edition.report_date,
        table,
        [edition.age(week) for week in table.weeks],
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
    )
    write_text(path, write_page(contents, edition.settings, policy))
