"""What if one step converted better from some week on: what that would add to sales and revenue.

A change acts on the odds of the step: +10 % makes 42 to 58 into 46.2 to 58, a conversion of 44.3 %. So a step
comes near 100 % and never passes it, and steps are asked alike wherever they stand. One that stands above
`FULL` cannot rise to speak of: it is not answered, and the row says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.forecast.final import Forecast
from funnel.analysis.forecast.states import States, advance
from funnel.analysis.revenue.weeks import Revenue, forecast_revenue
from funnel.errors import MissingError

Floats = npt.NDArray[np.float64]
Question = tuple[str, float, pd.Timestamp]
"""A stage, the change of the odds of the conversion into it (0.1 = +10 %), the Monday from which it holds."""

SPANS = (13, 26)
"""Weeks ahead over which the report adds the answer up."""
CASES = ("without", "with", "difference")
FULL = 0.95
"""A step that converts more than this cannot rise to speak of."""
CANNOT_RISE = "full"
WHAT_IF_COLUMNS = (
    "stage", "change", "rate", "rate_with", "reason", "first_week", "weeks", "case",
    "sales", "sales_p10", "sales_p90", "revenue", "revenue_p10", "revenue_p90",
)  # fmt: skip
"""One row per question, span (`weeks` ahead) and case: `without` the change, `with` it, and the difference of
the two. `change`: of the odds of the step. `rate`, `rate_with`: the final conversion of the step for new
leads, as it is and as it would be. `reason`: `CANNOT_RISE` where the step is too full to be asked for more;
then only `without` is told, the rest is NaN; else empty. `sales`: how many are expected; `revenue`: expected,
in the settings' currency, NaN where no payments are known; each with its 80 % interval. That of the
difference is of the expected numbers: how few or many deals chance makes of them, in both cases alike, is not
in it. Means of the difference are those with less those without, exactly."""
_SEED = 11
RECENT = 8
"""Cohorts whose conversion new leads are taken to have."""


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
        before, after = rates(forecast, stage, change)
        reason = CANNOT_RISE if change > 0 and before > FULL else ""
        lift = None if reason else lift_sales(forecast, stage, change, week, weeks)
        more = forecast_revenue(forecast, paid, weeks=weeks, plan=plan, lift=lift)
        for span in spans:
            sums = [_expected(each, span) for each in (plain, more)]
            drawn = [(_chance(sums[n][0]), each.total(span)) for n, each in enumerate((plain, more))]
            apart = tuple(after - before for before, after in zip(*sums, strict=True))
            for case, means, draws in zip(CASES, (*sums, apart), (*drawn, apart), strict=True):
                row: list[object] = [
                    stage,
                    change,
                    before,
                    np.nan if reason else after,
                    reason,
                    week,
                    span,
                    case,
                ]
                for mean, of in zip(means, draws, strict=True):
                    told = [float(mean.mean()), *np.quantile(of, [0.1, 0.9])]
                    row += [np.nan] * len(told) if reason and case != "without" else told
                rows.append(tuple(row))
    frame = pd.DataFrame(rows, columns=list(WHAT_IF_COLUMNS))
    return frame.astype({"first_week": "datetime64[ns]", "weeks": "int64"})


def _expected(told: Revenue, weeks: int) -> tuple[Floats, Floats]:
    """Return draws of the expected sales and of the expected revenue of the first weeks together."""
    sales, amounts = (each[:weeks].sum(axis=0) for each in (told.sales, told.amounts))
    return sales, amounts if told.known else np.full_like(amounts, np.nan)


def _chance(expected: Floats) -> Floats:
    """Draw how many sales come where so many are expected."""
    drawn: Floats = np.random.default_rng(_SEED).poisson(np.maximum(expected, 0)).astype(np.float64)
    return drawn


def rates(forecast: Forecast, stage: str, change: float) -> tuple[float, float]:
    """Return the final conversion of a step for new leads, as it is and with the odds changed.

    As it is: what the forecast expects of the newest complete cohorts in the end.

    Args:
        forecast: of all stages, in their order, made with the cube `moved`.
        stage: the stage to which more leads convert.
        change: of the odds, 0.1 = +10 %.

    Raises:
        MissingError: the forecast was made without `moved`.
    """
    step = list(forecast.stages).index(stage)
    rate = _rate(forecast, step)
    born = _newborn(forecast, 1)
    weeks = born.waiting.shape[2]
    plain = advance(born, weeks)[0, step].sum()
    lifted = (step, _factor(np.array([rate]), change), np.zeros(1, dtype=np.int64))
    more = advance(born, weeks, lifted)[0, step].sum()
    return rate, min(rate * float(more / plain), 1.0) if plain > 0 else rate


def _rate(forecast: Forecast, step: int) -> float:
    """Return the final conversion of a step, by what is expected of the newest complete cohorts."""
    stages = list(forecast.stages.values())
    seen = stages[step].fit.triangle
    recent = np.flatnonzero(seen.ages >= 0)[-RECENT:]
    base = seen.leads if step == 0 else stages[step - 1].mean
    before, after = float(base[recent].sum()), float(stages[step].mean[recent].sum())
    return min(after / before, 1.0) if before > 0 else 0.0


def lift_sales(
    forecast: Forecast, stage: str, change: float, week: pd.Timestamp, weeks: int
) -> tuple[Floats, Floats]:
    """Return the factors on sales if the conversion to a stage changes from a week on.

    Args:
        forecast: of all stages, in their order, made with the cube `moved`.
        stage: the stage to which more leads convert.
        change: of the odds, 0.1 = +10 %.
        week: Monday from which it holds.
        weeks: how many weeks ahead.

    Returns:
        Factors on the sales of existing cohorts (cohort by week ahead) and of future cohorts (week of birth
        by week ahead), as `forecast_revenue` takes them. What is expected never exceeds the leads there are.

    Raises:
        MissingError: the forecast was made without `moved`.
    """
    step = list(forecast.stages).index(stage)
    monday = pd.Timestamp(forecast.report_date) - pd.Timedelta(days=forecast.report_date.weekday())
    start = (pd.Timestamp(week) - monday).days // 7
    sale = list(forecast.stages.values())[-1]
    there = _known(forecast)
    open_leads = there.waiting.sum(axis=(1, 2))
    expected = np.zeros((len(open_leads), weeks))
    span = min(weeks, sale.coming.shape[1])
    expected[:, :span] = sale.coming[:, :span]
    existing = _ratio(there, start, step, _factor(_share(there, step), change), weeks)
    existing = _capped(existing, expected, open_leads)
    factor = _factor(np.full(weeks, _rate(forecast, step)), change)
    own = _ratio(_newborn(forecast, weeks), start - np.arange(weeks), step, factor, weeks)
    recent = np.flatnonzero(sale.fit.triangle.ages >= 0)[-RECENT:]
    leads = float(sale.fit.triangle.leads[recent].sum())
    if leads and (converts := float(sale.mean[recent].sum()) / leads) > 0:
        own = np.minimum(own, max(1 / converts, 1.0))
    future = np.ones((weeks, weeks))
    for born in range(weeks):
        future[born, born:] = own[born, : weeks - born]
    return existing, future


def _share(states: States, step: int) -> Floats:
    """Return the share of those who stand before a step, or will, that make it in the end, by cohort."""
    arrivals = advance(states, states.waiting.shape[2]).sum(axis=2)
    base = states.waiting[:, step].sum(axis=1) + (arrivals[:, step - 1] if step else 0.0)
    share: Floats = np.divide(arrivals[:, step], base, out=np.zeros_like(base), where=base > 1e-12)
    return np.clip(share, 0.0, 1.0)


def _known(forecast: Forecast) -> States:
    """Return the leads of the existing cohorts, where they stand."""
    if forecast.states is None:
        raise MissingError("What if cannot be answered: it is not known where the open leads stand.")
    return forecast.states


def _newborn(forecast: Forecast, count: int) -> States:
    """Return `count` cohorts of one new lead, who move on as the others do."""
    states = _known(forecast)
    waiting = np.zeros((count, *states.waiting.shape[1:]))
    waiting[:, 0, 0] = 1.0
    return replace(states, waiting=waiting, ages=np.full(count, -1), fraction=0.0)


def _factor(share: Floats, change: float) -> Floats:
    """Return what a share is multiplied by if its odds change.

    >>> _factor(np.array([0.0, 0.42, 1.0]), 0.1).round(4).tolist()
    [1.1, 1.0557, 1.0]
    """
    factor: Floats = (1 + change) / (1 + change * share)
    return factor


def _ratio(
    states: States, start: int | npt.NDArray[np.int64], step: int, factor: Floats, weeks: int
) -> Floats:
    """Return sales with a factor on a step over those without it, by cohort and week."""
    begin = np.broadcast_to(np.asarray(start, dtype=np.int64), factor.shape)
    plain = advance(states, weeks)[:, -1]
    more = advance(states, weeks, (step, factor, begin))[:, -1]
    return np.divide(more, plain, out=np.ones_like(plain), where=plain > 1e-12)


def _capped(ratio: Floats, expected: Floats, leads: Floats) -> Floats:
    """Take the gain back so far that no cohort sells to more leads than are open in it."""
    plain, more = expected.sum(axis=1), (expected * ratio).sum(axis=1)
    room = np.maximum(leads - plain, 0.0)
    part = np.divide(room, more - plain, out=np.ones_like(plain), where=more - plain > room)
    result: Floats = 1 + (ratio - 1) * part[:, None]
    return result
