"""What the meeting works with: where to look first, known shapes, who digs."""

from __future__ import annotations

import datetime as dt
import math
import shlex

import pandas as pd

from funnel.analysis.attention.deviations import FLAG_AT
from funnel.analysis.cohorts.table import SMALL
from funnel.columns.attention import LOOK_FIRST
from funnel.dates import WEEK
from funnel.present.attention.words import (
    LONG,
    SAID_FLAGS,
    Record,
    arrival_sentence,
    closed_since,
    flag_sentences,
    news,
    segment,
    shape_sentence,
    shape_weeks,
    stage_name,
    state_word,
    whose,
)
from funnel.present.cohorts.tables import MARK
from funnel.present.forecast.tables import signed
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import unit_for
from funnel.present.parts.cards import Card, Cards
from funnel.present.parts.columned import change_cell
from funnel.present.parts.escape import clean
from funnel.present.parts.explore import segment_view
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

SHOWN_FLAGS = 12


def flag_cards(
    flags: pd.DataFrame,
    dug: pd.DataFrame,
    settings: Settings,
    texts: Texts,
    arrivals: pd.DataFrame | None = None,
) -> Cards:
    """Return the first flags in a sentence each: what is different, what it costs, who digs.

    Leads that no longer come stand before them, twice the leads of other weeks after them.

    Args:
        flags: `analysis.attention.deviations.COLUMNS` with `name` and `investigation`.
        dug: `schema.INVESTIGATION_COLUMNS`.
        settings: stages, attributes and currency.
        texts: the language.
        arrivals: `edition.attention.watched`.
    """
    theme = look.load(settings)
    cards = []
    for row in [] if arrivals is None else arrivals[arrivals["flag"]].head(SAID_FLAGS).to_dict("records"):
        title = f"{_about(row, settings, texts)} {texts.change(row['change'])}"
        lines = (arrival_sentence(row, settings, texts), _digs(row, dug, texts))
        cards.append(Card(title, lines, theme.down, strong=True, link=_view(row, settings, texts)))
    for row in flags[flags["flag"]].head(SAID_FLAGS).to_dict("records"):
        change = _change(row, texts, theme)
        title = f"{_about(row, settings, texts)} {change.text}"
        lines = (flag_sentences(row, settings, texts), _digs(row, dug, texts))
        cards.append(
            Card(title, lines, change.colour or theme.ink, strong=True, link=_view(row, settings, texts))
        )
    for row in [] if arrivals is None else arrivals[arrivals["rise"]].head(SAID_FLAGS).to_dict("records"):
        title = f"{_about(row, settings, texts)} {texts.change(row['change'])}"
        lines = (arrival_sentence(row, settings, texts), _digs(row, dug, texts))
        cards.append(Card(title, lines, theme.ink, strong=True, link=_view(row, settings, texts)))
    return Cards(tuple(cards), theme, nothing_flagged(flags, texts))


def _digs(row: Record, dug: pd.DataFrame, texts: Texts) -> str:
    who = whose(row, dug, texts)
    return texts.t("say_digs", who=who) if who else texts.t("say_nobody_digs")


def nothing_flagged(flags: pd.DataFrame, texts: Texts) -> str:
    """Say that nothing stands out of what was compared, or that too little is known to tell."""
    return texts.t("empty_flags", n=len(flags)) if len(flags) else texts.t("empty_flags_short")


