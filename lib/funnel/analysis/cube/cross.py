"""The cross of all attributes as arrays: a cell is the leads of one week with the same values.

A reader of a cell of one lead reads that lead. So cells below a size can be counted together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cube.groups import distinct
from funnel.settings import LEAD

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cross:
    """Cells in order of week and values, and what their leads reached when.

    Attributes:
        attributes: names, in the order of the settings.
        values: the values of each attribute in order; its code is its position. The code after the last
            stands for cells that were counted together.
        steps: `lead` and the stages in order.
        weeks: Mondays, consecutive, oldest first.
        week: position in `weeks`, by cell.
        codes: value of each attribute, (cells, attributes).
        leads: by cell.
        of_cell: the cell, by event; an event is some leads of a cell that reached a step at a lag.
        step: position in `steps`, 1 or more, by event.
        lag: whole weeks, by event.
        count: leads, by event.
    """

    attributes: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    steps: tuple[str, ...]
    weeks: tuple[dt.date, ...]
    week: Whole
    codes: Whole
    leads: Whole
    of_cell: Whole
    step: Whole
    lag: Whole
    count: Whole


def cross(
    frame: pd.DataFrame, attributes: Sequence[str], steps: Sequence[str], weeks: Sequence[dt.date]
) -> Cross:
    """Lay out what the warehouse counted (`warehouse.crossed_lags`).

    Args:
        frame: `cohort_week`, `attr_0`, ..., `stage`, `lag`, `leads`.
        attributes: names of `attr_0`, ... in order.
        steps: `lead` and the stages in order.
        weeks: the Mondays wanted, consecutive.
    """
    first = pd.Timestamp(weeks[0])
    at = ((frame["cohort_week"] - first).dt.days // 7).to_numpy(np.int64)
    kept = (at >= 0) & (at < len(weeks))
    columns = [frame[f"attr_{number}"].cat for number in range(len(attributes))]
    key = [part[kept] for part in (at, *(column.codes.to_numpy(np.int64) for column in columns))]
    step: Whole = np.asarray(frame["stage"].cat.codes, dtype=np.int64)[kept]
    lag: Whole = frame["lag"].to_numpy(np.int64)[kept]
    count: Whole = frame["leads"].to_numpy(np.int64)[kept]
    order = list(frame["stage"].cat.categories)
    step = np.array([list(steps).index(name) for name in order], dtype=np.int64)[step]
    cells, of_row = distinct(key)
    leads = np.bincount(of_row[step == 0], weights=count[step == 0], minlength=len(cells)).astype(np.int64)
    later = step > 0
    found = Cross(
        tuple(attributes),
        tuple(tuple(map(str, column.categories)) for column in columns),
        tuple(steps),
        tuple(weeks),
        cells[:, 0],
        cells[:, 1:],
        leads,
        of_row[later],
        step[later],
        lag[later],
        count[later],
    )
    return _in_order(found)


def merged(table: Cross, least: int) -> Cross:
    """Return the cross with cells of fewer than `least` leads counted together.

    The last attribute of small cells is set aside first, then the one before it, until they are large enough;
    what is left of a week takes the week's smallest cells to it. A week that has fewer leads as a whole is
    one cell. Every sum over a week stays.
    """
    rest = np.array([len(values) for values in table.values], dtype=np.int64)
    for number in reversed(range(len(rest))):
        small = table.leads < least
        if not small.any():
            return table
        codes = table.codes.copy()
        codes[small, number] = rest[number]
        table = _together(table, codes)
    codes = table.codes.copy()
    left = (table.codes == rest).all(axis=1)
    for week in np.unique(table.week[table.leads < least]):
        mine = np.flatnonzero(table.week == week)
        own = mine[left[mine]]
        others = mine[~left[mine]]
        others = others[np.argsort(table.leads[others], kind="stable")]
        held = np.concatenate([[0], np.cumsum(table.leads[others])]) + table.leads[own].sum()
        needed = int(np.searchsorted(held, least))
        codes[others[:needed]] = rest
    return _together(table, codes)


def _together(table: Cross, codes: Whole) -> Cross:
    """Count cells together that have the same week and codes."""
    cells, of_old = distinct([table.week, *codes.T])
    leads = np.bincount(of_old, weights=table.leads, minlength=len(cells)).astype(np.int64)
    return _in_order(
        replace(table, week=cells[:, 0], codes=cells[:, 1:], leads=leads, of_cell=of_old[table.of_cell])
    )


def _in_order(table: Cross) -> Cross:
    """Return the cross with one event for each cell, step and lag, in this order."""
    events, of_old = distinct([table.of_cell, table.step, table.lag])
    count = np.bincount(of_old, weights=table.count, minlength=len(events)).astype(np.int64)
    return replace(table, of_cell=events[:, 0], step=events[:, 1], lag=events[:, 2], count=count)


def leads_by(table: Cross, attribute: str) -> pd.DataFrame:
    """Return the leads of each week and value of an attribute, '' for all.

    One row per week (position) and value: `week`, `value`, `leads`. Cells that were counted together
    have no value of it, and no row.
    """
    if not attribute:
        leads = np.bincount(table.week, weights=table.leads, minlength=len(table.weeks)).astype(np.int64)
        return pd.DataFrame({"week": np.arange(len(leads)), "value": "", "leads": leads})
    number = table.attributes.index(attribute)
    code = table.codes[:, number]
    named = code < len(table.values[number])
    frame = pd.DataFrame({"week": table.week, "code": code, "leads": table.leads})[named]
    sums = frame.groupby(["week", "code"])["leads"].sum().reset_index()
    names = np.array([*table.values[number], ""], dtype=object)
    return pd.DataFrame({"week": sums["week"], "value": names[sums["code"]], "leads": sums["leads"]})


def reached_by(table: Cross) -> Whole:
    """Return the leads of all cells by week, step and lag, (weeks, steps, lags)."""
    lags = int(table.lag.max()) + 1 if len(table.lag) else 1
    result = np.zeros((len(table.weeks), len(table.steps), lags), dtype=np.int64)
    lead = np.full_like(table.week, table.steps.index(LEAD))
    np.add.at(result, (table.week, lead, np.zeros_like(table.week)), table.leads)
    np.add.at(result, (table.week[table.of_cell], table.step, table.lag), table.count)
    return result
