"""Final conversion of every cohort and stage, with intervals, and when not to trust it.

The method, in the order of the modules: `triangles` (what a report date has seen), `delays` (hazard by lag),
`credibility` (the drifting level), `carry` (how far a cohort's own luck goes on), `conversion` (the three
joined by turns), `reliability` (asked again as of earlier weeks). Where open leads are known, `states`
tells cohorts of about one age apart by where their leads stand now.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.conversion import StageFit, draw_coming, fit_stage
from funnel.analysis.reliability import AGE_BANDS, Verdict, judge
from funnel.analysis.scores import LEVELS, count_quantiles
from funnel.analysis.states import Coming, States, bring, fit_states
from funnel.analysis.triangles import Triangle, triangle
from funnel.errors import MissingError

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

DRAWS = 1000
HORIZON = 104
QUANTILES = tuple(f"p{round(level * 100):02d}" for level in LEVELS)
FORECAST_COLUMNS = (
    "cohort_week", "age_weeks", "stage", "leads", "reached", "maturity", "maturity_low", "maturity_high",
    "tail_share",
    "final_mean", *(f"final_{name}" for name in QUANTILES), "reliable", "reason",
)  # fmt: skip
"""One row per complete cohort and stage. `leads`, `reached`: counts so far. `maturity`: expected share of the
final number reached so far, with a 90 % band. `tail_share`: share of the final number that rests on the
fitted curve, not on events seen (grey it from about 0.5). `final_*`: number of leads that will have reached
the stage within the horizon (divide by `leads` for the conversion). `reliable`, `reason`: see
`funnel.analysis.reliability.REASONS`. Never NaN."""


@dataclass(frozen=True, slots=True)
class StageForecast:
    """One stage's forecast.

    Attributes:
        stage: its key.
        fit: the model of the stage, and its triangle.
        verdict: whether to trust it.
        coming: expected arrivals of leads that are there now, by cohort and calendar week from the report
            date's on.
        factor: draws of the factor on all that is to come, cohort by draw; its mean is 1.
        draws: draws of the final number, cohort by draw.
        shock: standard normal draws, by which everything that cannot be trusted is wide together.
    """

    stage: str
    fit: StageFit
    verdict: Verdict
    coming: Floats
    factor: Floats
    draws: Floats
    shock: Floats

    @property
    def mean(self) -> Floats:
        """Expected final number by cohort."""
        result: Floats = self.fit.triangle.reached + self.coming.sum(axis=1)
        return result

    def frame(self) -> pd.DataFrame:
        """Return the stage's rows of the forecast table (`FORECAST_COLUMNS`)."""
        seen = self.fit.triangle
        keep = seen.ages >= 0
        maturity, drawn = self.fit.maturity()
        low, high = np.quantile(drawn, [0.05, 0.95], axis=1)
        reasons = self.verdict.reason_at(seen.ages)
        frame = pd.DataFrame(
            {
                "cohort_week": seen.weeks,
                "age_weeks": seen.ages,
                "stage": self.stage,
                "leads": seen.leads.astype(np.int64),
                "reached": seen.reached.astype(np.int64),
                "maturity": maturity,
                "maturity_low": np.minimum(low, maturity),
                "maturity_high": np.maximum(high, maturity),
                "tail_share": self.fit.tail_share(),
                "final_mean": self.mean,
                "reliable": [not reason for reason in reasons],
                "reason": reasons,
            }
        )
        quantiles = count_quantiles(self.draws)
        for number, name in enumerate(QUANTILES):
            frame[f"final_{name}"] = quantiles[:, number]
        return frame.loc[keep, list(FORECAST_COLUMNS)].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of a report date.

    Attributes:
        report_date: D.
        horizon: weeks after which nothing counts any more.
        stages: the forecast by stage, in their order.
        states: where the open leads stand and how they move on; None if it was made from ages alone.
    """

    report_date: dt.date
    horizon: int
    stages: Mapping[str, StageForecast]
    states: States | None = None

    def frame(self) -> pd.DataFrame:
        """Return the forecast table (`FORECAST_COLUMNS`), cohorts oldest first, stages in their order."""
        order = {stage: number for number, stage in enumerate(self.stages)}
        frame = pd.concat([one.frame() for one in self.stages.values()], ignore_index=True)
        rank = frame["stage"].map(order)
        return (
            frame.assign(rank=rank)
            .sort_values(["cohort_week", "rank"], ignore_index=True)
            .drop(columns="rank")
        )


def forecast(
    reached: pd.DataFrame,
    stages: Sequence[str],
    report_date: dt.date,
    *,
    moved: pd.DataFrame | None = None,
    horizon: int = HORIZON,
    draws: int = DRAWS,
    seed: int = 0,
) -> Forecast:
    """Forecast the final number of every cohort and stage.

    Args:
        reached: the cube `reached` of one slice (`REACHED_COLUMNS`), as of the report date.
        stages: configured stages in their order, `lead` not among them.
        report_date: of the cube.
        moved: the cube `moved` of the same slice. With it, what is to come follows from ages of cohorts, and
            from where their open leads stand and how long they have waited there; lost leads bring nothing.
            Without it, from the ages alone.
        horizon: weeks after which nothing counts any more.
        draws: how many draws the intervals rest on.
        seed: of the draws; the same seed gives the same forecast. Verdicts do not depend on it.

    Raises:
        MissingError: there is no lead before the report date.
    """
    if reached.empty:
        raise MissingError(
            f"There is nothing to forecast: no lead was created before {report_date}. "
            "Import leads, or ask for a later report date."
        )
    fits = [
        fit_stage(triangle(reached, stage, report_date, horizon), seed=seed + number)
        for number, stage in enumerate(stages)
    ]
    states = (
        fit_states(moved, stages, fits[0].triangle, seed)
        if moved is not None and len(moved) and fits
        else None
    )
    ahead = bring(states, horizon + 1, draws, seed) if states else None
    result = {}
    for number, (stage, fit) in enumerate(zip(stages, fits, strict=True)):
        seen = fit.triangle
        verdict = judge(seen, len(stages))
        coming, factor = draw_coming(fit, draws, seed + number)
        left = np.maximum(seen.leads - seen.reached, 0)
        if ahead is not None and seen.reached.sum():
            coming, factor, left = _told_apart(seen, coming, factor, left, ahead, number)
        result[stage] = settle(stage, fit, verdict, coming, factor, left, seed + number)
    return Forecast(report_date, horizon, result, states)


def _told_apart(
    seen: Triangle, coming: Floats, factor: Floats, left: Floats, ahead: Coming, number: int
) -> tuple[Floats, Floats, Floats]:
    """Tell the cohorts of an age band apart by where their open leads stand.

    How much a usual cohort of the band brings, and when, is told by the ages: where some leads decide in days
    and others in months, steps are not independent, and what leads do next depends on more than where they
    stand. The youngest band is left as it is: its few cohorts differ in age by as much as in anything else.

    Args:
        seen: the stage's triangle.
        coming: by the ages, expected arrivals, cohort by week ahead.
        factor: by the ages, draws of the factor on them, cohort by draw.
        left: by the ages, leads that can still reach the stage.
        ahead: what open leads will bring.
        number: of the stage.
    """
    theirs = ahead.factor[:, number]
    mean = theirs.mean(axis=1)
    told, alone = ahead.mean[:, number].sum(axis=1) * mean, coming.sum(axis=1)
    coming, factor, left = coming.copy(), factor.copy(), left.copy()
    for first, last in AGE_BANDS[1:]:
        band = (seen.ages >= first) & (seen.ages <= last) & (alone > 0) & (told > 0)
        ratio = told[band] / alone[band]
        coming[band] *= (ratio / np.median(ratio))[:, None] if band.any() else 1.0
        factor[band] = theirs[band] / mean[band, None]
        left[band] = ahead.left[band, number]
    coming[(seen.ages >= 0) & (told <= 0)] = 0.0
    return coming, factor, left


def settle(
    stage: str, fit: StageFit, verdict: Verdict, coming: Floats, factor: Floats, left: Floats, seed: int
) -> StageForecast:
    """Widen what cannot be trusted, and draw the final numbers.

    Args:
        stage: its key.
        fit: its model.
        verdict: whether to trust it.
        coming: expected arrivals, cohort by week ahead.
        factor: draws of the factor on them, cohort by draw.
        left: leads that can still reach the stage, by cohort.
        seed: of the draws.
    """
    rng = np.random.default_rng([seed, 3])
    shock = rng.standard_normal((factor.shape[1],))
    factor = factor * verdict.doubt_at(fit.triangle.ages, shock)
    more = draw_arrivals(coming.sum(axis=1), factor, left, rng)
    return StageForecast(stage, fit, verdict, coming, factor, fit.triangle.reached[:, None] + more, shock)


def draw_arrivals(expected: Floats, factor: Floats, left: Floats, rng: np.random.Generator) -> Counts:
    """Draw how many arrive, cohort by draw.

    Args:
        expected: arrivals by cohort.
        factor: draws of the factor on them, cohort by draw.
        left: leads that can still arrive, by cohort; no more do.
        rng: what draws.
    """
    share = np.clip(expected[:, None] * factor / np.maximum(left, 1)[:, None], 0, 1)
    return rng.binomial(left.astype(np.int64)[:, None], share)
