"""The bench of the printed forecast: it forecasts what the report prints, and scores it rightly."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cuts
import numpy as np
import pandas as pd
import printed
import pytest
from catalogue import QUICK, SLOW, rng_of
from companies import Company, draw
from law import learn
from printed_history import ATTRIBUTES, broken, page
from printed_measures import mean, measure, ratio, share

from funnel.analysis.forecast.final import QUANTILES
from funnel.analysis.statistics.scores import count_quantiles
from funnel.edition.compute import compute
from funnel.edition.logbook import Logbook
from funnel.settings import Settings, Stage
from funnel.warehouse import Warehouse


@pytest.mark.slow
def test_what_is_scored_is_what_the_edition_publishes(tmp_path: Path) -> None:
    company = Company("here", 60.0, (replace(QUICK, weeks=(0.1, 0.2, 0.4, 1.0)), SLOW), weeks=60)
    history, date = draw(company, rng_of("here", 0)), company.dates[0]
    settings = Settings(
        stages=tuple(Stage(key=key) for key in company.stages),
        attributes={name: {} for name in ATTRIBUTES},
        root=tmp_path,
    )
    moment = dt.datetime(2024, 1, 1)
    with Warehouse.open(tmp_path / "w.duckdb", settings, write=True) as house:
        house.load(cuts.batch(cuts.tables(history)), moment, full=True)
        published = compute(house, settings, date, moment, registers=Logbook()).results
    told = page(history, date)
    pd.testing.assert_frame_equal(told.whole.frame(), published["forecast"], check_dtype=False)
    pd.testing.assert_frame_equal(told.revenue.frame(), published["revenue"], check_dtype=False)
    mine, theirs = (
        frame[frame["attribute"] == "product"].set_index("value")[
            ["lead_ltv", "lead_ltv_p05", "lead_ltv_p95"]
        ]
        for frame in (told.worth, published["ltv"])
    )
    assert list(mine.index) == ["quick", "slow"]
    pd.testing.assert_frame_equal(mine, theirs)


def test_who_knows_the_law_is_right_on_average() -> None:
    company = Company("law", 800.0, weeks=60, spread=0.0)
    law, date = learn(company), company.dates[0]
    due, floor, came = 0.0, 0.0, 0.0
    for number in range(4):
        history = draw(company, rng_of("law", number))
        leads = np.bincount(history.cohort, minlength=60)[:60].astype(float)
        lags = history.moment(date) // (7 * 86_400) - 1 - np.arange(60)
        due += law.expected(leads, lags).sum()
        floor += law.floor(history, date).sum()
        seen = cuts.cut(history, date)[0].query("stage == 'sale'")["leads"].sum()
        came += history.final(date)[:, -1].sum() - seen
    assert came > 1000
    assert due == pytest.approx(came, rel=0.08)
    assert floor == pytest.approx(came, rel=0.08)


def table(rows: list[list[float]]) -> SimpleNamespace:
    """Return a printed table: reached, seven limits, leads, mean."""
    names = ["reached", *(f"final_{name}" for name in QUANTILES), "leads", "final_mean"]
    frame = pd.DataFrame(rows, columns=names, dtype=float).assign(stage="sale")
    one = SimpleNamespace(fit=SimpleNamespace(triangle=SimpleNamespace(ages=np.zeros(len(rows)))))
    one.draws = np.array([np.repeat(row[1:8], 100) for row in rows])
    # limits that are those of these draws
    for row, limits in zip(frame.index, count_quantiles(one.draws), strict=True):
        frame.loc[row, names[1:8]] = limits
    return SimpleNamespace(frame=lambda: frame, stages={"sale": one}, table=frame)


def test_every_broken_row_of_a_printed_table_is_found() -> None:
    right = [3, 4, 4, 5, 6, 7, 8, 9, 20, 6.0]
    whole = table([right, right, right, right, right, right])
    assert broken(whole) == 0
    for row, column, value in (
        (0, "reached", 5),
        (1, "leads", 7),
        (2, "final_mean", 30.0),
        (3, "final_p25", 11.0),
        (4, "final_mean", float("nan")),
        (5, "final_p90", whole.table.loc[5, "final_p90"] + 0.2),
    ):
        whole.table.loc[row, column] = value
        assert broken(whole) == row + 1


def test_errors_are_those_between_replications() -> None:
    of = pd.Series([0, 0, 1, 1])
    assert mean(pd.Series([1.0, 1.0, 0.0, 0.0]), of) == pytest.approx((0.5, 0.5))
    assert mean(pd.Series([1.0, 0.0, 1.0, 0.0]), of) == pytest.approx((0.5, 0.0))
    # 2 + 3 of 4 + 12: each replication's own gap to 5/16 of its sum is +-0.75, times sqrt 2 of it
    value, error = ratio(pd.Series([2.0, 3.0]), pd.Series([4.0, 12.0]), pd.Series([0, 1]))
    assert (value, error) == pytest.approx((5 / 16, 2 * 0.75 / 16))
    assert share(pd.Series([True, True]), pd.Series([0, 1])) == pytest.approx((1.0, (2 / 9 / 6) ** 0.5))
    assert np.isnan(ratio(pd.Series([1.0]), pd.Series([0.0]), pd.Series([0]))[0])


def scored(bias: float) -> dict[str, pd.DataFrame]:
    """Return the scores of 20 replications of one cohort of which 10 sales are to come."""
    number = np.arange(20)
    cells = pd.DataFrame(
        {"replication": number, "date": pd.Timestamp("2022-09-26"), "age": 5, "leads": 100.0}
    )
    cells = cells.assign(reached=2.0, actual=12.0 + number % 2, due=10.0, reason="", c50=0.5, c80=0.8)
    cells["mean"] = 2 + (cells["actual"] - 2) * (1 + bias) + np.where(number < 10, 0.1, -0.1)
    for name in ("chain ladder", "cape cod", "old conversion", "floor"):
        cells[name] = cells["actual"] + 1
    dates = cells[["replication", "date"]].assign(seconds=1.0, broken=0, error="")
    return {"cells": cells.assign(c90=0.9), "money": pd.DataFrame(), "worth": pd.DataFrame(), "dates": dates}


@pytest.mark.parametrize(("bias", "met"), [(0.0, True), (0.049, True), (0.2, False), (-0.2, False)])
def test_a_bar_is_missed_beyond_two_standard_errors(bias: float, met: bool) -> None:
    found = measure(Company("here", 100.0), scored(bias)).set_index(["measure", "of"])
    told = found.loc[("to come: bias", "")]
    assert told["value"] == pytest.approx(bias)
    assert bool(told["met"]) is met
    assert found.loc[("covers 90", "4-7"), "value"] == pytest.approx(0.9)
    assert found.loc[("WAPE", "chain ladder"), "value"] == pytest.approx(1 / 12.5)
    assert found.loc[("marked", "dates"), "value"] == 0


def test_worlds_are_chosen_by_name_and_pattern() -> None:
    assert printed.chosen("steady-60-*,lines", False) == [
        "steady-60-30",
        "steady-60-90",
        "steady-60-97",
        "lines",
    ]
    assert "steady-2000-30" not in printed.chosen("", True)
    with pytest.raises(SystemExit, match=r"no world is called nowhere; there are steady-15-30"):
        printed.chosen("lines,nowhere", False)
