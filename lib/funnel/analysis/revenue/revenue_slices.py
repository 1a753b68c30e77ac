"""Revenue by slice: the forecast of the whole, shared out by what every slice's leads and deals are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.forecast.final import Forecast, StageForecast
from funnel.analysis.forecast.slices_forecast import slice_forecasts
from funnel.analysis.revenue.payments import fit_deals
from funnel.analysis.revenue.weeks import Revenue

Floats = npt.NDArray[np.float64]

SLICE_REVENUE_COLUMNS = ("value", "week", "source", "mean", "deal_size", "deal_low", "deal_high")
"""One row per value of the attribute, week and source (existing, future, total); none where the revenue is
not known. `mean`: expected revenue; over the values it adds up to that of the whole. `deal_size`: mean
payment of the slice, shrunk to the whole as far as its payments are few, with a 90 % interval."""
_RECENT = 8
_NORMAL = 1.645


def revenue_slices(
    reached: pd.DataFrame,
    paid: pd.DataFrame,
    whole: Forecast,
    revenue: Revenue,
    moved: pd.DataFrame | None = None,
    *,
    told: Mapping[str, StageForecast] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the revenue forecast of every value of one attribute (`SLICE_REVENUE_COLUMNS`).

    Args:
        reached: the cube `reached` of the attribute.
        paid: the cube `paid` of the attribute.
        whole: the forecast of the total.
        revenue: the revenue forecast of the total.
        moved: the cube `moved` of the attribute.
        told: the values' forecasts of the last stage, if they are there already.
        seed: of the draws.
    """
    if not revenue.known:
        return pd.DataFrame(columns=list(SLICE_REVENUE_COLUMNS))
    stage = list(whole.stages)[-1]
    told = told if told is not None else slice_forecasts(reached, whole, stage, moved, seed=seed)
    values = list(told)
    weeks = len(revenue.weeks)
    existing, future, sizes, errors = [], [], [], []
    for value in values:
        part = told[value]
        seen = part.fit.triangle
        deals = fit_deals(paid[paid["value"] == value], seen)
        existing.append(part.coming[:, :weeks].sum(axis=0))
        recent = float(seen.leads[seen.ages >= 0][-_RECENT:].sum())
        young = float(part.mean[-_RECENT:].sum()) / max(float(seen.leads[-_RECENT:].sum()), 1.0)
        future.append(recent * young)
        known = deals.pattern.any()
        sizes.append(deals.mean if known else np.nan)
        errors.append(deals.error if known else np.inf)
    size, error = _shrink(np.array(sizes), np.array(errors), revenue.deals.mean)
    shares = {
        "existing": np.array(existing) * size[:, None],
        "future": np.repeat((np.array(future) * size)[:, None], weeks, axis=1),
    }
    alone = [n for n, value in enumerate(values) if value in _alone(whole, reached)]
    for n in alone:
        size[n], error[n] = sizes[n], errors[n]
    means = {name: _means(name, share, revenue, values, alone) for name, share in shares.items()}
    means["total"] = means["existing"] + means["future"]
    frames = [
        pd.DataFrame(
            {
                "value": value,
                "week": revenue.weeks,
                "source": source,
                "mean": mean[number],
                "deal_size": size[number],
                "deal_low": size[number] - _NORMAL * error[number],
                "deal_high": size[number] + _NORMAL * error[number],
            }
        )
        for number, value in enumerate(values)
        for source, mean in means.items()
    ]
    return pd.concat(frames, ignore_index=True)[list(SLICE_REVENUE_COLUMNS)]


def _alone(whole: Forecast, reached: pd.DataFrame) -> set[str]:
    """Return the values of the cube's attribute that are forecast apart, each by itself."""
    apart = whole.history.apart
    if apart is None or reached.empty or reached["attribute"].iloc[0] != apart.attribute:
        return set()
    return {values[0] for values in apart.groups.values() if len(values) == 1}


def _means(
    source: str, shares: Floats, revenue: Revenue, values: Sequence[str], alone: Sequence[int]
) -> Floats:
    """Return expected revenue, slice by week: those apart their own, the others shares."""
    known = np.zeros_like(shares)
    for n in alone:
        known[n], shares[n] = getattr(revenue.parts[values[n]], source).mean(axis=1), 0.0
    left = getattr(revenue, source).mean(axis=1) - known.sum(axis=0)
    return known if len(alone) == len(values) else known + _share_out(shares, left)


def _shrink(size: Floats, error: Floats, whole: float) -> tuple[Floats, Floats]:
    """Shrink mean payments to that of the whole (Buehlmann-Straub); return them with standard errors."""
    known = np.isfinite(size)
    apart = float(np.mean((size[known] - whole) ** 2 - error[known] ** 2)) if known.sum() > 1 else 0.0
    apart = max(apart, (0.05 * whole) ** 2, 1e-12)
    weight = np.where(known, apart / (apart + np.where(known, error, 0.0) ** 2), 0.0)
    shrunk = whole + weight * (np.where(known, size, whole) - whole)
    return shrunk, np.sqrt(apart * (1 - weight))


def _share_out(parts: Floats, total: Floats) -> Floats:
    """Share out totals (by week) in proportion to parts (slice by week), evenly where there are none."""
    weight = np.maximum(parts, 0)
    sums = weight.sum(axis=0)
    even = np.full_like(weight, 1 / len(weight))
    result: Floats = np.divide(weight, sums, out=even, where=sums > 0) * total
    return result
