"""The command that writes down what a meeting decided and asked."""

from __future__ import annotations

from typing import Annotated

import typer

from funnel.cli.common import app, load_settings, say, today
from funnel.dates import parse_date
from funnel.errors import InputError, Problem

_DECIDED = "ROLE | YYYY-MM-DD | WHAT"
_ASKED = "ROLE | QUESTION, or QUESTION alone"


@app.command()
def meeting(
    decided: Annotated[
        list[str] | None, typer.Option(metavar=f"'{_DECIDED}'", help="Who does what by when; once for each.")
    ] = None,
    asked: Annotated[
        list[str] | None,
        typer.Option(metavar="'ROLE | QUESTION'", help="What is to be found out; once for each."),
    ] = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Day of the meeting; default: today.")
    ] = None,
) -> None:
    """Write down what a meeting decided and asked; the next report asks it back."""
    from funnel.logbook import Decision, Question
    from funnel.sources.meetings import write_meeting

    settings = load_settings()
    problems: list[Problem] = []
    decisions, questions = [], []
    for text in decided or []:
        match [part.strip() for part in text.split("|", 2)]:
            case [who, due, what] if who and what:
                decisions.append(Decision(what=what, who=who, due=parse_date(due, "--decided, the day")))
            case _:
                problems.append(Problem("--decided", f"{text!r} cannot be read", _DECIDED))
    for text in asked or []:
        who, bar, question = (part.strip() for part in text.partition("|"))
        question, who = (question, who) if bar else (who, "")
        if question:
            questions.append(Question(question=question, who=who))
        else:
            problems.append(Problem("--asked", f"{text!r} cannot be read", _ASKED))
    if not problems and not decisions and not questions:
        problems.append(Problem("--decided, --asked", "neither is given", f"--decided '{_DECIDED}'"))
    if problems:
        raise InputError("Nothing was written.", problems)
    day = parse_date(date) if date else today(settings)
    path = write_meeting(settings.path("meetings"), day, decisions, questions)
    say(f"Meeting, yours to edit: {path}")
