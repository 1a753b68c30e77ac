"""The plan in the table and in the line of page 1: running, endangered, reached, over."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest

from funnel.analysis.revenue.planned import PLAN_COLUMNS
from funnel.present.parts.texts import Texts
from funnel.present.revenue.plan import plan_grid, plan_in_short
from funnel.settings import Settings

SINCE = dt.date(2022, 9, 26)
KNOWN = pd.DataFrame(columns=["stage", "age_weeks", "reliable", "reason"])


def row(
    measure: str, plan: float, fact: float, gone: float, month: int = 9, **more: object
) -> dict[str, object]:
    first = pd.Timestamp(2022, month, 1)
    told = {"expected": fact, "low": fact, "high": fact, "chance": float(fact >= plan)} if gone >= 1 else {}
    return {
        "period": f"2022-{month:02d}", "first": first, "last": first + pd.offsets.MonthEnd(), "attribute": "",
        "value": "", "measure": measure, "plan": plan, "fact": fact, "gone": gone, **told, **more,
    }  # fmt: skip


def plan(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(PLAN_COLUMNS))


def lines(frame: pd.DataFrame, settings: Settings, language: str = "en") -> list[str]:
    known = settings.model_copy(update={"currency": "RUB"})
    told = plan_in_short(frame, KNOWN, SINCE, known, Texts(language))  # type: ignore[arg-type]
    return [line.replace("\xa0", " ") for line in told]


RUNNING = {"expected": 150.0, "low": 140.0, "high": 160.0}


def test_what_will_probably_be_missed_stands_first_and_in_the_title(settings: Settings) -> None:
    frame = plan(
        row("sales", 150, 125, 0.8, chance=0.53, **RUNNING),
        row("revenue", 24e6, 19e6, 0.8, expected=23e6, low=22e6, high=24.1e6, chance=0.12),
    )
    assert lines(frame, settings) == [
        "**Plan for September 2022, probably missed (revenue):** revenue: 23.0 of 24.0 million RUB "
        "expected by the end (12 % likely to be reached); "
        "sales: 150 of 150 expected by the end (53 % likely to be reached)."
    ]
    assert lines(frame, settings, "ru")[0].startswith("**План на сентябрь 2022 под угрозой (выручка):**")
    calm = plan(row("sales", 150, 125, 0.8, chance=0.53, **RUNNING))
    assert lines(calm, settings)[0].startswith("**Plan for September 2022:**")


def test_a_period_that_is_over_is_told_by_what_came_and_has_no_chance(settings: Settings) -> None:
    over = (row("leads", 2450, 2431, 1.0), row("sales", 150, 152, 1.0))
    running = row("sales", 150, 20, 0.1, month=10, chance=0.5, **RUNNING)
    first, second = lines(plan(*over, running), settings)
    assert first == (
        "**Plan for September 2022 was missed (leads):** leads: 2,431 of 2,450 came (99 %); "
        "sales: 152 of 150 came (101 %)."
    )
    assert second.startswith("**Plan for October 2022:**")
    assert lines(plan(over[1]), settings)[0].startswith("**Plan for September 2022 was reached:**")
    grid = plan_grid(plan(*over), KNOWN, settings, Texts("en"))
    assert [row.cells[-1].text.replace("\xa0", " ") for row in grid.rows[1:]] == ["missed, 99 %", "reached"]
    assert grid.rows[1].cells[3].text == grid.rows[1].cells[4].text == "–"
    assert grid.rows[1].cells[-1].colour and grid.rows[2].cells[-1].colour != grid.rows[1].cells[-1].colour


def test_an_older_period_is_told_once_and_a_missing_fact_never(settings: Settings) -> None:
    august = row("sales", 150, 160, 1.0, month=8)
    running = row("sales", 150, 20, 0.9, chance=0.5, **RUNNING)
    assert len(lines(plan(august, running), settings)) == 1
    assert len(lines(plan(august), settings)) == 1  # nothing runs: the last one is still of interest
    assert lines(plan(row("revenue", 1e6, math.nan, 1.0)), settings) == []


@pytest.mark.parametrize("chance", [0.1, 0.5])
def test_a_doubtful_forecast_foretells_no_miss(settings: Settings, chance: float) -> None:
    doubtful = pd.DataFrame(
        {
            "stage": [settings.stage_keys[-1]],
            "age_weeks": [1],
            "reliable": [False],
            "reason": ["missed_lately"],
        }
    )
    frame = plan(row("sales", 150, 125, 0.8, chance=chance, **RUNNING))
    (line,) = plan_in_short(frame, doubtful, SINCE, settings, Texts("en"))
    assert line.startswith("**Plan for September 2022:**") and line.endswith("Not reliable yet.")
