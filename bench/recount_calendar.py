"""Days and periods as the recount knows them, and how a page writes them: nothing here is of the library."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "ru": ("янв.", "февр.", "март", "апр.", "май", "июнь", "июль", "авг.", "сент.", "окт.", "нояб.", "дек."),
}


def plain(words: object) -> str:
    """Return printed words without marks of Markdown, no-break spaces and the long minus."""
    text = re.sub(r"\\([^A-Za-z0-9\s])", r"\1", str(words))
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-").strip()


def days_in(text: str) -> list[pd.Timestamp]:
    """Return the full dates of a printed text, in either language."""
    found = []
    for day, month, year in re.findall(r"(\d{1,2})[ .]([A-Z][a-z]{2}|\d\d)[ .](\d{4})", plain(text)):
        number = int(month) if month.isdigit() else _MONTHS["en"].index(month) + 1
        found.append(pd.Timestamp(int(year), number, int(day)))
    return found


def begun(week: pd.Timestamp, period: str, newest: pd.Timestamp) -> pd.Timestamp:
    """Return the first day of the period that a week counts in.

    A week counts in the month or quarter of its Monday; four weeks end with the newest complete week.

    Args:
        week: its Monday.
        period: week, 4weeks, month or quarter.
        newest: the Monday of the newest complete week.
    """
    if period == "week":
        return week
    if period == "4weeks":
        return newest - pd.Timedelta(days=(newest - week).days // 28 * 28 + 21)
    return pd.Timestamp(week.year, {"month": week.month, "quarter": (week.month - 1) // 3 * 3 + 1}[period], 1)


def called(cohort: Sequence[pd.Timestamp], period: str, newest: pd.Timestamp, language: str) -> str:
    """Return the name of a cohort of a longer period, and how many of its weeks count if not all do.

    Args:
        cohort: the Mondays of its weeks that count.
        period: 4weeks, month or quarter.
        newest: the Monday of the newest complete week.
        language: en or ru.
    """
    first, russian = begun(cohort[0], period, newest), language == "ru"
    mondays = [day for day in pd.date_range(first, periods=100) if day.weekday() == 0]
    whole = sum(begun(day, period, newest) == first for day in mondays)
    if period == "4weeks":
        ends = (first, first + pd.Timedelta(days=27))
        words = " – ".join(f"{day:%d.%m.%Y}" if russian else f"{day.day} {day:%b %Y}" for day in ends)
    elif period == "quarter":
        words = f"{first.quarter} кв. {first.year}" if russian else f"Q{first.quarter} {first.year}"
    else:
        words = f"{_MONTHS[language][first.month - 1]} {first.year}"
    if len(cohort) == whole:
        return words
    return (
        f"{words}, {len(cohort)} из {whole} нед." if russian else f"{words}, {len(cohort)} of {whole} weeks"
    )
