"""What came in the last week, and from leads of which age."""

from __future__ import annotations

import math

import pandas as pd

from funnel.analysis.revenue.last_week import BEFORE, REVENUE
from funnel.columns import computed
from funnel.columns.revenue import LAST_WEEK, LAST_WEEK_AGES
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import Unit, unit_for
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.rows import SPAN, Record
from funnel.present.parts.texts import EMPTY, Texts
from funnel.settings import Settings


def last_week_grid(week: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return what came in the last complete week beside what is usual.

    Args:
        week: `analysis.revenue.last_week.LAST_WEEK_COLUMNS`.
        settings: the stages and the currency.
        texts: the language.
    """
    theme = look.load(settings)
    money = unit_of(week.loc[week["measure"] == REVENUE, ["count", "high"]], settings, texts)
    rows = []
    for record in computed(week, LAST_WEEK, settings.steps).to_dict("records"):
        paid = record["measure"] == REVENUE
        name = (
            texts.t("col_revenue_in", unit=money.name)
            if paid
            else clean(texts.stage(record["measure"], settings))
        )
        count, usual, low, high = (
            money.number(record[key], texts) if paid else texts.number(record[key])
            for key in ("count", "usual", "low", "high")
        )
        colour = (
            theme.up
            if record["count"] > record["high"]
            else theme.down
            if record["count"] < record["low"]
            else ""
        )
        between = EMPTY if math.isnan(record["low"]) else low + SPAN + high
        own = {
            "measure": Cell(name),
            "count": Cell(count, colour=colour, strong=True),
            "usual": Cell(usual),
            "low": Cell(between),
        }
        rows.append(Row(columned.cells(columned.shown(LAST_WEEK, settings), record, texts, own)))
    title = texts.compact_week(week["week"].iloc[0].date()) if len(week) else ""
    heads = tuple(columned.heads(columned.shown(LAST_WEEK, settings), settings, texts, theme, week=title))
    notes = [texts.t("note_last_week", n=BEFORE)]
    notes += [texts.t("note_untimed")] if week["count"].isna().any() else []
    return Grid(
        "last-week", heads, tuple(rows), theme, tuple(notes) if rows else (), texts.t("empty_cohorts")
    )


def last_week_ages_grid(ages: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return from leads of which age the sales and the revenue of the last week came.

    Args:
        ages: `analysis.revenue.last_week.AGE_COLUMNS`.
        settings: the stages and the currency.
        texts: the language.
    """
    theme = look.load(settings)
    known = ages[ages[["sales", "revenue"]].notna().any(axis=1)]
    money = unit_of(known[["revenue", "usual_revenue"]], settings, texts)
    paid = bool(known["revenue"].notna().any())
    columns = [
        column
        for column in columned.shown(LAST_WEEK_AGES, settings)
        if paid or column.group != "col_revenue_in"
    ]
    rows = []
    for record in computed(known, LAST_WEEK_AGES, settings.steps).to_dict("records"):
        own = {"age_from": _age(record, texts)}
        own |= {key: money.number(record[key], texts) for key in ("revenue", "usual_revenue")}
        cells = columned.cells(columns, record, texts, {key: Cell(text) for key, text in own.items()})
        rows.append(Row(cells))
    heads = tuple(columned.heads(columns, settings, texts, theme, unit=money.name))
    return Grid("last-week-ages", heads, tuple(rows), theme, (), texts.t("empty_last_week_ages"))


def _age(record: Record, texts: Texts) -> str:
    first, last = int(record["age_from"]), int(record["age_to"])
    if first == last == 0:
        return texts.t("age_same_week")
    return texts.t("age_from_on", n=first) if last < 0 else texts.t("age_between", first=first, last=last)


def unit_of(amounts: pd.DataFrame, settings: Settings, texts: Texts) -> Unit:
    """Return the unit that fits the largest of some amounts."""
    largest = float(amounts.max().max()) if len(amounts) else math.nan
    return unit_for(0.0 if math.isnan(largest) else largest, settings.currency, texts)
