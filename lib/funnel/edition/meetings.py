"""What the meetings decided and asked, as it stood at a report date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import pandas as pd

from funnel.logbook import Decision, ItemState, Meeting, Question
from funnel.schema import MEETING_COLUMNS


def meetings_at(items: Sequence[Meeting], report_date: dt.date) -> pd.DataFrame:
    """Return every decision and question of the meetings before a report date (`meetings.MEETING_COLUMNS`).

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
