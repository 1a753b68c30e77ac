"""Final conversion of every cohort and stage, with intervals, and when not to trust it.

The method, in the order of the modules: `triangles` and `moves` (what a report date has seen), `delays`
(hazard by lag, from the curves of `families`), `credibility` (the drifting level), `states` (what open leads
are worth where they stand), `carry` (how far a cohort's own luck and its open leads tell it apart),
`conversion` (these joined by turns), `order` (stage within stage), `told` (all stages of a date),
`reliability` (asked again as of earlier weeks).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cohorts.table import select
from funnel.analysis.forecast.apart import choose
from funnel.analysis.forecast.conversion import StageFit
from funnel.analysis.forecast.draws import capped, draw_arrivals, widened
from funnel.analysis.forecast.order import below, ordered, within
from funnel.analysis.forecast.reliability import Verdict, judge
from funnel.analysis.forecast.rhythm import uneven
from funnel.analysis.forecast.states import States
from funnel.analysis.forecast.told import DRAWS, History, Told, history, with_parts
from funnel.analysis.statistics.scores import LEVELS, count_quantiles
from funnel.calendar import NO_CALENDAR, Calendar
from funnel.errors import MissingError
from funnel.schema import PAID_COLUMNS

Floats = npt.NDArray[np.float64]

HORIZON = 104
SETTLED = (0.5, 0.03)
"""A cohort that has less to come than so many leads, and than this share of its final number, is settled."""
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
`funnel.analysis.forecast.reliability.REASONS`. Never NaN."""


