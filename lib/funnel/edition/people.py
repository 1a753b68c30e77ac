"""Managers over time, reasons of loss, and who waits too long, of one report date.

| name | a row is |
|---|---|
| `managers` | a manager, a step and a cohort, at equal age (`analysis.cohorts.managers`) |
| `managers_summary` | a manager and a step over these cohorts together (`analysis.cohorts.beside.judged`) |
| `losses` | a stage and a reason (`analysis.cohorts.losses.BY_STAGE_COLUMNS`) |
| `losses_segments` | a segment and a reason (`analysis.cohorts.losses.by_segment`) |
| `losses_lines` | a reason and a cohort, at equal age (`analysis.cohorts.losses.LINE_COLUMNS`) |
| `waiting` | a stage, of all leads and by manager (`warehouse.waiting.WAITING_COLUMNS`) |
| `waiting_managers` | a manager over the stages together (`analysis.cohorts.beside.judged`) |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from funnel.analysis.cohorts import losses, managers, periods
from funnel.analysis.cohorts import table as cohorts
from funnel.analysis.cohorts.beside import judged
from funnel.analysis.cohorts.durations import waiting_limits
from funnel.dates import PERIODS, AsOf, Period, age_weeks, complete_weeks, period_start, read_position
from funnel.edition.money import leaking
from funnel.gate.personal import BLOT
from funnel.settings import LEAD, Settings
from funnel.settings_links import lead_url

if TYPE_CHECKING:
    from funnel.edition.results import Cubes
    from funnel.warehouse import Warehouse

SHORTEST: Period = "4weeks"
"""A line over time has cohorts of at least so many weeks, where the log is long enough."""


@dataclass(frozen=True, slots=True)
class PeopleCubes:
    """What the warehouse is asked for; nothing of it is saved.

    Attributes:
        waiting: `warehouse.waiting.WAITING_COLUMNS`, of the total and by manager.
        lost: `warehouse.lost.LOST_COLUMNS`, of the total, by manager and the report's slices.
    """

    waiting: pd.DataFrame
    lost: pd.DataFrame


def ask_people(warehouse: Warehouse, settings: Settings, as_of: AsOf, waits: pd.DataFrame) -> PeopleCubes:
    """Ask the warehouse for everything `people` needs.

    Args:
        warehouse: open for reading.
        settings: stages, attributes, horizon.
        as_of: the two clocks.
        waits: the cube `waits` of the total.
    """
    known = warehouse.attributes()
    who = [(settings.manager,)] if settings.manager in known else []
    by = list(dict.fromkeys([(), *who, *((name,) for name in settings.slices if name in known)]))
    limits = waiting_limits(waits, settings.horizon_weeks)
    return PeopleCubes(
        warehouse.waiting_counts(as_of, limits, [(), *who], settings.reach),
        warehouse.lost(as_of, by, settings.reach),
    )


def people(cubes: Cubes, asked: PeopleCubes) -> dict[str, pd.DataFrame]:
    """Return the results by name; see the table above."""
    settings, day = cubes.settings, cubes.report_date
    first = cubes.reached["cohort_week"].min().date()
    weeks = [week for week in complete_weeks(day, (day - first).days // 7 + 1) if week >= first]
    lines, judgement = _managers(cubes, weeks)
    leads = cohorts.counts(cubes.reached, settings.steps[:1], weeks)
    period = _period(leads[LEAD].set_axis(weeks), day)
    shown = periods.newest(weeks, period, day, settings.cohorts)
    lost = losses.told(asked.lost, shown)
    age = _age(shown, period, settings, day)
    mine = asked.waiting[asked.waiting["attribute"] != ""]
    strata = mine.rename(columns={"stage": "cohort_week", "open": "base", "waiting": "reached"})
    return {
        "managers": lines,
        "managers_summary": judgement,
        "losses": losses.by_stage(lost, settings.steps),
        "losses_segments": losses.by_segment(lost),
        "losses_lines": losses.over_time(
            lost, leads.loc[pd.DatetimeIndex(shown, name="cohort_week")], day, period, age
        ),
        "waiting": asked.waiting,
        "waiting_managers": judged(strata, ["value"], []),
    }


def _managers(cubes: Cubes, weeks: list[dt.date]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Follow the managers; no row where none is known, or where knowing one tells the outcome."""
    settings, day, who = cubes.settings, cubes.report_date, cubes.settings.manager
    own = cohorts.select(cubes.reached, who) if who else cubes.reached.head(0)
    nothing = pd.DataFrame(columns=list(managers.MANAGER_COLUMNS))
    stamps = [pd.Timestamp(week) for week in weeks[-settings.cohorts :]]
    if own.empty or leaking(cubes.reached, [who], settings.steps, stamps):
        return nothing, managers.summary(nothing)
    by_week = cohorts.counts(cubes.reached, settings.steps[:1], weeks, who)[LEAD].unstack("value")
    usual = by_week.drop(columns="", errors="ignore")
    usual = usual.loc[:, usual.tail(periods.YEAR).sum() >= periods.SMALL]
    period = _period(usual.median(axis=1).fillna(0).set_axis(weeks), day)
    shown = periods.newest(weeks, period, day, settings.cohorts)
    lines = managers.over_time(
        cubes.reached, settings.steps, day, shown, who, period, _age(shown, period, settings, day)
    )
    return lines, managers.summary(lines)


def _period(leads: pd.Series, day: dt.date) -> Period:
    """Return the period of lines over time: as chosen by the leads, at least `SHORTEST` of a long log."""
    chosen = periods.choose(leads, day)
    long = len(leads) >= periods.LEAST * periods.LENGTH[SHORTEST]
    return PERIODS[max(PERIODS.index(chosen), PERIODS.index(SHORTEST) if long else 0)]


def _age(weeks: list[dt.date], period: Period, settings: Settings, day: dt.date) -> int:
    """Return the age of the newest cohort that is old enough to be read: that of its youngest week."""
    youngest: dict[dt.date, int] = {}
    for week in weeks:
        youngest[period_start(week, period, day)] = age_weeks(week, day)
    ages = list(youngest.values())
    return ages[read_position(ages, settings.reading_age)] if ages else 0


def waiting_leads(
    warehouse: Warehouse, settings: Settings, as_of: AsOf, attributes: Sequence[str] = ()
) -> pd.DataFrame:
    """List the open leads that wait longer than nine of ten did that moved on: for the workbook only.

    Args:
        warehouse: open for reading.
        settings: stages, horizon and `crm_url`.
        as_of: the two clocks.
        attributes: shown beside, such as the manager.

    Returns:
        One row per lead, those furthest in the funnel first and of one stage the longest wait first: the
        columns of `warehouse.waiting.long_waiting`, and `crm_url` (its page in the CRM, https; '' where the
        settings name none, or the id was blotted as personal). At most 10,000 rows; `long_waiting` tells how
        many there are.

    Raises:
        InputError: an attribute is not in the leads.
    """
    limits = waiting_limits(warehouse.waits(as_of), settings.horizon_weeks)
    listed = warehouse.long_waiting(as_of, limits, attributes, settings.reach)
    far = {stage: number for number, stage in enumerate(settings.steps)}
    listed = listed.assign(_far=listed["stage"].map(far)).sort_values(
        ["_far", "waited_days", "lead_id"], ascending=[False, False, True], ignore_index=True
    )
    urls = ["" if BLOT in one else lead_url(settings.crm_url, one) for one in listed["lead_id"]]
    return listed.drop(columns="_far").assign(crm_url=pd.Series(urls, dtype=object))
