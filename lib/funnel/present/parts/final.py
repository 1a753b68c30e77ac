"""The expected final conversion of a cohort, said only as far as it can be trusted."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from funnel.analysis.forecast.expected import of_cohorts
from funnel.present.parts.claims import doubtful_young
from funnel.present.parts.grid import Cell
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme
from funnel.settings import Settings

GREY = 0.5
"""Share of the final number that rests on the fitted curve alone, from which on a number is grey."""
TAIL = "mostly_tail"
_MARKS = ("†", "‡", "§", "¶", "††", "‡‡")


@dataclass(frozen=True, slots=True)
class Expected:
    """What one cohort will have converted when it is final.

    Attributes:
        rate: expected overall conversion.
        low, high: its 90 % interval; already widened where the forecast is not reliable.
        doubt: why to doubt it, a key of the language catalogue after ``doubt_``; '' for no doubt.
        reliable: whether the number may be shown; otherwise only the interval is.
    """

    rate: float
    low: float
    high: float
    doubt: str
    reliable: bool


def expected(cohorts: pd.DataFrame, forecast: pd.DataFrame, settings: Settings) -> list[Expected | None]:
    """Return the expected overall conversion of each row of a cohort table; None where nothing is expected.

    Args:
        cohorts: `analysis.cohorts.table.cohort_table`.
        forecast: of weeks `analysis.forecast.final.FORECAST_COLUMNS`, of longer periods
            `analysis.forecast.expected.EXPECTED_COLUMNS`.
        settings: the stages; the last one counts.
    """
    rows = of_cohorts(cohorts, forecast) if "period" in cohorts else forecast
    rows = rows[(rows["stage"] == settings.stage_keys[-1]) & (rows["leads"] > 0)]
    found = {}
    for row in rows.to_dict("records"):
        mean, low, high = (
            float(row[name] / row["leads"]) for name in ("final_mean", "final_p05", "final_p95")
        )
        found[pd.Timestamp(row["cohort_week"])] = Expected(
            mean, low, high, doubt_of(row), bool(row["reliable"])
        )
    return [found.get(pd.Timestamp(week)) for week in cohorts["cohort_week"]]


def expected_of(read: pd.Series, frames: Mapping[str, pd.DataFrame], settings: Settings) -> Expected | None:
    """Return the expected overall conversion of one row of the cohort table.

    Args:
        read: the row.
        frames: the results of the edition by name: `forecast`, and of longer periods `expected`.
        settings: the stages; the last one counts.
    """
    forecast = frames["expected" if "period" in read else "forecast"]
    return expected(pd.DataFrame([read.to_dict()]), forecast, settings)[0]


def doubt_of(row: Mapping[Hashable, Any]) -> str:
    """Return why to doubt a row of the forecast: a key of the catalogue after ``doubt_``; '' if not."""
    if not row["reliable"]:
        return str(row["reason"])
    return TAIL if row["tail_share"] >= GREY else ""


def revenue_doubt(forecast: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    """Return a sentence if what young cohorts will bring cannot be told reliably: why, in most of them.

    Args:
        forecast: `analysis.forecast.final.FORECAST_COLUMNS`.
        settings: the stages; the last one counts.
        texts: the language.
    """
    found, young = doubtful_young(forecast, settings)
    if found.empty:
        return []
    reasons = found.tolist()
    reason = max(sorted(set(reasons)), key=reasons.count)
    key = "say_revenue_doubt" if len(found) < young else "say_revenue_doubt_all"
    return [texts.t(key, reason=texts.t(f"doubt_{reason}"))]


def expected_cells(
    cohorts: pd.DataFrame, forecast: pd.DataFrame, settings: Settings, texts: Texts, theme: Theme
) -> tuple[list[tuple[Cell, Cell]], tuple[str, ...]]:
    """Return for each cohort the expected conversion and its interval, and what stands under the table.

    An unreliable number is not shown: a mark stands in its place, and the note says why.

    Args:
        cohorts: `analysis.cohorts.table.cohort_table`.
        forecast: see `expected`.
        settings: stages and horizon.
        texts: the language.
        theme: the colours.
    """
    known = expected(cohorts, forecast, settings)
    marks: dict[str, str] = {}
    rows = []
    for item in known:
        if item is None:
            rows.append((Cell(texts.percent(float("nan"))), Cell(texts.percent(float("nan")))))
            continue
        mark = marks.setdefault(item.doubt, _MARKS[len(marks)]) if item.doubt else ""
        colour = theme.muted if mark else theme.ink
        rate = texts.percent(item.rate, 1) if item.reliable else ""
        words = f"{texts.number(item.low * 100, 1)}–{texts.number(item.high * 100, 1)}"
        rows.append(
            (Cell(" ".join(part for part in (rate, mark) if part), colour=colour), Cell(words, colour=colour))
        )
    notes = [texts.t("note_expected", n=settings.horizon_weeks)] if any(known) else []
    notes += [f"{mark} {doubtful(doubt, texts)}" for doubt, mark in marks.items()]
    return rows, tuple(notes)


def doubtful(doubt: str, texts: Texts) -> str:
    """Return the sentence that says what to doubt and why."""
    words = texts.t(f"doubt_{doubt}")
    return words if doubt == TAIL else texts.t("note_not_reliable", reason=words)
