"""What a measured change of the whole has brought: extra sales, extra revenue, return on cost."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from funnel.analysis.cube.cells import Cells
from funnel.analysis.initiatives.effects import Fitted
from funnel.analysis.initiatives.overlap import Plan, first_whole_week
from funnel.dates import WEEK
from funnel.logbook import Initiative

WEEKS_A_MONTH = 365.25 / 7 / 12
SLICE = ["attribute", "value", "attribute2", "value2"]


def earned(
    item: Initiative, found: Plan, fitted: Fitted, inflate: float, table: Cells, paid: pd.DataFrame | None
) -> dict[str, object]:
    """Return what the change has brought in all cohorts treated so far, as if it lasted.

    Of the sales of treated leads the share 1 - 1 / (1 + change) would not have come without it; so of their
    payments. The limits are those of the change.

    Args:
        item: the initiative.
        found: what it is measured on.
        fitted: the change of the overall conversion.
        inflate: factor on its error, from the placebo.
        table: the cube as arrays.
        paid: the cube of payments; None leaves revenue and return out.
    """
    low, high = fitted.interval(inflate=inflate)
    shares = [1 - 1 / (1 + change) if change > -1 else float("-inf") for change in (fitted.change, low, high)]
    known = len(table.weeks)
    until = known if item.end is None else table.index(first_whole_week(item.end + dt.timedelta(days=1)))
    sales, revenue, months = 0.0, 0.0, 0.0
    for start, group in found.treated:
        weeks = range(start, min(until, known))
        if not weeks:
            continue
        months = max(months, len(weeks) / WEEKS_A_MONTH)
        ages = table.ages[list(weeks)]
        sales += float(sum(table.reached[cell, list(weeks), -1, ages].sum() for cell in group))
        if paid is not None:
            first, last = (pd.Timestamp(table.weeks[0] + WEEK * week) for week in (weeks.start, weeks.stop))
            keys = pd.DataFrame([table.keys[cell] for cell in group], columns=SLICE)
            amounts = paid[(paid["cohort_week"] >= first) & (paid["cohort_week"] < last)].merge(keys)
            revenue += float(amounts["amount"].astype("float64").sum())
    extra = [sales * one for one in shares]
    result: dict[str, object] = {
        "extra_sales": extra[0],
        "extra_sales_low": extra[1],
        "extra_sales_high": extra[2],
        "sales_per_month": extra[0] / months if months else float("nan"),
    }
    if paid is not None:
        cost = float(item.cost.total)
        gained = [revenue * one for one in shares]
        result |= {
            "extra_revenue": gained[0], "extra_revenue_low": gained[1], "extra_revenue_high": gained[2],
            "revenue_per_month": gained[0] / months if months else float("nan"),
        }  # fmt: skip
        if cost > 0:
            returns = [(one - cost) / cost for one in gained]
            result |= {"roi": returns[0], "roi_low": returns[1], "roi_high": returns[2]}
    return result
