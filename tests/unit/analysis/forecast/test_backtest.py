"""The rolling backtest forecasts from what was known, and holds it against what came."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import worlds
from companies import Company, Line, draw
from printed_history import ask

from funnel.analysis.forecast.ahead import ahead
from funnel.analysis.forecast.backtest import BACKTEST_COLUMNS, METHODS, OURS, backtest, forecasts
from funnel.analysis.forecast.draws import draw_coming
from funnel.analysis.forecast.told import History, history

DAY = dt.date(2019, 10, 7) + dt.timedelta(weeks=90)
THEN = DAY - dt.timedelta(weeks=20)
LEADS, SALES = worlds.plain(250).draw(np.random.default_rng(51), 90)
REACHED = worlds.reached_frame(LEADS, worlds.seen(SALES))


def past(reached: pd.DataFrame, draws: int) -> History:
    return history(reached, ["sale"], DAY, 104, draws=draws, seed=1)


def test_the_table() -> None:
    table = backtest(past(REACHED, 200), "sale", DAY, [THEN, THEN - dt.timedelta(weeks=8)])
    assert tuple(table.columns) == BACKTEST_COLUMNS
    assert set(table["method"]) == set(METHODS)
    assert not table[table["age_to"] < 26].isna().any().any()
    young = table[table["age_from"] == 0].set_index("method")["crps"]
    assert young[OURS] < 0.7 * young["chain ladder"]


def test_the_future_changes_what_came_but_not_what_was_forecast() -> None:
    week = REACHED["cohort_week"] + pd.to_timedelta(REACHED["lag"] * 7, unit="D")
    more = REACHED.copy()
    more.loc[(week >= pd.Timestamp(THEN)) & (more["stage"] == "sale"), "leads"] *= 3
    first, second = (forecasts(past(cube, 100), "sale", DAY, [THEN]) for cube in (REACHED, more))
    assert first["mean"].equals(second["mean"])
    assert second["actual"].sum() > first["actual"].sum()


def test_what_came_is_counted_from_the_record() -> None:
    told = forecasts(past(REACHED, 50), "sale", DAY, [THEN])
    ours = told[told["method"] == OURS]
    assert ours["actual"].tolist() == pytest.approx(worlds.seen(SALES).sum(axis=1)[:70].tolist())
    assert ours["reached"].tolist() == pytest.approx(worlds.seen(SALES, 69).sum(axis=1).tolist())


def test_no_history() -> None:
    assert backtest(past(REACHED[:0], 50), "sale", DAY, [THEN]).empty


def test_what_is_scored_at_a_date_is_what_was_printed_then_where_the_order_of_stages_binds() -> None:
    line = Line(steps=(0.3, 0.99, 0.99), weeks=(2.0, 0.2, 0.2))
    company = Company("all pass", 40.0, (line,), weeks=40)
    made = draw(company, np.random.default_rng(4))
    day, then = company.dates[0], company.dates[0] - dt.timedelta(weeks=4)
    sale = company.stages[-1]
    printed = ask(made, then).forecast()
    table = ahead(printed)
    table = table[(table["stage"] == sale) & (table["weeks"] == 4)].set_index("cohort_week")
    told = forecasts(ask(made, day).history(), sale, day, [then])
    ours = told[told["method"] == OURS].set_index("cohort_week").loc[table.index]
    assert ours["mean"].tolist() == pytest.approx(table["mean"].tolist(), rel=1e-9)
    reasons = printed.frame().query("stage == @sale").set_index("cohort_week")["reason"]
    assert ours["reason"].tolist() == reasons.loc[table.index].tolist()
    alone = draw_coming(printed.stages[sale].fit, printed.history.draws, len(company.stages) - 1)[0]
    assert (printed.stages[sale].coming.sum(axis=1) < alone.sum(axis=1) - 1e-6).any()  # it binds
