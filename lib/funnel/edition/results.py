"""What the methods make of the cubes, by the name of the published table.

| name | a row is |
|---|---|
| `forecast` | a cohort and stage: its expected final number (`analysis.forecast.final`) |
| `forecast_ahead` | a young cohort, a stage, 4 or 13 weeks: what is expected by then (`forecast.ahead`) |
| `maturity` | a stage and age: the share of the final number reached by then (`analysis.forecast.maturity`) |
| `revenue`, `revenue_months` | a week or month ahead, and where its revenue comes from (`revenue.weeks`) |
| `what_if` | a step, a span and a case: without the change, with it, the difference (`revenue.whatif`) |
| `apart` | a value by which leads are forecast apart (`analysis.forecast.apart`) |
| `coming`, `open_worth` | for the workbook: what segments and open leads have to come (`forecast.raking`) |
| `revenue_slices` | a value, a week and a source: its part of the revenue (`revenue.revenue_slices`) |
| `revenue_sum` | the quantiles of the revenue of the next 13 weeks together |
| `last_week` | a measure of the last complete week beside the weeks before (`revenue.last_week`) |
| `last_week_ages` | the same of the sales and the revenue by age of the lead |
| `plan` | a planned measure of a period beside fact and expectation (`revenue.planned`) |
| `change` | an attribute, a value and a part of the change of the newest cohorts (`analysis.forecast.mix`) |
| `backtest` | an age band and method: how it would have forecast (`analysis.forecast.backtest`) |
| `track`, `revenue_track` | an archived forecast beside what came (`analysis.forecast.track`) |

What needs attention is named in `funnel.edition.attention`, money and durations in `funnel.edition.money`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from funnel.analysis.cohorts import table as cohorts
from funnel.analysis.forecast.ahead import ahead
from funnel.analysis.forecast.apart import APART_COLUMNS
from funnel.analysis.forecast.backtest import backtest
from funnel.analysis.forecast.expected import expected
from funnel.analysis.forecast.final import QUANTILES, Forecast, StageForecast, forecast_history, read_history
from funnel.analysis.forecast.maturity import maturity_curves
from funnel.analysis.forecast.mix import EXPLAINED_COLUMNS, explain_change
from funnel.analysis.forecast.raking import coming, open_worth
from funnel.analysis.forecast.slices_forecast import slice_forecasts
from funnel.analysis.forecast.told import History
from funnel.analysis.forecast.track import revenue_track, track
from funnel.analysis.revenue.last_week import REVENUE, last_week, last_week_ages, untimed
from funnel.analysis.revenue.planned import plan_and_fact
from funnel.analysis.revenue.revenue_slices import SLICE_REVENUE_COLUMNS, revenue_slices
from funnel.analysis.revenue.weeks import Revenue, forecast_revenue
from funnel.analysis.revenue.whatif import Question, what_if
from funnel.analysis.statistics.scores import LEVELS
from funnel.calendar import NO_CALENDAR, Calendar
from funnel.dates import WEEK, complete_weeks, week_of
from funnel.edition.attention import attention
from funnel.edition.logbook import no_edits
from funnel.edition.money import WORTH_BY, MoneyCubes, chosen, leaking, money
from funnel.logbook import Initiative, Investigation, Meeting
from funnel.settings import LEAD, Settings
from funnel.settings_plan import weekly_leads
from funnel.settings_targets import WhatIf

PERIOD = 4
"""Weeks in each of the two periods whose change is explained."""
EXPLAINED_BY = ("channel", "manager", "product")
"""Attributes by which that is done, where the settings name them, beside the report's slices."""
BETTER = 0.1
"""How much better each step is asked to be where the settings ask nothing."""
MANY = 30
"""An attribute with more values than this is not forecast by value in the report."""
BACKTEST_WEEKS = range(4, 29, 4)
"""How many weeks back the report's own backtest forecasts from."""


