"""How far young cohorts are expected to come in a few weeks: what later editions hold against what came."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.forecast.final import QUANTILES, Forecast, arrived_in_order
from funnel.analysis.statistics.scores import count_quantiles

Floats = npt.NDArray[np.float64]

YOUNG = 13
"""Cohorts younger than this are told: older ones have little left to come."""
AHEAD = (4, 13)
"""Weeks ahead."""
LIMITS = ("p05", "p25", "p75", "p95")
AHEAD_COLUMNS = ("cohort_week", "stage", "age_weeks", "weeks", "reached", "mean", *LIMITS)
"""One row per complete cohort younger than `YOUNG`, stage and `weeks` ahead. `reached`: leads so far. `mean`
and its quantiles: leads expected to have reached the stage by the end of so many calendar weeks, the report
date's own being the first."""


def ahead(forecast: Forecast) -> pd.DataFrame:
    """Return what young cohorts are expected to have reached in some weeks (`AHEAD_COLUMNS`).

    A later stage keeps within the one before, as in the forecast (`forecast.order`).
    """
    parts = []
    told = {weeks: arrived_in_order(forecast.stages, weeks, forecast.history.seed) for weeks in AHEAD}
    for stage, one in forecast.stages.items():
        seen = one.fit.triangle
        young = (seen.ages >= 0) & (seen.ages < YOUNG)
        for weeks in AHEAD:
            mean, drawn = told[weeks][stage]
            limits = dict(zip(QUANTILES, count_quantiles(drawn[young]).T, strict=True))
            parts.append(
                pd.DataFrame(
                    {
                        "cohort_week": seen.weeks[young],
                        "stage": stage,
                        "age_weeks": seen.ages[young],
                        "weeks": weeks,
                        "reached": seen.reached[young].astype(np.int64),
                        "mean": mean[young],
                        **{name: limits[name] for name in LIMITS},
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)
