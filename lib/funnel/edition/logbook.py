"""What people write down beside the data: initiatives, investigations, meetings, and edits of hypotheses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from funnel.errors import Problem
from funnel.logbook import Decision, Initiative, Investigation, ItemState, Meeting, Question
from funnel.schema import EDIT_COLUMNS, MEETING_COLUMNS
from funnel.settings import Settings


def no_edits() -> pd.DataFrame:
    """Return an empty frame of `schema.EDIT_COLUMNS`."""
    return pd.DataFrame(columns=list(EDIT_COLUMNS), dtype=str)


@dataclass(frozen=True, slots=True)
class Logbook:
    """The registers of one edition.

    Attributes:
        initiatives: by start.
        investigations: by opening.
        meetings: by day.
        problems: what is wrong with files of any; those files are left out.
        edits: `schema.EDIT_COLUMNS`.
    """

    initiatives: tuple[Initiative, ...] = ()
    investigations: tuple[Investigation, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    problems: tuple[Problem, ...] = ()
    edits: pd.DataFrame = field(default_factory=no_edits)

    def as_json(self) -> dict[str, object]:
        """Return what the manifest keeps, so that the edition can be made again."""
        return {
            "initiatives": [item.model_dump(mode="json") for item in self.initiatives],
            "investigations": [item.model_dump(mode="json") for item in self.investigations],
            "meetings": [item.model_dump(mode="json") for item in self.meetings],
            "edits": self.edits.to_dict("records"),
        }


def read_registers(settings: Settings) -> Logbook:
    """Read the registers as they are now, without the history of their files."""
    from funnel.sources.initiatives import read_initiatives
    from funnel.sources.investigations import read_investigations
    from funnel.sources.meetings import read_meetings

    initiatives, wrong = read_initiatives(settings.path("initiatives"), settings)
    investigations, more = read_investigations(settings.path("investigations"), settings)
    meetings, also = read_meetings(settings.path("meetings"))
    return Logbook(initiatives, investigations, meetings, (*wrong, *more, *also))


def registers_from(kept: Mapping[str, list[dict[str, object]]]) -> Logbook:
    """Read what `Logbook.as_json` wrote; older editions kept no meetings."""
    return Logbook(
        tuple(Initiative.model_validate(item) for item in kept["initiatives"]),
        tuple(Investigation.model_validate(item) for item in kept["investigations"]),
        tuple(Meeting.model_validate(item) for item in kept.get("meetings", [])),
        edits=pd.DataFrame(kept["edits"], columns=list(EDIT_COLUMNS), dtype=str),
    )


def meetings_at(items: Sequence[Meeting], report_date: dt.date) -> pd.DataFrame:
    """Return every decision and question of the meetings before a report date (`schema.MEETING_COLUMNS`).

    The meeting of the report date itself reads the report, so that what it decides comes afterwards. What was
    closed on or after the report date was open then.
    """
    rows = [row for item in items if item.day < report_date for row in _rows(item, report_date)]
    frame = pd.DataFrame(rows, columns=list(MEETING_COLUMNS)).astype({"age_weeks": "int64"})
    for name in ("meeting", "due", "over"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return frame


def _rows(meeting: Meeting, report_date: dt.date) -> Iterator[dict[str, object]]:
    entries: list[Decision | Question] = [*meeting.decisions, *meeting.questions]
    for entry in entries:
        decision = isinstance(entry, Decision)
        closed = entry.over if isinstance(entry, Decision) else entry.answered
        over = closed if closed is not None and closed < report_date else None
        yield {
            "meeting": meeting.day,
            "kind": "decision" if decision else "question",
            "text": entry.what if isinstance(entry, Decision) else entry.question,
            "who": entry.who,
            "due": entry.due if isinstance(entry, Decision) else None,
            "state": _state(entry, over, report_date),
            "over": over,
            "outcome": _outcome(entry) if over else "",
            "age_weeks": ((over or report_date) - meeting.day).days // 7,
        }


def _state(entry: Decision | Question, over: dt.date | None, report_date: dt.date) -> ItemState:
    if isinstance(entry, Question):
        return "answered" if over else "open"
    if over:
        return "done" if entry.done else "dropped"
    return "late" if entry.due < report_date else "open"


def _outcome(entry: Decision | Question) -> str:
    return entry.outcome if isinstance(entry, Decision) else entry.answer