@dataclass(frozen=True, slots=True)
class Cubes:
    """What the methods work on: the cubes of a report date, `reached` and `paid` also by each attribute."""

    settings: Settings
    report_date: dt.date
    reached: pd.DataFrame
    paid: pd.DataFrame
    moved: pd.DataFrame
    initiatives: tuple[Initiative, ...]
    investigations: tuple[Investigation, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    edits: pd.DataFrame = field(default_factory=no_edits)
    calendar: Calendar = NO_CALENDAR

    def plan(self) -> dict[pd.Timestamp, float]:
        """Return the leads planned by week (Monday)."""
        return {pd.Timestamp(week): leads for week, leads in weekly_leads(self.settings.plan).items()}

    def questions(self) -> list[Question]:
        """Return what is asked of the revenue forecast (`analysis.revenue.whatif`)."""
        asked = self.settings.what_if or [
            WhatIf(stage=key, change=BETTER) for key in self.settings.stage_keys
        ]
        return [
            (one.stage, one.change, pd.Timestamp(week_of(one.since or self.report_date))) for one in asked
        ]

    def history(self) -> History:
        """Return what the report date has seen of the total."""
        return read_history(
            self.reached,
            self.settings.stage_keys,
            self.report_date,
            moved=self.moved,
            paid=self.paid,
            attributes=[name for name in self.settings.attributes if name in set(self.reached["attribute"])],
            horizon=self.settings.horizon_weeks,
            calendar=self.calendar,
        )

    def forecast(self) -> Forecast:
        """Return the forecast of the total."""
        return forecast_history(self.history(), self.report_date)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An archived edition whose forecast is scored: its folder's name, its date, its tables.

    `ahead` has no rows for an edition made before that table was.
    """

    name: str
    report_date: dt.date
    forecast: pd.DataFrame
    revenue: pd.DataFrame
    ahead: pd.DataFrame


Aside = Callable[..., Callable[[], pd.DataFrame]]
"""Begins some work (a function and what it is given) and returns what waits for its result."""


def at_once(work: Callable[..., pd.DataFrame], *given: object) -> Callable[[], pd.DataFrame]:
    """Do the work here and now."""
    done = work(*given)
    return lambda: done


def results(
    cubes: Cubes, asked: MoneyCubes, earlier: Sequence[Earlier], aside: Aside = at_once
) -> dict[str, pd.DataFrame]:
    """Return every result by name.

    Args:
        cubes: what the warehouse gave.
        asked: what it gave for money and durations.
        earlier: archived editions of earlier dates.
        aside: begins what takes longest, the backtest, while the rest is made.
    """
    settings, stage = cubes.settings, cubes.settings.stage_keys[-1]
    total, paid = cohorts.select(cubes.reached), cohorts.select(cubes.paid)
    whole = cubes.forecast()
    back = [cubes.report_date - WEEK * weeks for weeks in BACKTEST_WEEKS]
    first = total["cohort_week"].min().date()
    back = [date for date in back if date >= first + 2 * WEEK]
    scored = aside(backtest, whole.history, stage, cubes.report_date, back)
    revenue = forecast_revenue(whole, cubes.paid, plan=cubes.plan())
    slices = _slices(cubes, whole)
    looked = attention(cubes)
    worth = money(cubes, asked, whole)
    return {
        "forecast": whole.frame(),
        "forecast_ahead": ahead(whole),
        "maturity": maturity_curves(whole),
        "revenue": revenue.frame(),
        "revenue_months": revenue.by_month(),
        "revenue_sum": pd.DataFrame(
            [np.quantile(revenue.total(13), LEVELS)] if revenue.known else [], columns=list(QUANTILES)
        ),
        "revenue_slices": _by_value(cubes, whole, revenue, slices),
        "apart": whole.history.apart.frame() if whole.history.apart else pd.DataFrame(columns=APART_COLUMNS),
        "coming": coming(whole, slices),
        "expected": expected(whole, slices, settings.slices),
        "open_worth": open_worth(whole, cubes.moved),
        "last_week": last_week(total, paid, settings.steps, cubes.report_date),
        "last_week_ages": last_week_ages(total, paid, settings.steps, cubes.report_date),
        "plan": plan_and_fact(
            settings.plan, asked.came, revenue, cubes.report_date, _without_time(total, paid, stage)
        ),
        "what_if": what_if(whole, cubes.paid, cubes.questions(), cubes.plan()),
        "change": _change(cubes, whole),
        "backtest": scored(),
        "track": track(
            {item.report_date: (item.forecast, item.ahead) for item in earlier},
            total,
            cubes.report_date,
            settings.horizon_weeks,
        ),
        "revenue_track": revenue_track(
            {item.report_date: item.revenue for item in earlier}, paid, cubes.report_date
        ),
        **looked,
        **worth,
    }


def _without_time(total: pd.DataFrame, paid: pd.DataFrame, stage: str) -> frozenset[str]:
    """Return the planned measures of which the log does not know when they happened."""
    found = {
        "leads": untimed(total[total["stage"] == LEAD]),
        "sales": untimed(total[total["stage"] == stage]),
        REVENUE: paid.empty or untimed(paid, "payments"),
    }
    return frozenset(name for name, unknown in found.items() if unknown)


def _slices(cubes: Cubes, whole: Forecast) -> dict[str, dict[str, StageForecast]]:
    """Forecast the last stage by the report's slices, and by every attribute that has not too many values."""
    settings, told = cubes.settings, {}
    for name in dict.fromkeys((*settings.slices, *settings.attributes)):
        reached, moved = cohorts.select(cubes.reached, name), cohorts.select(cubes.moved, name)
        if len(reached) and (name in settings.slices or reached["value"].nunique() <= MANY):
            stays = moved if len(moved) else None
            told[name] = slice_forecasts(reached, whole, settings.stage_keys[-1], stays, most=MANY)
    return told


def _by_value(
    cubes: Cubes, whole: Forecast, revenue: Revenue, slices: Mapping[str, Mapping[str, StageForecast]]
) -> pd.DataFrame:
    """Share the revenue out over the values of the attributes by which money is shown."""
    parts = []
    for name in chosen(WORTH_BY, cubes.settings):
        reached = cohorts.select(cubes.reached, name)
        if 0 < reached["value"].nunique() <= MANY:
            paid, moved = cohorts.select(cubes.paid, name), cohorts.select(cubes.moved, name)
            part = revenue_slices(reached, paid, whole, revenue, moved, told=slices.get(name))
            part.insert(0, "attribute", name)
            parts.append(part)
    columns = ["attribute", *SLICE_REVENUE_COLUMNS]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def explained_by(settings: Settings) -> tuple[str, ...]:
    """Return the attributes by which a change is explained: the report's slices, and the usual suspects."""
    return tuple(dict.fromkeys((*settings.slices, *(n for n in EXPLAINED_BY if n in settings.attributes))))


def _change(cubes: Cubes, whole: Forecast) -> pd.DataFrame:
    """Explain the newest comparable cohorts against those before them, by each of `explained_by`."""
    last = week_of(cubes.report_date) - WEEK * cubes.settings.reading_age
    first = cubes.reached["cohort_week"].min().date()
    weeks = [week for week in complete_weeks(last, 2 * PERIOD) if week >= first]
    columns = ["attribute", *EXPLAINED_COLUMNS]
    if len(weeks) < 2 * PERIOD:
        return pd.DataFrame(columns=columns)
    stamps = [pd.Timestamp(week) for week in weeks]
    parts = []
    for name in explained_by(cubes.settings):
        cube = cohorts.select(cubes.reached, name)
        if len(cube) and not leaking(cubes.reached, [name], cubes.settings.steps, stamps):
            stage = cubes.settings.stage_keys[-1]
            part = explain_change(cube, whole, stage, stamps[PERIOD:], stamps[:PERIOD])
            part.insert(0, "attribute", name)
            parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
