"""Whether a report date and a language can be used."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from funnel.dates import WEEK, week_of
from funnel.errors import InputError, Problem
from funnel.settings import Language, Settings
from funnel.warehouse import Warehouse


def require_cohort(reached: pd.DataFrame, report_date: dt.date, first_day: dt.date) -> None:
    """Refuse a report date by which no cohort is complete.

    Raises:
        InputError: with the earliest date that would do.
    """
    if len(reached) and reached["cohort_week"].min().date() + WEEK <= report_date:
        return
    problem = Problem(
        f"--date {report_date}",
        f"no cohort is complete by then: the first lead is of {first_day}",
        f"{week_of(first_day) + WEEK} or later",
    )
    raise InputError("The report date is too early.", [problem])


QUIET = 2
"""Weeks without any event after which the data are taken to end, not the company to rest."""


def report_date_for(warehouse: Warehouse, today: dt.date, asked: dt.date | None) -> dt.date:
    """Return the report date: the one asked for, or the last Monday that the data reach.

    Raises:
        InputError: the date asked for lies in the future, or more than `QUIET` weeks behind the last event.
    """
    last = warehouse.last_day()
    newest = week_of(min(today, last + dt.timedelta(days=1)))
    if asked is None:
        return newest
    if asked > today:
        problem = Problem(f"--date {asked}", "it lies in the future", f"{today} or earlier")
    elif asked > last + QUIET * WEEK:
        problem = Problem(
            f"--date {asked}",
            f"the data end on {last}: what happened later is not imported",
            f"{last + QUIET * WEEK} or earlier",
            "bring newer data with `funnel import` or `funnel sync`, or leave --date out",
        )
    else:
        return asked
    raise InputError("The report date cannot be used.", [problem])


def language_of(settings: Settings, asked: str | None) -> Language:
    """Return the language asked for, or the settings' own."""
    if asked is None:
        return settings.language
    if asked not in ("en", "ru"):
        problem = Problem(f"--lang {asked}", "is not a language of the report", "en, ru")
        raise InputError("The language cannot be used.", [problem])
    return "ru" if asked == "ru" else "en"
