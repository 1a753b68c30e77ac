"""The tables of the forecast: the explained change, and how good forecasts were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from funnel.analysis.forecast.ahead import YOUNG
from funnel.analysis.forecast.backtest import OURS, RELIABLE
from funnel.analysis.forecast.mix import PARTS
from funnel.analysis.forecast.track import FINAL, summed
from funnel.columns import computed
from funnel.columns.forecast import BACKTEST, CHANGE, TRACK
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.claims import beyond_chance
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row, Tone
from funnel.present.parts.texts import EMPTY, MINUS, Texts
from funnel.settings import Settings

SHOWN_EDITIONS = 13
SHOWN_VALUES = 12
"""Values of an attribute in the table of the explained change: those whose mix and rate moved most."""
OLDEST_BAND = 1000
"""An age band that ends later than this has no end."""


def change_grid(change: pd.DataFrame, period: int, settings: Settings, texts: Texts) -> Grid:
    """Return what the change of the newest cohorts against those before is made of, by attribute.

    Args:
        change: `analysis.forecast.mix.EXPLAINED_COLUMNS` after a column `attribute`.
        period: how many cohorts are compared with as many before them.
        settings: the names of the attributes and of the last stage.
        texts: the language.
    """
    theme = look.load(settings)
    if len(change) and not change["reached"].any():
        return Grid("change", (), (), theme, (), texts.t("empty_change_none"))
    own = change[(change["level"] == "value") & change["part"].isin(["mix", "rate"])]
    largest = float(own["reached"].abs().max()) if len(own) else 0.0
    rows, left = [], 0
    for attribute, part in change.groupby("attribute", sort=False):
        name = clean(texts.attribute(str(attribute), settings))
        whole = part[part["level"] == "whole"]
        rows.append(_change_row(f"{name}: {texts.t('change_all')}", whole, settings, texts, "strong"))
        values = part[part["level"] == "value"]
        # Values without a lead in either period have nothing to say.
        values = values[values["reached"].abs().groupby(values["value"]).transform("max") > 0]
        moved = values[values["part"].isin(["mix", "rate"])]
        size = (
            moved["reached"].abs().groupby(moved["value"]).sum().sort_values(ascending=False, kind="stable")
        )
        left += max(len(size) - SHOWN_VALUES, 0)
        for value in size.index[:SHOWN_VALUES]:
            words = clean(str(value), 30) or texts.t("not_given")
            mine = values[values["value"] == value]
            rows.append(_change_row(f"\u2003{words}", mine, settings, texts, largest=largest))
    last = clean(texts.stage(settings.stage_keys[-1], settings))
    heads = columned.heads(columned.shown(CHANGE, settings), settings, texts, theme)
    notes = [texts.t("note_change", last=last, period=period)] if rows else []
    if left:
        notes.append(texts.t("note_more_change", n=left))
    return Grid("change", tuple(heads), tuple(rows), theme, tuple(notes), texts.t("empty_change"))


def _change_row(
    name: str,
    parts: pd.DataFrame,
    settings: Settings,
    texts: Texts,
    tone: Tone = "plain",
    largest: float = 0.0,
) -> Row:
    """A row of the table: `parts` holds one row per part."""
    amounts = dict(zip(parts["part"], parts["reached"].astype(float), strict=True))
    spread = dict(zip(parts["part"], parts["spread"].astype(float), strict=True))
    points = float(parts["conversion"].astype(float).sum()) * 100
    whole = pd.DataFrame([{**amounts, "value": name, "sum": sum(amounts.values()), "conversion": points}])
    (record,) = computed(whole, CHANGE, settings.steps).to_dict("records")
    own = {
        "value": Cell(name),
        "sum": Cell(signed(record["sum"], texts)),
        "conversion": Cell(signed(points, texts, 2)),
    }
    for part in PARTS:
        told = part == "mix" or (part == "rate" and beyond_chance(amounts[part], spread[part]))
        shade = abs(amounts[part]) / largest if largest > 0 and told else None
        own[part] = Cell(signed(amounts[part], texts), shade)
    return Row(columned.cells(columned.shown(CHANGE, settings), record, texts, own), tone)


def signed(amount: float, texts: Texts, digits: int = 1) -> str:
    """Return a number with its sign; what rounds to nothing has none.

    >>> signed(2.04, Texts("en")), signed(-0.04, Texts("en"))
    ('+2.0', '0.0')
    """
    text = texts.number(abs(amount), digits)
    if text in (texts.number(0.0, digits), EMPTY):
        return text
    return ("+" if amount > 0 else MINUS) + text


def backtest_grid(scores: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return how this forecast and the simple methods would have done, by age of the cohort.

    Args:
        scores: `analysis.forecast.backtest.BACKTEST_COLUMNS`.
        settings: the name of the last stage.
        texts: the language.
    """
    theme = look.load(settings)
    rows, band = [], -1
    for record in _without_repeats(scores).to_dict("records"):
        first, until, method = int(record["age_from"]), int(record["age_to"]), str(record["method"])
        ages = f"{first}+" if until > OLDEST_BAND else f"{first}–{until}"
        name = Cell(texts.t("method_" + method.replace(" ", "_")))
        own = {"age_from": Cell(ages if first != band else ""), "method": name}
        band = first
        tone: Tone = "strong" if method == OURS else "plain" if method == RELIABLE else "muted"
        rows.append(Row(columned.cells(BACKTEST, record, texts, own), tone))
    heads = tuple(columned.heads(BACKTEST, settings, texts, theme))
    last = clean(texts.stage(settings.stage_keys[-1], settings))
    notes = (texts.t("note_backtest", last=last), texts.t("note_scores")) if rows else ()
    return Grid("backtest", heads, tuple(rows), theme, notes, texts.t("empty_backtest"))


