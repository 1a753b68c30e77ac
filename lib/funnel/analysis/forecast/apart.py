"""Whether kinds of leads differ so much in delay or payment that they must be forecast apart.

Two product lines, one sold in a week and one in nine months, have no delay in common: seen together, the
quick one's sales make the slow one's young cohorts look poor, and one mean payment fits neither. For each
attribute two tests are made, at `ALARM` for all attributes together. Delay: given how many of a group's leads
converted, the lags at which they did are multinomial with the shares that everybody's hazard and the group's
own lead-weeks at risk give; Pearson's statistic over blocks of lags, over the dispersion found in each group
between sets of cohorts, by the F distribution: where cohorts are uneven, the dispersion itself is known from
few of them. Payment: the mean payments of the groups against their spread (analysis of variance). Besides,
the difference must be one that matters. An attribute that is known only of leads that advanced (a region
filled for buyers) tells nothing about those who have not yet: it is left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cube.triangles import Triangle, triangle
from funnel.analysis.statistics import laws
from funnel.gate.attributes import tells_outcome
from funnel.schema import STAMPED
from funnel.settings import LEAD

Floats = npt.NDArray[np.float64]

ALARM = 0.001
"""Chance that any attribute is taken apart though its values do not differ."""
FEWEST = 80
"""Conversions that a value must have to be forecast by itself; those with fewer go together."""
REST_FEWEST = 20
"""Conversions that these must have together; with fewer they go with the largest group."""
MOST = 6
"""Groups at most."""
BLOCKS = 6
"""Blocks of lags that are compared."""
FOLDS = 4
"""Sets of cohorts, each of every fourth, between which a group's own dispersion is found."""
DELAY = 0.12
"""Largest distance of the groups' delays from the common one (of cumulative shares) that does not matter."""
PAYMENT = 0.25
"""Relative distance of a group's mean payment from the common one that does not matter."""
APART_COLUMNS = ("attribute", "group", "value")
"""One row per value of the attribute by which leads are forecast apart; values of one group are forecast
together. None where all leads are."""
REST = "\0"
"""The group of the values with few conversions."""
_PART = 0.05
"""Share of conversions or payments below which a group's distance does not count."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Leads forecast apart.

    Attributes:
        attribute: by which.
        groups: the values of each group; a group of one value bears its name.
    """

    attribute: str
    groups: Mapping[str, tuple[str, ...]]

    def frame(self) -> pd.DataFrame:
        """Return the groups (`APART_COLUMNS`)."""
        rows = [(self.attribute, group, value) for group, values in self.groups.items() for value in values]
        return pd.DataFrame(rows, columns=list(APART_COLUMNS))

    def of(self, cube: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Cut a cube (rows of the attribute alone) by group; the values of a group are counted together."""
        sums = [name for name in ("leads", STAMPED, "payments", "amount") if name in cube.columns]
        keys = [name for name in cube.columns if name not in sums]
        result = {}
        for group, values in self.groups.items():
            part = cube[cube["value"].isin(values)].assign(attribute="", value="")
            if len(values) > 1:
                part = part.groupby(keys, observed=True, sort=False)[sums].sum().reset_index()
            result[group] = part
        return result


def choose(
    reached: pd.DataFrame,
    paid: pd.DataFrame,
    attributes: Sequence[str],
    stage: str,
    report_date: dt.date,
    horizon: int,
) -> Apart | None:
    """Choose the attribute by whose values the forecast is made, if there is one that asks for it.

    Args:
        reached: the cube `reached`, of the total and of each attribute alone.
        paid: the cube `paid` of the same.
        attributes: those asked.
        stage: the last one.
        report_date: of the cubes.
        horizon: weeks after which nothing counts any more.
    """
    total = _of(reached, "")
    if total.empty or not attributes:
        return None
    whole = triangle(total, stage, report_date, horizon)
    if whole.reached.sum() < 2 * FEWEST:
        return None
    best, found = 0.0, None
    for attribute in attributes:
        cube = _of(reached, attribute)
        groups = _groups(cube, stage)
        if len(groups) < 2 or tells_outcome(cube, attribute, (LEAD, stage)):
            continue
        one = Apart(attribute, groups)
        first = whole.weeks[0]
        parts = [
            triangle(part, stage, report_date, horizon, first) for part in one.of(cube).values() if len(part)
        ]
        speaks = max(
            _speaks(*_delay(whole, parts), len(attributes), DELAY),
            _speaks(*_payment(list(one.of(_of(paid, attribute)).values())), len(attributes), PAYMENT),
        )
        if speaks > best:
            best, found = speaks, one
    return found


def _of(cube: pd.DataFrame, attribute: str) -> pd.DataFrame:
    return cube[(cube["attribute"] == attribute) & (cube["attribute2"] == "")]


def _groups(cube: pd.DataFrame, stage: str) -> dict[str, tuple[str, ...]]:
    """Return the values by group, those with most conversions first."""
    count = cube[cube["stage"] == stage].groupby("value")["leads"].sum()
    values = sorted(cube["value"].unique())
    count = count.reindex(values, fill_value=0).sort_values(ascending=False, kind="stable")
    alone = [str(value) for value in count.index[count >= FEWEST][:MOST]]
    rest = tuple(sorted(str(value) for value in count.index if str(value) not in alone))
    groups: dict[str, tuple[str, ...]] = {value: (value,) for value in alone}
    if rest and count[list(rest)].sum() >= REST_FEWEST:
        groups[rest[0] if len(rest) == 1 else REST] = rest
    elif rest and alone:
        groups[alone[0]] = (alone[0], *rest)
    return groups


def _delay(whole: Triangle, parts: Sequence[Triangle]) -> tuple[float, float, int, int]:
    """Compare when the groups convert.

    Returns:
        The largest distance of a group's delay from the common one, Pearson's statistic over the dispersion,
        its degrees of freedom, and those of the dispersion.
    """
    risk, events = whole.at_risk().sum(axis=0), whole.told().sum(axis=0)
    hazard = np.divide(events, risk, out=np.zeros_like(risk), where=risk > 0)
    share = np.cumsum(events) / events.sum()
    block = np.minimum((share - events / events.sum() / 2) * BLOCKS, BLOCKS - 1).astype(np.int64)
    count = int(block.max()) + 1
    member = np.eye(count)[block]
    statistic, distance, within, freedom, spare = 0.0, 0.0, 0.0, -1, 0
    for part in parts:
        due = (part.at_risk() * hazard) @ member
        came = part.told() @ member
        total = came.sum()
        if total <= 0 or due.sum() <= 0:
            continue
        expected = due.sum(axis=0) / due.sum() * total
        statistic += _pearson(came.sum(axis=0), expected)
        if total >= _PART * events.sum():
            gap = np.abs(np.cumsum(came.sum(axis=0) - expected)) / total
            distance = max(distance, float(gap.max()))
        own = came.sum(axis=0) / np.maximum(due.sum(axis=0), 1e-12)
        for fold in range(FOLDS):
            there = due[fold::FOLDS].sum(axis=0) * own
            seen = came[fold::FOLDS].sum(axis=0)
            if there.sum() > 0:
                within += _pearson(seen, there / there.sum() * seen.sum())
                spare += count - 1
        freedom, spare = freedom + 1, spare - (count - 1)
    dispersion = max(within / max(spare, 1), 1.0)
    return distance, statistic / dispersion, max(freedom * (count - 1), 1), max(spare, 1)


def _pearson(seen: Floats, expected: Floats) -> float:
    usable = expected > 0.5
    return float(((seen - expected)[usable] ** 2 / expected[usable]).sum())


def _payment(parts: Sequence[pd.DataFrame]) -> tuple[float, float, int, int]:
    """Compare what the groups pay; returns the same as `_delay`."""
    known = [
        (part["payments"].to_numpy(float), part["amount"].astype(float).to_numpy())
        for part in parts
        if len(part) and part["payments"].sum() > 1
    ]
    if len(known) < 2:
        return 0.0, 0.0, 1, 1
    number = np.array([payments.sum() for payments, _ in known])
    mean = np.array([amount.sum() for _, amount in known]) / number
    common = float((number * mean).sum() / number.sum())
    squares = sum(
        float(((amount - payments * one) ** 2 / payments).sum())
        for (payments, amount), one in zip(known, mean, strict=True)
    )
    freedom = sum(len(payments) for payments, _ in known) - len(known)
    if freedom < 1 or squares <= 0 or common <= 0:
        return 0.0, 0.0, 1, 1
    statistic = float((number * (mean - common) ** 2).sum()) / (squares / freedom)
    counts = number >= _PART * number.sum()
    distance = float(np.abs(mean / common - 1)[counts].max(initial=0.0))
    return distance, statistic, len(known) - 1, freedom


def _speaks(
    distance: float, statistic: float, freedom: int, spare: int, attributes: int, least: float
) -> float:
    """Return how loudly a test speaks for taking the groups apart; 0 where chance or the matter do not."""
    if distance < least or laws.f_above(statistic / freedom, freedom, spare) > ALARM / (2 * attributes):
        return 0.0
    return statistic - freedom
