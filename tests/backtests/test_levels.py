"""One stage, known by ages alone, in many worlds: fixed seeds, few replications, room for their noise."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import worlds

from funnel.analysis.forecast.chainladder import SIMPLE, simple
from funnel.analysis.forecast.final import forecast
from funnel.analysis.statistics import scores

START = dt.date(2019, 10, 7)


def history(world: worlds.World, number: int) -> pd.DataFrame:
    leads, sales = world.draw(np.random.default_rng([worlds.SEED, number]))
    day = START + dt.timedelta(weeks=len(leads))
    told = forecast(worlds.reached_frame(leads, worlds.seen(sales)), ["sale"], day, draws=400, seed=number)
    one, actual = told.stages["sale"], sales.sum(axis=1).astype(float)
    seen, rows = one.fit.triangle, []
    for name in ("forecast", *SIMPLE):
        mean = one.mean if name == "forecast" else seen.reached + simple(name, seen).mean
        rows.append(pd.DataFrame({"method": name, "age": seen.ages, "mean": mean, "actual": actual}))
    rows[0]["c50"] = scores.coverage(one.draws, actual, 0.5)
    rows[0]["c90"] = scores.coverage(one.draws, actual, 0.9)
    return pd.concat(rows).assign(reliable=np.tile(one.frame()["reliable"], 1 + len(SIMPLE)))


def wape(frame: pd.DataFrame) -> float:
    return scores.wape(frame["mean"].to_numpy(), frame["actual"].to_numpy())


@pytest.mark.parametrize(
    "world", [worlds.plain(60), worlds.plain(250), *worlds.others()], ids=lambda world: world.name
)
def test_honest_intervals_and_no_simple_method_is_better(world: worlds.World) -> None:
    told = pd.concat(history(world, number) for number in range(3))
    told = told[(told["age"] < 26) & told["reliable"]]
    ours = told[told["method"] == "forecast"]
    assert len(ours) >= 0.6 * 3 * 26, "marked as not reliable too often"
    assert ours["c90"].mean() == pytest.approx(0.9, abs=0.08)
    assert ours["c50"].mean() == pytest.approx(0.5, abs=0.13)
    assert wape(ours) <= 1.1 * min(wape(told[told["method"] == name]) for name in SIMPLE)
    if world.name.startswith("plain"):
        bias = scores.bias(ours["mean"].to_numpy(), ours["actual"].to_numpy())
        assert abs(bias) < 0.08


def test_sales_are_not_promised_too_soon_where_some_leads_decide_in_days() -> None:
    """Steps that are not independent: what young cohorts bring in four weeks, held against the truth."""
    told, came, at = 0.0, 0.0, 104
    for number in range(3):
        leads = worlds.Funnel(quick=0.5).draw(np.random.default_rng([worlds.SEED, number, 4]), at)
        reached, moved = worlds.funnel_cubes(leads, at)
        day = dt.date(2020, 1, 6) + dt.timedelta(weeks=at)
        one = forecast(reached, worlds.STAGES, day, moved=moved, draws=200).stages["sale"]
        young = (one.fit.triangle.ages >= 1) & (one.fit.triangle.ages < 13)
        soon = leads.loc[leads["sale"].between(at, at + 4, inclusive="left"), "cohort"]
        came += float(soon.isin(np.flatnonzero(young)).sum())
        told += float(one.coming[young, :4].sum())
    assert told == pytest.approx(came, rel=0.35)
