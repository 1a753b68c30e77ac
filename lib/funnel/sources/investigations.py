"""The investigations: one YAML file each, written when a change is seen, closed with what was found."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

from funnel.errors import Problem, nearest
from funnel.logbook import Investigation
from funnel.settings import Settings
from funnel.sources.register import new_path, read_register, to_be_written, write_entry

_COMMENT = "Close it with finding, closed (a day) and state: explained, data defect, initiative or noise."


def read_investigations(
    folder: Path, settings: Settings
) -> tuple[tuple[Investigation, ...], tuple[Problem, ...]]:
    """Read every `*.yml` and `*.yaml` of a folder; see `register.read_register`.

    Args:
        folder: where they are.
        settings: the stages and attributes an investigation may name.

    Returns:
        The investigations by opening, and the problems of the files that cannot be used.
    """
    found, problems = read_register(folder, Investigation, lambda path, item: _unknown(path, item, settings))
    return tuple(sorted(found, key=lambda item: (item.opened, item.id))), problems


def write_investigation(
    folder: Path,
    opened: dt.date,
    segment: tuple[str, str],
    stage: str,
    first_week: dt.date,
    question: str,
    who: str,
) -> Path:
    """Open an investigation of a flag.

    Args:
        folder: where they are.
        opened: the report date that showed the flag.
        segment: attribute and value, both empty for all leads.
        stage: the step.
        first_week: the first cohort week of the change.
        question: what is to be found out.
        who: the role that digs.

    Returns:
        The new file.

    Raises:
        InputError: there is one of this flag and day already, or the question or the role is empty.
    """
    words = re.findall(r"\w+", " ".join([*(segment if segment[0] else ("", "total")), stage]))
    path = new_path(folder, "-".join([*(word.casefold() for word in words), opened.isoformat()]))
    content: dict[str, object] = {
        "opened": opened,
        "first_week": first_week,
        "stage": stage,
        **({"attribute": segment[0], "value": segment[1]} if segment[0] else {}),
        "question": question,
        "who": who,
    }
    to_be_written(content, path, Investigation)
    write_entry(path, content, _COMMENT)
    return path


def _unknown(path: Path, item: Investigation, settings: Settings) -> Iterator[Problem]:
    stages = [*settings.stage_keys, "overall"]
    if item.stage not in stages:
        wrong = f"unknown stage {item.stage!r}{nearest(item.stage, stages)}"
        yield Problem(f"{path}, key stage", wrong, ", ".join(stages))
    if item.attribute and item.attribute not in settings.attributes:
        wrong = f"unknown attribute {item.attribute!r}{nearest(item.attribute, settings.attributes)}"
        known = ", ".join(settings.attributes) or "none: name the attributes in the settings"
        yield Problem(f"{path}, key attribute", wrong, known)
