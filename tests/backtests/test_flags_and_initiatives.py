"""Short, seeded runs of bench/deviations.py and bench/impact.py, and the demo's truth."""

import datetime as dt
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from histories import STEPS, Planted, draw, reached_of

from funnel.analysis.attention.deviations import compare, deviations
from funnel.analysis.attention.shapes import shapes
from funnel.analysis.initiatives.impact import impact
from funnel.settings import load
from funnel.simulate import DEMO, INITIATIVES, simulate
from funnel.sources.initiatives import read_initiatives

ROOT = Path(__file__).parents[2]
DAY = dt.date(2022, 9, 26)


def test_without_any_change_few_weeks_have_a_flag():
    weeks = [
        bool(compare(history.cells(at))["flag"].any())
        for run in range(8)
        for history in [draw(np.random.default_rng([2, run]), 250, 84, sigma=0.15)]
        for at in (66, 75, 84)
    ]
    assert np.mean(weeks) <= 0.15


def test_a_drop_of_one_of_ten_managers_is_found_at_the_right_place():
    found = []
    for run in range(8):
        planted = Planted(72, steps=(0.7, 1.0, 1.0, 1.0), attribute="manager", values=(run,))
        history = draw(np.random.default_rng([3, run]), 550, 78, planted=[planted])
        frames = [compare(history.cells(at)) for at in (76, 78)]
        flags = {
            (row.attribute, row.value, row.stage)
            for frame in frames
            for row in frame[frame["flag"] & (frame["change"] < 0)].itertuples()
        }
        found.append(("manager", f"{run:02}", "target") in flags)
    assert sum(found) >= 6


@pytest.fixture(scope="module")
def demo():
    cube = reached_of(simulate(DEMO), DAY, ("channel", "manager", "product", "region"))
    items, problems = read_initiatives(ROOT / "data" / "initiatives", load(ROOT / "funnel.yml"))
    assert not problems
    return cube, items


@pytest.fixture(scope="module")
def measured(demo):
    cube, items = demo
    return impact(cube, STEPS, DAY, items)


@pytest.mark.parametrize("effect", INITIATIVES, ids=lambda effect: effect.id)
def test_the_demo_s_initiatives_come_out_as_planted(measured, effect):
    rows = measured[measured["initiative"] == effect.id].set_index("metric")
    planted = {f"{stage}_rate": factor - 1 for stage, factor in zip(STEPS[1:], effect.steps, strict=True)}
    planted["overall_rate"] = effect.lead_to_sale - 1
    for metric, truth in planted.items():
        assert rows.loc[metric, "low"] <= truth <= rows.loc[metric, "high"], metric
        if rows.loc[metric, "verdict"]:
            assert rows.loc[metric, "measured_change"] * truth > 0, metric
            assert rows.loc[metric, "verdict"] != "refuted", metric


def test_the_demo_s_trouble_is_named_and_dated(demo):
    cube, items = demo
    start = time.perf_counter()
    flags = deviations(cube, STEPS, DAY, initiatives=items).query("flag")
    first = flags.iloc[0]
    assert (first["attribute"], first["value"], first["stage"]) == ("manager", "Boris", "qualified")
    assert first["since"] == pd.Timestamp("2022-08-08")
    named = shapes(cube, STEPS, DAY, weeks=60, initiatives=items).set_index("shape")
    assert abs((named.loc["overload", "first_week"] - pd.Timestamp("2022-07-04")).days) <= 7
    assert abs((named.loc["market", "first_week"] - pd.Timestamp("2021-11-15")).days) <= 7
    assert set(named.index) == {"overload", "market"}
    assert time.perf_counter() - start < 10


def test_placebos_on_the_demo_s_quiet_segments_are_not_confirmed(demo):
    cube, items = demo
    template = items[0]
    fakes = [
        template.model_copy(
            update={"id": f"{name}-{value}", "scope": {name: (value,)}, "start": dt.date(2022, 3, 7)}
        )
        for name, value in (("product", "Team"), ("region", "Volga"))
    ]
    frame = pd.concat([impact(cube, STEPS, DAY, [fake]) for fake in fakes])
    assert (frame["verdict"] == "confirmed").sum() <= 1
