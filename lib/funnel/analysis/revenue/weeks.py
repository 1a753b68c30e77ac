"""Gross revenue of the weeks to come: what existing leads will bring, and what future leads will."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cube.triangles import calendar_sum
from funnel.analysis.forecast.final import Forecast, StageForecast
from funnel.analysis.revenue.payments import Deals, fit_deals
from funnel.analysis.revenue.volume import RECENT, draw_volume, usual_volume
from funnel.analysis.statistics.scores import LEVELS

Floats = npt.NDArray[np.float64]

SOURCES = ("existing", "future", "total")
REVENUE_COLUMNS = ("week", "source", "mean", *(f"p{round(level * 100):02d}" for level in LEVELS))
"""One row per week (Monday) or month (its first day) and source. `existing`: leads that were there at the
report date (and what their sales still have to pay); `future`: leads that come later; `total`: their sum,
exactly, in the means. Amounts are in the settings' currency. The first week is the report date's own, from
the report date on."""


@dataclass(frozen=True, slots=True)
class Revenue:
    """The revenue forecast: draws by week, so that any span adds up.

    Attributes:
        weeks: Mondays.
        existing: draws, week by draw.
        future: draws, week by draw.
        sales: expected sales of each draw, of existing and future leads together, week by draw.
        amounts: expected revenue of each draw, likewise.
        leads: future leads of each draw, week by draw; in the first week those that are still to come.
        deals: what a sale pays.
        parts: the same of the groups that are forecast apart, each with its own payments and leads to come.
    """

    weeks: pd.DatetimeIndex
    existing: Floats
    future: Floats
    sales: Floats
    amounts: Floats
    leads: Floats
    deals: Deals
    parts: Mapping[str, Revenue] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether anything is known of what sales pay; if not, nothing is known of the revenue."""
        return bool(self.deals.pattern.any())

    def frame(self) -> pd.DataFrame:
        """Return the forecast by week (`REVENUE_COLUMNS`); no rows where it is not known."""
        return self._frame(self.weeks, np.eye(len(self.weeks)))

    def by_month(self) -> pd.DataFrame:
        """Return the forecast by month: a week is split by days. First and last may be part months."""
        days = self.weeks.repeat(7) + pd.to_timedelta(np.tile(np.arange(7), len(self.weeks)), unit="D")
        months = days.to_period("M")
        names = months.unique()
        share = np.array([(months == name).reshape(-1, 7).mean(axis=1) for name in names])
        return self._frame(pd.DatetimeIndex(names.to_timestamp()), share)

    def total(self, weeks: int) -> Floats:
        """Return draws of the sum over the first `weeks` weeks, all sources; NaN where it is not known."""
        result: Floats = (self.existing + self.future)[:weeks].sum(axis=0)
        return result if self.known else np.full_like(result, np.nan)

    def _frame(self, index: pd.DatetimeIndex, share: Floats) -> pd.DataFrame:
        parts = {"existing": share @ self.existing, "future": share @ self.future}
        parts["total"] = parts["existing"] + parts["future"]
        means = {name: part.mean(axis=1) for name, part in parts.items()}
        means["total"] = means["existing"] + means["future"]
        frames = []
        for name in SOURCES:
            frame = pd.DataFrame({"week": index, "source": name, "mean": means[name]})
            for number, column in enumerate(REVENUE_COLUMNS[3:]):
                frame[column] = np.quantile(parts[name], LEVELS[number], axis=1)
            frames.append(frame)
        order = pd.concat(frames if self.known else [frame.head(0) for frame in frames], ignore_index=True)
        return order.sort_values("week", kind="stable", ignore_index=True)[list(REVENUE_COLUMNS)]


def forecast_revenue(
    forecast: Forecast,
    paid: pd.DataFrame,
    *,
    weeks: int = 26,
    plan: Mapping[pd.Timestamp, float] | None = None,
    lift: tuple[Floats, Floats] | None = None,
    seed: int = 0,
) -> Revenue:
    """Forecast gross revenue.

    Args:
        forecast: of all stages; the last one is the sale.
        paid: the cube `paid`, of the total and of the attribute by which leads are forecast apart.
        weeks: how many; the first ones do not depend on it.
        plan: leads planned by week (Monday); weeks without a plan follow the recent level and season.
        lift: factors on the sales of existing cohorts (cohort by week) and of future ones (week of birth by
            week); see `funnel.analysis.revenue.whatif`.
        seed: of the draws.
    """
    sale, apart = list(forecast.stages.values())[-1], forecast.history.apart
    day, plan = forecast.report_date, plan or {}
    if apart is None:
        return _stream(sale, _total(paid), day, weeks, plan, lift, seed)
    amounts = apart.of(paid[paid["attribute"] == apart.attribute])
    recent = {group: float(_whole(part)[-RECENT:].sum()) for group, part in sale.parts.items()}
    every = max(sum(recent.values()), 1.0)
    parts = {
        group: _stream(
            part,
            amounts[group],
            day,
            weeks,
            {week: leads * recent[group] / every for week, leads in plan.items()},
            lift,
            seed + 1000 * number,
        )
        for number, (group, part) in enumerate(sale.parts.items())
    }
    sums = {
        name: np.sum([getattr(part, name) for part in parts.values()], axis=0)
        for name in ("existing", "future", "sales", "amounts", "leads")
    }
    one = next(iter(parts.values()))
    return Revenue(one.weeks, **sums, deals=fit_deals(_total(paid), sale.fit.triangle), parts=parts)


