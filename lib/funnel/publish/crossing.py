"""What the workbook and the explorer cross: as many attributes as they have room for."""

from __future__ import annotations

from funnel.analysis.cohorts.table import counts
from funnel.edition.model import Edition
from funnel.settings import LEAD, Settings
from funnel.warehouse import Warehouse


def sliced(warehouse: Warehouse, settings: Settings) -> tuple[str, ...]:
    """Return the configured attributes that leads have, in order."""
    known = warehouse.attributes()
    return tuple(name for name in settings.attributes if name in known)


def with_room(warehouse: Warehouse, edition: Edition, most: int) -> tuple[str, ...]:
    """Return those attributes that make at most so many combinations with the weeks of the horizon, in order.

    Where all together make more, those that the report shows come first, then the one of the managers, then
    the others, each unless it makes them too many. No more leads than that make no more combinations either.
    """
    settings, weeks = edition.settings, edition.horizon_weeks
    attributes, kept = sliced(warehouse, settings), list[str]()
    if counts(edition.reached, settings.steps[:1], weeks)[LEAD].sum() <= most:
        return attributes
    first = weeks[0]
    if warehouse.combinations(edition.as_of, attributes, first) <= most:
        return attributes
    for name in dict.fromkeys([*settings.slices, settings.manager, *attributes]):
        if name in attributes and warehouse.combinations(edition.as_of, [*kept, name], first) <= most:
            kept.append(name)
    return tuple(name for name in attributes if name in kept)