def look_first_grid(flags: pd.DataFrame, dug: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the flags, those that cost or bring most sales first, each with who digs there.

    Args:
        flags: `analysis.attention.deviations.COLUMNS` with `name` and `investigation`.
        dug: `schema.INVESTIGATION_COLUMNS`.
        settings: stages, attributes and currency.
        texts: the language.
    """
    theme = look.load(settings)
    chosen = flags[flags["flag"]]
    shown = chosen.head(SHOWN_FLAGS)
    most = float(shown["effect_money"].abs().max()) if len(shown) else 0.0
    unit = unit_for(0.0 if math.isnan(most) else most, settings.currency, texts)
    rows = []
    for record in shown.to_dict("records"):
        who = whose(record, dug, texts)
        since = record["since"]
        target = texts.percent(record["expected"])
        money = float(record["effect_money"])
        cells = [
            Cell(
                segment(record, settings, texts) + (f" {MARK}" if record["small"] else ""),
                link=_view(record, settings, texts),
            ),
            Cell(stage_name(record["stage"], settings, texts), colour=theme.stage(record["stage"], settings)),
            _change(record, texts, theme),
            Cell(texts.percent(record["observed"], 1)),
            Cell(target if record["kind"] == "history" else texts.t(f"cell_{record['kind']}", rate=target)),
            Cell(f"{texts.number(record['low'] * 100)}–{texts.percent(record['high'])}"),
            Cell(texts.number(math.nan) if pd.isna(since) else texts.date(since.date())),
            Cell(signed(float(record["effect_sales"]), texts, 0)),
            Cell(signed(money / unit.size, texts, unit.digits)),
            Cell(who) if who else Cell(texts.t("nobody_digs"), colour=theme.down),
        ]
        rows.append(Row(tuple(cells)))
    heads = tuple(columned.heads(LOOK_FIRST, settings, texts, theme, unit=unit.name))
    notes = [texts.t("note_look_first", n=len(flags), share=texts.percent(FLAG_AT))] if rows else []
    if shown["small"].any():
        notes.append(texts.t("note_small", n=SMALL))
    if len(chosen) > SHOWN_FLAGS:
        notes.append(texts.t("note_more_flags", n=len(chosen) - SHOWN_FLAGS))
    bare = chosen.loc[chosen["investigation"] == "", "name"]
    if len(bare):
        notes.append(texts.t("note_investigate", flag=shlex.quote(clean(str(bare.iloc[0]), 80))))
    empty = nothing_flagged(flags, texts)
    return Grid("look-first", heads, tuple(rows), theme, tuple(notes), empty)


def shape_cards(
    shapes: pd.DataFrame, dug: pd.DataFrame, since: dt.date, settings: Settings, texts: Texts
) -> Cards:
    """Return the known shapes first seen since the previous edition, each with what it usually means.

    Those of the half-year before are a line each, with what answers them.

    Args:
        shapes: `edition.attention.shaped`.
        dug: `schema.INVESTIGATION_COLUMNS`.
        since: the date of the previous edition.
        settings: stages and attributes.
        texts: the language.
    """
    theme = look.load(settings)
    cards = [
        Card(
            texts.t(f"shape_{row['shape']}"),
            (shape_sentence(row, settings, texts), _answer(row, dug, texts)),
            theme.down,
        )
        for row in news(shapes, since)
    ]
    lines = [
        texts.t(
            "shape_line",
            shape=texts.t(f"shape_{row['shape']}"),
            weeks=shape_weeks(row, texts),
            answer=whose(row, dug, texts) or texts.t("nobody_digs"),
        )
        for row in shapes.to_dict("records")
        if row["seen"] <= pd.Timestamp(since)
    ]
    if lines:
        cards.append(Card(texts.t("shapes_before"), tuple(lines), theme.muted))
    return Cards(tuple(cards), theme, texts.t("empty_shapes"))


def _answer(row: Record, dug: pd.DataFrame, texts: Texts) -> str:
    who = whose(row, dug, texts)
    flag = shlex.quote(clean(str(row["name"]), 80))
    return texts.t("say_digs", who=who) if who else texts.t("note_investigate", flag=flag)


def investigation_cards(dug: pd.DataFrame, since: dt.date, settings: Settings, texts: Texts) -> Cards:
    """Return the open investigations, oldest first, then those closed since the previous edition.

    Args:
        dug: `schema.INVESTIGATION_COLUMNS`.
        since: what was closed after this day is shown.
        settings: stages and attributes.
        texts: the language.
    """
    theme = look.load(settings)
    cards = []
    for row in dug[dug["state"] == "open"].sort_values("opened", kind="stable").to_dict("records"):
        age, opened = texts.t("n_weeks", n=int(row["age_weeks"])), texts.date(row["opened"].date())
        weeks = _weeks(row["first_week"], row["last_week"], texts)
        lines = (
            texts.t("card_open", who=clean(row["who"], 60), age=age, date=opened),
            texts.t("card_question", weeks=weeks, question=clean(row["question"], LONG)),
        )
        view = _view(row, settings, texts)
        cards.append(Card(_about(row, settings, texts), lines, theme.down, strong=True, link=view))
    for row in closed_since(dug, since).to_dict("records"):
        asked, closed = clean(row["question"], LONG), texts.date(row["closed"].date())
        state = state_word(row["state"], texts)
        lines = (
            texts.t("card_closed", state=state, finding=clean(row["finding"], LONG)),
            texts.t("card_was", question=asked, who=clean(row["who"], 60), date=closed),
        )
        view = _view(row, settings, texts)
        cards.append(Card(_about(row, settings, texts), lines, theme.up, strong=True, link=view))
    return Cards(tuple(cards), theme, texts.t("empty_investigations"))


def _change(row: Record, texts: Texts, theme: look.Theme) -> Cell:
    """Return the change against the usual; of a usual share that is told as 0 only which way it went."""
    cell = change_cell(row["change"], texts, theme)
    nothing = texts.percent(row["expected"], 1) == texts.percent(0.0, 1)
    return Cell(cell.text[:1], colour=cell.colour) if nothing and row["change"] > 0 else cell


def _about(row: Record, settings: Settings, texts: Texts) -> str:
    return f"{segment(row, settings, texts)} · {stage_name(row['stage'], settings, texts)}"


def _view(row: Record, settings: Settings, texts: Texts) -> str:
    return segment_view(row["attribute"], str(row["value"]), row["stage"], settings, texts)


def _weeks(first: pd.Timestamp, last: pd.Timestamp, texts: Texts) -> str:
    if pd.isna(last):
        return texts.t("weeks_from", date=texts.date(first.date()))
    end = last.date() + WEEK - dt.timedelta(days=1)
    return texts.t("weeks_between", first=texts.date(first.date()), last=texts.date(end))
