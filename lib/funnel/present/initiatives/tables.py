"""The table of how good our hypotheses are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from funnel.columns.initiatives import SCOREBOARD
from funnel.logbook import Initiative
from funnel.present.attention.words import verdict_word
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.texts import Texts
from funnel.settings import Settings


def scoreboard_grid(
    scores: pd.DataFrame, initiatives: Sequence[Initiative], settings: Settings, texts: Texts
) -> Grid:
    """Return for every initiative how many of its hypotheses came true, and how bold they were.

    Args:
        scores: `analysis.initiatives.verdict.scoreboard`.
        initiatives: all of them.
        settings: only for the look.
        texts: the language.
    """
    theme = look.load(settings)
    by_id: Mapping[str, Initiative] = {item.id: item for item in initiatives}
    rows = []
    for record in scores.to_dict("records") if by_id else []:
        item = by_id.get(str(record["initiative"]))
        own = {
            "initiative": Cell(clean(item.name(texts.language), 36) if item else texts.t("all_initiatives")),
            "verdict": Cell(
                verdict_word(record["verdict"], texts), colour=verdict_colour(record["verdict"], theme)
            ),
        }
        rows.append(Row(columned.cells(SCOREBOARD, record, texts, own), "plain" if item else "strong"))
    heads = tuple(columned.heads(SCOREBOARD, settings, texts, theme))
    notes = (texts.t("note_scoreboard"),) if rows else ()
    return Grid("scoreboard", heads, tuple(rows), theme, notes, texts.t("empty_initiatives"))


def verdict_colour(verdict: str, theme: look.Theme) -> str:
    """Return the colour of a verdict, always beside its word."""
    return {"confirmed": theme.up, "partly": theme.up, "refuted": theme.down}.get(verdict, theme.muted)
