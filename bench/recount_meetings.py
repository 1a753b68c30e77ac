"""The recount of what is said of the decisions of meetings."""

from __future__ import annotations

import pandas as pd
from recount_calendar import days_in, plain
from recount_facts import WEEK, Facts, Said, names, recounts

LATE, OPEN, OVER = "short_late", "short_open", "short_over"
RESULTS = ("short_result", "short_result_none")


def _decisions(facts: Facts) -> pd.DataFrame:
    """Return the decisions of meetings before the report date: what, due, over, outcome; which key tells."""
    rows = [
        {**one, "over": one.get("done") or one.get("dropped")}
        for name, meeting in facts.register("meetings").items()
        if pd.Timestamp(name) < facts.date
        for one in meeting.get("decisions", [])  # type: ignore[attr-defined]
    ]
    frame = pd.DataFrame(rows, columns=["what", "who", "due", "over", "outcome"])
    frame["due"], frame["over"] = pd.to_datetime(frame["due"]), pd.to_datetime(frame["over"])
    since = facts.earlier[-1].date if facts.earlier else facts.date - 4 * WEEK
    closed = frame["over"] < facts.date
    frame["key"] = OPEN
    frame.loc[frame["due"] < facts.date, "key"] = LATE
    frame.loc[closed, "key"] = ""
    frame.loc[closed & (frame["over"] >= since), "key"] = OVER
    return frame


def _begins(whole: object, words: str) -> bool:
    """Tell whether words are a text as a file has it, or its cut beginning."""
    text, cut = plain(whole), words.endswith("…")
    return text.startswith(words.rstrip("…")) if cut else text.rstrip(".") == words.rstrip(".")


NONE, RESTS = "short_meetings_none", "short_meetings_over"


names(*RESULTS)  # held against the files with the sentence that holds them


@recounts("short_meetings", NONE, RESTS, LATE, OPEN, OVER)
def meetings(said: Said) -> None:
    """As many as the files hold, and the one that is named is the first that is due."""
    found = _decisions(said.facts)
    if said.key in (NONE, RESTS):
        days = [name for name in said.facts.register("meetings") if pd.Timestamp(name) < said.facts.date]
        said.must(bool(days) == (said.key == RESTS), f"meetings of {days}")
        said.must(not set(found["key"]) - {""}, "a decision is open, late or newly closed")
        return
    if said.key == "short_meetings":
        told = {one.key for one in said.before if one.key in (LATE, OPEN, OVER)}
        said.must(told == set(found["key"]) - {""}, "another kind of decision is there")
        return
    mine = found[found["key"] == said.key]
    said.same("n", len(mine))
    if said.key == OVER:
        told = [one for one in said.before if one.key in RESULTS]
        said.must(len(told) == min(len(mine), 3), f"{len(told)} of {len(mine)} are named")
        for one in told:
            found = mine[mine["what"].map(lambda what, one=one: _begins(what, one["what"]))]
            said.must(len(found), "another one is named")
            came = str(found["outcome"].fillna("").iloc[0]) if len(found) else ""
            said.must(_begins(came, one["outcome"]), f"of {one['what']!r} came {came!r}")
            said.must(bool(came) == (one.key == RESULTS[0]), "no result, or one")
    else:
        first = mine.sort_values("due", kind="stable").iloc[0]
        said.must(plain(said["what"]) in plain(first["what"]), "another one is due first")
        said.must(plain(said["who"]) in plain(first["who"]), "it is with somebody else")
        said.must(days_in(said["due"])[0] == first["due"], "it is due on another day")
