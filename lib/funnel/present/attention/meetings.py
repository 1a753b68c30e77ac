"""What earlier meetings decided and asked, asked back."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from funnel.present.attention.words import LONG, SAID_NAMES, Record
from funnel.present.parts import theme as look
from funnel.present.parts.cards import Card, Cards
from funnel.present.parts.escape import clean, for_markdown
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

_PENDING = ("open", "late")
SAID = 160
"""Characters of a result that page 1 shows."""


def asked_back(meetings: pd.DataFrame, since: dt.date) -> pd.DataFrame:
    """Return what the meeting asks back: late ones first, then open ones, then those closed of late.

    Args:
        meetings: `funnel.logbook.MEETING_COLUMNS`.
        since: the date of the previous edition; what was closed from that day on is shown.
    """
    pending = meetings["state"].isin(_PENDING)
    shown = meetings[pending | (meetings["over"] >= pd.Timestamp(since))]
    rank = shown["state"].map({"late": 0, "open": 1}).fillna(2)
    order = shown.assign(rank=rank).sort_values(["rank", "due", "meeting"], kind="stable", na_position="last")
    return order.drop(columns="rank").reset_index(drop=True)


def meeting_cards(meetings: pd.DataFrame, since: dt.date, settings: Settings, texts: Texts) -> Cards:
    """Return what earlier meetings decided and asked, a card each, with what came of it.

    Args:
        meetings: `funnel.logbook.MEETING_COLUMNS`.
        since: see `asked_back`.
        settings: only for the look.
        texts: the language.
    """
    theme = look.load(settings)
    colours = {"late": theme.down, "done": theme.up, "answered": theme.up}
    cards = [
        Card(
            clean(row["text"], LONG), _lines(row, texts), colours.get(row["state"], theme.muted), strong=True
        )
        for row in asked_back(meetings, since).to_dict("records")
    ]
    return Cards(tuple(cards), theme, texts.t("empty_meetings" if meetings.empty else "empty_meetings_now"))


def decided(meetings: pd.DataFrame, since: dt.date, texts: Texts) -> str:
    """Say in one line of Markdown which decisions are late, to be done or closed; or that there are none.

    Args:
        meetings: `funnel.logbook.MEETING_COLUMNS`.
        since: see `asked_back`.
        texts: the language.
    """
    if meetings.empty:
        return texts.t("short_meetings_none")
    shown = asked_back(meetings[meetings["kind"] == "decision"], since)
    parts = []
    for key, states in (
        ("short_late", ("late",)),
        ("short_open", ("open",)),
        ("short_over", ("done", "dropped")),
    ):
        mine = shown[shown["state"].isin(states)]
        if len(mine):
            words = _results(mine, texts) if key == "short_over" else _task(mine.iloc[0].to_dict(), texts)
            parts.append(texts.t(key, n=len(mine), **words))
    return texts.t("short_meetings", parts="; ".join(parts)) if parts else texts.t("short_meetings_over")


def _results(closed: pd.DataFrame, texts: Texts) -> dict[str, str]:
    """Return what came of the first closed decisions, and how many more there are."""
    said = []
    for row in closed.head(SAID_NAMES).to_dict("records"):
        what, came = (
            for_markdown(clean(row[name], most)) for name, most in (("text", 80), ("outcome", SAID))
        )
        key = "short_result" if came else "short_result_none"
        said.append(texts.t(key, what=what, outcome=came.rstrip(".")))
    more = len(closed) - SAID_NAMES
    names = "; ".join(said)
    return {"names": texts.t("short_names_more", names=names, n=more) if more > 0 else names}


def _task(row: Record, texts: Texts) -> dict[str, str]:
    return {
        "what": for_markdown(clean(row["text"], 80)),
        "who": for_markdown(clean(row["who"], 40)),
        "due": texts.date(row["due"].date()),
    }


def _lines(row: Record, texts: Texts) -> tuple[str, ...]:
    said = texts.t(
        f"meeting_{row['kind']}_{row['state']}"
        if row["who"]
        else f"meeting_{row['kind']}_{row['state']}_nobody",
        who=clean(row["who"], 60),
        meeting=texts.date(row["meeting"].date()),
        due="" if pd.isna(row["due"]) else texts.date(row["due"].date()),
        over="" if pd.isna(row["over"]) else texts.date(row["over"].date()),
    )
    return (said, clean(row["outcome"], LONG)) if row["outcome"] else (said,)
