"""The forecast of slices (a channel, a manager), shrunk towards the whole.

A slice's effect is relative to the whole's, cohort by cohort: it starts at 1 with the variance that is found
between the slices, and moves away as its own conversions say so. Its delay is the whole's, corrected by its
own as far as its conversions go. So a slice with few leads, or one that appeared last week, gets the whole's
conversion with an honest interval, and a large one its own. Source: hierarchical credibility (Jewell 1975).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cube.triangles import Triangle, triangle
from funnel.analysis.forecast.carry import log_ratio, promise_ratio
from funnel.analysis.forecast.conversion import Model, Promises, StageFit, with_promises
from funnel.analysis.forecast.delays import pooled_hazards
from funnel.analysis.forecast.draws import capped, draw_coming, draw_effects
from funnel.analysis.forecast.final import FORECAST_COLUMNS, Forecast, StageForecast
from funnel.analysis.forecast.moves import moves
from funnel.analysis.forecast.states import worth
from funnel.analysis.forecast.told import History, Told, promises
from funnel.analysis.statistics.credibility import fit_levels
from funnel.schema import STAMPED
from funnel.settings import LEAD

Floats = npt.NDArray[np.float64]

SLICE_COLUMNS = ("value", *FORECAST_COLUMNS)
"""One row per value of the attribute, complete cohort in which it had leads, and stage; see
`FORECAST_COLUMNS`."""
_LEAST = 0.01
_OTHERS = "\0"


def forecast_slices(
    reached: pd.DataFrame, whole: Forecast, moved: pd.DataFrame | None = None, *, seed: int = 0
) -> pd.DataFrame:
    """Return the forecast of every value of one attribute (`SLICE_COLUMNS`); they add up to the whole.

    Args:
        reached: the cube `reached` of one attribute, as of the same report date as `whole`.
        whole: the forecast of the total.
        moved: the cube `moved` of the attribute, if it is known where leads stand.
        seed: of the draws.
    """
    frames = []
    for stage in whole.stages:
        for value, one in slice_forecasts(reached, whole, stage, moved, seed=seed).items():
            frame = one.frame()
            frames.append(frame[frame["leads"] > 0].assign(value=value))
    if not frames:
        return pd.DataFrame(columns=list(SLICE_COLUMNS))
    every = pd.concat(frames, ignore_index=True)[list(SLICE_COLUMNS)]
    rank = every["stage"].map({stage: number for number, stage in enumerate(whole.stages)})
    return (
        every.assign(rank=rank)
        .sort_values(["value", "rank"], kind="stable", ignore_index=True)
        .drop(columns="rank")
    )


def slice_forecasts(
    reached: pd.DataFrame,
    whole: Forecast,
    stage: str,
    moved: pd.DataFrame | None = None,
    *,
    most: int | None = None,
    seed: int = 0,
) -> dict[str, StageForecast]:
    """Forecast every value of one attribute; see `forecast_slices`.

    The slices together are the whole: cohort by cohort their expected arrivals are scaled to the whole's, and
    each draw of the whole is shared out among them.

    Args:
        reached: the cube `reached` of the attribute.
        whole: the forecast of the total.
        stage: whose number is forecast.
        moved: the cube `moved` of the attribute, if it is known where leads stand.
        most: how many values are told, those with most leads; the others are counted together, and not told.
        seed: of the draws.
    """
    leads = reached[reached["stage"] == LEAD].groupby("value")["leads"].sum()
    kept = leads.sort_values(ascending=False, kind="stable").index[:most]
    told: dict[str, StageForecast] = {}
    for base, values in _bases(reached, whole, stage):
        if base.total.parts or len(values) != 1:
            own = _grouped(reached[reached["value"].isin(values)], kept, ["stage", "lag"])
            stays = None
            if moved is not None:
                keys = ["stage", "next_stage", "entered", "left"]
                stays = _grouped(moved[moved["value"].isin(values)], kept, keys)
            told |= _shared_out(own, stays, base, seed)
        else:
            told[values[0]] = base.total
    return {value: told[value] for value in sorted(told) if value in kept}


@dataclass(frozen=True, slots=True)
class _Base:
    """What slices are told apart from: the whole, or a group that is forecast apart."""

    total: StageForecast
    past: History
    report_date: dt.date


def _bases(reached: pd.DataFrame, whole: Forecast, stage: str) -> Iterator[tuple[_Base, list[str]]]:
    """Return what the values of an attribute are told apart from, and which values."""
    total, apart = whole.stages[stage], whole.history.apart
    if reached.empty or apart is None or apart.attribute != reached["attribute"].iloc[0]:
        yield _Base(total, whole.history, whole.report_date), sorted(reached["value"].unique())
        return
    for group, values in apart.groups.items():
        yield _Base(total.parts[group], whole.history.parts[group], whole.report_date), list(values)


def _shared_out(
    reached: pd.DataFrame, moved: pd.DataFrame | None, base: _Base, seed: int
) -> dict[str, StageForecast]:
    """Forecast values, and make them add up to what they are told apart from."""
    whole, stage, day = base.total.fit.triangle, base.total.stage, base.report_date
    first = whole.weeks[0] if len(whole.weeks) else None
    seen = {
        str(value): triangle(part, stage, day, whole.horizon, first)
        for value, part in reached.groupby("value", sort=True)
    }
    spread = between(list(seen.values()), base)
    stays: dict[str, pd.DataFrame] = {}
    if moved is not None:
        stays = {str(value): part for value, part in moved.groupby("value", sort=False)}
        stays |= {value: moved.head(0) for value in seen if value not in stays}
    shared = _Shared.of(base, spread, seed, known=moved is not None)
    alone = {value: _alone(own, stays.get(value), base, shared) for value, own in seen.items()}
    return _raked(alone, base.total, seed) if alone else {}


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the slices of an attribute share: how far they differ, what open leads are worth, the base.

    `values` is None where nobody knows where leads stand.
    """

    spread: float
    seed: int
    values: Floats | None
    effects: Floats

    @classmethod
    def of(cls, base: _Base, spread: float, seed: int, *, known: bool) -> _Shared:
        total, states = base.total, base.past.states()
        values = None
        if known and states is not None and len(total.fit.triangle.weeks):
            values = worth(states, base.past.stages.index(total.stage))
        effects, _ = draw_effects(total.fit, total.factor.shape[1], seed, apart=values is None)
        return cls(spread, seed, values, effects)


