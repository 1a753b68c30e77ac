"""Maturity curves: how much of its final number a cohort has reached by age, and how well that is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from funnel.analysis.forecast.delays import share_reached
from funnel.analysis.forecast.final import Forecast

MATURITY_COLUMNS = ("stage", "age_weeks", "maturity", "low", "high", "seen")
"""One row per stage and age 0..horizon. `maturity`: expected share of the final number reached by the end of
the week of that age, recent cohorts; `low`, `high`: 90 % band; `seen`: share of the week's step that rests on
conversions seen around that lag (free head); the rest is the fitted tail."""


def maturity_curves(forecast: Forecast) -> pd.DataFrame:
    """Return the curves of every stage (`MATURITY_COLUMNS`). A stage nobody reached has maturity 0."""
    frames = []
    for stage, one in forecast.stages.items():
        law = one.fit.model.hazards[-1]
        known = law.events > 0
        drawn = share_reached(law.draws)
        low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
        curve = share_reached(law.mean)
        frames.append(
            pd.DataFrame(
                {
                    "stage": stage,
                    "age_weeks": np.arange(forecast.horizon + 1),
                    "maturity": curve if known else 0.0,
                    "low": np.minimum(low, curve) if known else 0.0,
                    "high": np.maximum(high, curve) if known else 0.0,
                    "seen": law.share_data,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)[list(MATURITY_COLUMNS)]
