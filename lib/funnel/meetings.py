"""What a weekly meeting decided and asked: one YAML file a meeting, named by its day."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from funnel.day import Day, within
from funnel.schema import Filled
from funnel.settings import Frozen

ItemState = Literal["open", "late", "done", "dropped", "answered"]
MEETING_COLUMNS = ("meeting", "kind", "text", "who", "due", "state", "over", "outcome", "age_weeks")
"""One row: a decision or a question as it stood at a report date. `meeting`: its day; `kind` is 'decision' or
'question'; `due` and `over` (the day on which it was done, dropped or answered) are NaT where there is none;
`state` is an `ItemState`: 'late' is open after `due`; `age_weeks`: whole weeks from the meeting to `over` or
the report date."""


class Decision(Frozen):
    """What a meeting decided to do.

    Attributes:
        what: to be done.
        who: the role that does it.
        due: by when.
        done: the day it was done; empty while it is not.
        dropped: the day it was given up, instead of `done`.
        outcome: what came of it; needed to close it.
    """

    what: Filled
    who: Filled
    due: Day
    done: Day | None = None
    dropped: Day | None = None
    outcome: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Decision:
        wrong = []
        if self.done and self.dropped:
            wrong.append("done and dropped: only one of them can be")
        if (self.done or self.dropped) and not self.outcome.strip():
            wrong.append("outcome: say what came of it before it is closed")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def over(self) -> dt.date | None:
        """The day it was closed."""
        return self.done or self.dropped


class Question(Frozen):
    """What a meeting asked.

    Attributes:
        question: what is to be found out.
        who: the role that answers.
        answered: the day it was answered; empty while it is open.
        answer: what was found; needed to close it.
    """

    question: Filled
    who: str = ""
    answered: Day | None = None
    answer: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Question:
        if (self.answered is None) != (not self.answer.strip()):
            raise ValueError("answered and answer go together: the day, and what was found")
        return self


def _bare(value: object) -> object:
    return {"question": value} if isinstance(value, str) else value


class Meeting(Frozen):
    """What one meeting wrote down (`data/meetings/<YYYY-MM-DD>.yml`).

    Attributes:
        id: its day, the file's name without `.yml`.
        decisions: what is to be done.
        questions: what was asked; a text alone is a question that nobody has taken yet.
    """

    id: str
    decisions: tuple[Decision, ...] = ()
    questions: tuple[Annotated[Question, BeforeValidator(_bare)], ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Meeting:
        try:
            day = within(dt.date.fromisoformat(self.id))
        except ValueError:
            raise ValueError(f"the file's name {self.id!r} is no day; name it as 2022-09-26.yml") from None
        wrong = [
            f"{kind}.{number}: closed on {over}, before the meeting"
            for kind, closed in (
                ("decisions", [item.over for item in self.decisions]),
                ("questions", [item.answered for item in self.questions]),
            )
            for number, over in enumerate(closed)
            if over and over < day
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def day(self) -> dt.date:
        """The day of the meeting."""
        return dt.date.fromisoformat(self.id)
