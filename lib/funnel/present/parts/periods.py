"""What a cohort is called: a week, or a longer period with how many of its weeks count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from funnel.dates import WEEK, Period
from funnel.present.parts.texts import Texts


def period_name(start: dt.date, period: Period, texts: Texts) -> str:
    r"""Return the name of a period.

    Args:
        start: its first day.
        period: what it is.
        texts: the language.

    >>> texts = Texts("en")
    >>> period_name(dt.date(2022, 9, 1), "month", texts), period_name(dt.date(2022, 7, 1), "quarter", texts)
    ('Sep 2022', 'Q3 2022')
    >>> period_name(dt.date(2022, 8, 29), "4weeks", texts)
    '29 Aug 2022 – 25 Sep 2022'
    """
    if period == "week":
        return texts.compact_week(start)
    if period == "4weeks":
        return f"{texts.date(start)} – {texts.date(start + WEEK * 4 - dt.timedelta(days=1))}"
    if period == "quarter":
        return texts.t("quarter", quarter=str((start.month + 2) // 3), year=str(start.year))
    return f"{texts.month(start)} {start.year}"


def is_part(record: pd.Series | Mapping[Hashable, Any]) -> bool:
    """Tell whether not all weeks of a cohort's period count."""
    return "weeks" in record and record["weeks"] < record["weeks_of"]


def cohort_name(record: pd.Series | Mapping[Hashable, Any], texts: Texts, *, full: bool = False) -> str:
    """Return the name of a row of a cohort table.

    Args:
        record: of `analysis.cohorts.table.cohort_table`, of weeks or of longer periods.
        texts: the language.
        full: a week with both days in full, as in running text.
    """
    if "period" not in record:
        week = record["cohort_week"].date()
        return texts.week(week) if full else texts.compact_week(week)
    name = period_name(record["period_start"].date(), record["period"], texts)
    if not is_part(record):
        return name
    of = texts.t("explorer_weeks_of", n=int(record["weeks"]), of=int(record["weeks_of"]))
    return f"{name}, {of}"
