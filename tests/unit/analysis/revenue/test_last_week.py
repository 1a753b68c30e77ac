"""What came in the last week, and the plan: against counts made by hand and by plain pandas."""

from __future__ import annotations

import datetime as dt
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.revenue.last_week import last_week, last_week_ages
from funnel.analysis.revenue.planned import plan_and_fact, shown_periods
from funnel.settings_plan import Planned, days, weekly_leads

D = dt.date(2022, 9, 28)  # a Wednesday: the last complete week is that of 19 September
WEEK = pd.Timestamp("2022-09-19")
STEPS = ("lead", "sale")


def reached(rows: list[tuple[int, str, int, int]], **more: object) -> pd.DataFrame:
    """Rows: weeks before the last one, stage, lag, leads."""
    frame = pd.DataFrame(rows, columns=["back", "stage", "lag", "leads"])
    weeks = WEEK - pd.to_timedelta(frame.pop("back") * 7, unit="D")
    return frame.assign(cohort_week=weeks, stamped=0, concluded=0, **more)


def paid(rows: list[tuple[int, int, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["back", "lag", "amount"])
    weeks = WEEK - pd.to_timedelta(frame.pop("back") * 7, unit="D")
    return frame.assign(cohort_week=weeks, payments=1, stamped=0)


LEADS = [(back, "lead", 0, 10 + back) for back in range(-1, 20)]
SOLD = [(0, "sale", 0, 2), (5, "sale", 5, 3), (5, "sale", 4, 7), (15, "sale", 15, 1), (-1, "sale", 0, 9)]


def test_the_week_counts_events_of_all_ages_and_nothing_after_it() -> None:
    week = last_week(reached(LEADS + SOLD), paid([(0, 0, 5.0), (3, 3, 7.5)]), STEPS, D).set_index("measure")
    assert week.loc["lead", ["count", "usual", "low", "high"]].tolist() == [10, 17, 11, 23]
    assert week.loc["sale", "count"] == 2 + 3 + 1
    assert week.loc["sale", "usual"] == pytest.approx(7 / 13)
    assert week.loc["revenue", "count"] == 12.5
    ages = last_week_ages(reached(LEADS + SOLD), paid([(0, 0, 5.0), (3, 3, 7.5)]), STEPS, D)
    assert ages["sales"].tolist() == [2, 0, 3, 1, 0]
    assert ages["revenue"].tolist() == [5.0, 7.5, 0, 0, 0]


def test_without_payments_there_is_no_revenue_and_of_a_young_log_nothing_is_usual() -> None:
    young = [row for row in LEADS if row[0] < 3]
    week = last_week(reached(young), paid([]), STEPS, D).set_index("measure")
    assert list(week.index) == ["lead", "sale"]
    assert math.isnan(week.loc["lead", "usual"]) and week.loc["sale", "count"] == 0


def test_what_has_no_time_is_not_told() -> None:
    frame = reached(LEADS + SOLD)
    frame.loc[frame["stage"] == "sale", "stamped"] = frame["leads"]
    week = last_week(frame, paid([(0, 0, 5.0)]), STEPS, D).set_index("measure")
    assert math.isnan(week.loc["sale", "count"]) and week.loc["lead", "count"] == 10
    ages = last_week_ages(frame, paid([(0, 0, 5.0)]), STEPS, D)
    assert ages["sales"].isna().all() and ages["revenue"].iloc[0] == 5.0


def revenue(known: bool = True) -> SimpleNamespace:
    """Seven leads, 1.4 sales and 700 of revenue a week, without any spread but that of counts."""
    weeks = pd.date_range("2022-09-26", periods=6, freq="7D")
    flat = np.ones((6, 4000))
    part = np.where(np.arange(6) == 0, 5 / 7, 1.0)[:, None]  # Wednesday to Sunday of the first week
    return SimpleNamespace(
        weeks=weeks, leads=7 * flat * part, sales=1.4 * flat * part,
        existing=500 * flat * part, future=200 * flat * part, known=known,
    )  # fmt: skip


def came(rows: list[tuple[str, str, str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["attribute", "value", "day", "measure", "count"])
    return frame.assign(day=pd.to_datetime(frame["day"]))


MONTH = {"2022-09": Planned(leads=40, sales=4, revenue=1000.0, by={"manager": {"Ann": {"sales": 3}}})}
FACTS = came(
    [
        ("", "", "2022-08-31", "leads", 99), ("", "", "2022-09-01", "leads", 30),
        ("", "", "2022-09-27", "sales", 3),
        ("", "", "2022-09-05", "revenue", 600.0), ("manager", "Ann", "2022-09-27", "sales", 2),
    ]
)  # fmt: skip


def test_a_month_is_its_fact_and_the_days_that_are_left() -> None:
    frame = plan_and_fact(MONTH, FACTS, revenue(), D).set_index(["value", "measure"])
    whole = frame.loc[""]
    assert whole["fact"].to_dict() == {"leads": 30, "sales": 3, "revenue": 600}
    assert whole.loc["leads", "expected"] == pytest.approx(33)  # 28, 29 and 30 September
    assert whole.loc["revenue", "expected"] == pytest.approx(900)
    assert whole.loc["sales", "expected"] == pytest.approx(3.6, abs=0.05)
    assert whole.loc["sales", "chance"] == pytest.approx(1 - math.exp(-0.6), abs=0.03)
    assert whole["gone"].iloc[0] == pytest.approx(27 / 30)
    ann = frame.loc[("Ann", "sales")]
    assert ann["fact"] == 2 and math.isnan(ann["expected"])


def test_what_is_not_known_is_a_dash() -> None:
    frame = plan_and_fact(MONTH, FACTS, revenue(known=False), D, frozenset({"revenue"})).set_index("measure")
    row = frame.loc["revenue"]
    assert math.isnan(row["fact"]) and math.isnan(row["expected"])


def test_periods_run_begin_soon_or_have_just_ended() -> None:
    plan = dict.fromkeys(
        ("2022-07", "2022-08", "2022-09", "2022-10", "2022-10-12", "2022-09-28"), Planned(leads=1)
    )
    assert shown_periods(plan, D) == ("2022-08", "2022-09", "2022-09-28", "2022-10")
    assert days("2024-02")[1] == dt.date(2024, 2, 29)


def test_a_months_leads_are_spread_over_whole_weeks_and_a_weeks_own_plan_goes_before() -> None:
    plan = {"2022-09": Planned(leads=300), "2022-09-15": Planned(leads=50)}
    weekly = weekly_leads(plan)
    assert weekly == {
        dt.date(2022, 9, 5): 70.0, dt.date(2022, 9, 12): 50.0, dt.date(2022, 9, 19): 70.0,
    }  # fmt: skip
    assert weekly_leads(plan | {"2022-10": Planned(leads=310)})[dt.date(2022, 9, 26)] == pytest.approx(70)
