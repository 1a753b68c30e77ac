"""Read the initiatives: one YAML file each, written before the project starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from funnel.errors import Problem, nearest
from funnel.logbook import Initiative
from funnel.settings import Settings
from funnel.sources.register import read_register


def read_initiatives(
    folder: Path, settings: Settings | None = None
) -> tuple[tuple[Initiative, ...], tuple[Problem, ...]]:
    """Read every `*.yml` and `*.yaml` of a folder.

    Args:
        folder: where they are.
        settings: check metrics and attributes against them.

    Returns:
        The initiatives by start, and the problems of the files that cannot be used; one bad file does
        not take the others with it. No folder means no initiatives. Of two files with one id none is used.
    """
    found, problems = read_register(
        folder, Initiative, lambda path, item: unknown_names(path, item, settings) if settings else ()
    )
    return tuple(sorted(found, key=lambda item: (item.start, item.id))), problems


def metrics(settings: Settings) -> list[str]:
    """Return every metric a hypothesis may name."""
    stages = settings.stage_keys
    return [
        "overall_rate",
        *(f"{stage}_rate" for stage in stages),
        *(f"{stage}_per_lead" for stage in stages),
    ]


def unknown_names(path: Path, initiative: Initiative, settings: Settings) -> Iterator[Problem]:
    """Name the metrics and attributes of an initiative that the settings do not know."""
    known = metrics(settings)
    for number, hypothesis in enumerate(initiative.hypotheses):
        if hypothesis.metric not in known:
            yield Problem(
                f"{path}, key hypotheses.{number}.metric",
                f"unknown metric {hypothesis.metric!r}{nearest(hypothesis.metric, known)}",
                ", ".join(known),
            )
    for name in initiative.scope:
        if name not in settings.attributes:
            yield Problem(
                f"{path}, key scope",
                f"unknown attribute {name!r}{nearest(name, settings.attributes)}",
                ", ".join(settings.attributes) or "none: name the attributes in the settings",
            )
