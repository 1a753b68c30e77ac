"""Names that people wrote down and nothing in the data bears: most often a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from funnel.analysis.money.spend_match import fits_name
from funnel.dates import AsOf
from funnel.edition.logbook import Logbook
from funnel.edition.shown import as_shown
from funnel.errors import Problem, nearest
from funnel.settings import LOST, Settings
from funnel.warehouse import Warehouse

Weight = Literal["problem", "remark"]
"""`problem`: something is not counted or asked as it was meant, and wants a hand; `remark`: to be known."""
LISTED = 20


def unmet(
    warehouse: Warehouse, settings: Settings, registers: Logbook, as_of: AsOf, file: str = "funnel.yml"
) -> list[tuple[Weight, Problem]]:
    """Hold the names in settings, initiatives and investigations against the data of an `AsOf`.

    Args:
        warehouse: open for reading.
        settings: stages, attributes, targets, `spend_mapping`.
        registers: the initiatives and investigations that can be used.
        as_of: what counts.
        file: the settings file, for messages.

    Returns:
        What nothing in the data bears, in the order of the settings, then of the registers.
    """
    attributes = warehouse.attributes()
    settings, registers = as_shown(settings, registers, warehouse, as_of)
    known = {name: warehouse.values(as_of, name) for name in settings.attributes if name in attributes}
    found: list[tuple[Weight, Problem]] = [
        ("problem", _no(f"{file}, key attributes.{name}", "lead has this attribute", name, attributes))
        for name in settings.attributes
        if name not in attributes
    ]
    found += _stages(warehouse.stages(as_of), settings, file)
    for number, target in enumerate(settings.targets):
        if target.value:
            where = f"{file}, key targets.{number}.value"
            found += [
                ("problem", item) for item in values_unknown(where, target.attribute, [target.value], known)
            ]
    for period, goals in settings.plan.items():
        for name, segments in goals.by.items():
            where = f"{file}, key plan.{period}.by.{name}"
            found += [("problem", item) for item in values_unknown(where, name, list(segments), known)]
    found += [("problem", item) for item in _mapping(warehouse, settings, as_of, file)]
    for initiative in registers.initiatives:
        weight: Weight = "problem" if initiative.start < as_of.report_date else "remark"
        path = _path(settings.path("initiatives"), initiative.id)
        for name, given in initiative.scope.items():
            found += [
                (weight, item) for item in values_unknown(f"{path}, key scope.{name}", name, given, known)
            ]
    for item in registers.investigations:
        path = _path(settings.path("investigations"), item.id)
        if item.value:
            wrong = values_unknown(f"{path}, key value", item.attribute, [item.value], known)
            found += [("problem", problem) for problem in wrong]
    return found


def values_unknown(
    where: str, attribute: str, given: Sequence[str], known: Mapping[str, Sequence[str]]
) -> Iterator[Problem]:
    """Name the values that no lead has; an attribute that no lead has is told elsewhere."""
    for value in given:
        if attribute in known and value not in known[attribute]:
            yield _no(where, f"lead has the {attribute} {value!r}", value, known[attribute])


def _no(where: str, what: str, word: str, known: Sequence[str]) -> Problem:
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    listed = ", ".join(repr(one) for one in known[:LISTED]) or "none"
    return Problem(where, f"no {what}{nearest(word, known)}", listed + more)


def _stages(entered: Sequence[str], settings: Settings, file: str) -> Iterator[tuple[Weight, Problem]]:
    keys = [*settings.stage_keys, LOST]
    for stage in entered:
        if stage not in keys:
            wrong = f"leads entered {stage!r}, which is no stage of the settings{nearest(stage, keys)}"
            todo = "name it in stages, or correct it in the file"
            yield "problem", Problem("stage_entries, column stage", wrong, ", ".join(keys), todo)
    for number, key in enumerate(settings.stage_keys):
        if entered and key not in entered:
            yield "remark", _no(f"{file}, key stages.{number}.key", f"lead entered {key!r}", key, entered)


def _mapping(warehouse: Warehouse, settings: Settings, as_of: AsOf, file: str) -> Iterator[Problem]:
    """Name what rows of `spend_mapping` hold that neither spend nor leads bear."""
    if not settings.spend_mapping:
        return
    spend, names = warehouse.spend(as_of), warehouse.spend_names(as_of)
    for number, row in enumerate(settings.spend_mapping):
        for word in ("channel", "campaign"):
            where = f"{file}, key spend_mapping.{number}."
            there, pattern = sorted(set(spend[word])), getattr(row, word)
            if there and not any(fits_name(name, pattern) for name in there):
                yield _no(f"{where}{word}", f"ad spend has the {word} {pattern!r}", pattern, there)
            lead = getattr(row, f"lead_{word}")
            borne = sorted(set(names[word])) if word in names else []
            if lead and not any(fits_name(name, lead) for name in borne):
                yield _no(f"{where}lead_{word}", f"lead has the {word} {lead!r}", lead, borne)


def _path(folder: Path, name: str) -> Path:
    return next(iter(sorted(folder.glob(f"{name}.y*ml"))), folder / f"{name}.yml")
