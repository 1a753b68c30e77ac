"""What if one step converted better from some week on: what that would add to sales and revenue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.forecast import Forecast
from funnel.analysis.revenue import forecast_revenue
from funnel.analysis.states import States, advance
from funnel.errors import MissingError

Floats = npt.NDArray[np.float64]
Question = tuple[str, float, pd.Timestamp]
"""A stage, the relative change of the conversion into it, the Monday from which it holds."""

SPANS = (13, 26)
"""Weeks ahead over which the answer is added up."""
WHAT_IF_COLUMNS = (
    "stage", "change", "first_week", "weeks",
    "sales", "extra_sales", "revenue", "extra", "extra_p10", "extra_p90",
)  # fmt: skip
"""One row per question and span (`weeks` ahead): sales and revenue expected as things are, what the change
would add to them, and the 80 % interval of the added revenue (of the expected amounts: how few or many deals
chance makes of them is not in it)."""


def what_if(
    forecast: Forecast,
    paid: pd.DataFrame,
    questions: Sequence[Question],
    plan: Mapping[pd.Timestamp, float] | None = None,
) -> pd.DataFrame:
    """Answer each question by itself; see `WHAT_IF_COLUMNS`.

    Args:
        forecast: of all stages, in their order, made with the cube `moved`.
        paid: the cube `paid` of the same slice.
        questions: what is asked.
        plan: leads planned by week, as for `forecast_revenue`.
    """
    weeks = max(SPANS)
    plain = forecast_revenue(forecast, paid, weeks=weeks, plan=plan)
    rows = []
    for stage, change, week in questions:
        lift = lift_sales(forecast, stage, change, week, weeks)
        more = forecast_revenue(forecast, paid, weeks=weeks, plan=plan, lift=lift)
        for span in SPANS:
            before, sales = (each[:span].sum(axis=0) for each in (plain.payments, plain.sales))
            extra = (more.payments[:span].sum(axis=0) - before) * plain.deals.mean
            low, high = np.quantile(extra, [0.1, 0.9])
            added = float((more.sales[:span].sum(axis=0) - sales).mean())
            revenue = float(before.mean()) * plain.deals.mean
            rows.append((stage, change, week, span, sales.mean(), added, revenue, extra.mean(), low, high))
    frame = pd.DataFrame(rows, columns=list(WHAT_IF_COLUMNS))
    return frame.astype({"first_week": "datetime64[ns]", "weeks": "int64"})


def lift_sales(
    forecast: Forecast, stage: str, change: float, week: pd.Timestamp, weeks: int
) -> tuple[Floats, Floats]:
    """Return the factors on sales if the conversion to a stage changes from a week on.

    Args:
        forecast: of all stages, in their order, made with the cube `moved`.
        stage: the stage to which more leads convert.
        change: relative, 0.1 = +10 %.
        week: Monday from which it holds.
        weeks: how many weeks ahead.

    Returns:
        Factors on the sales of existing cohorts (cohort by week ahead) and of future cohorts (week of birth
        by week ahead), as `forecast_revenue` takes them.

    Raises:
        MissingError: the forecast was made without `moved`.
    """
    states = forecast.states
    if states is None:
        raise MissingError("What if cannot be answered: it is not known where the open leads stand.")
    step = list(forecast.stages).index(stage)
    monday = pd.Timestamp(forecast.report_date) - pd.Timedelta(days=forecast.report_date.weekday())
    start = (pd.Timestamp(week) - monday).days // 7
    existing = _ratio(states, np.full(len(states.ages), start), step, change, weeks)
    newborn = np.zeros((weeks, *states.waiting.shape[1:]))
    newborn[:, 0, 0] = 1.0
    last = [np.repeat(model.rows()[-1:], weeks, axis=0) for model in states.steps]
    fresh = States(newborn, states.steps, states.lost, states.skips, np.full(weeks, -1))
    own = _ratio(fresh, start - np.arange(weeks), step, change, weeks, last)
    future = np.ones((weeks, weeks))
    for born in range(weeks):
        future[born, born:] = own[born, : weeks - born]
    return existing, future


def _ratio(
    states: States,
    start: npt.NDArray[np.int64],
    step: int,
    change: float,
    weeks: int,
    laws: Sequence[Floats] | None = None,
) -> Floats:
    rows = [model.rows() for model in states.steps] if laws is None else laws
    level = [model.levels.effect() for model in states.steps]
    effects = np.stack([one if laws is None else np.full(weeks, one[-8:].mean()) for one in level], axis=1)
    plain = advance(states, effects, rows, weeks)[:, -1]
    more = advance(states, effects, rows, weeks, (step, np.full(len(start), 1 + change), start))
    return np.divide(more[:, -1], plain, out=np.ones_like(plain), where=plain > 1e-12)
