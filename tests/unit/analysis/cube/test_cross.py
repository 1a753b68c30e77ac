"""The cross of all attributes, and what becomes of its small cells."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cube.cross import Cross, cross, leads_by, merged, reached_by

STEPS = ("lead", "target", "sale")
WEEKS = [dt.date(2024, 1, 1) + dt.timedelta(days=7 * number) for number in range(6)]


def histories(leads: int, seed: int) -> pd.DataFrame:
    """One row per lead: week, three attributes, lags (-1: not reached)."""
    dice = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "week": dice.integers(0, len(WEEKS), leads),
            "a": dice.choice(["", "x", "y"], leads, p=[0.1, 0.6, 0.3]),
            "b": dice.choice(list("pqrstu"), leads),
            "c": dice.choice(["1", "2"], leads),
            "target": np.where(dice.random(leads) < 0.5, dice.integers(0, 4, leads), -1),
            "sale": np.where(dice.random(leads) < 0.1, dice.integers(2, 9, leads), -1),
        }
    )


def counted(some: pd.DataFrame) -> pd.DataFrame:
    """Return what the warehouse would count of them."""
    parts = [some.assign(stage="lead", lag=0)]
    parts += [some[some[stage] >= 0].assign(stage=stage, lag=some[stage]) for stage in STEPS[1:]]
    frame = pd.concat(parts).groupby(["week", "a", "b", "c", "stage", "lag"]).size().reset_index(name="leads")
    result = pd.DataFrame({"cohort_week": [pd.Timestamp(WEEKS[week]) for week in frame["week"]]})
    for number, name in enumerate("abc"):
        result[f"attr_{number}"] = pd.Categorical(frame[name], sorted(frame[name].unique()), ordered=True)
    stages = pd.Categorical(frame["stage"], list(STEPS))
    return result.assign(stage=stages, lag=frame["lag"], leads=frame["leads"])


def made(leads: int = 900, seed: int = 3) -> tuple[pd.DataFrame, Cross]:
    some = histories(leads, seed)
    return some, cross(counted(some), ["a", "b", "c"], STEPS, WEEKS)


def test_a_cell_holds_the_leads_of_a_week_with_the_same_values() -> None:
    some, table = made()
    wanted = Counter(some[["week", "a", "b", "c"]].itertuples(index=False, name=None))
    names = [
        (int(week), *(table.values[number][code] for number, code in enumerate(codes)))
        for week, codes in zip(table.week, table.codes, strict=True)
    ]
    assert dict(zip(names, table.leads.tolist(), strict=True)) == wanted
    assert table.count.sum() == (some["target"] >= 0).sum() + (some["sale"] >= 0).sum()


@pytest.mark.parametrize("least", [2, 5, 20, 60])
def test_no_cell_is_smaller_than_asked_and_every_sum_of_a_week_stays(least: int) -> None:
    _, table = made()
    fewer = merged(table, least)
    assert fewer.leads.min() >= least
    assert (reached_by(fewer) == reached_by(table)).all()
    assert len(fewer.leads) < len(table.leads)
    assert len(np.unique(np.column_stack([fewer.week, fewer.codes]), axis=0)) == len(fewer.leads)


def test_a_value_keeps_its_leads_where_only_a_later_attribute_is_set_aside() -> None:
    some, table = made()
    fewer = merged(table, 5)
    frame = leads_by(fewer, "a")
    left = some.groupby(["week", "a"]).size()
    kept = frame.set_index(["week", "value"])["leads"]
    assert (kept <= left.reindex(kept.index)).all()
    assert kept.sum() > 0.9 * len(some), "the first attribute is the last to go"


def test_a_week_of_few_leads_is_one_cell() -> None:
    some, table = made(40, seed=1)
    fewer = merged(table, 1000)
    assert len(fewer.leads) == some["week"].nunique()
    assert (fewer.codes == [len(values) for values in fewer.values]).all()
    assert (reached_by(fewer) == reached_by(table)).all()


def test_one_is_no_limit() -> None:
    _, table = made()
    assert merged(table, 1) is table


def test_without_attributes_a_week_is_a_cell() -> None:
    some, _ = made()
    frame = counted(some).drop(columns=["attr_0", "attr_1", "attr_2"])
    frame = frame.groupby(["cohort_week", "stage", "lag"], observed=True, as_index=False)["leads"].sum()
    table = cross(frame, [], STEPS, WEEKS)
    assert table.leads.tolist() == some.groupby("week").size().tolist()
    assert merged(table, 5).leads.tolist() == table.leads.tolist()
