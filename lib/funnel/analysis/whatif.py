"""What if one step converted better from some week on: factors for the revenue forecast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.forecast import Forecast
from funnel.analysis.states import States, advance, fit_states

Floats = npt.NDArray[np.float64]


def lift_sales(
    forecast: Forecast,
    moved: pd.DataFrame,
    stage: str,
    change: float,
    week: pd.Timestamp,
    weeks: int,
    *,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Return the factors on sales if the conversion to a stage changes from a week on.

    Args:
        forecast: of all stages, in their order.
        moved: the cube `moved` of the same slice.
        stage: the stage to which more leads convert.
        change: relative, 0.1 = +10 %.
        week: Monday from which it holds.
        weeks: how many weeks ahead.
        seed: of the fit.

    Returns:
        Factors on the sales of existing cohorts (cohort by week ahead) and of future cohorts (week of birth
        by week ahead), as `forecast_revenue` takes them.
    """
    stages: Sequence[str] = list(forecast.stages)
    seen = forecast.stages[stages[-1]].fit.triangle
    states = fit_states(moved, stages, seen, seed)
    step = list(stages).index(stage)
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
