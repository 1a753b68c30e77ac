"""The forecasts of archived editions, to be held against what came."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from funnel.analysis.forecast.ahead import AHEAD_COLUMNS
from funnel.edition.results import Earlier
from funnel.errors import InputError, Problem
from funnel.publish.archive import RESTORE, Archived, archived, changed

TABLES = ("tables/forecast.csv", "tables/revenue.csv")
AHEAD = "tables/forecast_ahead.csv"

_NONE_AHEAD = pd.DataFrame(columns=list(AHEAD_COLUMNS))


def editions_named(archive: Path, names: Sequence[str]) -> list[Archived]:
    """Return the editions a manifest names, as far as they are still there."""
    return [item for item in archived(archive) if item.folder.name in names]


def forecasts(editions: Sequence[Archived]) -> list[Earlier]:
    """Read the forecast tables of editions; those made before there were any are passed over.

    Raises:
        InputError: tables that are missing or were changed after they were archived; all of them.
    """
    bad = [path for edition in editions for path in changed(edition, (*TABLES, AHEAD))]
    if bad:
        what = "missing or changed since it was archived, so the forecast cannot be scored"
        problems = [Problem(str(path), what) for path in bad]
        raise InputError(f"The archive is damaged. To do: {RESTORE}.", problems)
    found = []
    for edition in editions:
        paths = [edition.folder / name for name in TABLES]
        if all(path.is_file() for path in paths):
            path = edition.folder / AHEAD
            ahead = pd.read_csv(path, parse_dates=["cohort_week"]) if path.is_file() else _NONE_AHEAD
            forecast = pd.read_csv(paths[0], parse_dates=["cohort_week"])
            revenue = pd.read_csv(paths[1], parse_dates=["week"])
            found.append(Earlier(edition.folder.name, edition.report_date, forecast, revenue, ahead))
    return found