def _grouped(cube: pd.DataFrame, kept: pd.Index[str], keys: list[str]) -> pd.DataFrame:
    """Count all values together but those kept."""
    inside = cube["value"].isin(kept)
    if inside.all():
        return cube
    names = ["attribute", "value", "attribute2", "value2", "cohort_week", *keys]
    sums = [name for name in ("leads", STAMPED) if name in cube.columns]
    others = cube[~inside].assign(value=_OTHERS).groupby(names, observed=True, sort=False)[sums].sum()
    return pd.concat([cube[inside], others.reset_index()], ignore_index=True)


def _alone(
    seen: Triangle, moved: pd.DataFrame | None, base: _Base, shared: _Shared
) -> tuple[StageFit, Floats, Floats]:
    """Return a slice's fit, expected arrivals and factor, before the slices are made to add up."""
    total, past, asked = base.total, base.past, None
    if shared.values is not None and moved is not None:
        first = total.fit.triangle.weeks[0]
        stays = moves(moved, past.stages, first, len(seen.weeks), base.report_date.weekday() / 7)
        asked = promises(shared.values, stays, seen, past.stages.index(total.stage), past.clocks())
    fit = fit_slice(seen, total.fit, shared.spread, shared.seed, asked)
    return fit, *draw_coming(fit, total.factor.shape[1], shared.seed + 1, base=shared.effects)


def _raked(
    alone: dict[str, tuple[StageFit, Floats, Floats]], total: StageForecast, seed: int
) -> dict[str, StageForecast]:
    """Make the slices add up to the whole, in the means and draw by draw."""
    rng = np.random.default_rng([seed, 5])
    fits = [fit for fit, _, _ in alone.values()]
    wanted = total.coming.sum(axis=1)
    means = _shared(np.array([coming.sum(axis=1) for _, coming, _ in alone.values()]), wanted, fits)
    open_draws = (total.draws - total.fit.triangle.reached[:, None]).astype(np.int64)
    weights = np.array(
        [mean[:, None] * factor for mean, (_, _, factor) in zip(means, alone.values(), strict=True)]
    )
    result = {}
    for number, (value, (fit, coming, factor)) in enumerate(alone.items()):
        others = weights[number:].sum(axis=0)
        share = np.divide(weights[number], others, out=np.ones_like(others), where=others > 0)
        mine = open_draws if number == len(alone) - 1 else rng.binomial(open_draws, np.clip(share, 0, 1))
        open_draws = open_draws - mine
        # the factor keeps within the leads that are left; the mean is the one that adds up
        weekly, own = capped(coming, means[number][:, None] * factor, np.maximum(fit.left, means[number]))
        weekly = np.where(weekly.sum(axis=1)[:, None] > 0, weekly, total.coming)
        sums = weekly.sum(axis=1)
        weekly = weekly * np.divide(means[number], sums, out=np.zeros_like(sums), where=sums > 0)[:, None]
        result[value] = StageForecast(
            total.stage,
            Told(fit, weekly, own),
            total.verdict,
            weekly,
            own,
            fit.triangle.reached[:, None] + mine,
            total.shock,
        )
    return result


