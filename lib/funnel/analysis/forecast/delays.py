"""How long conversion takes: hazards by lag with a free head and a parametric tail.

A hazard h(l) is the intensity with which leads that are still at risk convert in their l-th week; the
cumulative hazard H gives the share converted, 1 - exp(-H). The parametric part is a mixture cure model: a
share p ever converts, after a lognormal, Weibull or log-logistic time or a sum of waits (weighed by
likelihood). Each lag's hazard is then shrunk from what was seen there to the curve, by as much as the data at
all lags agree with the curve; where nothing was seen the curve alone is left. Sources: mixture cure models,
e.g. Boag 1949; credibility of each lag as a gamma-Poisson model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from funnel.analysis.forecast.families import FAMILIES, fit_family, hazard_of

Floats = npt.NDArray[np.float64]

_PSEUDO = (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Hazards:
    """The fitted delay.

    Attributes:
        mean: hazard by lag 0..horizon.
        draws: the same, one row per draw from what the data leave open.
        share_data: by lag, the share of the hazard that rests on events seen around that lag (0 = all curve).
        events: events used, weighted.
        stretch: by lag, how the log of the hazard changes with the log of the time scale.
        centres: parameters of the fitted families, where a next fit may start.
    """

    mean: Floats
    draws: Floats
    share_data: Floats
    events: float
    stretch: Floats
    centres: tuple[Floats, ...] = ()

    def maturity(self) -> Floats:
        """Return G(a) for ages 0..horizon: the expected share of the final number reached by age a."""
        return share_reached(self.mean)

    def maturity_draws(self) -> Floats:
        """Return G(a) of every draw, one row each."""
        return share_reached(self.draws)


_BLOCK_EVENTS = 10.0
_SCALES = np.exp(np.linspace(-1.4, 1.4, 57))
_LONGER = np.array([0.0, 0.1, 0.0])


def share_reached(hazards: Floats) -> Floats:
    """Return the share of the final number reached by the end of each lag (last axis).

    >>> share_reached(np.array([0.5, 0.5])).round(3).tolist()
    [0.622, 1.0]
    """
    reached = -np.expm1(-np.cumsum(hazards, axis=-1))
    final = reached[..., -1:]
    flat = np.ones_like(reached)
    result: Floats = np.divide(reached, final, out=flat, where=final > 0)
    return result


def fit_hazards(
    events: Floats, exposure: Floats, draws: int = 0, seed: int = 0, start: Hazards | None = None
) -> Hazards:
    """Fit hazards to events and exposure by lag.

    Args:
        events: conversions by lag 0..horizon (may be weighted, hence fractional).
        exposure: lead-weeks at risk by lag, weighted alike; 0 where nobody has lived that lag.
        draws: how many draws of the uncertain hazards to make.
        seed: of the draws.
        start: an earlier fit to start from.

    Returns:
        The hazards. Without any event they are 0 everywhere.
    """
    lags = len(events)
    total = float(events.sum())
    if total <= 0:
        zero = np.zeros(lags)
        return Hazards(zero, np.zeros((draws, lags)), zero, 0.0, zero)
    known = start.centres if start is not None and start.centres else (None,) * len(FAMILIES)
    families = [
        fit_family(name, events, exposure, centre) for name, centre in zip(FAMILIES, known, strict=True)
    ]
    score = np.array([fit.log_likelihood for fit in families])
    weight = np.exp(score - score.max())
    weight /= weight.sum()
    curve = sum(w * hazard_of(fit.name, fit.centre, lags) for w, fit in zip(weight, families, strict=True))
    longer = sum(
        w * hazard_of(fit.name, fit.centre + _LONGER, lags) for w, fit in zip(weight, families, strict=True)
    )
    stretch = np.log(np.maximum(longer, 1e-12) / np.maximum(curve, 1e-12)) / _LONGER[1]
    blocks = _blocks(exposure * curve)
    mean = _join(events, exposure, curve[None, :], blocks, None)
    rng = np.random.default_rng(seed)
    which = rng.choice(len(families), size=draws, p=weight)
    curves = np.empty((draws, lags))
    for row, number in enumerate(which):
        fit = families[number]
        curves[row] = hazard_of(fit.name, fit.centre + fit.root @ rng.standard_normal(3), lags)
    sampled = _join(events, exposure, curves, blocks, rng) if draws else curves
    return Hazards(
        mean[0],
        sampled,
        _share_seen(exposure * mean[0], blocks),
        total,
        stretch,
        tuple(fit.centre for fit in families),
    )


def stretch_hazards(
    base: Hazards, events: Floats, exposure: Floats, draws: int = 0, seed: int = 0
) -> Hazards:
    """Fit the delay of newer cohorts as the older ones' on another time scale, corrected by what was seen.

    The scale is level-free: it is weighed by how the newer events spread over the lags. Where the newer
    cohorts have not lived yet, the older cohorts' delay, stretched, stands in.

    Args:
        base: delay of the older cohorts.
        events: conversions of the newer cohorts by lag.
        exposure: their lead-weeks at risk by lag.
        draws: how many draws of the uncertain hazards to make; `base` must have as many.
        seed: of the draws.
    """
    scales = np.array([_stretched(base.mean, factor) for factor in _SCALES])
    expected = np.maximum(exposure * scales, 1e-12)
    score = (special.xlogy(events, expected)).sum(axis=1) - events.sum() * np.log(expected.sum(axis=1))
    weight = np.exp(score - score.max())
    weight /= weight.sum()
    curve = weight @ scales
    blocks = _blocks(exposure * curve)
    mean = _join(events, exposure, curve[None, :], blocks, None)
    rng = np.random.default_rng(seed)
    chosen = rng.choice(_SCALES, size=draws, p=weight)
    curves = np.array([_stretched(one, factor) for one, factor in zip(base.draws, chosen, strict=True)])
    sampled = _join(events, exposure, curves, blocks, rng) if draws else np.empty((0, len(events)))
    return Hazards(
        mean[0], sampled, _share_seen(exposure * mean[0], blocks), float(events.sum()), base.stretch
    )


def pooled_hazards(whole: Hazards, events: Floats, exposure: Floats, seed: int) -> Hazards:
    """Fit the delay of a slice: the whole's, corrected by what was seen in the slice as far as that goes.

    Args:
        whole: delay of the whole.
        events: conversions of the slice by lag.
        exposure: its lead-weeks at risk by lag, times its level.
        seed: of the draws.
    """
    expected = exposure * whole.mean
    if not expected.sum() or not events.sum():
        return whole
    blocks = _blocks(expected)
    mean = _join(events, exposure, whole.mean[None, :], blocks, None)
    drawn = _join(events, exposure, whole.draws, blocks, np.random.default_rng(seed))
    return Hazards(mean[0], drawn, whole.share_data, float(events.sum()), whole.stretch)


def _stretched(hazard: Floats, factor: float) -> Floats:
    edges = np.arange(len(hazard) + 1)
    total = np.concatenate([[0.0], np.cumsum(hazard)])
    result: Floats = np.diff(np.interp(edges / factor, edges, total))
    return result


def _share_seen(expected: Floats, blocks: npt.NDArray[np.intp]) -> Floats:
    """Return by lag how well its hazard is known: n / (n + 3) for n events expected in its block."""
    block = np.bincount(blocks, weights=expected)
    result: Floats = np.where(expected > 0, (block / (block + 3.0))[blocks], 0.0)
    return result


def _blocks(expected: Floats) -> npt.NDArray[np.intp]:
    """Number the lags by blocks of about ten expected events; lags nobody has lived are in the last one."""
    block: npt.NDArray[np.intp] = np.floor(np.cumsum(expected) / _BLOCK_EVENTS - 1e-9).astype(np.intp)
    short = expected[block == block[-1]].sum() < _BLOCK_EVENTS / 2
    return np.unique(
        np.minimum(block, block[-1] - 1) if short and block[-1] > 0 else block, return_inverse=True
    )[1]


def _join(
    events: Floats,
    exposure: Floats,
    curves: Floats,
    blocks: npt.NDArray[np.intp],
    rng: np.random.Generator | None,
) -> Floats:
    """Correct curves (rows) by what was seen: first whole blocks of lags, then single lags.

    With a generator the corrections are drawn from their gamma distributions, else they are the means.
    """
    members = np.eye(blocks.max() + 1)[blocks]
    expected = (exposure * curves) @ members
    seen = events @ members
    block_pseudo = _agreement(seen, expected.mean(axis=0))
    shape = seen + block_pseudo
    top = shape if rng is None else rng.gamma(shape, size=expected.shape)
    curves = curves * (top / (expected + block_pseudo))[:, blocks]
    pseudo = _agreement(events, (exposure * curves).mean(axis=0))
    shape = np.broadcast_to(events + pseudo, curves.shape)
    top = shape if rng is None else rng.gamma(shape)
    joined = top / (exposure + pseudo / np.maximum(curves, 1e-12))
    return np.where(exposure > 0, joined, curves)


def _agreement(events: Floats, expected: Floats) -> float:
    """Pseudo-events by which each lag is shrunk to the curve: the likeliest gamma-Poisson shape."""
    lived = expected > 0
    seen, mean = events[lived], np.maximum(expected[lived], 1e-9)

    def likelihood(shape: float) -> float:
        terms = (
            special.gammaln(seen + shape)
            - special.gammaln(shape)
            + shape * np.log(shape / (shape + mean))
            + special.xlogy(seen, mean / (shape + mean))
        )
        return float(terms.sum())

    return max(_PSEUDO, key=likelihood)
