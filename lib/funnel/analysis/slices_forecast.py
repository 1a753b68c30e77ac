"""The forecast of slices (a channel, a manager), shrunk towards the whole.

A slice's effect is relative to the whole's, cohort by cohort: it starts at 1 with the variance that is found
between the slices, and moves away as its own conversions say so. Its delay is the whole's, corrected by its
own as far as its conversions go. So a slice with few leads, or one that appeared last week, gets the whole's
conversion with an honest interval, and a large one its own. Source: hierarchical credibility (Jewell 1975).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.conversion import Model, StageFit, draw_coming, draw_effects
from funnel.analysis.credibility import fit_levels
from funnel.analysis.delays import pooled_hazards
from funnel.analysis.forecast import FORECAST_COLUMNS, Forecast, StageForecast, settle
from funnel.analysis.triangles import Triangle, triangle

Floats = npt.NDArray[np.float64]

SLICE_COLUMNS = ("value", *FORECAST_COLUMNS)
"""One row per value of the attribute, complete cohort in which it had leads, and stage; see
`FORECAST_COLUMNS`."""
_LEAST = 0.01


def forecast_slices(reached: pd.DataFrame, whole: Forecast, *, seed: int = 0) -> pd.DataFrame:
    """Return the forecast of every value of one attribute (`SLICE_COLUMNS`).

    Args:
        reached: the cube `reached` of one attribute, as of the same report date as `whole`.
        whole: the forecast of the total.
        seed: of the draws.
    """
    frames = []
    spread = {stage: between(reached, whole, stage) for stage in whole.stages}
    for value, part in reached.groupby("value", sort=True):
        for stage in whole.stages:
            frame = forecast_slice(part, whole, stage, spread[stage], seed=seed).frame()
            frames.append(frame[frame["leads"] > 0].assign(value=str(value)))
    if not frames:
        return pd.DataFrame(columns=list(SLICE_COLUMNS))
    return pd.concat(frames, ignore_index=True)[list(SLICE_COLUMNS)]


def forecast_slice(
    part: pd.DataFrame, whole: Forecast, stage: str, spread: float, *, seed: int = 0
) -> StageForecast:
    """Forecast one slice.

    Args:
        part: the cube `reached` of the slice.
        whole: the forecast of the total.
        stage: whose number is forecast.
        spread: variance between the slices of the attribute, see `between`.
        seed: of the draws.
    """
    total = whole.stages[stage]
    first = total.fit.triangle.weeks[0] if len(total.fit.triangle.weeks) else None
    seen = triangle(part, stage, whole.report_date, whole.horizon, first)
    count = total.factor.shape[1]
    fit = fit_slice(seen, total.fit, spread, seed)
    base, _ = draw_effects(total.fit, count, seed)
    coming, factor = draw_coming(fit, count, seed + 1, base=base)
    left = np.maximum(seen.leads - seen.reached, 0)
    return settle(stage, fit, total.verdict, coming, factor, left, seed + 2)


def fit_slice(seen: Triangle, whole: StageFit, spread: float, seed: int) -> StageFit:
    """Fit a slice's model, relative to the whole's.

    Args:
        seen: the slice's triangle, on the same cohorts as the whole's.
        whole: the fit of the whole.
        spread: variance of the slices' effects around 1.
        seed: of the draws.
    """
    model = whole.model
    exposure = seen.at_risk() * model.levels.effect()[:, None]
    due = float((exposure * model.rows()).sum())
    level = (seen.events.sum() + 1 / spread) / (due + 1 / spread)
    eras = (
        [slice(None)] if not model.changed_at else [slice(0, model.changed_at), slice(model.changed_at, None)]
    )
    laws = tuple(
        pooled_hazards(law, seen.events[era].sum(axis=0), exposure[era].sum(axis=0) * level, seed)
        for law, era in zip(model.hazards, eras, strict=True)
    )
    own = Model(laws, model.changed_at, model.change_z, model.begun, model.levels, model.carry)
    levels = fit_levels(seen.events.sum(axis=1), own.over_draws(exposure), start=spread)
    return StageFit(seen, Model(laws, model.changed_at, model.change_z, model.begun, levels, model.carry))


def between(every: pd.DataFrame, whole: Forecast, stage: str) -> float:
    """Return the variance between the slices' effects: how they vary beyond chance (moments)."""
    total = whole.stages[stage].fit
    rates = total.model.rows() * total.model.levels.effect()[:, None]
    came, due = [], []
    for _, part in every.groupby("value", sort=True):
        seen = triangle(part, stage, whole.report_date, whole.horizon, total.triangle.weeks[0])
        came.append(float(seen.events.sum()))
        due.append(float((seen.at_risk() * rates).sum()))
    got, expected = np.array(came), np.array(due)
    known = expected > 1
    if known.sum() < 2:
        return _LEAST * 10
    excess = float(((got - expected) ** 2 - expected)[known].sum()) / float((expected[known] ** 2).sum())
    return max(excess, _LEAST)
