"""What if one step converted better from some week on: what that would add to sales and revenue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.forecast import Forecast
from funnel.analysis.revenue import Revenue, forecast_revenue
from funnel.analysis.states import States, advance
from funnel.errors import MissingError

Floats = npt.NDArray[np.float64]
Question = tuple[str, float, pd.Timestamp]
"""A stage, the relative change of the conversion into it, the Monday from which it holds."""

SPANS = (13, 26)
"""Weeks ahead over which the report adds the answer up."""
CASES = ("without", "with", "difference")
WHAT_IF_COLUMNS = (
    "stage", "change", "first_week", "weeks", "case",
    "sales", "sales_p10", "sales_p90", "revenue", "revenue_p10", "revenue_p90",
)  # fmt: skip
"""One row per question, span (`weeks` ahead) and case: `without` the change, `with` it, and the difference of
the two. `sales`: how many are expected; `revenue`: expected, in the settings' currency, NaN where no payments
are known; each with its 80 % interval. That of the difference is of the expected numbers: how few or many
deals chance makes of them, in both cases alike, is not in it. Means of the difference are those with less
those without, exactly."""
_SEED = 11


def what_if(
    forecast: Forecast,
    paid: pd.DataFrame,
    questions: Sequence[Question],
    plan: Mapping[pd.Timestamp, float] | None = None,
    spans: Sequence[int] = SPANS,
) -> pd.DataFrame:
    """Answer each question by itself; see `WHAT_IF_COLUMNS`.

    Args:
        forecast: of all stages, in their order, made with the cube `moved`.
        paid: the cube `paid` of the same slice.
        questions: what is asked.
        plan: leads planned by week, as for `forecast_revenue`.
        spans: weeks ahead over which to add up.
    """
    weeks = max(spans)
    plain = forecast_revenue(forecast, paid, weeks=weeks, plan=plan)
    rows: list[tuple[object, ...]] = []
    for stage, change, week in questions:
        lift = lift_sales(forecast, stage, change, week, weeks)
        more = forecast_revenue(forecast, paid, weeks=weeks, plan=plan, lift=lift)
        for span in spans:
            sums = [_expected(each, span) for each in (plain, more)]
            drawn = [(_chance(sums[n][0]), each.total(span)) for n, each in enumerate((plain, more))]
            apart = tuple(after - before for before, after in zip(*sums, strict=True))
            for case, means, draws in zip(CASES, (*sums, apart), (*drawn, apart), strict=True):
                row: list[object] = [stage, change, week, span, case]
                for mean, of in zip(means, draws, strict=True):
                    row += [float(mean.mean()), *np.quantile(of, [0.1, 0.9])]
                rows.append(tuple(row))
    frame = pd.DataFrame(rows, columns=list(WHAT_IF_COLUMNS))
    return frame.astype({"first_week": "datetime64[ns]", "weeks": "int64"})


def _expected(told: Revenue, weeks: int) -> tuple[Floats, Floats]:
    """Return draws of the expected sales and of the expected revenue of the first weeks together."""
    sales, payments = (each[:weeks].sum(axis=0) for each in (told.sales, told.payments))
    return sales, payments * (told.deals.mean if told.known else np.nan)


def _chance(expected: Floats) -> Floats:
    """Draw how many sales come where so many are expected."""
    drawn: Floats = np.random.default_rng(_SEED).poisson(np.maximum(expected, 0)).astype(np.float64)
    return drawn


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
