"""Before an initiative starts: what its hypothesis would earn, and whether and when it could be seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cube.cells import Cells, cells, ripening
from funnel.analysis.initiatives.impact import busy_weeks, metric_steps, promise, varies
from funnel.analysis.initiatives.overlap import BEFORE, Plan, plan
from funnel.analysis.initiatives.returns import SLICE, WEEKS_A_MONTH
from funnel.analysis.revenue.whatif import CANNOT_RISE, FULL
from funnel.logbook import Initiative

Floats = npt.NDArray[np.float64]
COLUMNS = ("metric", "now", "expected_change", "mde", "power", "readable_from", "weeks", "at_age", "reason")


@dataclass(frozen=True, slots=True)
class Economics:
    """What a hypothesis is worth at today's volume, a month.

    Attributes:
        leads: leads a month in the scope.
        sales: ripe sales they bring.
        change: expected relative change of the overall conversion; that of its steps together where the
            whole has no hypothesis of its own. What the leads do not allow is not in it: a step above
            `whatif.FULL` cannot rise, and none passes 100 %.
        extra_sales: sales more.
        extra_revenue: revenue more; NaN if no payment at all is known.
        cost: of the initiative.
        payback_months: months until the extra revenue has paid the cost; infinite if it never does, NaN if
            unknown.
        return_in_a_year: (extra revenue of twelve months - cost) / cost; NaN if unknown.
    """

    leads: float
    sales: float
    change: float
    extra_sales: float
    extra_revenue: float
    cost: float
    payback_months: float
    return_in_a_year: float


def prospects(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    item: Initiative,
    others: Sequence[Initiative] = (),
    paid: pd.DataFrame | None = None,
) -> tuple[Economics, pd.DataFrame]:
    """Look ahead at an initiative.

    Returns:
        What it would earn, and one row per hypothesis: `metric`, `now` (rate in the scope in the last
        half-year, at `at_age`), `expected_change`, `mde` (the smallest change seen in 80 % of cases),
        `power` (chance that the expected one is seen), `readable_from` (report date), `weeks` (cohorts
        needed), `at_age`, `reason` (why nothing can be told: `varies` where the weeks before vary as much,
        or `whatif.CANNOT_RISE` where the step converts so many already that the hypothesis cannot come
        true; else empty).
    """
    pairs = len(item.scope) > 1 or any(len(other.scope) > 1 for other in others)
    attributes = {name for each in (item, *others) for name in each.scope}
    table = cells(reached, steps, report_date, weeks=260, attributes=attributes, pairs=pairs)
    share = ripening(table)
    found = plan(table, item, others)
    final = _final(table, share, found)
    rows = []
    for hypothesis in item.hypotheses:
        row: dict[str, object] = {
            "metric": hypothesis.metric, "expected_change": hypothesis.change, "reason": found.reason,
        }  # fmt: skip
        if not found.reason:
            before, after = metric_steps(hypothesis.metric, steps)
            busy = busy_weeks(table, item, others)
            read, seen, checked = promise(table, found, before, after, hypothesis.change, busy)
            row |= {
                "now": _now(table, read, before, after, seen.age),
                "mde": seen.detectable,
                "power": seen.power,
                "readable_from": pd.Timestamp(seen.readable),
                "weeks": seen.weeks,
                "at_age": seen.age,
            }
            if varies(checked):
                row |= {"mde": np.nan, "power": np.nan, "reason": "varies"}
            if _allowed(hypothesis.change, final[after] / final[before]) < hypothesis.change:
                row["reason"] = CANNOT_RISE
        rows.append(row)
    return _economics(table, final, found, item, reached, paid), pd.DataFrame(rows, columns=list(COLUMNS))


def _scope(found: Plan) -> list[int]:
    return [cell for _, group in found.treated for cell in group]


def _now(table: Cells, found: Plan, before: int, after: int, age: int) -> float:
    rows = np.flatnonzero(table.ages >= age)[-BEFORE:]
    base, reached = (table.at(step, age)[_scope(found)][:, rows].sum() for step in (before, after))
    return float(reached / base) if base else float("nan")


def _final(table: Cells, share: Floats, found: Plan) -> Floats:
    """Return the final share of a lead of the scope that reaches each step, by the half-year before."""
    scope, rows = _scope(found), np.arange(len(table.weeks))[-BEFORE:]
    ages = table.ages[rows]
    leads = table.at(0, 0)[scope][:, rows]
    reached = np.array(
        [sum(table.reached[cell, rows, step, ages].sum() for cell in scope) for step in range(len(share))]
    )
    exposed = np.array([(leads * one[ages]).sum() for one in share])
    final: Floats = np.divide(reached, exposed, out=np.full(len(share), np.nan), where=exposed > 0)
    return final


def _allowed(change: float, rate: float) -> float:
    """Return so much of a relative change as the leads allow.

    >>> [round(_allowed(0.2, rate), 3) for rate in (0.5, 0.9, 0.96)], _allowed(-0.2, 0.96)
    ([0.2, 0.111, 0.0], -0.2)
    """
    if change <= 0 or not rate > 0:
        return change
    return 0.0 if rate > FULL else min(change, 1 / rate - 1)


def _economics(
    table: Cells,
    final: Floats,
    found: Plan,
    item: Initiative,
    reached: pd.DataFrame,
    paid: pd.DataFrame | None,
) -> Economics:
    scope = _scope(found)
    recent = table.at(0, 0)[scope][:, -13:]
    leads = float(recent.sum() / max(recent.shape[1], 1) * WEEKS_A_MONTH)
    sales = leads * float(final[-1])
    change = _whole_change(item, table.steps, final)
    cost = float(item.cost.total)
    worth = float("nan")
    if paid is not None and len(paid) and scope:
        keys = pd.DataFrame([table.keys[cell] for cell in scope], columns=SLICE)
        amount = float(paid.merge(keys)["amount"].astype("float64").sum())
        every = float(reached[reached["stage"] == table.steps[-1]].merge(keys)["leads"].sum())
        worth = amount / every if every else float("nan")
    extra = sales * change
    revenue = extra * worth
    payback = cost / revenue if revenue > 0 else (float("nan") if np.isnan(revenue) else float("inf"))
    back = (12 * revenue - cost) / cost if cost > 0 else float("nan")
    return Economics(leads, sales, change, extra, revenue, cost, payback, back)


def _whole_change(item: Initiative, steps: Sequence[str], final: Floats) -> float:
    """Return the expected change of the overall conversion, as far as the leads allow it."""
    given = {hypothesis.metric: hypothesis.change for hypothesis in item.hypotheses}
    if "overall_rate" in given:
        return _allowed(given["overall_rate"], float(final[-1]))
    factors = [
        1 + _allowed(given.get(f"{stage}_rate", 0.0), float(final[at] / final[at - 1]))
        for at, stage in enumerate(steps)
        if at
    ]
    return float(np.prod(factors) - 1)
