"""The curves of a delay: mixture cure models of four shapes, fitted to conversions by lag.

A share of the leads ever converts, after a time that is lognormal, Weibull, log-logistic or a sum of waits.
Source: mixture cure models, e.g. Boag 1949.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Floats = npt.NDArray[np.float64]

FAMILIES = ("lognormal", "weibull", "loglogistic", "sum")
"""Tails that are weighed: of middle length, short, long, and that of a sum of waits."""
SKEW = -0.2
"""Shape of the generalized gamma (Prentice 1974, Biometrika 61; 0: lognormal) for a sum of waits: hardly any
at once, and late ones that the lognormal through the middle has not. Likeliest of sums of three to seven
lognormal waits: -0.16 to -0.28."""
_PRIOR_CENTRE = np.array([-2.0, np.log(6.0), np.log(1.0)])
_PRIOR_SCALE = np.array([4.0, 1.5, 0.5])
_WIDEST = 3.0
_WHOLE = 1 - 1e-9
_ALIKE = 1e-5
"""Relative distance of what was seen from what is expected below which the slope of the residual is that of
its limit."""


@dataclass(frozen=True, slots=True)
class Family:
    """A fitted curve.

    Attributes:
        name: one of `FAMILIES`.
        centre: logit of the share, log of the scale, log of the spread or shape.
        root: of the covariance of these three.
        log_likelihood: of the centre, prior included.
    """

    name: str
    centre: Floats
    root: Floats
    log_likelihood: float


def hazard_of(name: str, theta: Floats, lags: int) -> Floats:
    """Return the hazard by lag of a cure model.

    Args:
        name: one of `FAMILIES`.
        theta: logit of the share, log of the scale, log of the spread or shape: one such triple, or a row for
            each; the hazards have as many rows.
        lags: how many.
    """
    share, scale, spread = (theta[..., [n]] for n in range(3))
    with np.errstate(over="ignore"):
        reached = _reached(name, _edges(lags) - scale, np.exp(np.clip(spread, -_WIDEST, _WIDEST)))
    still = np.log1p(-special.expit(share) * reached * _WHOLE)
    result: Floats = still[..., :-1] - still[..., 1:]
    return result


@lru_cache(maxsize=8)
def _edges(lags: int) -> Floats:
    """Return the logs of the edges of the lags; the first is -inf."""
    with np.errstate(divide="ignore"):
        result: Floats = np.log(np.arange(lags + 1.0))
    return result


def fit_family(name: str, events: Floats, exposure: Floats, known: Floats | None) -> Family:
    """Fit a curve by Poisson likelihood and normal priors (Levenberg-Marquardt on signed deviances).

    Args:
        name: one of `FAMILIES`.
        events: conversions by lag; at least some.
        exposure: lead-weeks at risk by lag.
        known: where to start from; None: at what the counts suggest.
    """
    lags = len(events)
    crude = float(np.clip(events.sum() / max(exposure.max(), 1e-9), 1e-4, 0.95))
    middle = float((events * (np.arange(lags) + 0.5)).sum() / events.sum())
    centre = _PRIOR_CENTRE.copy()
    if name == "weibull":
        centre[2] = 0.0
    start = np.array([special.logit(crude), np.log(max(middle, 0.3)), centre[2]])
    if known is not None:
        start = known
    both = _residuals(name, events, exposure, centre)

    def apart(theta: Floats, *_: object) -> Floats:
        return both(theta)[0]

    def slope(theta: Floats, *_: object) -> Floats:
        return both(theta)[1]

    found = optimize.leastsq(
        apart, start, Dfun=slope, full_output=True, ftol=1e-6, xtol=1e-4, gtol=1e-8, diag=[1.0, 1.0, 2.0]
    )
    best: Floats = np.asarray(found[0], dtype=np.float64)
    residuals, slopes = both(best)
    values, vectors = np.linalg.eigh(slopes.T @ slopes)
    root = vectors / np.sqrt(np.maximum(values, 0.05))
    return Family(name, best, root, -float(residuals @ residuals) / 2)


def _residuals(
    name: str, events: Floats, exposure: Floats, centre: Floats
) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Return what gives the signed roots of the deviance and of the prior, and their slopes (columns)."""
    time, lived = _edges(len(events)), exposure > 0
    seen, risk = events[lived], exposure[lived]
    prior = np.diag(1 / _PRIOR_SCALE)
    last: tuple[Floats, tuple[Floats, Floats]] | None = None

    def both(theta: Floats) -> tuple[Floats, Floats]:
        nonlocal last
        if last is not None and (last[0] == theta).all():
            return last[1]
        hazard, moved = _with_slopes(name, theta, time)
        wanted = risk * hazard[lived]
        expected = np.maximum(wanted, 1e-12)
        gap = seen - expected
        deviance = 2 * (special.xlogy(seen, seen / expected) - gap)
        size = np.sqrt(np.maximum(deviance, 0))
        near = np.abs(gap) <= _ALIKE * expected
        slope = np.where(near, -1 / np.sqrt(expected), -np.abs(gap) / (expected * np.where(near, 1.0, size)))
        slope = np.where(wanted > 1e-12, slope * risk, 0.0)
        residuals = np.concatenate([np.sign(gap) * size, (theta - centre) / _PRIOR_SCALE])
        slopes = np.concatenate([slope[:, None] * moved[lived], prior])
        last = theta.copy(), (residuals, slopes)
        return last[1]

    return both