def _shared(parts: Floats, wanted: Floats, fits: list[StageFit]) -> Floats:
    """Scale arrivals (slice by cohort) to the whole's, by open leads where no slice of a cohort tells any.

    No slice has more to come than it has leads left, unless all together have too few: what one has no leads
    for goes to the others.
    """
    left = np.array([fit.left for fit in fits])
    result: Floats = np.where(parts.sum(axis=0) > 0, parts, left)
    full = np.zeros(left.shape, dtype=bool)
    for _ in fits:
        sums = np.where(full, 0.0, result).sum(axis=0)
        rest = wanted - np.where(full, left, 0.0).sum(axis=0)
        scale = np.divide(rest, sums, out=np.zeros_like(sums), where=sums > 0)
        result = np.where(full, left, result * scale)
        more = (result > left) & ~full
        if not more.any():
            break
        full |= more
    sums = result.sum(axis=0)
    result = result * np.divide(wanted, sums, out=np.zeros_like(sums), where=sums > 0)
    return result


def fit_slice(
    seen: Triangle, whole: StageFit, spread: float, seed: int, promised: Promises | None
) -> StageFit:
    """Fit a slice's model, relative to the whole's.

    Args:
        seen: the slice's triangle, on the same cohorts as the whole's.
        whole: the fit of the whole.
        spread: variance of the slices' effects around 1.
        seed: of the draws.
        promised: what the slice's open leads promise.
    """
    model, paced = whole.model, whole.clock.paced(seen)
    exposure = paced.at_risk() * model.levels.effect()[:, None]
    due = float((exposure * model.rows()).sum())
    level = (paced.told().sum() + 1 / spread) / (due + 1 / spread)
    eras = (
        [slice(None)] if not model.changed_at else [slice(0, model.changed_at), slice(model.changed_at, None)]
    )
    laws = tuple(
        pooled_hazards(law, paced.told()[era].sum(axis=0), exposure[era].sum(axis=0) * level, seed)
        for law, era in zip(model.hazards, eras, strict=True)
    )
    own = Model(laws, model.changed_at, model.change_z, model.begun, model.levels, model.carry)
    levels = fit_levels(paced.told().sum(axis=1), own.over_draws(exposure), start=spread)
    own = Model(laws, model.changed_at, model.change_z, model.begun, levels, model.carry)
    level = model.levels.level() * levels.level()
    fit = with_promises(seen, whole.clock, own, level, promised)
    if promised is None or fit.ratio is None:
        return fit
    return replace(fit, ratio=fit.ratio * np.exp(-_unlike(paced, own, level, promised)))


def _unlike(paced: Triangle, own: Model, level: Floats, promised: Promises) -> Floats:
    """Return by cohort how much more the slice's open leads usually promise than the whole's do (log).

    Promises take a slice's leads for everybody's: of a slice that converts badly they are too high, of one
    that converts well too low. Its older cohorts say by how much, so that promises tell its cohorts apart.
    """
    carry = own.carry
    due = np.cumsum(paced.at_risk() * own.rows(), axis=1)
    shift = np.zeros(len(carry.cuts))
    for number, cut in enumerate(carry.cuts.astype(np.int64)):
        by_age = np.where(paced.ages > cut, (due[:, -1] - due[:, cut]) * level, 0.0)
        total = float(by_age.sum())
        if total > 0:
            ratio = log_ratio(promise_ratio(promised.past[int(cut)], by_age))
            shift[number] = float((by_age * ratio).sum()) / total - carry.usual[number]
            shift[number] *= total / (total + 1)
    if not len(shift):
        return np.zeros(len(level))
    result: Floats = np.interp(paced.ages, carry.cuts, shift)
    return result


def between(every: Sequence[Triangle], base: _Base) -> float:
    """Return the variance between the slices' effects: how they vary beyond chance (moments)."""
    total = base.total.fit
    rates = total.model.rows() * total.model.levels.effect()[:, None]
    came, due = [], []
    for one in every:
        own = total.clock.paced(one)
        came.append(float(own.told().sum()))
        due.append(float((own.at_risk() * rates).sum()))
    got, expected = np.array(came), np.array(due)
    known = expected > 1
    if known.sum() < 2:
        return _LEAST * 10
    excess = float(((got - expected) ** 2 - expected)[known].sum()) / float((expected[known] ** 2).sum())
    return max(excess, _LEAST)
