"""What longer cohorts are expected to become: the weeks of each added up, counted here with pandas."""

from __future__ import annotations

import pandas as pd
import pytest

from funnel.analysis.forecast.expected import EXPECTED_COLUMNS, expected
from funnel.analysis.forecast.final import forecast
from funnel.dates import PERIODS, period_start
from tests.unit.analysis.forecast.test_slices_forecast import DAY, cube


def test_periods_add_up_what_their_weeks_will_become() -> None:
    total = cube().groupby(["cohort_week", "stage", "lag"])["leads"].sum().reset_index()
    total[["attribute", "value", "attribute2", "value2"]] = ""
    whole = forecast(total, ["sale"], DAY, draws=300, seed=1)
    weeks, rows = whole.frame(), expected(whole, {}, [])
    assert tuple(rows.columns) == EXPECTED_COLUMNS
    weeks = weeks.assign(late=weeks["tail_share"] * weeks["final_mean"])
    for period in PERIODS:
        starts = [pd.Timestamp(period_start(week.date(), period, DAY)) for week in weeks["cohort_week"]]
        sums = weeks.groupby(pd.Series(starts, name="start"))[
            ["leads", "reached", "final_mean", "late"]
        ].sum()
        found = rows[rows["period"] == period].set_index("start").sort_index()
        assert found["leads"].tolist() == sums["leads"].tolist()
        assert found["reached"].tolist() == sums["reached"].tolist()
        assert found["mean"].tolist() == pytest.approx(sums["final_mean"].tolist(), rel=1e-12)
        assert found["tail_share"].tolist() == pytest.approx((sums["late"] / sums["final_mean"]).tolist())
        assert (found["low"] <= found["mean"]).all()
        assert (found["mean"] <= found["high"]).all()
    single = rows[rows["period"] == "week"].sort_values("start")
    assert single["low"].tolist() == weeks["final_p05"].tolist()
    assert single["high"].tolist() == weeks["final_p95"].tolist()
    assert (single["reason"] == "").tolist() == weeks["reliable"].tolist()
    long = rows[rows["period"] == "quarter"]
    apart = weeks.groupby(
        [pd.Timestamp(period_start(week.date(), "quarter", DAY)) for week in weeks["cohort_week"]]
    )
    widths = (apart["final_p95"].sum() - apart["final_p05"].sum()).tolist()
    assert ((long["high"] - long["low"]).to_numpy() <= widths).all()  # luck of weeks evens out
