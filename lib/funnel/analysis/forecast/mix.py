"""A change explained: how much of it is volume, age, mix and rate, adding up exactly.

Two groups of cohorts are compared (now and before), by the values of one attribute. For each group and value:
leads n, and reached x at the report date. With m the maturity expected of the group's ages (leads-weighted,
the forecast's curve), the conversion is x / n = m * r, r being the rate had all been ripe. The number reached
is then N * sum_v s_v * m_v * r_v with s_v = n_v / N the mix. Going from before to now, each of the four
factors gets its mean contribution over all orders in which they can be changed (the Shapley value), so that
nothing depends on an order and the parts add up exactly. Sources: Kitagawa 1955 (JASA 50); Shorrocks 2013 (J.
Econ. Inequality 11).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.forecast.final import Forecast

Floats = npt.NDArray[np.float64]

PARTS = ("volume", "age", "mix", "rate")
EXPLAINED_COLUMNS = ("level", "value", "part", "reached", "conversion", "spread")
"""One row per part for the whole (`level` 'whole') and per value of the attribute and part (`level` 'value').
`reached`: leads by which the part changed the number that reached the stage; `conversion`: points by which it
changed the conversion (0 for volume). The parts of the whole add up to the change, and the values to the
whole. `spread`: of the part `rate`, the standard deviation that chance alone gives `reached` where nothing
has changed (the two groups' numbers are Poisson with one rate); 0 for the others."""


def explain_change(
    reached: pd.DataFrame,
    forecast: Forecast,
    stage: str,
    now: Sequence[pd.Timestamp],
    before: Sequence[pd.Timestamp],
) -> pd.DataFrame:
    """Explain the change between two groups of cohorts (`EXPLAINED_COLUMNS`).

    Args:
        reached: the cube `reached` of one attribute: its values in `value`.
        forecast: of the whole, for the maturity of every cohort.
        stage: whose number is explained.
        now: cohort weeks of the newer group.
        before: cohort weeks of the older group.
    """
    values = pd.Index(sorted(reached["value"].unique()))
    one = forecast.stages[stage]
    curve = pd.Series(one.told.maturity()[0], index=one.fit.triangle.weeks)
    tables = [_group(reached, stage, weeks, values, curve) for weeks in (before, now)]
    keys = ("leads", "age", "mix", "rate")
    parts = {part: np.zeros(len(values)) for part in PARTS}
    points = {part: np.zeros(len(values)) for part in PARTS}
    weight = np.zeros(len(values))  # of the rate: what a rate higher by one would bring
    orders = list(itertools.permutations(range(4)))
    for order in orders:
        state = [0, 0, 0, 0]
        for factor in order:
            old = [tables[state[n]][key] for n, key in enumerate(keys)]
            if PARTS[factor] == "rate":
                weight += old[0] * old[1] * old[2] / len(orders)
            state[factor] = 1
            new = [tables[state[n]][key] for n, key in enumerate(keys)]
            parts[PARTS[factor]] += (
                new[0] * new[1] * new[2] * new[3] - old[0] * old[1] * old[2] * old[3]
            ) / len(orders)
            points[PARTS[factor]] += (new[1] * new[2] * new[3] - old[1] * old[2] * old[3]) / len(orders)
    spread = weight * _spread(*tables)
    rows = [
        {
            "level": "value",
            "value": value,
            "part": part,
            "reached": parts[part][n],
            "conversion": points[part][n],
            "spread": spread[n] if part == "rate" else 0.0,
        }
        for n, value in enumerate(values)
        for part in PARTS
    ]
    whole = [
        {
            "level": "whole",
            "value": "",
            "part": part,
            "reached": parts[part].sum(),
            "conversion": points[part].sum(),
            "spread": float(np.sqrt((spread**2).sum())) if part == "rate" else 0.0,
        }
        for part in PARTS
    ]
    return pd.DataFrame(whole + rows, columns=list(EXPLAINED_COLUMNS))


def _spread(before: dict[str, Floats], now: dict[str, Floats]) -> Floats:
    """Return by value the standard deviation of the difference of the two rates, if there is none."""
    old, new = (group["leads"] * group["age"] * group["mix"] for group in (before, now))
    both = old + new
    rate = np.divide(old * before["rate"] + new * now["rate"], both, out=np.zeros_like(both), where=both > 0)
    variance = sum(np.divide(rate, one, out=np.zeros_like(one), where=one > 0) for one in (old, new))
    result: Floats = np.sqrt(variance)
    return result


def _group(
    reached: pd.DataFrame,
    stage: str,
    weeks: Sequence[pd.Timestamp],
    values: pd.Index[str],
    curve: pd.Series[float],
) -> dict[str, Floats]:
    """Return leads (of the whole), and by value: maturity, share of the leads, ripe rate."""
    mine = reached[reached["cohort_week"].isin(list(weeks))]
    leads = mine[mine["stage"] == "lead"]
    size = leads.groupby("value")["leads"].sum().reindex(values, fill_value=0).to_numpy(float)
    came = (
        mine[mine["stage"] == stage]
        .groupby("value")["leads"]
        .sum()
        .reindex(values, fill_value=0)
        .to_numpy(float)
    )
    ripe = leads["cohort_week"].map(curve).fillna(1.0).to_numpy(float) * leads["leads"].to_numpy(float)
    mature = (
        pd.Series(ripe, index=leads["value"])
        .groupby(level=0)
        .sum()
        .reindex(values, fill_value=0)
        .to_numpy(float)
    )
    total = float(size.sum())
    overall = float(mature.sum()) / total if total > 0 else 1.0
    age = np.divide(mature, size, out=np.full_like(size, overall), where=size > 0)
    age = np.where(age > 0, age, 1.0)
    conversion = np.divide(came, size, out=np.zeros_like(size), where=size > 0)
    return {
        "leads": np.full_like(size, total),
        "age": age,
        "mix": size / total if total > 0 else np.zeros_like(size),
        "rate": conversion / age,
    }
