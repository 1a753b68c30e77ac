"""The table of how good our hypotheses are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from funnel.analysis.initiatives.verdict import VERDICTS
from funnel.present.attention.words import verdict_word
from funnel.present.parts import theme as look
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Head, Row
from funnel.present.parts.texts import Texts
from funnel.schema import Initiative
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
    counts = [word.replace(" ", "_") for word in VERDICTS]
    rows = []
    for record in scores.to_dict("records") if by_id else []:
        item = by_id.get(str(record["initiative"]))
        cells = [
            clean(item.name(texts.language), 36) if item else texts.t("all_initiatives"),
            *(texts.number(record[name]) for name in ("hypotheses", *counts)),
            texts.percent(record["inside"]),
            texts.number(record["boldness"], 1),
        ]
        verdict = Cell(
            verdict_word(record["verdict"], texts), colour=verdict_colour(record["verdict"], theme)
        )
        rows.append(Row((*(Cell(text) for text in cells), verdict), "plain" if item else "strong"))
    heads = (
        Head(texts.t("col_initiative"), align="left"),
        Head(texts.t("col_hypotheses")),
        *(Head(texts.t(f"col_{name}"), texts.t("col_of_these")) for name in counts),
        Head(texts.t("col_inside_interval")),
        Head(texts.t("col_boldness")),
        Head(texts.t("col_verdict"), align="left"),
    )
    notes = (texts.t("note_scoreboard"),) if rows else ()
    return Grid("scoreboard", heads, tuple(rows), theme, notes, texts.t("empty_initiatives"))


def verdict_colour(verdict: str, theme: look.Theme) -> str:
    """Return the colour of a verdict, always beside its word."""
    return {"confirmed": theme.up, "partly": theme.up, "refuted": theme.down}.get(verdict, theme.muted)
