"""What came in the last week, from leads of which age, and how far the plan is."""

from __future__ import annotations

import math

import pandas as pd

from funnel.analysis.revenue.last_week import BEFORE, REVENUE
from funnel.columns import computed
from funnel.columns.revenue import LAST_WEEK, LAST_WEEK_AGES, PLAN
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import Unit, unit_for
from funnel.present.parts.escape import clean
from funnel.present.parts.final import revenue_doubt
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.rows import INDENT, SPAN, Record, value_name
from funnel.present.parts.texts import EMPTY, NBSP, Texts
from funnel.settings import Settings

_SURE = (0.01, 0.99)
"""A chance beyond these is not told more exactly."""


def last_week_grid(week: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return what came in the last complete week beside what is usual.

    Args:
        week: `analysis.revenue.last_week.LAST_WEEK_COLUMNS`.
        settings: the stages and the currency.
        texts: the language.
    """
    theme = look.load(settings)
    money = _unit(week.loc[week["measure"] == REVENUE, ["count", "high"]], settings, texts)
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
    money = _unit(known[["revenue", "usual_revenue"]], settings, texts)
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


def plan_grid(plan: pd.DataFrame, forecast: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the plan beside fact and expectation: a row for each period, segment and measure.

    Args:
        plan: `analysis.revenue.planned.PLAN_COLUMNS`.
        forecast: `analysis.forecast.final.FORECAST_COLUMNS`; whether it is reliable is said below.
        settings: the names of attributes and the currency.
        texts: the language.
    """
    theme = look.load(settings)
    money = _unit(plan.loc[plan["measure"] == REVENUE, ["plan", "fact", "high"]], settings, texts)
    rows = []
    for _, part in computed(plan, PLAN, settings.steps).groupby("period", sort=False):
        first = part.to_dict("records")[0]
        title = f"{_period(first, texts)}: {texts.t('period_gone', share=texts.percent(first['gone']))}"
        rows.append(Row((Cell(title), *[Cell("")] * (len(columned.shown(PLAN, settings)) - 1)), "strong"))
        rows += [
            Row(_plan_cells(record, money, theme, settings, texts)) for record in part.to_dict("records")
        ]
    heads = tuple(columned.heads(columned.shown(PLAN, settings), settings, texts, theme))
    notes = [texts.t("note_plan"), *revenue_doubt(forecast, settings, texts)] if rows else []
    return Grid("plan", heads, tuple(rows), theme, tuple(notes), texts.t("empty_plan"))


def plan_in_short(plan: pd.DataFrame, forecast: pd.DataFrame, settings: Settings, texts: Texts) -> str:
    """Say in a line of Markdown what is expected of the longest period that runs; '' where none does.

    Args:
        plan: `analysis.revenue.planned.PLAN_COLUMNS`.
        forecast: `analysis.forecast.final.FORECAST_COLUMNS`.
        settings: the currency.
        texts: the language.
    """
    told = plan[
        (plan["attribute"] == "") & (plan["gone"] > 0) & (plan["gone"] < 1) & plan["expected"].notna()
    ]
    if told.empty:
        return ""
    longest = (told["last"] - told["first"]).to_numpy().argmax()
    mine = told[told["period"] == told["period"].iloc[longest]]
    money = _unit(mine.loc[mine["measure"] == REVENUE, ["plan", "high"]], settings, texts)
    parts = []
    for record in mine.to_dict("records"):
        paid, reached = record["measure"] == REVENUE, _reached(record)
        words = {
            "measure": texts.t(f"plan_{record['measure']}").lower(),
            "expected": money.number(record["expected"], texts) if paid else texts.number(record["expected"]),
            "plan": money.words(record["plan"], texts) if paid else texts.number(record["plan"]),
        }
        if not reached:
            words["chance"] = _chance(record, texts)
        parts.append(texts.t("short_plan_reached" if reached else "short_plan_part", **words))
    said = texts.t("short_plan", period=_period(mine.to_dict("records")[0], texts), parts="; ".join(parts))
    return f"{said} {texts.t('short_revenue_doubt')}" if revenue_doubt(forecast, settings, texts) else said


def _reached(record: Record) -> bool:
    return bool(record["fact"] >= record["plan"])


def _chance(record: Record, texts: Texts) -> str:
    """Return the chance in words; no forecast is certain before the plan is reached."""
    if _reached(record):
        return texts.t("plan_reached")
    low, high = _SURE
    if record["chance"] > high:
        return f">{NBSP}{texts.percent(high)}"
    return f"<{NBSP}{texts.percent(low)}" if record["chance"] < low else texts.percent(record["chance"])


def _plan_cells(
    record: Record, money: Unit, theme: look.Theme, settings: Settings, texts: Texts
) -> tuple[Cell, ...]:
    paid = record["measure"] == REVENUE

    def number(key: str) -> str:
        return money.number(record[key], texts) if paid else texts.number(record[key])

    what = texts.t("col_revenue_in", unit=money.name) if paid else texts.t(f"plan_{record['measure']}")
    if record["attribute"]:
        name = clean(texts.attribute(record["attribute"], settings), 30)
        what = f"{name}: {value_name(record['value'], texts)} · {what}"
    told = not math.isnan(record["expected"])
    colour = theme.down if told and record["high"] < record["plan"] else ""
    colour = theme.up if told and record["low"] >= record["plan"] else colour
    own = {
        "measure": Cell(INDENT + what),
        "plan": Cell(number("plan")),
        "fact": Cell(number("fact")),
        "expected": Cell(number("expected"), colour=colour, strong=True),
        "low": Cell(number("low") + SPAN + number("high") if told else EMPTY),
        "chance": Cell(_chance(record, texts) if told else EMPTY),
    }
    return columned.cells(columned.shown(PLAN, settings), record, texts, own)


def _period(record: Record, texts: Texts) -> str:
    first = pd.Timestamp(record["first"]).date()
    month = len(record["period"]) == len("2022-09")
    return texts.month_of_year(first) if month else texts.compact_week(first)


def _unit(amounts: pd.DataFrame, settings: Settings, texts: Texts) -> Unit:
    largest = float(amounts.max().max()) if len(amounts) else math.nan
    return unit_for(0.0 if math.isnan(largest) else largest, settings.currency, texts)
