"""The meetings: one YAML file each, with what was decided and asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from funnel.errors import Problem
from funnel.logbook import Decision, Meeting, Question
from funnel.sources.register import new_path, read_register, to_be_written, write_entry

_COMMENT = "Close a decision with done (or dropped) and outcome, a question with answered and answer."


def read_meetings(folder: Path) -> tuple[tuple[Meeting, ...], tuple[Problem, ...]]:
    """Read every `*.yml` and `*.yaml` of a folder; see `register.read_register`.

    Returns:
        The meetings by day, and the problems of the files that cannot be used.
    """
    found, problems = read_register(folder, Meeting, lambda _path, _item: ())
    return tuple(sorted(found, key=lambda item: item.day)), problems


def write_meeting(
    folder: Path, day: dt.date, decisions: Sequence[Decision], questions: Sequence[Question]
) -> Path:
    """Write down what a meeting decided and asked.

    Args:
        folder: where they are.
        day: of the meeting.
        decisions: what is to be done; one at least, or a question.
        questions: what was asked.

    Returns:
        The new file.

    Raises:
        InputError: there is one of this day already.
    """
    path = new_path(folder, day.isoformat())
    parts = {"decisions": decisions, "questions": questions}
    content = {
        name: [item.model_dump(exclude_defaults=True) for item in items]
        for name, items in parts.items()
        if items
    }
    to_be_written(content, path, Meeting)
    write_entry(path, content, _COMMENT)
    return path