def _with_slopes(name: str, theta: Floats, time: Floats) -> tuple[Floats, Floats]:
    """Return the hazard by lag at `theta`, and how it changes with its three parts (columns).

    Args:
        name: one of `FAMILIES`.
        theta: see `hazard_of`.
        time: logs of the edges of the lags; the first is -inf.
    """
    share = float(special.expit(theta[0]))
    width = math.exp(min(max(theta[2], -_WIDEST), _WIDEST))
    with np.errstate(over="ignore"):
        apart = time - theta[1]
        reached = _reached(name, apart, width)
        density = _density(name, apart[1:], reached[1:], width)
    turn = (1.0 if name == "weibull" else -1.0) if abs(theta[2]) < _WIDEST else 0.0
    by_edge = np.zeros((3, len(time)))
    by_edge[0] = (1 - share) * reached
    by_edge[1, 1:] = -density
    by_edge[2, 1:] = turn * density * apart[1:]
    left = 1 - share * _WHOLE * reached
    by_edge *= share * _WHOLE / left
    slopes: Floats = (by_edge[:, 1:] - by_edge[:, :-1]).T
    still = np.log(left)
    return still[:-1] - still[1:], slopes


def _reached(name: str, apart: Floats, width: Floats | float) -> Floats:
    """Return the distribution function, by the log of the time over the scale."""
    if name == "weibull":
        result: Floats = -np.expm1(-np.exp(width * apart))
    elif name == "lognormal":
        result = special.ndtr(apart / width)
    elif name == "loglogistic":
        result = special.expit(apart / width)
    else:
        shape = 1 / SKEW**2
        at = shape * np.exp(np.minimum(SKEW * apart / width, 50.0))
        result = np.asarray(special.gammaincc(shape, at), dtype=np.float64)
    return result


def _density(name: str, apart: Floats, reached: Floats, width: float) -> Floats:
    """Return how the distribution function changes with the log of the time."""
    if name == "weibull":
        passed = np.exp(width * apart)
        result: Floats = width * passed * np.exp(-passed)
    elif name == "lognormal":
        result = np.exp(-((apart / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
    elif name == "loglogistic":
        result = reached * (1 - reached) / width
    else:
        shape = 1 / SKEW**2
        turned = np.minimum(SKEW * apart / width, 50.0)
        log_density = shape * (np.log(shape) + turned - np.exp(turned)) - special.gammaln(shape)
        result = -SKEW / width * np.exp(log_density)
    return result
