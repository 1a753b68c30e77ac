"""What the workbook and the explorer cross: which weeks, and as many attributes as they have room for."""

from __future__ import annotations

import datetime as dt

from funnel.dates import complete_weeks
from funnel.edition.model import Edition
from funnel.settings import Settings
from funnel.warehouse import Warehouse


def shown_weeks(edition: Edition) -> list[dt.date]:
    """Return the Mondays of the cohorts within the horizon, oldest first."""
    first = edition.reached["cohort_week"].min().date()
    weeks = complete_weeks(edition.report_date, edition.settings.horizon_weeks)
    return [week for week in weeks if week >= first]


def sliced(warehouse: Warehouse, settings: Settings) -> tuple[str, ...]:
    """Return the configured attributes that leads have, in order."""
    known = warehouse.attributes()
    return tuple(name for name in settings.attributes if name in known)


def with_room(warehouse: Warehouse, edition: Edition, most: int) -> tuple[str, ...]:
    """Return those attributes that make at most so many combinations with the shown weeks, in order.

    Where all together make more, those that the report shows come first, then the one of the managers, then
    the others, each unless it makes them too many.
    """
    settings, first = edition.settings, shown_weeks(edition)[0]
    attributes, kept = sliced(warehouse, settings), list[str]()
    if warehouse.combinations(edition.as_of, attributes, first) <= most:
        return attributes
    for name in dict.fromkeys([*settings.slices, settings.manager, *attributes]):
        if name in attributes and warehouse.combinations(edition.as_of, [*kept, name], first) <= most:
            kept.append(name)
    return tuple(name for name in attributes if name in kept)
