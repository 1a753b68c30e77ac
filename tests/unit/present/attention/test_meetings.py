"""What meetings decided, as it stood at a report date, and how it is asked back."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml

from funnel.edition.logbook import meetings_at
from funnel.errors import InputError, SettingsError
from funnel.logbook import Decision, Meeting, Question
from funnel.present.attention.meetings import asked_back, decided, meeting_cards
from funnel.present.parts.texts import Texts
from funnel.settings import Settings
from funnel.sources.meetings import read_meetings, write_meeting

D = dt.date(2022, 9, 26)
BEFORE, LAST = D - dt.timedelta(weeks=2), D - dt.timedelta(weeks=1)


def decision(what: str, due: dt.date, **more: object) -> dict[str, object]:
    return {"what": what, "who": "analyst", "due": due, **more}


def meeting(day: dt.date, *decisions: dict[str, object], questions: tuple[object, ...] = ()) -> Meeting:
    return Meeting.model_validate({"id": day.isoformat(), "decisions": decisions, "questions": questions})


ITEMS = (
    meeting(
        BEFORE,
        decision("late", LAST),
        decision("done", LAST, done=LAST, outcome="It was."),
        decision("closed later", D, done=D, outcome="It was."),
        questions=({"question": "answered?", "answered": LAST, "answer": "Yes."},),
    ),
    meeting(LAST, decision("given up", D, dropped=LAST, outcome="Too dear."), questions=("open?",)),
    meeting(D, decision("after the report", D)),
)


def test_a_report_sees_what_was_decided_and_closed_before_it() -> None:
    frame = meetings_at(ITEMS, D)
    assert dict(zip(frame["text"], frame["state"], strict=True)) == {
        "late": "late", "done": "done", "closed later": "open", "answered?": "answered",
        "given up": "dropped", "open?": "open",
    }  # fmt: skip
    assert frame.set_index("text").loc["closed later", "outcome"] == ""
    assert frame["age_weeks"].tolist() == [2, 1, 2, 1, 0, 1]
    assert meetings_at(ITEMS, BEFORE).empty


def test_late_ones_are_asked_back_first_and_old_ones_rest() -> None:
    frame = meetings_at(ITEMS, D)
    assert asked_back(frame, LAST)["text"].tolist() == [
        "late", "closed later", "open?", "done", "given up", "answered?"
    ]  # fmt: skip
    assert asked_back(frame, D)["text"].tolist() == ["late", "closed later", "open?"]


def test_the_line_names_what_is_due_first_and_escapes_it() -> None:
    frame = meetings_at((meeting(LAST, decision("[x](http://y) *z*", D)),), D)
    said = decided(frame, LAST, Texts("en")).replace("\xa0", " ")
    assert said.startswith("**The last meetings decided:** 1 is to be done (“")
    assert "[x](" not in said
    closed = meetings_at((meeting(LAST, decision("*a*", D, done=LAST, outcome="b")),), D)
    assert "1 was closed since the previous report (“\\*a\\*”: b)." in decided(closed, LAST, Texts("en"))
    bare = decided(closed.assign(outcome=""), LAST, Texts("en"))
    assert "“\\*a\\*”: no result was written down" in bare
    for language in ("en", "ru"):
        none = decided(meetings_at((), D), LAST, Texts(language))  # type: ignore[arg-type]
        over = decided(closed, D, Texts(language))  # type: ignore[arg-type]
        assert none.startswith("**") and over.startswith("**") and none != over


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_state_has_words(language: str, settings: Settings) -> None:
    cards = meeting_cards(meetings_at(ITEMS, D), BEFORE, settings, Texts(language)).cards  # type: ignore[arg-type]
    assert len(cards) == 6
    assert all("{" not in line for card in cards for line in card.lines)


def test_a_file_is_written_read_and_never_overwritten(tmp_path) -> None:
    entries = [Decision(what="Call back", who="sales", due=D)], [Question(question="Why?")]
    path = write_meeting(tmp_path, LAST, *entries)
    (item,), problems = read_meetings(tmp_path)
    assert (item.day, item.decisions, item.questions, problems) == (LAST, *map(tuple, entries), ())
    with pytest.raises(InputError, match="is there already"):
        write_meeting(tmp_path, LAST, *entries)
    assert path.name == "2022-09-19.yml"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("monday", {}, "is no day"),
        ("2022-09-19", {"decisions": [decision("x", D, done=D)]}, "say what came of it"),
        ("2022-09-19", {"decisions": [decision("x", D, done=BEFORE, outcome="y")]}, "before the meeting"),
        ("2022-09-19", {"decisions": [decision("x", D, done=D, dropped=D, outcome="y")]}, "only one of them"),
        ("2022-09-19", {"questions": [{"question": "x", "answer": "y"}]}, "go together"),
    ],
)
def test_a_wrong_file_is_named_and_the_others_stay(tmp_path, name: str, content, said: str) -> None:
    (tmp_path / f"{name}.yml").write_text(yaml.safe_dump({"decisions": [], **content}))
    (tmp_path / "2022-09-12.yml").write_text("questions: [Who calls]\n")
    items, problems = read_meetings(tmp_path)
    assert [item.id for item in items] == ["2022-09-12"]
    assert said in str(problems[0]) and name in str(problems[0])


def test_what_cannot_be_read_again_is_not_written(tmp_path) -> None:
    bad = Decision.model_construct(what=" ", who="x", due=D, done=None, dropped=None, outcome="")
    with pytest.raises(SettingsError):
        write_meeting(tmp_path, LAST, [bad], [])
    assert list(tmp_path.iterdir()) == []
