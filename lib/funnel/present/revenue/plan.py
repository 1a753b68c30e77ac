"""The plan beside fact and expectation: as a table, and in a line of page 1."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import pandas as pd

from funnel.analysis.revenue.last_week import REVENUE
from funnel.columns import computed
from funnel.columns.revenue import PLAN
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import Unit
from funnel.present.parts.escape import clean
from funnel.present.parts.final import revenue_doubt
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.rows import INDENT, SPAN, Record, value_name
from funnel.present.parts.texts import EMPTY, NBSP, Texts
from funnel.present.revenue.week import unit_of
from funnel.settings import Settings

_SURE = (0.01, 0.99)
"""A chance beyond these is not told more exactly."""
ENDANGERED = 0.2
"""A plan that is less likely than this to be reached will probably be missed."""


def plan_grid(plan: pd.DataFrame, forecast: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the plan beside fact and expectation: a row for each period, segment and measure.

    Args:
        plan: `analysis.revenue.planned.PLAN_COLUMNS`.
        forecast: `analysis.forecast.final.FORECAST_COLUMNS`; whether it is reliable is said below.
        settings: the names of attributes and the currency.
        texts: the language.
    """
    theme = look.load(settings)
    money = unit_of(plan.loc[plan["measure"] == REVENUE, ["plan", "fact", "high"]], settings, texts)
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


def plan_in_short(
    plan: pd.DataFrame, forecast: pd.DataFrame, since: dt.date, settings: Settings, texts: Texts
) -> list[str]:
    """Say in lines of Markdown what came of the plan that ended, and what is expected of the one that runs.

    Of each the longest period is told.

    Args:
        plan: `analysis.revenue.planned.PLAN_COLUMNS`.
        forecast: `analysis.forecast.final.FORECAST_COLUMNS`.
        since: the date of the previous edition; what ended before it was told there, unless nothing runs.
        settings: the currency.
        texts: the language.
    """
    whole = plan[plan["attribute"] == ""]
    running = whole[(whole["gone"] > 0) & (whole["gone"] < 1) & whole["expected"].notna()]
    over = whole[(whole["gone"] >= 1) & whole["fact"].notna()]
    over = (
        over[over["last"] >= pd.Timestamp(since)]
        if len(running)
        else over[over["last"] == over["last"].max()]
    )
    doubt = revenue_doubt(forecast, settings, texts)
    lines = [_came_of(_longest(over), settings, texts)] if len(over) else []
    return lines + ([_ahead_of(_longest(running), doubt, settings, texts)] if len(running) else [])


def _longest(periods: pd.DataFrame) -> pd.DataFrame:
    longest = int((periods["last"] - periods["first"]).to_numpy().argmax())
    mine: pd.DataFrame = periods[periods["period"] == periods["period"].iloc[longest]]
    return mine


def _came_of(mine: pd.DataFrame, settings: Settings, texts: Texts) -> str:
    """Say what came against the plan of a period that is over, what was missed first."""
    money = unit_of(mine.loc[mine["measure"] == REVENUE, ["plan", "fact"]], settings, texts)
    records = sorted(mine.to_dict("records"), key=_reached)
    parts = [
        texts.t("short_plan_came", share=_share(record, texts), **_numbers(record, "fact", money, texts))
        for record in records
    ]
    missed = [record for record in records if not _reached(record)]
    key = "short_plan_over_missed" if missed else "short_plan_over"
    return texts.t(
        key, period=_period(records[0], texts), measures=_measures(missed, texts), parts="; ".join(parts)
    )


def _ahead_of(mine: pd.DataFrame, doubt: list[str], settings: Settings, texts: Texts) -> str:
    """Say what is expected of a period that runs, what will probably be missed first."""
    money = unit_of(mine.loc[mine["measure"] == REVENUE, ["plan", "high"]], settings, texts)
    records = sorted(mine.to_dict("records"), key=lambda record: (_reached(record), record["chance"]))
    parts = []
    for record in records:
        words = _numbers(record, "expected", money, texts)
        if _reached(record):
            parts.append(texts.t("short_plan_reached", **words))
        else:
            parts.append(texts.t("short_plan_part", chance=_chance(record, texts), **words))
    missed = [record for record in records if not _reached(record) and record["chance"] < ENDANGERED]
    key = "short_plan_danger" if missed and not doubt else "short_plan"
    said = texts.t(
        key, period=_period(records[0], texts), measures=_measures(missed, texts), parts="; ".join(parts)
    )
    return f"{said} {texts.t('short_revenue_doubt')}" if doubt else said


def _measures(records: Sequence[Record], texts: Texts) -> str:
    return ", ".join(_measure(record, texts) for record in records)


def _measure(record: Record, texts: Texts) -> str:
    return texts.t(f"plan_{record['measure']}").lower()


def _numbers(record: Record, key: str, money: Unit, texts: Texts) -> dict[str, str]:
    """Return the measure, what came or is expected of it (under that key), and what is planned, in words."""
    paid = record["measure"] == REVENUE
    return {
        "measure": _measure(record, texts),
        key: money.number(record[key], texts) if paid else texts.number(record[key]),
        "plan": money.words(record["plan"], texts) if paid else texts.number(record["plan"]),
    }


def _share(record: Record, texts: Texts) -> str:
    return texts.percent(record["fact"] / record["plan"] if record["plan"] > 0 else math.nan)


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


def _outcome(record: Record, texts: Texts) -> str:
    """Return what came of a plan that is over."""
    if _reached(record):
        return texts.t("plan_reached")
    return texts.t("plan_missed", share=_share(record, texts))


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
    over = record["gone"] >= 1 and not math.isnan(record["fact"])
    told = not math.isnan(record["expected"]) and not over
    colour = theme.down if told and record["high"] < record["plan"] else ""
    colour = theme.up if told and record["low"] >= record["plan"] else colour
    outcome = Cell(_chance(record, texts) if told else EMPTY)
    if over:
        outcome = Cell(_outcome(record, texts), colour=theme.up if _reached(record) else theme.down)
    own = {
        "measure": Cell(INDENT + what),
        "plan": Cell(number("plan")),
        "fact": Cell(number("fact")),
        "expected": Cell(number("expected") if told else EMPTY, colour=colour, strong=True),
        "low": Cell(number("low") + SPAN + number("high") if told else EMPTY),
        "chance": outcome,
    }
    return columned.cells(columned.shown(PLAN, settings), record, texts, own)


def _period(record: Record, texts: Texts) -> str:
    first = pd.Timestamp(record["first"]).date()
    month = len(record["period"]) == len("2022-09")
    return texts.month_of_year(first) if month else texts.compact_week(first)
