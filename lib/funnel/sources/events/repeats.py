"""Which columns of a sheet repeat to the right: a stage, and the time it was entered."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow.compute as pc

from funnel.sources.events.spread import named, width_of
from funnel.sources.header_text import normal
from funnel.sources.instants import read_instants
from funnel.sources.tabular import Sheet

_NUMBER = re.compile(r"[\s_.#(\[-]*v?\.?\s*\d+[)\]\s]*$")
_STAGE = re.compile(r"stage|value|status|этап|стади|статус|значен")


def repeated(sheet: Sheet) -> tuple[str | list[str], str | list[str]] | None:
    """Return the names of stage and time in a sheet in which they repeat; None where nothing does.

    They repeat under one name, or under one with a number, or without any: then the rows are wider than the
    header.
    """
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(sheet.names):
        if word := normal(name):
            groups.setdefault(_NUMBER.sub("", word), []).append(place)
    several = [places for places in groups.values() if len(places) > 1]
    if not several and width_of(sheet.names, sheet) > len(sheet.names):
        several = list(groups.values())[-2:]
    times = [places for places in several if _are_times(sheet, places)]
    stages = [places for places in several if places not in times and _distinct(sheet, places)]
    if not times or not stages:
        return None
    stage = min(
        stages, key=lambda one: (not _STAGE.search(normal(sheet.names[one[0]])), _distinct(sheet, one))
    )
    time = next((one for one in times if len(one) == len(stage)), times[0])
    return _form(sheet.names, stage), _form(sheet.names, time)


def _form(names: Sequence[str], places: Sequence[int]) -> str | list[str]:
    """Return how the settings name some columns: by one name, by one with `*`, or each by its own."""
    words = list(dict.fromkeys(names[place].strip() for place in places))
    form = words[0] if len(words) == 1 else re.sub(r"\d+(?=\D*$)", "*", words[-1])
    return form if named(names, [form]) == tuple(places) else words


def _are_times(sheet: Sheet, places: Sequence[int]) -> bool:
    cells = sheet.columns[places[0]]
    read = read_instants(cells, "UTC")
    filled = len(sheet.rows) - cells.text().null_count
    return bool(filled) and int(read.unreadable.sum() + read.implausible.sum()) <= 0.2 * filled


def _distinct(sheet: Sheet, places: Sequence[int]) -> int:
    return int(pc.count_distinct(sheet.columns[places[0]].text()).as_py())
