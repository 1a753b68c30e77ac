"""Ask the warehouse for everything one report date needs."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence

import pandas as pd

from funnel.calendar import Calendar, calendar_of
from funnel.dates import WEEK, AsOf
from funnel.edition.checks import require_cohort
from funnel.edition.logbook import Logbook, read_registers
from funnel.edition.model import Edition
from funnel.edition.money import ask_money
from funnel.edition.people import ask_people, people
from funnel.edition.results import Aside, Cubes, Earlier, at_once, results
from funnel.edition.shown import as_shown
from funnel.settings import ReachRule, Settings
from funnel.warehouse import Warehouse

NOTHING = Logbook()


def compute(
    warehouse: Warehouse,
    settings: Settings,
    report_date: dt.date,
    known_at: dt.datetime | None = None,
    previous: AsOf | None = None,
    earlier: Sequence[Earlier] = (),
    registers: Logbook | None = None,
    calendar: Calendar | None = None,
    findings: pd.DataFrame | None = None,
    aside: Aside = at_once,
) -> Edition:
    """Ask the warehouse for everything one report date needs.

    Args:
        warehouse: open for reading.
        settings: the settings.
        report_date: D.
        known_at: the knowledge time; by default all that the warehouse knows.
        previous: the clocks of the archived edition to compare with.
        earlier: archived editions whose forecasts are scored.
        registers: initiatives and investigations; by default those written down now.
        calendar: the working days that count; by default those of the settings' country as known now.
        findings: what the gate found as of both clocks, where it was asked already.
        aside: see `results`.

    Raises:
        InputError: the report date lies before the first cohort is complete.
    """
    as_of = AsOf(report_date, known_at or warehouse.known_at())
    registers = registers or read_registers(settings)
    cubes = ask(warehouse, settings, as_of, registers, calendar)
    asked = ask_money(warehouse, settings, as_of)
    who = ask_people(warehouse, settings, as_of, asked.waits)
    other: ReachRule = "entered" if settings.reach == "any-later" else "any-later"
    reached_other = warehouse.reached(as_of, [()], other)
    problems = warehouse.problems(as_of)
    restated = warehouse.restated(
        previous.report_date if previous else report_date,
        previous.known_at if previous else as_of.known_at,
        as_of.known_at,
    )
    return Edition(
        settings=settings,
        as_of=as_of,
        previous=previous,
        last_day=warehouse.last_day(as_of),
        reached=cubes.reached,
        reached_other=reached_other,
        problems=problems,
        findings=warehouse.findings(as_of) if findings is None else findings,
        imports=_last_imports(warehouse.imports(), as_of.known_at),
        restated=restated,
        fingerprint=warehouse.fingerprint(as_of),
        initiatives=cubes.initiatives,
        investigations=cubes.investigations,
        meetings=cubes.meetings,
        register_problems=tuple(
            str(problem).replace(f"{settings.root}{os.sep}", "") for problem in registers.problems
        ),
        earlier=tuple(item.name for item in earlier),
        calendar=cubes.calendar,
        results=results(cubes, asked, earlier, aside) | people(cubes, who),
    )


def ask(
    warehouse: Warehouse,
    settings: Settings,
    as_of: AsOf,
    registers: Logbook,
    calendar: Calendar | None = None,
) -> Cubes:
    """Ask the warehouse for the cubes: total, every attribute, and the pairs that initiatives are scoped by.

    Raises:
        InputError: the report date lies before the first cohort is complete.
    """
    known = warehouse.attributes()
    scopes = {tuple(sorted(item.scope)) for item in registers.initiatives if len(item.scope) > 1}
    by = [(), *((name,) for name in settings.attributes if name in known)]
    by += [pair for pair in sorted(scopes) if set(pair) <= set(known)]
    return ask_slices(warehouse, settings, as_of, by, registers, calendar)


def ask_slices(
    warehouse: Warehouse,
    settings: Settings,
    as_of: AsOf,
    by: Sequence[tuple[str, ...]],
    registers: Logbook = NOTHING,
    calendar: Calendar | None = None,
) -> Cubes:
    """Ask the warehouse for the cubes of some slices: () for the total, or one or two attributes.

    Each attribute of the settings is asked for besides: leads may be forecast apart by it, and every command
    must tell the same forecast.

    Raises:
        InputError: the report date lies before the first cohort is complete.
    """
    known = warehouse.attributes()
    by = list(dict.fromkeys([*by, *((name,) for name in settings.attributes if name in known)]))
    settings, registers = as_shown(settings, registers, warehouse, as_of)
    reached = warehouse.reached(as_of, by, settings.reach)
    require_cohort(reached, as_of.report_date, warehouse.first_day())
    return Cubes(
        settings,
        as_of.report_date,
        reached,
        warehouse.paid(as_of, by),
        warehouse.moved(as_of, [one for one in by if len(one) < 2], settings.reach),
        registers.initiatives,
        registers.investigations,
        registers.meetings,
        registers.edits,
        calendar or _calendar(settings, reached, as_of.report_date),
    )


def _calendar(settings: Settings, reached: pd.DataFrame, report_date: dt.date) -> Calendar:
    """Return the working days from the first cohort to the end of the forecast."""
    first = reached["cohort_week"].min().date()
    return calendar_of(settings.country, first, report_date + WEEK * settings.horizon_weeks)


def _last_imports(imports: pd.DataFrame, known_at: dt.datetime) -> pd.DataFrame:
    """Return the last import of every table known then; the first import is known from the beginning."""
    times = imports["time"]
    known = imports[(times <= known_at) | (times == times.min())]
    last: pd.DataFrame = known.drop_duplicates("table", keep="last")
    return last.drop(columns=["time", "files"]).reset_index(drop=True)