def _total(paid: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the total, if the cube holds more."""
    total = paid["attribute"] == ""
    return paid[total] if total.any() else paid


def _stream(
    sale: StageForecast,
    paid: pd.DataFrame,
    day: dt.date,
    weeks: int,
    plan: Mapping[pd.Timestamp, float],
    lift: tuple[Floats, Floats] | None,
    seed: int,
) -> Revenue:
    """Forecast the revenue of leads that have one delay and one kind of payment."""
    seen = sale.fit.triangle
    count = sale.factor.shape[1]
    monday = pd.Timestamp(day) - pd.Timedelta(days=day.weekday())
    part = day.weekday() / 7
    ahead, own_luck, new_luck = (np.random.default_rng([seed, stream]) for stream in (7, 8, 9))
    deals = fit_deals(paid, seen)
    coming = np.zeros((len(seen.ages), weeks))
    span = min(weeks, sale.coming.shape[1])
    coming[:, :span] = sale.coming[:, :span]
    volume = draw_volume(_whole(sale), weeks, count, seed % 1000, plan, monday)
    future = _future(sale, volume, part, ahead)
    existing = np.einsum("cw,cd->wd", coming if lift is None else coming * lift[0], sale.factor)
    later = (future if lift is None else future * lift[1][:, :, None]).sum(axis=0)
    due = _due(calendar_sum(seen.told(), len(seen.ages)), deals.pattern, weeks, part)
    own, new = _spread(existing, deals.pattern) + due[:, None], _spread(later, deals.pattern)
    return Revenue(
        pd.date_range(monday, periods=weeks, freq="7D"),
        existing=deals.draw(own, own_luck),
        future=deals.draw(new, new_luck),
        sales=existing + later,
        amounts=(own + new) * deals.means(weeks)[:, None],
        leads=volume * np.where(np.arange(weeks) == 0, 1 - part, 1.0)[:, None],
        deals=deals,
    )


def _whole(sale: StageForecast) -> Floats:
    """Return leads of the complete weeks; of imported ones, whose leads came before, what is usual."""
    seen = sale.fit.triangle
    return usual_volume(seen.leads, seen.imported)[seen.ages >= 0]


def _future(sale: StageForecast, leads: Floats, part: float, rng: np.random.Generator) -> Floats:
    """Return expected sales of future cohorts: week of birth by week by draw.

    Of the report date's own week only the part that is still to come brings future leads. They will be the
    youngest cohorts: where those cannot be trusted, what future ones bring is as wide, and errs with them.
    """
    weeks, count = leads.shape
    result = np.zeros((weeks, weeks, count))
    model, seen = sale.fit.model, sale.fit.triangle
    if not seen.reached.sum():
        return result
    which = model.levels.components(rng, count)
    effect = model.levels.draw(rng, which, ahead=weeks)[len(seen.ages) :]
    law = model.hazards[-1].draws[model.levels.draw_of[which]]
    ahead = np.concatenate([np.zeros((count, 1)), np.cumsum(law, axis=1)], axis=1).T
    first = len(_whole(sale))
    for born in range(weeks):
        here = leads[born] * ((1 - part) if born == 0 else 1.0)
        passed = sale.fit.clock.lag(np.array([first + born]), np.arange(weeks - born + 1.0)[None, :])[0]
        left = np.exp(-effect[born] * _at(ahead, passed))
        result[born, born:] = here * -np.diff(left, axis=0)
    result *= sale.verdict.doubt_at(np.array([-1]), sale.shock)[0]
    return result


def _at(total: Floats, times: Floats) -> Floats:
    """Return what has added up by some times, in weeks, between whole ones in proportion."""
    last = len(total) - 1
    times = np.minimum(times, last)
    whole = np.minimum(times.astype(np.int64), last - 1)
    share = (times - whole)[:, None]
    result: Floats = total[whole] * (1 - share) + total[whole + 1] * share
    return result


def _spread(sales: Floats, pattern: Floats) -> Floats:
    """Turn sales by week into payments by week (rows are weeks)."""
    result = np.zeros_like(sales)
    for later, share in enumerate(pattern[: len(sales)]):
        result[later:] += share * sales[: len(sales) - later]
    return result


def _due(sold: Floats, pattern: Floats, weeks: int, part: float) -> Floats:
    """Return payments still expected by week ahead from sales that are made already."""
    due = np.zeros(weeks)
    # With a part of the report date's week gone, that week is the last of `sold` and the first ahead.
    gap = 0 if part else 1
    for ago, sales in enumerate(sold[::-1][: len(pattern)]):
        first = max(1 - ago - gap, 0)
        ahead = pattern[ago + gap + first :][: weeks - first]
        due[first : first + len(ahead)] += sales * ahead
    due[0] *= 1 - part
    return due