def _without_repeats(scores: pd.DataFrame) -> pd.DataFrame:
    """Leave out "where called reliable" in the age bands in which every forecast was."""
    every = scores[scores["method"] == OURS].set_index("age_from")["cells"]
    same = (scores["method"] == RELIABLE) & (scores["cells"] == scores["age_from"].map(every))
    return scores[~same]


def track_grid(track: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return for each archived edition and look what it forecast for its young cohorts and what came.

    Args:
        track: `analysis.forecast.track.TRACK_COLUMNS` of the last stage.
        settings: the last stage.
        texts: the language.
    """
    theme = look.load(settings)
    days = sorted(track["report_date"].drop_duplicates())
    rows = []
    for day in spaced(days, SHOWN_EDITIONS):
        of_day = track[track["report_date"] == day]
        for weeks in sorted(of_day["weeks"].unique(), key=lambda weeks: (weeks == FINAL, weeks)):
            part = of_day[of_day["weeks"] == weeks]
            expected, came, off, judged, half, most = summed(part)
            until = texts.t("until_final") if weeks == FINAL else texts.t("col_weeks_ahead", n=int(weeks))
            cells = [texts.date(day.date()), until, texts.number(len(part))]
            cells += [texts.number(amount) for amount in (float(part["then"].sum()), expected, came)]
            cells.append(texts.change(off))
            cells += [texts.t("n_of", n=n, total=judged) if judged else EMPTY for n in (half, most)]
            rows.append(Row(tuple(Cell(text) for text in cells)))
    heads = columned.heads(TRACK, settings, texts, theme)
    heads[1] = replace(heads[1], align="left")
    notes = [texts.t("note_track", n=YOUNG)] if rows else []
    if len(days) > SHOWN_EDITIONS:
        notes.append(texts.t("note_some_editions", shown=SHOWN_EDITIONS, n=len(days)))
    return Grid("track", tuple(heads), tuple(rows), theme, tuple(notes), texts.t("empty_track"))


def spaced(items: Sequence[pd.Timestamp], count: int) -> list[pd.Timestamp]:
    """Return at most `count` items, evenly spaced, the first and the last among them.

    >>> spaced([*range(30)], 4)
    [0, 10, 19, 29]
    """
    if len(items) <= count:
        return list(items)
    return [items[round(at * (len(items) - 1) / (count - 1))] for at in range(count)]
