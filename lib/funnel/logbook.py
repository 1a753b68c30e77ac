"""What people write about the funnel, a YAML file each: initiatives, investigations and meetings."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from funnel.change import Change
from funnel.day import Day, within
from funnel.settings import Frozen, Language
from funnel.validation import FILLED, KEY

Filled = Annotated[str, Field(pattern=FILLED)]


class Hypothesis(Frozen):
    """One expected effect of an initiative.

    Attributes:
        metric: a step conversion `<stage>_rate`, the count share `<stage>_per_lead`, or `overall_rate`.
        change: expected relative change, 0.2 or 20% for +20 %.
    """

    metric: Annotated[str, Field(pattern=KEY)]
    change: Change


class Cost(Frozen):
    """What an initiative costs.

    Attributes:
        money: in the settings' currency.
        hours: of work.
        per_hour: what an hour costs, where hours are to count as money.
    """

    money: Annotated[Decimal, Field(ge=0, le=10**15)]
    hours: Annotated[float, Field(ge=0, le=10**7, allow_inf_nan=False)] = 0
    per_hour: Annotated[Decimal, Field(ge=0, le=10**9)] = Decimal(0)

    @property
    def total(self) -> Decimal:
        """Money, and the hours where they have a price."""
        return self.money + Decimal(str(self.hours)) * self.per_hour


class Initiative(Frozen):
    """A project meant to move the funnel, written down before it starts (`data/initiatives/<id>.yml`).

    Attributes:
        id: the file's name without `.yml`.
        title: in one language, or by language.
        owner: who answers for it.
        start: first day on which new leads were treated.
        end: last such day; empty while it runs.
        scope: the values of an attribute (or of two) it was rolled out to; empty for everybody.
        rollout: for values of the scope's only attribute that came later than `start`: their first day.
        hypotheses: what it should move, and by how much; a metric once.
        expected_sales_per_month: extra sales hoped for, a month of treated leads.
        expected_revenue_per_month: extra revenue hoped for, likewise, in the settings' currency.
        weeks_after: how many weekly cohorts after the start the answer is read on, decided before.
        cost: what it costs.
        stop_rule: when it is given up.
    """

    id: str
    title: Filled | Annotated[dict[Language, Filled], Field(min_length=1)]
    owner: Filled
    start: Day
    end: Day | None = None
    scope: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default_factory=dict, max_length=2
    )
    rollout: dict[str, Day] = Field(default_factory=dict)
    hypotheses: Annotated[tuple[Hypothesis, ...], Field(min_length=1)]
    expected_sales_per_month: Annotated[float, Field(ge=-(10**9), le=10**9, allow_inf_nan=False)] | None = (
        None
    )
    expected_revenue_per_month: Annotated[Decimal, Field(ge=-(10**15), le=10**15)] | None = None
    weeks_after: Annotated[int, Field(ge=4, le=52)] = 13
    cost: Cost
    stop_rule: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Initiative:
        wrong = []
        if self.end is not None and self.end < self.start:
            wrong.append(f"end: {self.end} is before start: {self.start}")
        metrics = [hypothesis.metric for hypothesis in self.hypotheses]
        twice = sorted({name for name in metrics if metrics.count(name) > 1})
        if twice:
            wrong.append(f"hypotheses: {', '.join(twice)} given twice")
        values = next(iter(self.scope.values())) if len(self.scope) == 1 else ()
        for value, day in self.rollout.items():
            if value not in values:
                wrong.append(f"rollout: {value!r} is not among the values of the scope's only attribute")
            elif day < self.start or (self.end is not None and day > self.end):
                wrong.append(f"rollout.{value}: {day} is not between start and end")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def name(self, language: Language) -> str:
        """Return the title in a language, or in the one it has."""
        if isinstance(self.title, str):
            return self.title
        return self.title.get(language) or next(iter(self.title.values()), self.id)


EndState = Literal["explained", "data defect", "initiative", "noise"]
END_STATES: tuple[EndState, ...] = ("explained", "data defect", "initiative", "noise")


class Investigation(Frozen):
    """A change that somebody looks into (`data/investigations/<id>.yml`).

    Attributes:
        id: the file's name without `.yml`.
        opened: the day of the meeting or report that asked for it.
        first_week: a day of the first cohort week it is about.
        last_week: of the last one; empty while the change goes on.
        stage: the step that changed, or `overall`.
        attribute: of the segment; empty for all leads.
        value: of the segment.
        question: what is to be found out.
        who: the role that digs.
        finding: what was found; needed to close it.
        closed: the day it was closed; empty while it is open.
        state: what it ended as; given with `closed`.
    """

    id: str
    opened: Day
    first_week: Day
    last_week: Day | None = None
    stage: str
    attribute: str = ""
    value: str = ""
    question: Filled
    who: Filled
    finding: str = ""
    closed: Day | None = None
    state: EndState | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Investigation:
        wrong = []
        if self.last_week is not None and self.last_week < self.first_week:
            wrong.append(f"last_week: {self.last_week} is before first_week: {self.first_week}")
        if (self.closed is None) != (self.state is None):
            wrong.append(f"closed and state go together; state: one of {', '.join(END_STATES)}")
        if self.closed is not None and self.closed < self.opened:
            wrong.append(f"closed: {self.closed} is before opened: {self.opened}")
        if self.closed is not None and not self.finding:
            wrong.append("finding: say what was found before it is closed")
        if self.value and not self.attribute:
            wrong.append(f"value: {self.value!r} needs an attribute")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


ItemState = Literal["open", "late", "done", "dropped", "answered"]


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
