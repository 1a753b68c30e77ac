"""The recount of what is said of the decisions of meetings."""

from __future__ import annotations

import pandas as pd
from recount_facts import WEEK, Facts, Said, days_in, plain, recounts

LATE, OPEN, OVER = "short_late", "short_open", "short_over"


def _decisions(facts: Facts) -> pd.DataFrame:
    """Return the decisions of meetings before the report date: what, due, over, and which key tells them."""
    rows = [
        {**one, "over": one.get("done") or one.get("dropped")}
        for name, meeting in facts.register("meetings").items()
        if pd.Timestamp(name) < facts.date
        for one in meeting.get("decisions", [])  # type: ignore[attr-defined]
    ]
    frame = pd.DataFrame(rows, columns=["what", "who", "due", "over"])
    frame["due"], frame["over"] = pd.to_datetime(frame["due"]), pd.to_datetime(frame["over"])
    since = facts.earlier[-1].date if facts.earlier else facts.date - 4 * WEEK
    closed = frame["over"] < facts.date
    frame["key"] = OPEN
    frame.loc[frame["due"] < facts.date, "key"] = LATE
    frame.loc[closed, "key"] = ""
    frame.loc[closed & (frame["over"] >= since), "key"] = OVER
    return frame


@recounts("short_meetings", LATE, OPEN, OVER)
def meetings(said: Said) -> None:
    """As many as the files hold, and the one that is named is the first that is due."""
    found = _decisions(said.facts)
    if said.key == "short_meetings":
        told = {one.key for one in said.before if one.key in (LATE, OPEN, OVER)}
        said.must(told == set(found["key"]) - {""}, "another kind of decision is there")
        return
    mine = found[found["key"] == said.key]
    said.same("n", len(mine))
    if said.key != OVER:
        first = mine.sort_values("due", kind="stable").iloc[0]
        said.must(plain(said["what"]) in plain(first["what"]), "another one is due first")
        said.must(plain(said["who"]) in plain(first["who"]), "it is with somebody else")
        said.must(days_in(said["due"])[0] == first["due"], "it is due on another day")