@dataclass(frozen=True, slots=True)
class StageForecast:
    """One stage's forecast.

    Attributes:
        stage: its key.
        told: what is told of it before anything is widened.
        verdict: whether to trust it.
        coming: expected arrivals of leads that are there now, by cohort and calendar week from the report
            date's on.
        factor: draws of the factor on all that is to come, cohort by draw; its mean is 1.
        draws: draws of the final number, cohort by draw.
        shock: standard normal draws, by which everything that cannot be trusted is wide together.
        parts: the forecasts of the groups that are forecast apart; this one is their sum.
    """

    stage: str
    told: Told
    verdict: Verdict
    coming: Floats
    factor: Floats
    draws: Floats
    shock: Floats
    parts: Mapping[str, StageForecast] = field(default_factory=dict)

    @property
    def fit(self) -> StageFit:
        """The model of the stage, and its triangle."""
        return self.told.fit

    @property
    def mean(self) -> Floats:
        """Expected final number by cohort."""
        result: Floats = self.fit.triangle.reached + self.coming.sum(axis=1)
        return result

    def reasons(self) -> list[str]:
        """Return by cohort why its forecast is not to be trusted yet; '' if it is, or nothing is to come."""
        given = self.verdict.reason_at(self.fit.triangle.ages)
        return ["" if done else reason for done, reason in zip(self.settled(), given, strict=True)]

    def settled(self) -> npt.NDArray[np.bool_]:
        """Tell by cohort whether it is all but over: no lead is left, or what may come is below `SETTLED`."""
        come = self.coming.sum(axis=1)
        result: npt.NDArray[np.bool_] = (self.fit.left <= 0) | (
            (come < SETTLED[0]) & (come < SETTLED[1] * self.mean)
        )
        return result

    def frame(self) -> pd.DataFrame:
        """Return the stage's rows of the forecast table (`FORECAST_COLUMNS`)."""
        seen = self.fit.triangle
        keep = seen.ages >= 0
        maturity, drawn = self.told.maturity()
        low, high = np.quantile(drawn, [0.05, 0.95], axis=1)
        reasons = self.reasons()
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
                "tail_share": self.told.tail_share(),
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
        history: what it was made from.
    """

    report_date: dt.date
    horizon: int
    stages: Mapping[str, StageForecast]
    history: History

    @property
    def states(self) -> States | None:
        """Where the open leads stand and how they move on; None if it was made from ages alone."""
        return self.history.states()

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
    paid: pd.DataFrame | None = None,
    attributes: Sequence[str] = (),
    horizon: int = HORIZON,
    draws: int = DRAWS,
    seed: int = 0,
    calendar: Calendar = NO_CALENDAR,
) -> Forecast:
    """Forecast the final number of every cohort and stage.

    Args:
        reached: the cube `reached` (`REACHED_COLUMNS`), as of the report date: of the total, and of each of
            `attributes` alone.
        stages: configured stages in their order, `lead` not among them.
        report_date: of the cube.
        moved: the cube `moved` of the same slices. With it, what is to come follows from ages of cohorts, and
            from where their open leads stand and how long they have waited there; lost leads bring nothing.
            Without it, from the ages alone.
        paid: the cube `paid` of the same slices.
        attributes: by which leads may be forecast apart (`funnel.analysis.forecast.apart`).
        horizon: weeks after which nothing counts any more.
        draws: how many draws the intervals rest on.
        seed: of the draws; the same seed gives the same forecast. Verdicts do not depend on it.
        calendar: of the company's country.

    Raises:
        MissingError: there is no lead before the report date.
    """
    if reached.empty:
        raise MissingError(
            f"There is nothing to forecast: no lead was created before {report_date}. "
            "Import leads, or ask for a later report date."
        )
    past = read_history(
        reached, stages, report_date, moved=moved, paid=paid, attributes=attributes, horizon=horizon,
        draws=draws, seed=seed, calendar=calendar,
    )  # fmt: skip
    return forecast_history(past, report_date)


def read_history(
    reached: pd.DataFrame,
    stages: Sequence[str],
    report_date: dt.date,
    *,
    moved: pd.DataFrame | None = None,
    paid: pd.DataFrame | None = None,
    attributes: Sequence[str] = (),
    horizon: int = HORIZON,
    draws: int = DRAWS,
    seed: int = 0,
    calendar: Calendar = NO_CALENDAR,
) -> History:
    """Read what a forecast is made from; takes the arguments of `forecast`."""
    total = select(reached) if attributes else reached
    stays = select(moved) if attributes and moved is not None else moved
    whole = history(
        total, stages, report_date, horizon, moved=stays, draws=draws, seed=seed, calendar=calendar
    )
    payments = paid if paid is not None else pd.DataFrame(columns=list(PAID_COLUMNS))
    found = choose(reached, payments, attributes, stages[-1], report_date, horizon)
    if found is None:
        return whole
    own = None if moved is None else select(moved, found.attribute)
    return with_parts(whole, found, select(reached, found.attribute), report_date, own)


def forecast_history(past: History, report_date: dt.date) -> Forecast:
    """Forecast from a history; see `forecast`."""
    return Forecast(report_date, past.triangles[0].horizon, forecast_stages(past), past)


def forecast_stages(past: History, back: int = 0) -> dict[str, StageForecast]:
    """Return the printed forecast of every stage: of today, or as of the Monday `back` weeks before."""
    settled = {
        stage: settle(stage, past.told(stage, back), judge(past, stage, back), past.seed + number)
        for number, stage in enumerate(past.stages)
    }
    return in_order(settled)


def settle(stage: str, told: Told, verdict: Verdict, seed: int, shock: Floats | None = None) -> StageForecast:
    """Widen what cannot be trusted, and draw the final numbers.

    Args:
        stage: its key.
        told: what is told of it.
        verdict: whether to trust it.
        seed: of the draws.
        shock: what is wide together; default: drawn.
    """
    rng = np.random.default_rng([seed, 3])
    fit = told.fit
    if shock is None:
        shock = rng.standard_normal((told.factor.shape[1],))
    parts = {
        group: settle(stage, part, verdict, seed + 1000 * (number + 1), shock)
        for number, (group, part) in enumerate(told.parts.items())
    }
    if parts:
        coming, factor, draws = _summed(parts)
    else:
        drawn = told.coming.sum(axis=1)[:, None] * told.factor * verdict.doubt_at(fit.triangle.ages, shock)
        coming, factor = capped(told.coming, drawn, fit.left)
        draws = fit.triangle.reached[:, None] + draw_arrivals(coming.sum(axis=1), factor, fit.left, rng)
    return StageForecast(stage, told, verdict, coming, factor, draws, shock, parts)


def in_order(stages: Mapping[str, StageForecast]) -> dict[str, StageForecast]:
    """Keep every stage within the one before it, where one of them is widened more; see `order`.

    Args:
        stages: the forecast by stage, in their order.
    """
    result: dict[str, StageForecast] = {}
    before: StageForecast | None = None
    for stage, one in stages.items():
        before = one if before is None else _within(one, before)
        result[stage] = before
    return result


def _within(one: StageForecast, before: StageForecast) -> StageForecast:
    if not ordered(one, before):
        return one
    parts = {group: _within(part, before.parts[group]) for group, part in one.parts.items()}
    draws = one.draws
    if parts:
        coming, factor, draws = _summed(parts)
    else:
        coming, factor = within(one, before)
    held = below(draws, before.draws)
    return replace(one, coming=coming, factor=factor, draws=held, parts=_less(parts, draws - held))


def _summed(parts: Mapping[str, StageForecast]) -> tuple[Floats, Floats, Floats]:
    """Return what groups have to come together: expected, the factor on it, draws of the final number."""
    coming = np.sum([part.coming for part in parts.values()], axis=0)
    drawn = np.sum([part.coming.sum(axis=1)[:, None] * part.factor for part in parts.values()], axis=0)
    mean = coming.sum(axis=1)[:, None]
    factor = np.divide(drawn, mean, out=np.ones_like(drawn), where=mean > 0)
    return coming, factor, np.sum([part.draws for part in parts.values()], axis=0)


def _less(parts: Mapping[str, StageForecast], excess: Floats) -> dict[str, StageForecast]:
    """Take from the draws of the groups what those of their sum are held back by."""
    result = {}
    for group, part in parts.items():
        taken = np.minimum(excess, part.draws - part.fit.triangle.reached[:, None])
        result[group] = replace(part, draws=part.draws - taken)
        excess = excess - taken
    return result


def arrived_in_order(
    stages: Mapping[str, StageForecast], weeks: int, seed: int
) -> dict[str, tuple[Floats, Floats]]:
    """Say by stage how many leads of every cohort will have reached it in some weeks; see `arrived`."""
    result: dict[str, tuple[Floats, Floats]] = {}
    before: tuple[StageForecast, Floats] | None = None
    for number, (stage, one) in enumerate(stages.items()):
        mean, drawn = arrived(one, weeks, seed + number)
        if before is not None and ordered(one, before[0]):
            drawn = below(drawn, before[1])
        result[stage], before = (mean, drawn), (one, drawn)
    return result


def arrived(one: StageForecast, weeks: int, seed: int) -> tuple[Floats, Floats]:
    """Say how many leads of every cohort will have reached the stage in some weeks.

    Args:
        one: the stage's forecast, by itself.
        weeks: ahead; the report date's own week is the first.
        seed: of the draws.

    Returns:
        The mean by cohort, and draws, cohort by draw.
    """
    come, reached = one.coming[:, :weeks].sum(axis=1), one.fit.triangle.reached
    rng = np.random.default_rng([seed, weeks])
    restless: Floats = np.repeat(np.sqrt([uneven(one.fit, weeks)]), len(come))
    shock: Floats = rng.standard_normal(one.factor.shape[1:])
    factor = one.factor * widened(restless, shock)
    more = draw_arrivals(come, factor, one.fit.left, rng)
    return reached + come, reached[:, None] + more
